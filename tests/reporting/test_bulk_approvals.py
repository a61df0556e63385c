"""Quiet months approved together: what is quiet, that each is decided once, and what is left out and named."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from agencies.access import Role
from agencies.models import Agency, Event, Membership
from reporting import actions, bulk_approvals, quiet, sampling, tasks, weighing
from reporting.models import BulkApproval, BulkEntry, Draw, Report, ReviewRisk, SecondLook, Status
from reporting.models.looking import Outcome
from tests.factories import JOINED, District, InstitutionFactory, user_with

from .test_actions_at_once import at_once

MARCH, LAST_MARCH = date(2025, 3, 1), date(2024, 3, 1)
GROUND = "与上年同月相近，集中审定"


def calm(district, kwh=1000, **place):
    """A quiet month of an institution of its own."""
    if not place:
        agency = InstitutionFactory(parent=district.department)
        place = {"agency": agency, "by": user_with(Role.FILER, agency)}
    district.approved(LAST_MARCH, {"110": kwh}, **place)
    return district.submitted(MARCH, {"110": kwh + 1}, **place)


def calm_ones(district, count):
    """Quiet months that are not copies of each other."""
    return [calm(district, 1000 + 10 * number) for number in range(count)]


def seen(reports):
    return {report.pk: report.latest.content_hash for report in reports}


def done(district, reports, by=None, seed="s"):
    bulk = bulk_approvals.begin(seen(reports), by=by or district.reviewer, ground=GROUND)
    bulk_approvals.carry_out(bulk.pk, seed=seed)
    bulk.refresh_from_db()
    return bulk


def again(report):
    return Report.objects.with_state().get(pk=report.pk)


def whys(bulk):
    return dict(bulk.entries.filter(outcome=Outcome.LEFT_OUT).values_list("report", "why"))


# What is quiet


@pytest.mark.django_db
def test_a_calm_small_month_with_a_past_is_quiet(district):
    report = calm(district)
    assert quiet.faults(Report.objects.filter(pk=report.pk)) == {report.pk: ""}
    assert list(quiet.narrow(Report.objects.waiting())) == [report]


@pytest.mark.django_db
def test_whatever_asks_for_a_look_is_not_quiet_and_says_why(district):
    fresh = InstitutionFactory(parent=district.department)
    first = district.submitted(MARCH, {"110": 1000}, agency=fresh, by=user_with(Role.FILER, fresh))
    unweighed, returned, large, doubtful, correction, drafted = calm_ones(district, 6)
    ReviewRisk.objects.filter(revision=unweighed.latest).delete()
    filer = returned.latest.submitted_by
    actions.send_back(returned, by=district.reviewer, reason="请核对")
    actions.submit(again(returned), by=filer)
    ReviewRisk.objects.filter(revision=large.latest).update(score=quiet.risk.QUIET_BELOW)
    ReviewRisk.objects.filter(revision=doubtful.latest).update(doubts=1)
    filer = correction.latest.submitted_by
    actions.approve(correction, by=district.reviewer)
    actions.open_correction(again(correction), by=filer, reason="漏计")
    actions.submit(again(correction), by=filer)
    actions.withdraw(drafted, by=drafted.latest.submitted_by)
    expected = {
        first: "一年内没有已通过的月份可比",
        unweighed: "风险尚未计算，请稍后再试",
        returned: "本月曾被退回或撤回",
        large: "风险值不低于限值",
        doubtful: "检查有疑问",
        correction: "是对已通过月份的更正",
        drafted: "已不在待审之列，刚刚由他人处理或由填报员撤回",
    }
    faults = quiet.faults(Report.objects.filter(period__month=MARCH, latest__isnull=False))
    assert {pk: faults[pk] for pk in faults if faults[pk]} == {
        report.pk: why for report, why in expected.items()
    }
    assert not quiet.narrow(Report.objects.filter(pk__in=[each.pk for each in expected])).exists()


# What a bulk approval does


@pytest.mark.django_db
def test_each_is_approved_by_its_own_and_leaves_its_trace(district):
    reports = calm_ones(district, 3)
    bulk = done(district, reports)
    assert {again(report).status for report in reports} == {Status.APPROVED}
    assert (bulk.approved, bulk.left_out, bulk.rule, bulk.ground) == (3, 0, quiet.RULE, GROUND)
    for report in reports:
        last = Event.objects.about(report.agency, MARCH).last()
        assert (last.verb, last.actor) == ("approve", district.reviewer)
        assert last.detail == (
            f"批量通过 {bulk.pk} 号，依据：{GROUND}；内容哈希 {report.latest.content_hash}"
        )
    told = Event.objects.filter(agency=None, verb="approve").order_by("sequence")
    assert [event.detail.split("：")[1] for event in told] == [
        "选定 3 份；依据",
        "通过 3 份，未通过 0 份，抽查 1 份（种子 s）；依据",
    ]


@pytest.mark.django_db
def test_the_sample_is_drawn_from_what_was_approved_and_can_be_repeated(district):
    reports = calm_ones(district, 21)
    bulk = done(district, reports, seed="2026")
    hashes = [report.latest.content_hash for report in reports]
    drawn = SecondLook.objects.filter(draw__bulk=bulk).values_list("revision__content_hash", flat=True)
    # 5 % of 21 is 1.05
    assert set(drawn) == set(sampling.drawn("2026", hashes, 2))
    assert (bulk.draw.seed, bulk.draw.population) == ("2026", 21)


@pytest.mark.django_db
def test_the_seed_is_not_known_before_the_end(district):
    [report] = calm_ones(district, 1)
    bulk = bulk_approvals.begin(seen([report]), by=district.reviewer, ground=GROUND)
    assert not Draw.objects.exists()
    tasks.work_on_bulk_approval(bulk.pk)
    assert len(Draw.objects.get().seed) == 16


@pytest.mark.django_db
def test_what_changed_meanwhile_is_left_out_and_named(district):
    withdrawn, doubtful, fine = calm_ones(district, 3)
    bulk = bulk_approvals.begin(seen([withdrawn, doubtful, fine]), by=district.reviewer, ground=GROUND)
    actions.withdraw(withdrawn, by=withdrawn.latest.submitted_by)
    # The month that it was measured against is corrected: the checks now speak.
    last_year = Report.objects.with_state().get(agency=doubtful.agency, period__month=LAST_MARCH)
    filer = doubtful.latest.submitted_by
    actions.open_correction(last_year, by=filer, reason="漏计")
    district.approved(LAST_MARCH, {"110": 90000}, agency=doubtful.agency, by=filer)
    bulk_approvals.carry_out(bulk.pk)
    assert whys(bulk) == {
        withdrawn.pk: "已不在待审之列，刚刚由他人处理或由填报员撤回",
        doubtful.pk: "检查有疑问",
    }
    assert [again(each).status for each in (withdrawn, doubtful, fine)] == [
        Status.WITHDRAWN,
        Status.SUBMITTED,
        Status.APPROVED,
    ]


@pytest.mark.django_db
def test_what_was_seen_in_another_version_is_left_out_at_once(district):
    report, other = calm_ones(district, 2)
    chosen = seen([report, other]) | {report.pk: "0" * 64}
    bulk = bulk_approvals.begin(chosen, by=district.reviewer, ground=GROUND)
    bulk_approvals.carry_out(bulk.pk)
    assert whys(bulk) == {report.pk: bulk_approvals.MEANWHILE}
    assert (again(report).status, again(other).status) == (Status.SUBMITTED, Status.APPROVED)


@pytest.mark.django_db
def test_nobody_approves_what_they_handed_in_themselves(district):
    own = InstitutionFactory(parent=district.department)
    Membership.objects.create(user=district.reviewer, agency=own, role=Role.FILER, valid_from=JOINED)
    district.reviewer.__dict__.pop("current_memberships", None)
    second = user_with(Role.REVIEWER, district.bureau)
    last_year = district.submitted(LAST_MARCH, {"110": 5000}, agency=own, by=district.reviewer)
    actions.approve(last_year, by=second)
    mine = district.submitted(MARCH, {"110": 5001}, agency=own, by=district.reviewer)
    [other] = calm_ones(district, 1)
    bulk = done(district, [mine, other])
    assert whys(bulk) == {mine.pk: "不能审核自己填写或提交的月报。"}
    assert again(mine).status == Status.SUBMITTED


@pytest.mark.django_db
def test_what_a_department_has_first_to_review_is_left_out(district):
    report, other = calm_ones(district, 2)
    bulk = bulk_approvals.begin(seen([report]), by=district.reviewer, ground=GROUND)
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    bulk_approvals.carry_out(bulk.pk)
    assert "须先经" in whys(bulk)[report.pk]
    assert again(other).status == Status.SUBMITTED


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["filer", "department_user", "manager", "observer", "auditor"])
def test_only_a_reviewer_approves_in_bulk(district, person):
    [report] = calm_ones(district, 1)
    with pytest.raises(PermissionDenied):
        bulk_approvals.begin(seen([report]), by=getattr(district, person), ground=GROUND)
    assert not BulkApproval.objects.exists()


@pytest.mark.django_db
def test_without_a_ground_or_a_month_nothing_is_begun(district):
    [report] = calm_ones(district, 1)
    with pytest.raises(ValueError, match="依据"):
        bulk_approvals.begin(seen([report]), by=district.reviewer, ground=" ")
    with pytest.raises(ValueError, match="重新选择"):
        bulk_approvals.begin({}, by=district.reviewer, ground=GROUND)
    with pytest.raises(bulk_approvals.TooMany, match="2000"):
        bulk_approvals.begin(dict.fromkeys(range(2001), ""), by=district.reviewer, ground=GROUND)
    assert not BulkApproval.objects.exists()


@pytest.mark.django_db
def test_a_job_run_twice_does_nothing_more(district):
    bulk = done(district, calm_ones(district, 2))
    events, looks = Event.objects.count(), SecondLook.objects.count()
    tasks.work_on_bulk_approval(bulk.pk)
    assert (Event.objects.count(), SecondLook.objects.count()) == (events, looks)
    tasks.work_on_bulk_approval(0)


@pytest.mark.django_db
def test_where_nothing_could_be_approved_nothing_is_drawn(district):
    [report] = calm_ones(district, 1)
    bulk = bulk_approvals.begin(seen([report]), by=district.reviewer, ground=GROUND)
    actions.approve(report, by=user_with(Role.REVIEWER, district.bureau))
    bulk_approvals.carry_out(bulk.pk)
    bulk.refresh_from_db()
    assert (bulk.approved, bulk.left_out, Draw.objects.count()) == (0, 1, 0)


@pytest.mark.django_db
def test_a_lost_job_is_asked_for_again(district, settings):
    [report] = calm_ones(district, 1)
    bulk_approvals.begin(seen([report]), by=district.reviewer, ground=GROUND)
    assert bulk_approvals.resend_stalled() == 0
    settings.STALE_SWEEP_SECONDS = 0
    assert bulk_approvals.resend_stalled() == 1


@pytest.mark.needs_postgresql
def test_two_people_approving_the_same_months_at_once_decide_each_once(transactional_db):
    district = District()
    second = user_with(Role.REVIEWER, district.bureau)
    reports = calm_ones(district, 6)
    bulks = [bulk_approvals.begin(seen(reports), by=by, ground=GROUND) for by in (district.reviewer, second)]
    outcomes = at_once(*(partial(bulk_approvals.carry_out, bulk.pk) for bulk in bulks))
    assert outcomes == [None, None]
    for report in reports:
        verbs = Event.objects.about(report.agency, MARCH).values_list("verb", flat=True)
        assert list(verbs).count("approve") == 1
    approved = BulkEntry.objects.filter(outcome=Outcome.APPROVED)
    assert sorted(approved.values_list("report", flat=True)) == sorted(report.pk for report in reports)
    for bulk in BulkApproval.objects.all():
        assert bulk.approved == bulk.entries.filter(outcome=Outcome.APPROVED).count()
        assert bulk.approved + bulk.left_out == 6
        assert SecondLook.objects.filter(draw__bulk=bulk).count() == sampling.size(bulk.approved)


@pytest.mark.needs_postgresql
def test_two_workers_on_one_bulk_approval_decide_each_month_once(transactional_db):
    district = District()
    reports = calm_ones(district, 4)
    bulk = bulk_approvals.begin(seen(reports), by=district.reviewer, ground=GROUND)
    outcomes = at_once(*[partial(bulk_approvals.carry_out, bulk.pk)] * 2)
    assert outcomes == [None, None]
    bulk.refresh_from_db()
    assert (bulk.approved, bulk.left_out) == (4, 0)
    assert Draw.objects.count() == 1
    assert Event.objects.filter(agency=None, detail__contains="办结").count() == 1


# The pages


@pytest.mark.django_db
def test_the_chosen_are_listed_with_their_sums_before_anything_happens(district, client):
    first, second = calm(district, 10000), calm(district, 12000)
    client.force_login(district.reviewer)
    page = client.get(reverse("reporting:bulk-new"), {"report": [first.pk, second.pk]})
    totals = page.context["totals"]
    # 10 001 × 0.1229 = 1.2291229 → 1.2291 tce, 12 001 → 1.4749; last year 1.2290 and 1.4748
    assert (totals.months, totals.tce, totals.compared) == (2, Decimal("2.7040"), 2)
    assert totals.change == Decimal("0.0002") / Decimal("2.7038")
    assert again(first).status == Status.SUBMITTED


@pytest.mark.django_db
def test_a_ground_is_asked_for_and_what_was_chosen_is_kept(district, client):
    [report] = calm_ones(district, 1)
    client.force_login(district.reviewer)
    line = f"{report.pk}:{report.latest.content_hash}"
    page = client.post(reverse("reporting:bulk-new"), {"seen": line, "ground": ""})
    assert "请写明批量通过的依据。" in page.content.decode()
    assert page.context["chosen"] == [report]
    assert line in page.content.decode()
    assert not BulkApproval.objects.exists()


@pytest.mark.django_db
def test_all_quiet_ones_within_the_filters_and_none_of_ones_own(district, client):
    reports = calm_ones(district, 2)
    own = InstitutionFactory(parent=district.department)
    Membership.objects.create(user=district.reviewer, agency=own, role=Role.FILER, valid_from=JOINED)
    district.reviewer.__dict__.pop("current_memberships", None)
    last_year = district.submitted(LAST_MARCH, {"110": 5000}, agency=own, by=district.reviewer)
    actions.approve(last_year, by=user_with(Role.REVIEWER, district.bureau))
    mine = district.submitted(MARCH, {"110": 5001}, agency=own, by=district.reviewer)
    client.force_login(district.reviewer)
    page = client.get(reverse("reporting:bulk-new"), {"all": "quiet", "month": "2025-03"})
    assert set(page.context["chosen"]) == set(reports)
    assert [(report, "由您提交" in why) for report, why in page.context["left"]] == [(mine, True)]
    assert str(own) in page.content.decode()
    assert (
        client.get(reverse("reporting:bulk-new"), {"all": "quiet", "month": "2024-03"}).context["chosen"]
        == []
    )


@pytest.mark.django_db
def test_a_bulk_approval_is_asked_for_and_followed(district, client):
    reports = calm_ones(district, 2)
    client.force_login(district.reviewer)
    lines = "\n".join(f"{pk}:{content_hash}" for pk, content_hash in seen(reports).items())
    response = client.post(reverse("reporting:bulk-new"), {"seen": lines, "ground": GROUND})
    bulk = BulkApproval.objects.get()
    assert response.url == reverse("reporting:bulk-detail", args=(bulk.pk,))
    assert "0 / 2 份" in client.get(response.url).content.decode()
    fragment = client.get(response.url, headers={"HX-Request": "true"})
    assert "bulk-progress" in fragment.content.decode()
    queue = client.get(reverse("reporting:review-queue"))
    assert queue.context["quiet_count"] == 0
    bulk_approvals.carry_out(bulk.pk, seed="abc")
    assert "HX-Refresh" in client.get(response.url, headers={"HX-Request": "true"})
    page = client.get(response.url).content.decode()
    for words in (GROUND, "种子 abc", quiet.RULE, reports[0].latest.content_hash):
        assert words in page


@pytest.mark.django_db
def test_a_garbled_choice_is_refused(district, client):
    client.force_login(district.reviewer)
    page = client.post(reverse("reporting:bulk-new"), {"seen": "x", "ground": GROUND})
    assert page.status_code == 200
    assert "请返回" in page.content.decode()
    gone = client.post(reverse("reporting:bulk-new"), {"seen": "999999:abc", "ground": GROUND}, follow=True)
    assert "都已不在待审定之列" in gone.content.decode()
    assert not BulkApproval.objects.exists()


@pytest.mark.django_db
def test_a_stranger_finds_no_bulk_approval(district, client):
    bulk = done(district, calm_ones(district, 1))
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    client.force_login(user_with(Role.REVIEWER, elsewhere.parent))
    assert client.get(reverse("reporting:bulk-detail", args=(bulk.pk,))).status_code == 404


@pytest.mark.django_db
def test_the_weighing_before_a_decision_is_one_batch(district, django_assert_max_num_queries):
    reports = calm_ones(district, 2)
    with django_assert_max_num_queries(20):
        weighing.refresh(Report.objects.filter(pk__in=[report.pk for report in reports]))
