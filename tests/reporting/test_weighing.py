"""What the queue is ordered by: stored at submission, kept up by documents and the sweep, at a fixed cost."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies.access import Role
from reporting import actions, evidence_actions, tasks, weighing
from reporting.models import Period, ReviewRisk
from tests.factories import InstitutionFactory, user_with

from .documents import bill

pytestmark = pytest.mark.django_db

MARCH, LAST_MARCH = date(2025, 3, 1), date(2024, 3, 1)


def risk_of(report):
    return ReviewRisk.objects.get(revision=report.latest)


def on_time(*months):
    """As if these months, filed years ago, were due today."""
    Period.objects.filter(month__in=months).update(due_on=date(2090, 1, 1), closes_on=date(2090, 1, 1))


def test_a_month_is_weighed_with_its_submission(district):
    district.report(LAST_MARCH)
    on_time(LAST_MARCH)
    district.approved(LAST_MARCH, {"110": 20000})
    report = district.submitted(MARCH, {"110": 10000})
    risk = risk_of(report)
    # 20 000 × 0.1229 = 2.458 tce; halved: one doubt; one decided month, in time; electricity without a document.
    assert (risk.earlier_tce, risk.get_earlier_display(), risk.stated_tce) == (
        Decimal("2.4580"),
        "上年同月",
        Decimal("1.2290"),
    )
    assert (risk.doubts, risk.decided, risk.troubled, risk.asked, risk.lacking) == (1, 1, 0, 1, "110")
    # 2.458 × 1.1 × 1 × 2
    assert risk.score == Decimal("5.4076")


def test_without_last_year_the_newest_approved_month_is_expected(district):
    district.approved(date(2024, 11, 1), {"110": 10000})
    district.approved(date(2024, 12, 1), {"110": 30000})
    risk = risk_of(district.submitted(MARCH, {"110": 20000}))
    assert (risk.earlier, risk.earlier_tce) == ("newest", Decimal("3.6870"))


def test_of_an_institutions_first_month_only_what_is_stated_is_known(district):
    risk = risk_of(district.submitted(MARCH, {"110": 20000}))
    assert (risk.earlier, risk.earlier_tce, risk.stated_tce) == ("", None, Decimal("2.4580"))
    assert (risk.decided, risk.change) == (0, None)


def test_returned_and_late_months_make_the_history(district):
    for month in (date(2025, 1, 1), date(2025, 2, 1), LAST_MARCH, date(2024, 2, 1)):
        district.report(month)
    on_time(date(2025, 1, 1), LAST_MARCH)
    returned = district.submitted(date(2025, 1, 1), {"110": 20000})
    actions.send_back(returned, by=district.reviewer, reason="请核对")
    district.approved(date(2025, 1, 1), {"110": 20000})
    district.approved(date(2025, 2, 1), {"110": 20000})
    district.approved(LAST_MARCH, {"110": 20000})
    district.approved(date(2024, 2, 1), {"110": 20000})
    risk = risk_of(district.submitted(MARCH, {"110": 20000}))
    # February 2024 lies further back than twelve months.
    assert (risk.decided, risk.returned, risk.late, risk.troubled) == (3, 1, 1, 2)


def test_an_extension_granted_in_time_makes_nobody_late(district):
    report = district.report(date(2025, 2, 1))
    report.extensions.create(
        last_day=date(2090, 1, 1), is_in_time=True, reason="搬迁", granted_by=district.manager
    )
    district.approved(date(2025, 2, 1), {"110": 20000})
    assert risk_of(district.submitted(MARCH, {"110": 20000})).late == 0


def test_a_document_lowers_the_risk_at_once_and_a_replacement_keeps_it(district):
    district.approved(LAST_MARCH, {"110": 20000})
    report = district.submitted(MARCH, {"110": 20000})
    before = risk_of(report).score
    document = evidence_actions.attach(district.institution, bill(), by=district.filer)
    assert (risk_of(report).lacking, risk_of(report).score) == ("", before / 2)
    water = bill("120", document_number="S-1")
    evidence_actions.replace(document, water, by=district.filer, reason="传错")
    assert (risk_of(report).lacking, risk_of(report).score) == ("110", before)


def test_a_document_of_a_month_that_does_not_wait_weighs_nothing(district):
    evidence_actions.attach(district.institution, bill(), by=district.filer)
    assert not ReviewRisk.objects.exists()


def test_the_sweep_makes_every_row_anew_and_removes_those_of_decided_months(district):
    decided = district.approved(LAST_MARCH, {"110": 20000})
    report = district.submitted(MARCH, {"110": 30000})
    stored = risk_of(report)
    ReviewRisk.objects.filter(revision=report.latest).delete()
    tasks.weigh_waiting()
    assert not ReviewRisk.objects.filter(revision=decided.latest).exists()
    new = risk_of(report)
    names = [field.name for field in ReviewRisk._meta.fields if field.name != "weighed_at"]
    assert [getattr(new, name) for name in names] == [getattr(stored, name) for name in names]


def test_the_sweep_sees_what_the_checks_say_only_now(district):
    report = district.submitted(MARCH, {"110": 30000})
    assert risk_of(report).doubts == 0
    district.approved(LAST_MARCH, {"110": 10000})
    weighing.refresh_all()
    assert (risk_of(report).doubts, risk_of(report).earlier_tce) == (1, Decimal("1.2290"))


def test_the_largest_slip_is_still_stored(district):
    report = district.submitted(MARCH, {"110": 20000, "130": "90000000000000"})
    assert risk_of(report).stated_tce == weighing.LARGEST_TCE


def queries(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_batch_costs_the_same_queries_at_one_month_and_at_three(district):
    district.approved(LAST_MARCH, {"110": 10000})
    district.submitted(MARCH, {"110": 30000})
    at_one = queries(weighing.refresh_all)
    for _ in range(2):
        agency = InstitutionFactory(parent=district.department)
        filer = user_with(Role.FILER, agency)
        district.approved(LAST_MARCH, {"110": 10000}, agency=agency, by=filer)
        district.submitted(MARCH, {"110": 30000 + agency.pk}, agency=agency, by=filer)
    assert queries(weighing.refresh_all) == at_one


@pytest.mark.needs_postgresql
def test_weighing_adds_six_queries_to_a_submission(district):
    district.approved(LAST_MARCH, {"110": 10000})
    report = district.submitted(MARCH, {"110": 10000})
    lines = list(report.latest.lines.all())
    weighing.note(report, report.latest, lines, [])
    assert queries(lambda: weighing.note(report, report.latest, lines, [])) == 6
