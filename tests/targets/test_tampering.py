"""Submitted lines and the trail: plain SQL is refused; with the triggers gone, verify_ledger still names the fault."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from agencies.apps import REFUSALS as TRAIL_REFUSALS
from agencies.models.trail import TrailDay
from reporting.apps import REFUSALS
from targets import plan_library
from tests.agencies.trails import append, drop_triggers, execute
from tests.factories import District

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LINE = "UPDATE reporting_line SET quantity = 999 WHERE item_id = '110'"
LINE_REMOVED = "DELETE FROM reporting_line WHERE item_id = '110'"
LINE_ADDED = (
    "INSERT INTO reporting_line (revision_id, item_id, quantity, unit, known_by, payment, note) "
    "SELECT id, '101', 5, 'm²', 'metered', '', '' FROM reporting_revision"
)
EVENT = "UPDATE agencies_event SET detail = 'x' WHERE sequence = 2"
EVENT_REMOVED = "DELETE FROM agencies_event WHERE sequence = 2"
LAST_EVENT_REMOVED = "DELETE FROM agencies_event WHERE sequence = (SELECT MAX(sequence) FROM agencies_event)"
DAY = "UPDATE agencies_trailday SET hash = 'x'"
DAY_REMOVED = "DELETE FROM agencies_trailday"

CHANGED_LINES = "已提交版次的内容哈希：.*2025年3月 第1版 的填报行与提交时的哈希不符"
FAULTS = {
    LINE: CHANGED_LINES,
    LINE_REMOVED: CHANGED_LINES,
    LINE_ADDED: CHANGED_LINES,
    EVENT: "操作日志哈希链：日志第 2 条内容与其哈希不符",
    EVENT_REMOVED: "操作日志哈希链：日志缺少第 2 条",
    LAST_EVENT_REMOVED: "操作日志哈希链：日志链头为第",
    DAY: "操作日志哈希链：日志日结 .* 的哈希与其末条不符",
    DAY_REMOVED: "操作日志哈希链：日志第 1 条的日期与日结 .* 不符",
}


def verify(**options):
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def district():
    """Three events of an old day, then a submitted month."""
    append(timezone.localdate() - timedelta(days=300), "一", "二", "三")
    plan_library.load()
    district = District()
    district.submitted(date(2025, 3, 1), {"110": 1000})
    return district


@pytest.mark.parametrize("statement", FAULTS)
def test_plain_sql_is_refused(district, statement):
    with pytest.raises(DatabaseError, match="submitted|trail"), transaction.atomic():
        execute(statement)

    assert "操作日志哈希链：一致" in verify()


@pytest.mark.parametrize(("statement", "fault"), FAULTS.items())
def test_with_the_triggers_gone_verify_ledger_names_the_fault(district, statement, fault):
    drop_triggers((*TRAIL_REFUSALS, *REFUSALS))
    execute(statement)

    with pytest.raises(CommandError, match=fault):
        verify()


def test_verify_ledger_checks_the_files_of_archived_days_when_it_is_told_where_they_are(district, tmp_path):
    call_command("archive_trail", str(tmp_path), "--yes", stdout=StringIO())
    assert "操作日志归档文件：一致" in verify(archive=tmp_path)

    (tmp_path / TrailDay.objects.get().archive_name).unlink()

    assert "操作日志归档文件" not in verify()
    with pytest.raises(CommandError, match="操作日志归档文件：缺少归档文件"):
        verify(archive=tmp_path)
    with pytest.raises(CommandError, match="没有目录"):
        verify(archive=tmp_path / "nowhere")
