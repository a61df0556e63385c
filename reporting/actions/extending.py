"""More days for institutions that could not file in time."""

from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models.trail import Verb

from .. import locks, notices
from ..models import Extension, Report
from . import steps


@transaction.atomic
def extend(reports, *, by, last_day, reason):
    """Let these months be filed until a day; returns how many extensions were granted.

    A month that can be filed until then anyhow gets none: the latest day that was granted holds.
    Raises ValueError for a day that is over, or that gives nobody more days, or without a reason.
    """
    if not reason.strip():
        raise ValueError("请写明延期原因。")
    today = timezone.localdate()
    if last_day < today:
        raise ValueError(f"延至日期不能早于今天（{today}）。")
    wanted = Report.objects.filter(pk__in=[report.pk for report in reports]).order_by("pk")
    wanted = list(wanted.select_related("agency", "period").prefetch_related("extensions", "revisions"))
    for report in wanted:
        steps.permit(by, "extend", report)
    wanted = [report for report in wanted if gives_days(report, last_day, today)]
    if not wanted:
        raise ValueError(f"所选机构本来就可以填报到 {last_day} 或更晚，延期没有增加天数。")
    rows = [_extension(report, by, last_day, reason.strip(), today) for report in wanted]
    Extension.objects.bulk_create(rows)
    trail.record_many([_event(row, by) for row in rows])
    notices.extended(rows)
    return len(rows)


def gives_days(report, last_day, today):
    """Whether the month could be filed for longer, or would still be on time for longer."""
    return last_day > locks.last_day(report) or today <= locks.due_day(report) < last_day


def _extension(report, by, last_day, reason, today):
    return Extension(
        report=report,
        last_day=last_day,
        # Before the institution's own due day, which an earlier extension may have moved.
        is_in_time=today <= locks.due_day(report),
        reason=reason,
        granted_by=by,
    )


def _event(row, by):
    detail = f"延至 {row.last_day}：{row.reason}"
    return trail.event(Verb.EXTEND, by, row.report.agency, row.report.period.month, detail=detail)
