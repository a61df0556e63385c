"""Importing settled months: exact, all or nothing, each refused cell named."""

import math
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from openpyxl import Workbook

from agencies.models import Event
from reporting import actions, history
from reporting.entries import Entry
from reporting.models import KnownBy, Line, Panel, Report, Revision, StaleMark, Status
from reporting.panels import COLUMN
from tests.factories import District, InstitutionFactory

pytestmark = pytest.mark.django_db

HEADER = "agency,year,month,item,quantity,cost_yuan"


@pytest.fixture
def district():
    return District()


@pytest.fixture
def import_months(tmp_path):
    def run(rows, *options, header=HEADER):
        path = tmp_path / "months.csv"
        path.write_text("\n".join([header, *rows]), encoding="utf-8")
        out = StringIO()
        call_command("import_months", str(path), *options, stdout=out)
        return out.getvalue()

    return run


def test_without_yes_nothing_is_written(district, import_months):
    said = import_months([f"{district.institution.key},2024,3,110,1000,620"])
    assert "1 行，1 个机构，1 个机构月" in said
    assert "未写入" in said
    assert not Revision.objects.exists()


def test_a_month_enters_as_approved_with_its_document_trail_panel_and_stale_mark(district, import_months):
    key = district.institution.key
    import_months(
        [f"{key},2024,3,110,1000.5,620", f"{key},2024,3,102,500,"], "--yes", "--document", "2024年报"
    )
    report = Report.objects.get(agency=district.institution, period__month=date(2024, 3, 1))
    revision = report.approved
    assert (revision.status, revision.document_reference, revision.edition.slug) == (
        Status.APPROVED,
        "2024年报",
        "2022",
    )
    assert report.latest == revision
    line = revision.lines.get(item="110")
    assert (line.quantity, line.cost_yuan, line.unit) == (Decimal("1000.5"), Decimal(620), "kWh")
    assert Event.objects.get(agency=district.institution).verb == "import"
    panel = Panel.objects.get(agency=district.institution, year=2024)
    assert panel.approved_months == 0b100
    assert StaleMark.objects.filter(agency=district.institution, year=2024).exists()


def test_an_import_of_many_months_leaves_one_mark_an_institution_year_and_cause(district, import_months):
    """24 months of one of three institutions: the others owe them now, which is a mark a year each and no more."""
    others = [InstitutionFactory(parent=district.department) for _ in range(2)]
    rows = [
        f"{district.institution.key},{year},{month},110,1000,"
        for year in (2023, 2024)
        for month in range(1, 13)
    ]
    import_months(rows, "--yes", "--document", "两年报")
    marks = StaleMark.objects.order_by("agency", "year", "cause").values_list("agency", "year", "cause")
    assert list(marks) == [
        (agency.pk, year, cause)
        for agency in (district.institution, *others)
        for year in (2023, 2024)
        for cause in (("", "历史导入：两年报") if agency == district.institution else ("",))
    ]
    assert set(Panel.objects.values_list("agency", "expected_months")) == {
        (agency.pk, 0b111111111111) for agency in (district.institution, *others)
    }
    before = StaleMark.objects.count()
    actions.open_periods([date(2024, 1, 1), date(2024, 2, 1)])
    assert StaleMark.objects.count() == before


def test_energy_that_the_file_does_not_list_is_stated_as_not_applicable(district, import_months):
    said = import_months([f"{district.institution.key},2024,3,110,1000,"], "--yes")
    gas = Line.objects.get(item="140")
    assert (gas.quantity, gas.known_by, gas.note) == (None, KnownBy.NOT_APPLICABLE, history.NOT_LISTED)
    assert "文件未列而按“不适用”记：光伏自用电量 1、其他能源 1、天然气 1" in said
    assert not Line.objects.filter(item="103").exists()


def test_states_may_stand_for_numbers(district, import_months):
    import_months([f"{district.institution.key},2024,3,140,未计量,"], "--yes")
    assert Line.objects.get(item="140").known_by == KnownBy.NOT_METERED


def test_the_given_edition_holds_for_every_month(district, import_months):
    import_months([f"{district.institution.key},2015,12,110,1000,"], "--edition", "2020", "--yes")
    assert Revision.objects.get().edition.slug == "2020"


def test_more_than_four_decimals_are_rounded_half_up_and_counted(district, import_months):
    said = import_months([f"{district.institution.key},2024,3,110,0.00005,"], "--yes")
    assert Line.objects.get(item="110").quantity == Decimal("0.0001")
    assert "四舍五入到 4 位小数（费用 2 位）1 处" in said


def next_month():
    today = timezone.localdate()
    return f"{today.year},{today.month}"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("NOBODY,2024,3,110,1,", "第 2 行 agency：名录中没有报送机构“NOBODY”"),
        ("KEY,24x,3,110,1,", "第 2 行 year：“24x”不是年份"),
        ("KEY,2024,13,110,1,", "第 2 行 month：“13”不是月份，应为 1 到 12"),
        ("KEY,NEXT,110,1,", "第 2 行 month：.*尚未结束"),
        ("KEY,2024,3,999,1,", "第 2 行 item：.*没有指标“999”"),
        ("KEY,2021,3,PV,1,", "第 2 行 item：.*没有指标“PV”"),
        ("KEY,2024,3,110,-1,", "第 2 行 quantity：“-1”不是 0 或正数"),
        ("KEY,2024,3,110,,", "第 2 行 quantity：“”不是 0 或正数.*写“不适用”"),
        ('KEY,2024,3,110,"1,000",', "第 2 行 quantity：“1,000”不是 0 或正数"),
        ("KEY,2024,3,110,1_000,", "第 2 行 quantity：“1_000”不是 0 或正数"),
        ("KEY,2024,²,110,1,", "第 2 行 month：“²”不是月份"),
        ("KEY,2024,3,110,1,\nKEY,2024,03,110,2,", "第 3 行 item：.*指标 110 重复出现"),
        ("KEY,2024,3,104,2.5,", "第 2 行 quantity：“2.5”应为整数"),
        ("KEY,2024,3,103,5,\nKEY,2024,3,1031,9,", "第 2 行 quantity：.*用能人数 5 不应小于编制人数合计 9"),
        ("KEY,2024,3,110,1,x", "第 2 行 cost_yuan：“x”不是 0 或正数"),
        ("KEY,2024,3,110,1,\nKEY,2024,3,110,2,", "第 3 行 item：.*指标 110 重复出现"),
        (
            "KEY,2024,3,150,9,\nKEY,2024,3,1501,5,\nKEY,2024,3,1502,3,",
            "第 2 行 quantity：.*汽油—其他用油之和 8，现为 9",
        ),
    ],
)
def test_a_bad_cell_is_refused_by_row_and_column_and_nothing_is_written(
    district, import_months, row, sentence
):
    row = row.replace("KEY", district.institution.key).replace("NEXT", next_month())
    good = f"{district.institution.key},2023,1,110,5,"
    with pytest.raises(CommandError, match=sentence):
        import_months([*row.split("\n"), good], "--yes")
    assert not Revision.objects.exists()


def test_a_unit_that_is_not_the_items_own_is_refused(district, import_months):
    row = f"{district.institution.key},2024,3,110,1,万kWh"
    with pytest.raises(CommandError, match="第 2 行 unit：指标 110 的单位应为 kWh，现为“万kWh”"):
        import_months([row], header="agency,year,month,item,quantity,unit")


def test_a_missing_or_unknown_column_is_named(district, import_months):
    with pytest.raises(CommandError, match=r"第 1 行 quantity：缺少此列(.|\n)*第 1 行 amount：不认识此列"):
        import_months(["x,2024,3,110,1"], header="agency,year,month,item,amount")


def test_a_month_that_was_filed_is_not_overwritten(district, import_months):
    row = f"{district.institution.key},2024,3,110,1000,"
    import_months([row], "--yes")
    with pytest.raises(CommandError, match="已有报送，不能用历史导入覆盖"):
        import_months([row], "--yes")


def test_a_month_after_the_institution_left_is_refused(district, import_months):
    district.institution.registered_to = date(2024, 1, 31)
    district.institution.save()
    with pytest.raises(CommandError, match="已于 2024-01-31 退出名录"):
        import_months([f"{district.institution.key},2024,3,110,1000,"])


def test_an_unknown_edition_is_refused_with_the_known_ones(district, import_months):
    with pytest.raises(CommandError, match="没有制度版本“1999”，现有：2020、2022、2025"):
        import_months(["x"], "--edition", "1999")


def test_a_file_that_is_no_table_is_refused_with_a_sentence(district, tmp_path):
    path = tmp_path / "months.xlsx"
    path.write_bytes(b"PK\x03\x04 this is no workbook")
    with pytest.raises(CommandError, match="不是可读的 XLSX 工作簿"):
        call_command("import_months", str(path))


def test_a_workbook_is_read_like_a_csv(district, tmp_path):
    path = tmp_path / "months.xlsx"
    workbook = Workbook()
    workbook.active.append(HEADER.split(",")[:5])
    workbook.active.append([district.institution.key, 2024, 3, "110", 1000.5])
    workbook.save(path)
    call_command("import_months", str(path), "--yes", stdout=StringIO())
    assert Line.objects.get(item="110").quantity == Decimal("1000.5")


def test_an_institution_that_the_file_leaves_out_is_seen_to_miss_the_month(district, import_months):
    other = InstitutionFactory(parent=district.department)
    import_months([f"{district.institution.key},2024,3,110,1000,"], "--yes")
    report = Report.objects.get(agency=other, period__month=date(2024, 3, 1))
    assert report.status == "missing"


def test_water_and_electricity_that_the_file_leaves_out_stay_unknown(district, import_months):
    import_months([f"{district.institution.key},2024,3,140,100,"], "--yes")
    assert not Line.objects.filter(item__in=("110", "120")).exists()
    values = Panel.objects.get().values[2]
    assert math.isnan(values[COLUMN["110"]])
    assert math.isnan(values[COLUMN["120"]])


def test_months_before_the_institution_joined_are_counted_in_the_dry_run(district, import_months):
    said = import_months([f"{district.institution.key},2010,3,110,1000,"])
    assert "早于纳入名录日期 1 个机构月" in said


def test_a_correction_cannot_lose_fuel_that_was_imported_as_a_total(district, import_months):
    """150 alone, then both parts answered 不适用: the total is not silently dropped but asked about."""
    import_months(
        [f"{district.institution.key},2024,3,110,10,", f"{district.institution.key},2024,3,150,100,"], "--yes"
    )
    report = Report.objects.get(agency=district.institution, period__month=date(2024, 3, 1))
    revision = actions.open_correction(report, by=district.filer, reason="补报")
    stored = {line.item_id: Entry.of(line) for line in revision.lines.all()}
    absent = {
        code: Entry(None, KnownBy.NOT_APPLICABLE) for code in ("1501", "1502", "120", "PV", "PV1", "PV2")
    }
    counts = {
        "102": Entry(Decimal(1)),
        "103": Entry(Decimal(1)),
        "104": Entry(Decimal(0)),
    }
    report = Report.objects.get(pk=report.pk)
    actions.save_draft(report, stored | absent | counts, by=district.filer)
    with pytest.raises(actions.Refused, match="汽油（合计）应等于.*之和 0，现为 100"):
        actions.submit(report, by=district.filer)
