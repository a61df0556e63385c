"""The edge between filed rows and the rule engine."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.access import Role
from reporting import actions, calendar, findings
from reporting.models import Period, Report
from reporting.sheet import Sheet
from tests.factories import InstitutionFactory, entries, user_with

MARCH_2024, JANUARY, FEBRUARY, MARCH = date(2024, 3, 1), date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)


def test_the_months_beside_are_the_approved_ones(district):
    district.approved(MARCH_2024, {"110": 90})
    district.submitted(FEBRUARY, {"110": 80})
    beside = findings.beside(district.report(MARCH))
    assert beside.last_month == {}
    assert beside.last_year["110"].quantity == 90
    assert beside.newest_month == MARCH_2024


def test_a_correction_counts_once_it_is_approved(district):
    report = district.approved(FEBRUARY, {"110": 80})
    actions.open_correction(report, by=district.filer, reason="漏计")
    district.submitted(FEBRUARY, {"110": 95})
    assert findings.beside(district.report(MARCH)).last_month["110"].quantity == 80
    actions.approve(report, by=district.reviewer)
    assert findings.beside(district.report(MARCH)).last_month["110"].quantity == 95


def test_warnings_compare_a_revision_with_the_months_beside_it(district):
    district.approved(MARCH_2024, {"110": 10000})
    report = district.submitted(MARCH, {"110": 15000})
    [warning] = findings.warnings(report.latest)
    assert (warning.item, warning.message) == ("110", "电比上年同月变化 +50.0 %，超过 30 %。")


def test_an_area_that_jumps_after_a_returned_month_is_held_against_the_month_before_that(district):
    district.approved(JANUARY, {"102": 1000})
    returned = district.submitted(FEBRUARY, {"102": 1000})
    actions.send_back(returned, by=district.reviewer, reason="有误")
    report = district.submitted(MARCH, {"102": 1210})
    sentence = "建筑面积比2025年1月变化 +21.0 %，超过 10 %。请核对；属实请说明原因。"
    assert [warning.message for warning in findings.warnings(report.latest)] == [sentence]
    [outlook] = findings.outlooks(queued(district)).values()
    assert [warning.message for warning in outlook.warnings] == [sentence]


def test_an_area_is_not_held_against_what_is_over_a_year_old_or_later(district):
    district.approved(date(2024, 2, 1), {"102": 500})
    district.approved(date(2025, 4, 1), {"102": 700})
    report = district.submitted(MARCH, {"102": 1000})
    assert findings.beside(report) == findings.Beside({}, {}, {}, None)
    assert findings.warnings(report.latest) == []


def test_each_month_in_the_queue_has_its_own_newest_month_before(district):
    district.approved(JANUARY, {"102": 1000})
    second = district.submitted(MARCH, {"102": 1210})
    first = district.approved(FEBRUARY, {"102": 1200})
    report = district.report(date(2025, 4, 1))
    found = findings.beside_each([first, second, report])
    assert [found[each.pk].newest_month for each in (first, second, report)] == [JANUARY, FEBRUARY, FEBRUARY]
    assert findings.beside_each([]) == {}


def test_a_slip_of_the_unit_is_told_as_a_factor(district):
    district.approved(MARCH_2024, {"110": 100000})
    report = district.submitted(MARCH, {"110": 10})
    outlook = findings.outlooks(queued(district))[report.pk]
    assert outlook.electricity_slip == "1/10000"
    assert findings.Outlook([], None).electricity_slip is None


def queued(district):
    return list(Report.objects.awaiting_review().with_state().prefetch_related("latest__lines"))


def test_outlooks_tell_each_report_its_own(district):
    other = InstitutionFactory(parent=district.department)
    filer = user_with(Role.FILER, other)
    district.approved(MARCH_2024, {"110": 10000})
    calm = district.submitted(MARCH, {"110": 10000}, agency=other, by=filer)
    grown = district.submitted(MARCH, {"110": 15000})
    outlooks = findings.outlooks(queued(district))
    assert outlooks[grown.pk].electricity_change == Decimal("0.5")
    assert [warning.item for warning in outlooks[grown.pk].warnings] == ["110"]
    assert outlooks[calm.pk] == findings.Outlook([], None)


def test_outlooks_cost_the_same_for_one_report_and_for_three(district):
    district.approved(MARCH_2024, {"110": 100})
    district.submitted(MARCH, {"110": 150})
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            findings.outlooks(queued(district))
        counts.append(len(queries))
        for _ in range(2):
            agency = InstitutionFactory(parent=district.department)
            filer = user_with(Role.FILER, agency)
            district.approved(MARCH_2024, {"110": 100}, agency=agency, by=filer)
            district.submitted(MARCH, {"110": 150}, agency=agency, by=filer)
    assert counts[0] == counts[1]


def test_what_the_form_shows_costs_the_same_for_one_line_and_for_all(district):
    district.approved(MARCH_2024, {"110": 10000, "120": 100})
    report = district.report(MARCH)
    full = {"110": 9000, "120": 90, "140": 70, "1501": 50, "102": 1000, "103": 50, "104": 2}
    actions.save_draft(report, entries(report, full), by=district.filer)
    report.refresh_from_db()
    sheet = Sheet(report, report.latest)
    counts = []
    for lines in (sheet.lines[:2], sheet.lines):
        with CaptureQueriesContext(connection) as queries:
            sheet.verdict(lines)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_the_verdict_offers_what_was_likely_meant_with_range_and_source(district):
    district.approved(MARCH_2024, {"110": 39000})
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 4}), by=district.filer)
    report.refresh_from_db()
    [warning] = Sheet(report, report.latest).verdict(report.latest.lines.all()).warnings
    assert (warning.rule, warning.suggestion) == ("unit-slip", Decimal(40000))
    assert (warning.expected, warning.source) == ("19,500—58,500 kWh", "平台约定")


def test_a_month_that_is_not_over_keeps_no_hit_but_is_not_submitted(district):
    report = district.report(timezone.localdate().replace(day=1))
    # The bureau opened it early.
    Period.objects.filter(pk=report.period_id).update(opens_on=report.period.month)
    report.period.refresh_from_db()
    errors = Sheet(report, None).verdict([]).errors
    is_over = timezone.localdate() == calendar.first_of_next(report.period.month) - timedelta(days=1)
    assert ("future-month" in {each.rule for each in errors}) != is_over
    actions.save_draft(report, entries(report, {"110": 9000}), by=district.filer)
    report.refresh_from_db()
    assert not report.latest.hits.filter(rule="future-month").exists()
