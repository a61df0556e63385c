"""Why a month cannot be changed, who can lift that, and until when: never a lock without its cause."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from .models import Report, Status

MANAGER = "区机关事务管理局的局管理员"


@dataclass(frozen=True)
class Lock:
    """why: the cause; who: who can lift it, and how; until: when it ends by itself or by whom.

    is_closed: the calendar has closed the month, and an extension opens it.
    """

    why: str
    who: str
    until: str
    is_closed: bool = False

    def __str__(self):
        return f"{self.why}{self.who}{self.until}"


def of(report: Report, today: date | None = None) -> Lock | None:
    """The lock on the whole month as it stands, or None where it can be filed."""
    if not report.is_editable:
        return _of_state(report)
    if report.approved_id:
        # A correction has its own reason and reviewer; the calendar is about what is still owed.
        return None
    today = today or timezone.localdate()
    if today < report.period.opens_on:
        return Lock(
            f"{report.period}将于{_day(report.period.opens_on)}开放填报，",
            f"如需提前，由{MANAGER}调整报送日历；",
            "开放日起自动解锁。",
        )
    if today <= report.period.closes_on or today <= (last := last_day(report)):
        return None
    return Lock(
        f"{report.period}已于{_day(last)}关闭填报，",
        f"如需补报，请联系{MANAGER}为本单位延期；",
        "锁定至延期获批时为止。",
        is_closed=True,
    )


def of_cells(items) -> Lock:
    """The lock on cells that a return of others left closed. items: the Items concerned."""
    names = "、".join(f"{item.name}（{item.code}）" for item in items)
    return Lock(
        f"本月只退回了部分指标，{names}不在其中，",
        "如需一并修改，请局审核员整份退回；",
        "在此之前保持锁定。",
    )


def last_day(report: Report) -> date:
    """The last day on which the month may be filed: its closing, an extension, or the days to answer a return."""
    days = [report.period.closes_on, *(each.last_day for each in report.extensions.all())]
    answer_days = timedelta(settings.REPORTING_ANSWER_DAYS)
    returned = [each for each in report.revisions.all() if each.status == Status.RETURNED]
    return max(days + [timezone.localdate(each.decided_at) + answer_days for each in returned])


def due_day(report: Report) -> date:
    """The day until which filing is on time: the month's, or that of an extension granted before it."""
    extended = [each.last_day for each in report.extensions.all() if each.is_in_time]
    return max([report.period.due_on, *extended])


def _of_state(report):
    if report.status == Status.APPROVED:
        return Lock(
            "本月已通过审核，", "如需修改，由本单位或局审核员发起更正；", "新版次通过之前，现有版次继续有效。"
        )
    return Lock(
        f"本月{report.status_name}，正等待审核，",
        "如需修改，请填报员先撤回，或由审核人退回；",
        "撤回或退回时解锁。",
    )


def _day(day):
    return f"{day.year}年{day.month}月{day.day}日"
