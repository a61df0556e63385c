"""The first review by a department: asked for by the register, before the bureau, by somebody else."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from agencies.access import Role
from agencies.models import Agency, Event
from reporting import actions
from reporting.models import Panel, Report, Status
from tests.factories import InstitutionFactory, user_with

MARCH = date(2025, 3, 1)


@pytest.fixture
def asked(district):
    """The district's department reviews first."""
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    return district


def fresh(report):
    return Report.objects.get(pk=report.pk)


def test_the_bureau_waits_for_the_department(asked):
    report = asked.submitted(MARCH, {"110": 100})
    assert report.awaits_first_review
    with pytest.raises(actions.WrongStatus, match="须先经主管部门.*初审"):
        actions.approve(report, by=asked.reviewer)
    actions.endorse(report, by=asked.department_user)
    report = fresh(report)
    assert (report.status, report.latest.endorsed_by) == (Status.ENDORSED, asked.department_user)
    actions.approve(report, by=asked.reviewer)
    assert fresh(report).approved.decided_by == asked.reviewer


def test_what_is_endorsed_still_waits_in_the_panel(asked):
    report = asked.submitted(MARCH, {"110": 100})
    actions.endorse(report, by=asked.department_user)
    assert Panel.objects.get().submitted_months == 0b100


def test_where_it_is_not_asked_for_nothing_is_endorsed(district):
    report = district.submitted(MARCH, {"110": 100})
    with pytest.raises(actions.WrongStatus, match="不需要主管部门初审"):
        actions.endorse(report, by=district.department_user)
    assert fresh(report).status == Status.SUBMITTED


def test_a_department_returns_while_its_review_is_due_and_not_after_it(asked):
    report = asked.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=asked.department_user, reason="请附电费单")
    assert fresh(report).status == Status.RETURNED
    report = asked.submitted(MARCH, {"110": 100})
    actions.endorse(report, by=asked.department_user)
    with pytest.raises(PermissionDenied):
        actions.send_back(report, by=asked.department_user, reason="请附电费单")
    assert fresh(report).status == Status.ENDORSED


def test_who_endorsed_does_not_approve(asked):
    both = user_with(Role.DEPARTMENT, asked.department)
    both.memberships.create(agency=asked.bureau, role=Role.REVIEWER, valid_from=date(2020, 1, 1))
    report = asked.submitted(MARCH, {"110": 100})
    actions.endorse(report, by=both)
    with pytest.raises(PermissionDenied, match="不同的人"):
        actions.approve(report, by=both)
    assert fresh(report).status == Status.ENDORSED


def test_a_filer_takes_back_what_is_endorsed_and_it_is_endorsed_anew(asked):
    report = asked.submitted(MARCH, {"110": 100})
    actions.endorse(report, by=asked.department_user)
    actions.withdraw(report, by=asked.filer)
    report = asked.submitted(MARCH, {"110": 120})
    assert report.awaits_first_review
    verbs = Event.objects.about(asked.institution, MARCH).values_list("verb", flat=True)
    assert list(verbs) == ["save", "submit", "endorse", "withdraw", "save", "submit"]


def test_each_waits_in_the_queue_of_who_can_decide(asked):
    elsewhere = InstitutionFactory(parent=asked.bureau)
    asked.report(MARCH)
    mine = asked.submitted(MARCH, {"110": 100})
    other = asked.submitted(MARCH, {"110": 100}, agency=elsewhere, by=user_with(Role.FILER, elsewhere))
    assert list(Report.objects.awaiting_first_review()) == [mine]
    assert list(Report.objects.awaiting_review()) == [other]
    actions.endorse(mine, by=asked.department_user)
    assert list(Report.objects.awaiting_first_review()) == []
    assert set(Report.objects.awaiting_review()) == {mine, other}


def test_only_a_department_can_be_asked_to_review_first(district):
    district.institution.reviews_first = True
    with pytest.raises(ValidationError, match="只有主管部门可以先行初审"):
        district.institution.full_clean()
