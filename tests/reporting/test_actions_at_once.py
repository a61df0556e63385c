"""The verbs of a month by two people at the same moment: one wins, nothing is lost, nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from agencies.access import Role
from reporting import actions
from reporting.entries import Entry
from reporting.models import Panel, Report, Revision, StaleMark, Status
from reporting.panels import COLUMN
from tests.factories import District, entries, user_with

from .test_actions import MARCH, verbs


def at_once(*calls):
    """Run the calls in threads that start together; the result or the exception of each."""
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=10)
            return call()
        except Exception as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.needs_postgresql
def test_of_two_reviewers_approving_at_once_one_wins(transactional_db):
    district = District()
    second = user_with(Role.REVIEWER, district.bureau)
    report = district.submitted(MARCH, {"110": 100})
    outcomes = at_once(
        lambda: actions.approve(report, by=district.reviewer), lambda: actions.approve(report, by=second)
    )
    assert {type(outcome) for outcome in outcomes} == {type(None), actions.WrongStatus}
    assert verbs(report).count("approve") == 1
    assert Panel.objects.count() == 1
    assert StaleMark.objects.filter(cause__endswith="通过").count() == 1


@pytest.mark.needs_postgresql
def test_an_approval_and_a_return_at_once_give_one_decision(transactional_db):
    district = District()
    second = user_with(Role.REVIEWER, district.bureau)
    report = district.submitted(MARCH, {"110": 100})
    outcomes = at_once(
        lambda: actions.approve(report, by=district.reviewer),
        lambda: actions.send_back(report, by=second, reason="有误"),
    )
    assert sum(isinstance(outcome, actions.WrongStatus) for outcome in outcomes) == 1
    assert len(set(verbs(report)) & {"approve", "return"}) == 1


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(5))
def test_a_withdrawal_and_an_approval_at_once_give_one_decision_and_no_deadlock(transactional_db, _round):
    district = District()
    report = district.submitted(MARCH, {"110": 100})
    outcomes = at_once(
        lambda: actions.approve(report, by=district.reviewer),
        lambda: actions.withdraw(report, by=district.filer),
    )
    assert {type(outcome) for outcome in outcomes} == {type(None), actions.WrongStatus}
    assert len(set(verbs(report)) & {"approve", "withdraw"}) == 1


@pytest.mark.needs_postgresql
def test_two_months_of_a_year_approved_at_once_are_both_in_the_panel(transactional_db):
    district = District()
    reports = [district.submitted(date(2025, month, 1), {"110": 100 * month}) for month in (3, 4)]
    outcomes = at_once(*(partial(actions.approve, report, by=district.reviewer) for report in reports))
    assert outcomes == [None, None]
    panel = Panel.objects.get()
    assert panel.approved_months == 0b1100
    assert list(panel.values[2:4, COLUMN["110"]]) == [300.0, 400.0]


@pytest.mark.needs_postgresql
def test_two_first_saves_at_once_make_one_draft(transactional_db):
    district = District()
    report = district.report(MARCH)
    outcomes = at_once(
        lambda: actions.save_draft(report, {"110": Entry(Decimal(1))}, by=district.filer, seen=""),
        lambda: actions.save_draft(report, {"110": Entry(Decimal(2))}, by=district.filer, seen=""),
    )
    assert sum(isinstance(outcome, actions.Stale) for outcome in outcomes) == 1
    assert Revision.objects.count() == 1
    assert verbs(report) == ["save"]


@pytest.mark.needs_postgresql
def test_a_save_that_waits_for_a_submission_finds_it_submitted(transactional_db):
    district = District()
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 1}), by=district.filer)
    report = Report.objects.get(pk=report.pk)
    outcomes = at_once(
        lambda: actions.submit(report, by=district.filer),
        lambda: actions.save_draft(report, entries(report, {"110": 2}), by=district.filer),
    )
    assert {type(outcome) for outcome in outcomes} <= {type(None), Revision, actions.WrongStatus}
    report = Report.objects.get(pk=report.pk)
    assert report.status == Status.SUBMITTED
