"""The comparison as a file: what the page shows and nothing else, on top what was asked for, nothing that runs."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from agencies.access import Role
from agencies.models import Agency, Event
from reporting.models import RuleSet
from targets import comparison_export, comparison_views, refresh
from targets.forms import NARROWING, InstitutionFilters
from targets.models import Figure, Indicator
from targets.progress import Standing
from tests.factories import InstitutionFactory, user_with

from .months import settle
from .pages import squeezed

pytestmark = pytest.mark.django_db

LIST = "targets:institution-list"
FIRST_NUMBER = 4
COMPUTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def taken(client, user, file_type, **parameters):
    client.force_login(user)
    address = reverse("targets:institution-export", args=[file_type])
    answer = client.get(address, {"year": "2025"} | parameters)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def lines_of(client, user, **parameters):
    """(cover, table) of the CSV; the table begins with its head."""
    lines = list(csv.reader(io.StringIO(taken(client, user, "csv", **parameters).decode("utf-8-sig"))))
    end = lines.index([])
    return lines[:end], lines[end + 1 :]


def table(client, user, **parameters):
    return lines_of(client, user, **parameters)[1][1:]


def cover(client, user, **parameters):
    return dict(lines_of(client, user, **parameters)[0])


def page(client, user, **parameters):
    client.force_login(user)
    return client.get(reverse(LIST), {"year": "2025"} | parameters)


def expected(listed):
    """The cells of a row of the page, as the file writes them."""
    agency = listed.agency
    numbers = [
        number
        for _, value, change, is_restated, filed in listed.cells
        for number in (value, change, filed if is_restated else None)
    ]
    told = [comparison_export.STANDING_WORDS[listed.status]]
    texts = [agency.name, agency.key, agency.parent.name, agency.get_type_code_display()]
    return [*texts, *(None if each is None else float(each) for each in (*numbers, listed.months)), *told]


def read(line):
    """A line of the CSV with its numbers read; an empty cell is None."""
    numbers = [float(each) if each else None for each in line[FIRST_NUMBER:-1]]
    return [*line[:FIRST_NUMBER], *numbers, line[-1]]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"sort": "-kgce_per_m2_change"},
        {"sort": "name", "indicator": "m3_per_person"},
        {"status": "behind"},
        {"words": "RISEN"},
        {"type_code": "021", "year": "2020"},
        {"street": "大溪沟"},
    ],
)
def test_the_file_has_the_rows_of_the_page_in_its_order_unrounded(client, three, parameters):
    manager = three[0].manager
    Agency.objects.filter(pk=three[1].pk).update(street="大溪沟")
    shown = [expected(row) for row in page(client, manager, **parameters).context["rows"]]
    assert shown
    assert [read(line) for line in table(client, manager, **parameters)] == shown


def test_the_file_has_all_the_pages(client, three, monkeypatch):
    monkeypatch.setattr(comparison_views, "PAGE_SIZE", 1)
    assert len(page(client, three[0].manager).context["rows"]) == 1
    assert len(table(client, three[0].manager)) == 3


def test_a_department_takes_its_own_institutions_only(client, three):
    district, risen, _ = three
    keys = [line[1] for line in table(client, district.department_user)]
    assert set(keys) == {district.institution.key, risen.key}


def test_a_filer_takes_the_own_institution_only(client, three):
    district, _, _ = three
    assert [line[1] for line in table(client, district.filer)] == [district.institution.key]


def test_the_cover_says_what_was_asked_for_and_how_much_of_it_is_known(client, three):
    district, _, new = three
    Figure.objects.update(computed_at=COMPUTED)
    rules = RuleSet.objects.active().get()
    asked = {"department": new.parent.key, "words": "新", "sort": "-kgce_per_m2_change"}
    lines, _ = lines_of(client, district.manager, **asked)
    said = dict(lines)
    assert said.pop("导出时间") > "2026-01-02 11:04:05"
    assert said == {
        "表名": "机构对比",
        "年份": "2025年",
        "规划期": "“十四五”（2021—2025年）；基准年 2020 年，目标年 2025 年",
        "核算口径": f"{rules.title}；碳排放为考核口径，电网因子固定为 {rules.target_grid_year} 年",
        "比较范围": "各机构两年均有数据的相同月份，与 2020 年相比",
        "状态对照": "全区要求，按“单位建筑面积能耗”",
        "筛选": f"主管部门 {new.parent.name}；机构 “新”",
        "排序": "单位建筑面积能耗变化，从大到小，未知在后",
        "覆盖": "1 个机构，其中 0 个机构 12 个月均已通过",
        "数据计算时间": "2026-01-02 11:04:05",
        "链接": said["链接"],
        "说明": comparison_export.NOTES[-1],
    }
    assert ["说明", comparison_export.NOTES[0]] in lines


def test_the_link_of_the_cover_opens_the_same_comparison(client, three):
    district, risen, _ = three
    asked = {
        "type_code": "021",
        "sort": "name",
        "indicator": "m3_per_person",
        "status": "behind",
        "page": "7",
    }
    link = cover(client, district.manager, **asked)["链接"]
    rules = RuleSet.objects.active().get().slug
    assert link == (
        f"http://testserver{reverse(LIST)}?year=2025&rules={rules}&indicator=m3_per_person"
        "&type_code=021&status=behind&sort=name"
    )
    assert [row.agency for row in client.get(link).context["rows"]] == [risen]


def test_the_cover_says_so_where_nothing_narrows_and_nothing_sorts(client, two_years):
    said = cover(client, two_years.manager)
    assert (said["筛选"], said["排序"], said["覆盖"]) == (
        "全部机构",
        "按机构树",
        "1 个机构，其中 1 个机构 12 个月均已通过",
    )


def test_the_cover_of_the_demo_says_that_figures_are_invented(client, two_years):
    assert "数据性质" not in cover(client, two_years.manager)
    Agency.objects.filter(pk=two_years.institution.pk).update(is_synthetic=True)
    assert cover(client, two_years.manager)["数据性质"] == "演示数据"


def test_a_year_outside_the_plan_has_values_and_neither_change_nor_status(client, district):
    settle(district.institution, 2018)
    refresh.refresh_all()
    above, (_, line) = lines_of(client, district.manager, year="2018")
    said = dict(above)
    assert (said["规划期"], said["比较范围"], said["状态对照"]) == (comparison_export.NO_PERIOD, "", "")
    assert [bool(cell) for cell in line[FIRST_NUMBER:]] == [True, False, False] * 4 + [True, False]


def test_what_is_unknown_is_an_empty_cell(client, three):
    _, _, new = three
    [line] = table(client, three[0].manager, words="新设")
    assert line[:FIRST_NUMBER] == [new.name, new.key, new.parent.name, new.get_type_code_display()]
    assert [cell for cell in line[FIRST_NUMBER:] if cell == ""] == [""] * 8
    assert line[-2:] == ["2", "数据不足"]


def test_the_change_against_the_filed_base_stands_only_where_the_base_is_restated(client, two_years):
    place = comparison_export.HEADS.index("单位建筑面积能耗较原基准变化")
    assert table(client, two_years.manager)[0][place] == ""
    Figure.objects.filter(year=2025).update(kgce_per_m2_base_filed=9.5, kgce_per_m2_change_filed=-0.0000001)
    assert table(client, two_years.manager)[0][place] == "-0.0000001"


def test_the_workbook_holds_a_cover_and_the_same_cells_as_numbers(client, three):
    manager = three[0].manager
    book = load_workbook(io.BytesIO(taken(client, manager, "xlsx", sort="name")))
    assert book.sheetnames == ["封面", "机构对比"]
    above, lines = lines_of(client, manager, sort="name")
    changing = {"导出时间", "链接"}
    told = [list(line) for line in book["封面"].iter_rows(values_only=True) if line[0] not in changing]
    assert told == [line for line in above if line[0] not in changing]
    head, *rows = book["机构对比"].iter_rows(values_only=True)
    assert list(head) == lines[0] == comparison_export.HEADS
    assert [list(row) for row in rows] == [sixteen_digits(read(line)) for line in lines[1:]]


def sixteen_digits(cells):
    return [float(f"{cell:.16g}") if isinstance(cell, float) else cell for cell in cells]


def test_the_workbook_shows_values_with_two_decimals_and_changes_as_percent(client, two_years):
    sheet = load_workbook(io.BytesIO(taken(client, two_years.manager, "xlsx")))["机构对比"]
    cells = sheet[2][FIRST_NUMBER:-1]
    assert [cell.number_format for cell in cells if cell.value is not None] == [
        "#,##0.00",
        "+0.00%;-0.00%;0.00%",
    ] * 4 + ["0"]
    assert {cell.data_type for cell in cells} == {"n"}


def test_nothing_that_somebody_typed_runs_in_a_spreadsheet(client, two_years):
    Agency.objects.filter(pk=two_years.institution.pk).update(name='=HYPERLINK("//evil")')
    Agency.objects.filter(pk=two_years.department.pk).update(name="＋cmd")
    assert table(client, two_years.manager)[0][:3:2] == ['\'=HYPERLINK("//evil")', "'＋cmd"]
    sheet = load_workbook(io.BytesIO(taken(client, two_years.manager, "xlsx")))["机构对比"]
    assert [(cell.value, cell.data_type) for cell in (sheet["A2"], sheet["C2"])] == [
        ('\'=HYPERLINK("//evil")', "s"),
        ("'＋cmd", "s"),
    ]


def test_what_nobody_sees_in_a_search_breaks_no_workbook(client, two_years):
    book = load_workbook(io.BytesIO(taken(client, two_years.manager, "xlsx", words="\x01=1")))
    assert ("筛选", "机构 “=1”") in book["封面"].iter_rows(values_only=True)
    assert book["机构对比"].max_row == 1


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
def test_the_file_costs_the_same_queries_for_one_row_and_for_three(client, two_years, file_type):
    taken(client, two_years.manager, file_type)
    with CaptureQueriesContext(connection) as one:
        taken(client, two_years.manager, file_type)
    for _ in range(2):
        settle(InstitutionFactory(parent=two_years.department), 2025)
    refresh.refresh_all()
    with CaptureQueriesContext(connection) as three:
        taken(client, two_years.manager, file_type)
    assert len(three) == len(one)


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
def test_taking_the_file_away_leaves_a_trace(client, two_years, file_type):
    taken(client, two_years.manager, file_type, words="机构")
    event = Event.objects.order_by("sequence").last()
    rules = RuleSet.objects.active().get()
    assert (event.verb, event.actor, event.detail) == (
        "export",
        two_years.manager,
        f"机构对比 {file_type}；年份 2025年；"
        f"核算口径 {rules.title}；碳排放为考核口径，电网因子固定为 {rules.target_grid_year} 年；"
        "筛选 机构 “机构”；覆盖 1 个机构，其中 1 个机构 12 个月均已通过",
    )


def test_a_bar_that_cannot_be_read_and_another_kind_of_file_are_refused_without_a_trace(client, two_years):
    client.force_login(two_years.manager)
    address = reverse("targets:institution-export", args=["csv"])
    assert client.get(address, {"year": "1900"}).status_code == 400
    assert client.get(reverse("targets:institution-export", args=["pdf"])).status_code == 404
    assert not Event.objects.filter(verb="export").exists()


def test_who_sees_no_figures_takes_none(client, two_years):
    for role in (Role.AUDITOR, Role.ADMINISTRATOR):
        client.force_login(user_with(role, two_years.bureau))
        assert client.get(reverse("targets:institution-export", args=["xlsx"])).status_code == 403


def test_the_page_offers_both_files_of_what_it_shows(client, three):
    district, _, _ = three
    html = page(client, district.manager, words="新设", sort="name", page="1").content.decode()
    query = page(client, district.manager, words="新设", sort="name").context["comparison"].query
    for file_type in ("xlsx", "csv"):
        address = reverse("targets:institution-export", args=[file_type])
        assert f'href="{address}?{query.replace("&", "&amp;")}"' in html


@pytest.mark.parametrize("standing", Standing)
def test_the_file_calls_a_status_what_the_pages_call_it(standing):
    shown = render_to_string("includes/status_tag.html", {"status": standing.value})
    assert f">{comparison_export.STANDING_WORDS[standing]}</span>" in squeezed(shown)


def test_every_indicator_has_its_three_columns():
    assert len(comparison_export.COLUMNS) == FIRST_NUMBER + 3 * len(Indicator) + 2


def test_every_field_that_narrows_is_told_and_repeated():
    shown = ["year", "rules", "indicator"]
    assert [*shown, *NARROWING] == list(InstitutionFilters.base_fields)
