"""The review desk of the demo: quiet months approved together, one second look done and one to do, a first review."""

from agencies.models import User
from reporting import bulk_approvals, desk, looks, peers, quiet, weighing
from reporting.models import SecondLook
from reporting.models.looking import Found

from .filing import last_month

GROUND = "与上年同月相近，检查没有疑问，集中审定"
# Two approvals of some months each; what is left of the quiet ones waits in the queue.
MONTHS = 5
SEEDS = ("演示种子一", "演示种子二")


def fill():
    """Of the newest month only: what was sealed stays as it was."""
    reviewer, second = (User.objects.get(username=name) for name in ("shenhe", "shenhe2"))
    for seed in SEEDS:
        _approve(reviewer, seed)
    _look(second)
    _ask_for_first_review()
    peers.refresh_newest()
    weighing.refresh_all()


def _approve(reviewer, seed):
    waiting = desk.to_approve(reviewer).filter(period__month=last_month()).order_by("pk")
    chosen = {report.pk: report.latest.content_hash for report in quiet.narrow(waiting)[:MONTHS]}
    if chosen:
        bulk = bulk_approvals.begin(chosen, by=reviewer, ground=GROUND)
        bulk_approvals.carry_out(bulk.pk, seed=seed)


def _look(second):
    """The first draw's look is done, the second's waits."""
    look = SecondLook.objects.select_related("draw__bulk", "revision__report__agency").first()
    if look is not None:
        note = "电、水用量与账单一致，面积与名录一致"
        looks.decide(look, by=second, result=Found.TRUE, note=note)


def _ask_for_first_review():
    """From now on the department of the demo's own account reviews first; what was approved before stays."""
    department = User.objects.get(username="zhuguan").current_memberships[0].agency
    department.reviews_first = True
    department.save()
