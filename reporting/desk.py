"""What lies on the desk of who reviews: the queue by risk, which of it they may decide on, what stands beside each."""

from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone

from agencies.models import Agency

from . import access, findings
from .models import BulkEntry, Report
from .models.looking import Outcome
from .models.risk import Earlier

FIRST, BUREAU = "first", "bureau"
STATES = ((FIRST, "待初审"), (BUREAU, "待审定"))
VERBS = {FIRST: "endorse", BUREAU: "approve"}
RISK, WAITING = "risk", "waiting"
# The largest risk first; what could not be weighed last, and among equals what has waited longest.
ORDERS = {
    RISK: (F("latest__risk__score").desc(nulls_last=True), "latest__submitted_at", "pk"),
    f"-{RISK}": (F("latest__risk__score").asc(nulls_last=True), "latest__submitted_at", "pk"),
    WAITING: ("latest__submitted_at", "pk"),
    f"-{WAITING}": ("-latest__submitted_at", "-pk"),
}


class Queued(NamedTuple):
    """A report awaiting review, and what is worth knowing before opening it."""

    report: Report
    outlook: findings.Outlook
    is_late: bool
    fault: str

    @property
    def risk(self):
        return getattr(self.report.latest, "risk", None)


class Totals(NamedTuple):
    """What months add up to: their number, energy as stated, and against last year those with a month of last year."""

    months: int
    tce: float | None
    compared: int
    change: float | None


def may_review(user):
    return access.may_somewhere(user, "approve") or access.may_somewhere(user, "endorse")


def own_state(user):
    """What waits for this user: the bureau's decision, or the first review of a department."""
    return BUREAU if access.may_somewhere(user, "approve") else FIRST


def queue(user, state=None, order=RISK):
    """What awaits a review in the reach of the user's reviewing roles: by default theirs, the largest risk first."""
    state = state or own_state(user)
    within = Agency.objects.within(
        user.paths_of(access.VERBS["approve"]) + user.paths_of(access.VERBS["endorse"])
    )
    reports = Report.objects.visible_to(user).filter(agency__in=within)
    waiting = reports.awaiting_first_review() if state == FIRST else reports.awaiting_review()
    return waiting.with_state().select_related("latest__risk").order_by(*ORDERS.get(order, ORDERS[RISK]))


def to_approve(user):
    """What this user may approve, apart from four eyes, and that no bulk approval under way has taken up."""
    within = Agency.objects.within(user.paths_of(access.VERBS["bulk_approve"]))
    taken = BulkEntry.objects.filter(revision=OuterRef("latest"), outcome=Outcome.WAITING)
    return queue(user, BUREAU).filter(agency__in=within).exclude(Exists(taken))


def queued(reports):
    """Reports of a page, judged by `quiet`, with what stands beside them: a fixed number of queries."""
    outlooks = findings.outlooks(reports)
    return [Queued(each, outlooks[each.pk], _was_late(each), each.fault) for each in reports]


def totals(reports):
    """The Totals of waiting reports, from what was weighed: one query."""
    both = {"latest__risk__earlier": Earlier.LAST_YEAR, "latest__risk__stated_tce__isnull": False}
    found = reports.order_by().aggregate(tce=Sum("latest__risk__stated_tce"))
    compared = (
        reports.filter(**both)
        .order_by()
        .aggregate(now=Sum("latest__risk__stated_tce"), then=Sum("latest__risk__earlier_tce"))
    )
    now, then = compared["now"], compared["then"]
    return Totals(
        months=reports.count(),
        tce=found["tce"],
        compared=reports.filter(**both).count(),
        change=(now - then) / then if then else None,
    )


def _was_late(report):
    return report.period.is_overdue(timezone.localdate(report.latest.submitted_at))
