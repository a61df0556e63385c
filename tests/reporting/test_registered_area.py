"""The filed area (102) against the register's: the rule, and where it is asked: form, review, queue and import."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from agencies import areas
from agencies.access import Role
from reporting import actions, findings, history, preview
from reporting.checks import RULES, Month, Statement, limits_with
from reporting.entries import Entry
from reporting.forms import MonthForm
from reporting.models import Report
from reporting.sheet import Sheet
from tests.factories import BuildingFactory, InstitutionFactory, OccupancyFactory, user_with

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)
NAMES = {"102": "建筑面积"}


def registered(*buildings):
    """The register's area of March 2025: (name, m², days in use) of each building, all the agency's own."""
    rows = [
        [
            areas.Holding(
                1, number, name, 1, "本单位", Decimal(area), Decimal(1), date(2025, 3, 32 - days), None
            )
        ]
        for number, (name, area, days) in enumerate(buildings)
    ]
    return areas.month_area(1, rows, MARCH)


def asked(filed, area):
    statements = {"102": Statement(None if filed is None else Decimal(filed))}
    return said(statements, area)


def said(statements, area):
    month = Month(statements, NAMES, registered=area, limits=limits_with())
    return [finding.message for finding in RULES["register-area"].findings(month)]


@pytest.mark.parametrize(
    ("area", "filed", "is_asked"),
    [
        (5000, "5050", False),
        (5000, "5050.01", True),
        (5000, "4950", False),
        (5000, "4949.99", True),
        (300, "310", False),
        (300, "310.01", True),
    ],
)
def test_one_percent_and_ten_square_metres_are_allowed(area, filed, is_asked):
    assert bool(asked(filed, registered(("主楼", area, 31)))) is is_asked


def test_the_warning_names_both_areas_the_buildings_and_what_to_do():
    area = registered(("主楼", 800, 31), ("副楼", 310, 20))
    assert asked("1250", area) == [
        "建筑面积填报 1,250 m²，名录为 1,000 m²（主楼 800；副楼 200，20/31 日），相差 +25.0 %。"
        "请更正本月数量；名录有误的，请局管理员更正建筑或占比。"
    ]


def test_many_buildings_are_counted_rather_than_listed():
    [message] = asked("1", registered(*((f"{number}号楼", 100, 31) for number in range(5))))
    assert "（0号楼 100；1号楼 100；2号楼 100；另 2 处）" in message


def test_an_area_stated_without_a_quantity_is_asked_about_and_one_not_stated_is_not():
    area = registered(("主楼", 800, 31))
    [message] = asked(None, area)
    assert message.startswith("建筑面积未填数量，名录为 800 m²（主楼 800）。请更正")
    assert said({}, area) == []


def test_without_a_building_in_the_month_nothing_is_compared():
    assert asked("1250", None) == []


@pytest.fixture
def housed(district):
    """The institution has 800 m² of its own and a tenth of the bureau's 2 000 m²."""
    own = BuildingFactory(name="主楼", manager=district.institution, floor_area_m2=800)
    shared = BuildingFactory(name="一号楼", manager=district.bureau, floor_area_m2=2000)
    OccupancyFactory(building=own)
    OccupancyFactory(building=shared, agency=district.institution, share=Decimal("0.1"))
    return district


WARNING = (
    "建筑面积填报 1,250 m²，名录为 1,000 m²（主楼 800；一号楼 200），相差 +25.0 %。"
    "请更正本月数量；名录有误的，请局管理员更正建筑或占比。"
)


def test_a_revision_and_the_queue_are_held_against_the_register(housed):
    report = housed.submitted(MARCH, {"102": 1250})
    assert [warning.message for warning in findings.warnings(report.latest)] == [WARNING]
    queued = list(Report.objects.awaiting_review().with_state().prefetch_related("latest__lines"))
    [outlook] = findings.outlooks(queued).values()
    assert [warning.message for warning in outlook.warnings] == [WARNING]


def test_a_change_of_the_register_changes_the_warning_and_no_approved_number(housed):
    report = housed.approved(MARCH, {"102": 1000})
    assert findings.warnings(report.approved) == []
    housed.institution.managed_buildings.update(floor_area_m2=900)
    [warning] = findings.warnings(report.approved)
    assert (warning.rule, report.approved.lines.get(item="102").quantity) == ("register-area", 1000)


def test_comparing_costs_the_same_for_one_report_and_for_three(housed):
    housed.submitted(MARCH, {"102": 1250})
    counts = []
    for _ in range(2):
        reports = list(Report.objects.awaiting_review().with_state())
        with CaptureQueriesContext(connection) as queries:
            found = findings.beside_each(reports)
        counts.append(len(queries))
        for _ in range(2):
            agency = OccupancyFactory(building__manager=InstitutionFactory(parent=housed.department)).agency
            filer = user_with(Role.FILER, agency)
            housed.submitted(MARCH, {"102": 1000}, agency=agency, by=filer)
    assert counts[0] == counts[1]
    assert {each.registered.area_m2 for each in found.values()} == {1000}


def form_of(report):
    report = Report.objects.get(pk=report.pk)
    return MonthForm(sheet=Sheet(report, report.latest))


def area_cells(form):
    [cells] = [cells for _, rows, _ in form.sections for cells in rows if cells.row.item.code == "102"]
    return cells


def test_a_fresh_month_starts_from_the_registers_area_before_an_earlier_months(housed):
    housed.approved(FEBRUARY, {"102": 900})
    cells = area_cells(form_of(housed.report(MARCH)))
    assert (cells.quantity.initial, cells.is_suggested, cells.is_carried) == ("1000", True, False)


def test_a_draft_without_an_area_is_offered_the_registers_and_one_with_an_area_keeps_it(housed):
    report = housed.report(MARCH)
    actions.save_draft(report, {"110": Entry(Decimal(5))}, by=housed.filer)
    cells = area_cells(form_of(report))
    assert (cells.quantity.initial, cells.offered, cells.is_suggested) == (None, 1000, False)
    actions.save_draft(report, {"102": Entry(Decimal(950))}, by=housed.filer)
    cells = area_cells(form_of(report))
    assert (cells.quantity.initial, cells.offered) == ("950", None)


def test_the_first_cell_saved_of_a_fresh_month_saves_the_registers_area_with_it(housed, client):
    housed.approved(FEBRUARY, {"102": 900})
    report = housed.report(MARCH)
    client.force_login(housed.filer)
    address = reverse("reporting:cell-save", args=[report.agency.key, MARCH, "110"])
    assert client.post(address, {"quantity-110": "5", "seen": ""}).status_code == 200
    stored = Report.objects.get(pk=report.pk).latest.lines.values_list("item", "quantity")
    assert dict(stored)["102"] == 1000


def test_without_a_building_a_fresh_month_starts_from_the_month_before_as_ever(district):
    district.approved(FEBRUARY, {"102": 900})
    cells = area_cells(form_of(district.report(MARCH)))
    assert (cells.quantity.initial, cells.is_suggested, cells.is_carried) == ("900", False, True)


def read(client, name, report):
    """The page's words without its markup."""
    page = client.get(reverse(name, args=[report.agency.key, report.period.month]))
    return " ".join(strip_tags(page.content.decode()).split())


def test_form_and_review_page_show_the_registers_area_beside_the_filed_one(housed, client):
    report = housed.report(MARCH)
    words = "名录：自管 800 m² + 共用 200 m² = 1,000 m²"
    client.force_login(housed.filer)
    page = read(client, "reporting:report-edit", report)
    assert words in page
    assert "按名录" in page
    housed.submitted(MARCH, {"102": 1250})
    client.force_login(housed.reviewer)
    page = read(client, "reporting:report-detail", report)
    assert words in page
    assert WARNING in page


def test_the_checks_of_the_form_warn_and_ask_for_a_reason(housed, client):
    report = housed.report(MARCH)
    actions.save_draft(report, {"102": Entry(Decimal(1250))}, by=housed.filer)
    client.force_login(housed.filer)
    address = reverse("reporting:report-check", args=[report.agency.key, MARCH])
    html = client.post(address).content.decode()
    assert WARNING in html
    assert 'name="reason-102-register-area"' in html
    with pytest.raises(actions.Refused):
        actions.submit(Report.objects.get(pk=report.pk), by=housed.filer)


def rows_of(agency, months, area):
    return [
        {"agency": agency.key, "year": "2025", "month": str(month), "item": item, "quantity": quantity}
        for month in months
        for item, quantity in (("102", area), ("110", "5"))
    ]


def test_the_preview_of_an_import_lists_the_months_that_differ_and_enters_them(housed):
    reading = history.Reader().read(rows_of(housed.institution, [1, 2], "1250"))
    told = preview.sentences(reading.months)
    assert "建筑面积与名录不符 2" in told[0]
    assert f"  {housed.institution} 2025-01 {WARNING}" in told
    history.enter(reading, document="测试")
    assert Report.objects.filter(approved__isnull=False).count() == 2


def test_the_preview_asks_the_register_once_for_all(housed):
    counts = []
    for months in (range(1, 2), range(1, 13)):
        reading = history.Reader().read(rows_of(housed.institution, months, "1250"))
        with CaptureQueriesContext(connection) as queries:
            preview.sentences(reading.months)
        counts.append(len(queries))
        assert sum("agencies_occupancy" in query["sql"] for query in queries) == 1
    assert counts[0] == counts[1]
