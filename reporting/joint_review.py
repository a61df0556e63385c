"""The yearly 会审: a year's points computed in blocks of institutions, and the reviewer's verb that verifies one."""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.jobs import ask_for
from agencies.models.trail import Verb

from . import access, check_limits, joint_review_points
from .joint_review_points import Point
from .models import JointReview, JointReviewPoint, JointReviewRun, Panel, PointKind, Revision, Status, Verdict
from .refusals import Stale, WrongStatus

COMPUTE_TASK = "reporting.tasks.compute_joint_review"
BLOCK = 500
STATEMENT_LENGTH = JointReviewPoint._meta.get_field("statement").max_length
NOTE_LENGTH = JointReview._meta.get_field("note").max_length


class Seen(NamedTuple):
    """What the acting person had before them of a point."""

    statement: str
    verdict: str


@transaction.atomic
def ask(year, *, by):
    """Have the year's points computed by a worker; the run. Raises WrongStatus while one is under way."""
    access.permit(by, "compute_joint_review")
    if JointReviewRun.objects.filter(year=year, computed_at=None).exists():
        raise WrongStatus(f"{year}年会审事项正在计算，请稍后刷新。")
    run = JointReviewRun.objects.create(year=year, asked_by=by)
    trail.record(Verb.RECALCULATE, by=by, detail=f"{year}年会审事项")
    ask_for(COMPUTE_TASK, run.pk)
    return run


def resend_stalled():
    """Ask again for runs whose job was lost with a broker or a worker; how many."""
    before = timezone.now() - timedelta(seconds=settings.STALE_SWEEP_SECONDS)
    stalled = list(JointReviewRun.objects.filter(computed_at=None, asked_at__lt=before))
    for run in stalled:
        ask_for(COMPUTE_TASK, run.pk)
    return len(stalled)


@transaction.atomic
def compute(pk):
    """Make the points of the run's year anew; how many. Harmless run twice, and by two workers at once.

    Deleting first waits for a verdict under way; only then are the verdicts there to be read.
    """
    run = JointReviewRun.objects.select_for_update(of=("self",)).get(pk=pk)
    if run.computed_at:
        return run.points
    # Of two runs of one year the second waits here.
    list(JointReviewRun.objects.select_for_update(of=("self",)).filter(year=run.year).order_by("pk"))
    JointReviewPoint.objects.filter(year=run.year).delete()
    limits = check_limits.load()
    agencies = list(Panel.objects.filter(year=run.year).order_by("agency").values_list("agency", flat=True))
    blocks = [agencies[start : start + BLOCK] for start in range(0, len(agencies), BLOCK)]
    number = sum(_compute_block(run.year, block, limits) for block in blocks)
    JointReviewRun.objects.filter(pk=pk).update(computed_at=timezone.now(), points=number)
    return number


def _compute_block(year, agencies, limits):
    """The rows of a block of institutions; four queries, however many they are."""
    panels, corrections = _panels(year, agencies), _corrections(year, agencies)
    verdicts = {review.identity: review.verdict for review in _reviews(year, agencies)}
    rows = [
        JointReviewPoint(year=year, agency_id=agency, **point._asdict())
        for agency in agencies
        for point in (*_of_panels(year, *panels[agency], limits), *corrections[agency])
    ]
    for row in rows:
        row.statement = row.statement[:STATEMENT_LENGTH]
        row.verdict = verdicts.get(row.identity, Verdict.OPEN)
    JointReviewPoint.objects.bulk_create(rows)
    return len(rows)


def _of_panels(year, panel, before, limits):
    """Points of what was approved, and of what was not."""
    values, type_code = panel.values, panel.agency.type_code
    yield from joint_review_points.changes(year, values, before.values if before else None, limits, type_code)
    yield from joint_review_points.outside_bands(year, values, limits, type_code)
    yield from joint_review_points.not_approved(year, panel.expected_months & ~panel.approved_months)


def _panels(year, agencies):
    """Agency id → its panel of the year and that of the year before, or None."""
    found = Panel.objects.filter(agency__in=agencies, year__in=(year - 1, year)).select_related("agency")
    by_place = {(panel.agency_id, panel.year): panel for panel in found}
    return {agency: (by_place[agency, year], by_place.get((agency, year - 1))) for agency in agencies}


def _corrections(year, agencies):
    """Agency id → a Point for each version that was opened on an approved month of the year."""
    opened = Revision.objects.filter(
        report__agency__in=agencies,
        report__period__month__year=year,
        number__gt=1,
        begun_from__status=Status.APPROVED,
    )
    found = defaultdict(list)
    for revision in opened.select_related("report__period", "opened_by").order_by(
        "report__period__month", "number"
    ):
        found[revision.report.agency_id].append(_correction(revision))
    return found


def _correction(revision):
    month = revision.report.period.month
    day = timezone.localdate(revision.opened_at)
    words = (
        f"{revision.report.period}第{revision.number}版（{revision.get_status_display()}），"
        f"{day} 由{revision.opened_by or '系统'}发起更正：{revision.reason}"
    )
    return Point(PointKind.CORRECTION, f"{month:%Y-%m}-{revision.number}", month, words)


def _reviews(year, agencies):
    """The verdicts of a block, the oldest first: of the same words the newest holds."""
    return JointReview.objects.filter(year=year, agency__in=agencies).order_by("pk")


@transaction.atomic
def verify(point, *, verdict, note, by, seen=None):
    """What a reviewer found of a point; appended, the newest holds. `seen`: what stood on the page (a Seen).

    Raises ValueError without a note or a new verdict; Stale where the words are others by now, WrongStatus where
    somebody else was quicker or a new computation does not list it any more.
    """
    if not may_verify(by, point):
        raise PermissionDenied
    if not note.strip():
        raise ValueError("请写明怎样核实的。")
    seen = seen or Seen(point.statement, point.verdict)
    if verdict not in Verdict.values or verdict == seen.verdict:
        raise ValueError("请选择与现在不同的核实结果。")
    place = {"year": point.year, "agency": point.agency, "kind": point.kind, "place": point.place}
    _expect_as_seen(JointReviewPoint.objects.select_for_update(of=("self",)).filter(**place).first(), seen)
    review = JointReview.objects.create(
        **place, statement=seen.statement, verdict=verdict, note=note.strip(), by=by
    )
    JointReviewPoint.objects.filter(**place).update(verdict=verdict)
    found = f"{point.year}年会审，{point.get_kind_display()}：{seen.statement}"
    words = f"{found} → {review.get_verdict_display()}：{note.strip()}"
    trail.record(Verb.VERIFY, by=by, agency=point.agency, month=point.month, detail=words)
    return review


def may_verify(user, point):
    """Whether the user holds, at the point's agency or above it, the role that verifies."""
    return user.holds(access.BUREAU_VERBS["verify"], point.agency)


def _expect_as_seen(standing, seen):
    if standing is None:
        raise WrongStatus("这一事项经重新计算已不在列，请返回列表查看。")
    if standing.statement != seen.statement:
        raise Stale(f"数据已有变动，这一事项现为：{standing.statement}。请核对后再决定。")
    if standing.verdict != seen.verdict:
        raise WrongStatus(f"这一事项刚刚已由他人核实为“{standing.get_verdict_display()}”，请核对后再决定。")


def newest_reviews(points):
    """Point id → the JointReview that its verdict repeats; one query."""
    years, agencies = {point.year for point in points}, {point.agency_id for point in points}
    found = (
        JointReview.objects.filter(year__in=years, agency__in=agencies).select_related("by").order_by("pk")
    )
    by_identity = {(review.year, *review.identity): review for review in found}
    return {point.pk: by_identity.get((point.year, *point.identity)) for point in points}
