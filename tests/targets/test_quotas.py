"""Quotas: what the database refuses, the file they come in, and who may enter them."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from agencies.models import Event
from targets.models import Quota

pytestmark = pytest.mark.django_db

HEADER = (
    "type_code,indicator,electricity_kgce_per_kwh,constraint_value,benchmark_value,guide_value,"
    "valid_from,document,mark"
)
GOOD = "021,kgce_per_m2,0.1229,4.2,3.5,3,2025-01-01,试行定额,A"
WATER = "021,m3_per_person,,25,24,23,2025-01-01,试行定额,A"


@pytest.fixture
def file(tmp_path):
    def written(*lines):
        path = tmp_path / "quotas.csv"
        path.write_text("\n".join((HEADER, *lines)), encoding="utf-8")
        return str(path)

    return written


def entered(path, user, *options):
    said = StringIO()
    call_command("import_quotas", path, "--by", user.username, *options, stdout=said)
    return said.getvalue()


def limits():
    return [row.limits for row in Quota.objects.order_by("pk")]


def test_a_dry_run_stores_nothing_and_yes_stores_with_a_trace(file, district):
    path = file(GOOD, WATER)
    assert "新增 2 条，更改 0 条，相同 0 条。" in entered(path, district.manager)
    assert limits() == []
    entered(path, district.manager, "--yes")
    assert limits() == [(4.2, 3.5, 3.0), (25.0, 24.0, 23.0)]
    told = Event.objects.filter(verb="load", actor=district.manager).values_list("detail", flat=True)
    assert "新增能耗定额 教育事业单位 单位建筑面积能耗 4.2 ≥ 3.5 ≥ 3 kgce/m²，2025-01-01 起" in told


def test_the_same_file_again_changes_nothing_and_another_value_says_what(file, district):
    entered(file(GOOD, WATER), district.manager, "--yes")
    events = Event.objects.count()
    assert "相同 2 条" in entered(file(GOOD, WATER), district.manager, "--yes")
    assert Event.objects.count() == events
    said = entered(file(GOOD.replace("4.2", "4.5")), district.manager, "--yes")
    assert "约束值：4.2000 → 4.5" in said
    assert limits()[0] == (4.5, 3.5, 3.0)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (GOOD.replace("021,", "099,"), "第 2 行 type_code"),
        (GOOD.replace("kgce_per_m2", "kg_co2_per_m2"), "第 2 行 indicator"),
        (GOOD.replace("4.2", "3.4"), "应为 约束值 ≥ 基准值 ≥ 引导值 > 0。"),
        (GOOD.replace("4.2", "四"), "第 2 行 constraint_value：“四”不是数值"),
        (GOOD.replace("0.1229", ""), "能耗定额应填电力折标系数"),
        (WATER.replace(",,", ",0.1229,"), "人均用水量定额应留空"),
        (GOOD.replace("2025-01-01", "2025"), "第 2 行 valid_from：“2025”不是日期"),
    ],
)
def test_a_cell_that_cannot_be_taken_is_named_and_nothing_is_stored(file, district, line, sentence):
    with pytest.raises(CommandError) as refusal:
        entered(file(line, WATER.replace("021", "024")), district.manager, "--yes")
    assert sentence in str(refusal.value)
    assert limits() == []


def test_two_rows_of_one_type_indicator_and_day_are_refused(file, district):
    with pytest.raises(CommandError, match="第 3 行 valid_from：与前面一行"):
        entered(file(GOOD, GOOD), district.manager, "--yes")


def test_only_managers_enter_quotas(file, district):
    with pytest.raises(CommandError, match="不是局管理员"):
        entered(file(GOOD), district.reviewer, "--yes")
    assert limits() == []


@pytest.mark.parametrize(
    "changed",
    [{"guide_value": Decimal(0)}, {"constraint_value": Decimal(1)}, {"electricity_kgce_per_kwh": None}],
)
def test_the_database_refuses_what_is_no_quota(changed):
    fields = {
        "type_code": "021",
        "indicator": "kgce_per_m2",
        "electricity_kgce_per_kwh": Decimal("0.1229"),
        "constraint_value": Decimal("4.2"),
        "benchmark_value": Decimal("3.5"),
        "guide_value": Decimal(3),
        "valid_from": date(2025, 1, 1),
        "document": "试行定额",
        "mark": "A",
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.create(**fields | changed)
