"""Opening a month: its period, a report for each institution that owes it, the panels that know of it; and its days."""

from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb

from . import access, approved, calendar
from .calendar import Days
from .models import Period, Report
from .refusals import Stale, WrongStatus


def open_period(month):
    """The period of a month (a date), and a report for every institution registered in it. Safe to repeat."""
    return open_periods([month])[month]


@transaction.atomic
def open_periods(months):
    """Month → its period, opened; an institution's year is marked stale once, however many of its months are new."""
    periods, owed = {}, set()
    for month in sorted(months):
        periods[month], agencies = _opened(month, calendar.days_of(month))
        owed |= {(agency, month.year) for agency in agencies}
    approved.mark_stale(sorted(owed))
    return periods


@transaction.atomic
def open_ahead(month, days, *, by, reason):
    """Set the days of a month that has no period yet; it opens on its day. Returns the period.

    Raises ValueError where a sentence can mend it, WrongStatus where the month has its period already.
    """
    access.permit(by, "set_calendar")
    _expect_sound(days, reason)
    if Period.objects.filter(month=month).exists():
        raise WrongStatus(f"{month.year}年{month.month}月已有报送期，请直接调整它的日期。")
    period = Period.objects.create(month=month, **days._asdict())
    trail.record(Verb.CALENDAR, by=by, month=month, detail=f"新设报送期：{days}。理由：{reason.strip()}")
    open_due()
    return period


def open_due(today=None):
    """Open the month that has ended and every later one whose opening day has come; returns the months.

    A month set ahead has its days only: its reports would count as owed in every figure's coverage before their time.
    """
    today = today or timezone.localdate()
    last = calendar.first_of_previous(today)
    ahead = Period.objects.filter(month__gt=last, opens_on__lte=today)
    months = [last, *ahead.values_list("month", flat=True)]
    open_periods(months)
    return months


@transaction.atomic
def set_days(period, days, *, by, reason, seen=None):
    """Move the days of a month, from now on and for whoever still owes it; extensions stay as they were granted.

    seen: the Days that the acting person had before them; Stale where somebody has moved them meanwhile.
    Raises ValueError where a sentence can mend it.
    """
    access.permit(by, "set_calendar")
    _expect_sound(days, reason)
    fresh = Period.objects.select_for_update().get(pk=period.pk)
    before = Days.of(fresh)
    if seen is not None and seen != before:
        raise Stale(f"{fresh}的日期刚刚已由他人调整为：{before}。请核对后再决定。")
    if days == before:
        raise ValueError("三个日期与现行的相同，没有需要调整的。")
    Period.objects.filter(pk=fresh.pk).update(**days._asdict())
    words = f"{before} → {days}。理由：{reason.strip()}"
    trail.record(Verb.CALENDAR, by=by, month=fresh.month, detail=words)


def _expect_sound(days, reason):
    if not reason.strip():
        raise ValueError("请写明理由。")
    if not days.is_in_order:
        raise ValueError("开放日、截止日、关闭日应依次不早于前一个。")


def _opened(month, days):
    """The period, and the institutions (ids) that owe it only now. days: those of a period that is new."""
    period, _ = Period.objects.get_or_create(month=month, defaults=days)
    reports = Report.objects.filter(period=period)
    missing = owing(month).exclude(pk__in=reports.values("agency"))
    created = Report.objects.bulk_create([Report(agency=agency, period=period) for agency in missing])
    agencies = [report.agency_id for report in created]
    approved.expect(agencies, month)
    return period, agencies


def owing(month):
    """The institutions that owe a month by the register."""
    return Agency.objects.institutions().registered_in(month)
