"""The verbs of a month by two people at the same moment: one wins, nothing is lost, nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from functools import partial
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agencies.access import Role
from agencies.models import Agency
from reporting import actions
from reporting.entries import Entry
from reporting.models import Item, Line, Panel, Report, Revision, StaleMark, Status
from reporting.panels import COLUMN
from targets import ledger
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


@pytest.fixture
def waiting(transactional_db):
    """March, handed in and waiting for its department's first review."""
    district = District()
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    report = district.submitted(MARCH, {"110": 100})
    return district, Report.objects.get(pk=report.pk)


def settled(report, *wanted):
    """Whether the trail's last rows of this month are these."""
    return tuple(verbs(report)[-len(wanted) :]) == wanted


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_giving_a_correction_up_and_handing_it_in_at_once_is_one_of_both(transactional_db, _round):
    district = District()
    report = district.approved(MARCH, {"110": 100})
    actions.open_correction(report, by=district.filer, reason="读数有误")
    outcomes = at_once(
        lambda: actions.abandon(report, by=district.reviewer),
        lambda: actions.submit(report, by=district.filer),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "WrongStatus"]
    report = Report.objects.get(pk=report.pk)
    assert report.approved.number == 1
    ends = {"abandon": (1, Status.APPROVED), "submit": (2, Status.SUBMITTED)}
    assert (report.latest.number, report.status) == ends[verbs(report)[-1]]


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_a_withdrawal_beats_an_endorsement_or_comes_after_it(waiting, _round):
    district, report = waiting
    outcomes = at_once(
        lambda: actions.endorse(report, by=district.department_user),
        lambda: actions.withdraw(report, by=district.filer),
    )
    assert outcomes[1] is None
    assert Report.objects.get(pk=report.pk).status == Status.WITHDRAWN
    if outcomes[0] is None:
        assert settled(report, "submit", "endorse", "withdraw")
    else:
        assert isinstance(outcomes[0], actions.WrongStatus)
        assert settled(report, "submit", "withdraw")


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_of_two_department_users_one_endorses_or_returns(waiting, _round):
    district, report = waiting
    second = user_with(Role.DEPARTMENT, district.department)
    outcomes = at_once(
        lambda: actions.endorse(report, by=district.department_user),
        lambda: actions.send_back(report, by=second, reason="有误"),
    )
    # Who comes second finds it decided: as endorsed, which is the bureau's to return, or as returned.
    assert [outcome is None for outcome in outcomes].count(True) == 1
    assert {type(outcome) for outcome in outcomes} <= {type(None), actions.WrongStatus, PermissionDenied}
    assert settled(report, "submit", "endorse" if outcomes[0] is None else "return")


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_after_an_endorsement_one_of_two_approvals_counts(waiting, _round):
    district, report = waiting
    second = user_with(Role.REVIEWER, district.bureau)
    actions.endorse(report, by=district.department_user)
    outcomes = at_once(
        lambda: actions.approve(report, by=district.reviewer), lambda: actions.approve(report, by=second)
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "WrongStatus"]
    assert settled(report, "submit", "endorse", "approve")
    assert Panel.objects.get().approved_months == 0b100


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_a_cell_saved_while_the_month_is_handed_in_is_in_it_or_refused(transactional_db, _round):
    district = District()
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 100}), by=district.filer)
    before, after = (Entry(Decimal(number), payment="unpaid") for number in (100, 200))
    outcomes = at_once(
        lambda: actions.submit(report, by=district.filer),
        lambda: actions.save_cell(
            report, Item.objects.get(pk="110"), after, by=district.filer, seen=before.token
        ),
    )
    assert outcomes[0] is None
    revision = Report.objects.get(pk=report.pk).latest
    assert revision.status == Status.SUBMITTED
    stored = Line.objects.get(revision=revision, item="110").quantity
    if isinstance(outcomes[1], actions.WrongStatus):
        assert (stored, settled(report, "save", "submit")) == (100, True)
    else:
        assert outcomes[1] == {"110": after}
        assert (stored, settled(report, "save", "save", "submit")) == (200, True)
    assert ledger.changed_revision() is None


@pytest.mark.needs_postgresql
@pytest.mark.parametrize("_round", range(3))
def test_an_approval_while_a_department_takes_up_first_review_is_whole_or_refused(transactional_db, _round):
    district = District()
    report = Report.objects.get(pk=district.submitted(MARCH, {"110": 100}).pk)
    outcomes = at_once(
        lambda: actions.approve(report, by=district.reviewer),
        lambda: Agency.objects.filter(pk=district.department.pk).update(reviews_first=True),
    )
    assert outcomes[1] == 1
    if outcomes[0] is None:
        assert settled(report, "submit", "approve")
    else:
        assert isinstance(outcomes[0], actions.WrongStatus)
        assert settled(report, "save", "submit")
    months = Panel.objects.get().approved_months
    assert months == (0b100 if outcomes[0] is None else 0)
    assert (Report.objects.get(pk=report.pk).approved_id is None) == (outcomes[0] is not None)
