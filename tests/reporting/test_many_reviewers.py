"""Eight people deciding on 200 months at the same time, while filers take some back and figures are refreshed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from random import Random
from threading import Barrier
from threading import Event as Flag

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agencies import chain
from agencies.access import Role
from agencies.models import Agency, Event
from reporting import actions
from reporting.entries import Entry
from reporting.models import Line, Report, Revision, Status
from targets import ledger, refresh
from tests.factories import District, InstitutionFactory, entries, user_with

pytestmark = pytest.mark.needs_postgresql
MARCH = date(2025, 3, 1)
REPORTS, PEOPLE, TAKEN_BACK = 200, 8, 40
REFUSALS = (actions.WrongStatus, actions.Stale, PermissionDenied)
DECIDED = ("approve", "return", "withdraw")


@pytest.fixture
def district(transactional_db):
    """A department with 200 institutions, whose March is handed in."""
    district = District()
    for _ in range(REPORTS - 1):
        InstitutionFactory(parent=district.department)
    district.all_filer = user_with(Role.FILER, district.department)
    report = district.report(MARCH)
    lines = entries(report, {"110": 500})
    reports = report.period.reports.select_related("agency", "period").order_by("pk")
    for number, each in enumerate(reports):
        lines |= {"110": electricity(number)}
        actions.save_draft(each, lines, by=district.all_filer)
        actions.submit(each, by=district.all_filer)
    return district


def electricity(number):
    return Entry(Decimal(500 + number), payment="unpaid")


def together(*jobs):
    """Each job in a thread and on a connection of its own, all from the same moment; their results."""
    barrier = Barrier(len(jobs))

    def run(job):
        try:
            barrier.wait(timeout=30)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def walk(user, verbs, seed, only=None):
    """All months in an order of one's own, each with one of the verbs: counts of what was done and refused."""

    def job():
        dice, outcomes = Random(seed), Counter()
        # What each had before them when they opened the queue.
        rows = Report.objects.select_related("agency", "period", "latest").order_by("pk")
        rows = list(rows)[:only]
        dice.shuffle(rows)
        for report in rows:
            name, verb = dice.choice(verbs)
            try:
                verb(report, user)
            except REFUSALS as refusal:
                outcomes[type(refusal).__name__] += 1
            else:
                outcomes[name] += 1
        return outcomes

    return job


def seen(report):
    return report.latest.content_hash


def approve(report, user):
    actions.approve(report, by=user, seen=seen(report))


def endorse(report, user):
    actions.endorse(report, by=user, seen=seen(report))


def return_whole(report, user):
    actions.send_back(report, by=user, reason="请核对", seen=seen(report))


def return_cells(report, user):
    actions.send_back(report, by=user, cells={"110": "与电费单不符"}, seen=seen(report))


def withdraw(report, user):
    actions.withdraw(report, by=user)


DECISIONS = (("approve", approve), ("approve", approve), ("return", return_whole), ("return", return_cells))


def refresher(is_over):
    def job():
        while not is_over.is_set():
            refresh.refresh_marked()
            is_over.wait(0.2)
        return Counter()

    return job


def run_beside_a_refresh(*jobs):
    """The jobs, and the figures refreshed meanwhile; the sum of the jobs' counts."""
    is_over, done = Flag(), []

    def counted(job):
        def run():
            try:
                return job()
            finally:
                done.append(job)
                if len(done) == len(jobs):
                    is_over.set()

        return run

    return sum(together(*map(counted, jobs), refresher(is_over)), Counter())


def decisions():
    """(institution, version) → how often the trail says that it was decided."""
    rows = Event.objects.filter(verb__in=DECIDED).values_list("agency", "revision_number")
    return Counter(rows)


def everything_is_whole():
    refresh.refresh_marked()
    faults = {what: fault() for what, fault in ledger.checks()}
    assert faults == dict.fromkeys(faults)
    assert chain.first_fault() is None
    sequences = list(Event.objects.values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))


def test_eight_reviewers_decide_on_two_hundred_months_once_each(district):
    reviewers = [user_with(Role.REVIEWER, district.bureau) for _ in range(PEOPLE)]
    outcomes = run_beside_a_refresh(
        *(walk(user, DECISIONS, seed) for seed, user in enumerate(reviewers)),
        walk(district.all_filer, [("withdraw", withdraw)], PEOPLE, only=TAKEN_BACK),
    )
    assert sum(outcomes.values()) == PEOPLE * REPORTS + TAKEN_BACK
    assert sum(outcomes[verb] for verb in DECIDED) == REPORTS
    assert outcomes["WrongStatus"] == (PEOPLE - 1) * REPORTS + TAKEN_BACK
    once_each = Report.objects.values_list("agency", "latest__number")
    assert decisions() == Counter(once_each)
    states = Counter(Report.objects.values_list("latest__status", flat=True))
    ends = {"approve": Status.APPROVED, "return": Status.RETURNED, "withdraw": Status.WITHDRAWN}
    assert states == {ends[verb]: outcomes[verb] for verb in DECIDED if outcomes[verb]}
    assert Revision.objects.count() == REPORTS
    assert Line.objects.filter(item="110", quantity__gte=500).count() == REPORTS
    everything_is_whole()


def test_four_departments_and_four_reviewers_share_the_first_review(district):
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    departments = [user_with(Role.DEPARTMENT, district.department) for _ in range(4)]
    reviewers = [user_with(Role.REVIEWER, district.bureau) for _ in range(4)]
    first = [("endorse", endorse)] * 4 + [("return", return_whole)]
    outcomes = run_beside_a_refresh(
        *(walk(user, first, seed) for seed, user in enumerate(departments)),
        *(walk(user, DECISIONS, seed) for seed, user in enumerate(reviewers, start=4)),
        walk(district.all_filer, [("withdraw", withdraw)], PEOPLE, only=TAKEN_BACK),
    )
    assert sum(outcomes.values()) == PEOPLE * REPORTS + TAKEN_BACK
    waiting = Report.objects.filter(latest__status=Status.ENDORSED).count()
    assert sum(outcomes[verb] for verb in DECIDED) == REPORTS - waiting
    assert outcomes["endorse"] == Event.objects.filter(verb="endorse").count()
    assert set(decisions().values()) == {1}
    assert not Report.objects.filter(latest__status=Status.SUBMITTED).exists()
    for revision in Revision.objects.filter(status=Status.APPROVED):
        assert revision.endorsed_by_id in {user.pk for user in departments}
        assert revision.decided_by_id in {user.pk for user in reviewers}
    everything_is_whole()
