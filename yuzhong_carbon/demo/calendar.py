"""The calendar of the demo: one institution with more days for the newest month, and last year's 会审 under way."""

from datetime import timedelta

from django.utils import timezone

from agencies.models import User
from reporting import actions, joint_review
from reporting.models import JointReviewPoint, Report, Verdict

from .filing import last_month

REASON = "办公楼配电改造停电，月末无法抄表"
MORE_DAYS = 5
NOTE = "已核对房产台账和现场，数据属实"


def fill():
    _extend()
    _review_last_year()


def _extend():
    """For the last institution of the register that owes the newest month: the newcomer's own stands first."""
    reports = Report.objects.filter(period__month=last_month(), latest=None).select_related("period")
    report = reports.order_by("-agency__path").first()
    if report is None:
        return
    period = report.period
    until = period.due_on if timezone.localdate() <= period.due_on else period.closes_on
    manager = User.objects.get(username="guanli")
    actions.extend([report], by=manager, last_day=until + timedelta(MORE_DAYS), reason=REASON)


def _review_last_year():
    reviewer = User.objects.get(username="shenhe")
    run = joint_review.ask(timezone.localdate().year - 1, by=reviewer)
    joint_review.compute(run.pk)
    point = JointReviewPoint.objects.filter(year=run.year).select_related("agency").order_by("pk").first()
    if point is not None:
        joint_review.verify(point, verdict=Verdict.TRUE, note=NOTE, by=reviewer)
