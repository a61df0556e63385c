"""The edge between filed rows and the rule engine."""

from datetime import date
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies.access import Role
from reporting import actions, findings
from reporting.models import Report
from tests.factories import InstitutionFactory, user_with

MARCH_2024, FEBRUARY, MARCH = date(2024, 3, 1), date(2025, 2, 1), date(2025, 3, 1)


def test_the_months_beside_are_the_approved_ones(district):
    district.approved(MARCH_2024, {"110": 90})
    district.submitted(FEBRUARY, {"110": 80})
    last_month, last_year = findings.neighbours(district.report(MARCH))
    assert last_month == {}
    assert last_year["110"].quantity == 90


def test_a_correction_counts_once_it_is_approved(district):
    report = district.approved(FEBRUARY, {"110": 80})
    actions.open_correction(report, by=district.filer, reason="漏计")
    district.submitted(FEBRUARY, {"110": 95})
    assert findings.neighbours(district.report(MARCH))[0]["110"].quantity == 80
    actions.approve(report, by=district.reviewer)
    assert findings.neighbours(district.report(MARCH))[0]["110"].quantity == 95


def test_warnings_compare_a_revision_with_the_months_beside_it(district):
    district.approved(MARCH_2024, {"110": 100})
    report = district.submitted(MARCH, {"110": 150})
    [warning] = findings.warnings(report.latest)
    assert (warning.item, warning.message) == ("110", "电比上年同月变化 +50.0 %，超过 30 %。")


def queued(district):
    return list(Report.objects.awaiting_review().with_state().prefetch_related("latest__lines"))


def test_outlooks_tell_each_report_its_own(district):
    other = InstitutionFactory(parent=district.department)
    filer = user_with(Role.FILER, other)
    district.approved(MARCH_2024, {"110": 100})
    calm = district.submitted(MARCH, {"110": 100}, agency=other, by=filer)
    grown = district.submitted(MARCH, {"110": 150})
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
