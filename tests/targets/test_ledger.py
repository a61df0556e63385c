"""verify_ledger finds what was changed behind the portal's back, and names it."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from reporting import panels
from reporting.apps import REFUSALS
from reporting.models import Panel, Report, StaleMark
from targets import plan_library, refresh
from targets.apps import REFUSALS as TARGETS_REFUSALS
from targets.models import Figure, GroupFigure
from tests.factories import District

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    district = District()
    district.approved(date(2025, 3, 1), {"110": 1000, "102": 100, "103": 10})
    refresh.refresh_all()
    return district


def verify():
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def without_triggers(table, *names):
    """Somebody with the rights of the database's owner takes the triggers away first."""
    with connection.cursor() as cursor:
        for name in names:
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on_table}")


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_untouched_ledger_holds(district):
    assert verify().count("一致") == 9


def test_a_changed_line_is_found(district):
    without_triggers("reporting_line", "line_stays_update")
    sql("UPDATE reporting_line SET quantity = 999 WHERE item_id = '110'")
    with pytest.raises(
        CommandError,
        match="内容哈希：.* 2025年3月 第1版 的填报行与提交时的哈希不符",
    ):
        verify()


def test_a_changed_event_is_found(district):
    without_triggers("agencies_event", "event_stays_update")
    sql("UPDATE agencies_event SET detail = 'x' WHERE sequence = 2")
    with pytest.raises(CommandError, match="操作日志哈希链：日志第 2 条内容与其哈希不符"):
        verify()


def test_a_deleted_event_is_found(district):
    without_triggers("agencies_event", "event_stays_delete")
    sql("DELETE FROM agencies_event WHERE sequence = 2")
    with pytest.raises(CommandError, match="日志缺少第 2 条"):
        verify()


def test_events_cut_off_at_the_end_are_found(district):
    without_triggers("agencies_event", "event_stays_delete")
    sql("DELETE FROM agencies_event WHERE sequence = (SELECT MAX(sequence) FROM agencies_event)")
    with pytest.raises(CommandError, match="日志链头"):
        verify()


def test_a_changed_panel_is_found_with_its_month(district):
    panel = Panel.objects.get()
    values = panel.values
    values[2, panels.COLUMN["110"]] = 1.0
    Panel.objects.update(packed=panels.pack(values))
    with pytest.raises(CommandError, match="数据面板与填报行：.*2025 的数据面板 3 月与填报行不符"):
        verify()


def test_a_changed_figure_is_found_with_its_column(district):
    Figure.objects.update(kgce=1.0)
    with pytest.raises(CommandError, match=r"机构指标与重算：.*综合能耗\(kgce\) 存为 1.0，重算为 122.8"):
        verify()


def test_a_changed_group_figure_is_found(district):
    GroupFigure.objects.update(m3_per_person=7.0)
    with pytest.raises(CommandError, match="分组指标与重算：.*人均用水量"):
        verify()


def test_a_changed_factor_is_found_and_named(district):
    without_triggers("reporting_emissionfactor", "factor_stays_update")
    sql(
        "UPDATE reporting_emissionfactor SET kg_co2_per_unit = 0.4 WHERE data_year = 2021 AND region = '500000'"
    )
    with pytest.raises(
        CommandError, match="系数与因子：碳排放因子“电力 2021年 0.4 kgCO₂/kWh”.*与载入时的内容不符"
    ):
        verify()


def test_a_factor_slipped_in_is_found(district):
    sql(
        "INSERT INTO reporting_emissionfactor (factor_set_id, carrier, unit, kg_co2_per_unit, region, data_year, "
        "valid_from, document, mark) SELECT factor_set_id, carrier, unit, 0.1, region, 2024, valid_from, document, "
        "mark FROM reporting_emissionfactor WHERE data_year = 2021 AND region = '500000'"
    )
    with pytest.raises(CommandError, match="系数与因子：.*与载入时的内容不符"):
        verify()


def test_a_report_that_points_at_another_revision_is_found(district):
    Report.objects.update(approved=None)
    with pytest.raises(CommandError, match="生效版次：.*不是最后通过的版次"):
        verify()


def test_figures_that_wait_for_their_job_are_no_fault(district):
    district.approved(date(2025, 4, 1), {"110": 1000, "102": 100, "103": 10})
    assert StaleMark.objects.exists()
    assert f"有 {StaleMark.objects.count()} 个待重算标记" in verify()


@pytest.mark.both_databases
def test_every_trigger_is_in_place(district):
    """A migration that rebuilds a table on SQLite drops its triggers: they are put back after each migrate."""
    query = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {name for (name,) in cursor.fetchall()}
    expected = {
        f"{refusal.name}_{operation.lower()}"
        for refusal in (*REFUSALS, *TARGETS_REFUSALS)
        for operation in refusal.operations
    }
    assert expected <= present
