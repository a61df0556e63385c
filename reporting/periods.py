"""Opening a month: its period, a report for every institution that owes it, and the panels that know of it."""

from django.db import transaction

from agencies.models import Agency

from . import approved, calendar
from .models import Period, Report


def open_period(month):
    """The period of a month (a date), and a report for every institution registered in it. Safe to repeat."""
    return open_periods([month])[month]


@transaction.atomic
def open_periods(months):
    """Month → its period, opened; an institution's year is marked stale once, however many of its months are new."""
    periods, owed = {}, set()
    for month in sorted(months):
        periods[month], agencies = _opened(month)
        approved.expect(agencies, month)
        owed |= {(agency, month.year) for agency in agencies}
    approved.mark_stale(sorted(owed))
    return periods


def _opened(month):
    """The period, and the institutions (ids) that owe it only now."""
    period, _ = Period.objects.get_or_create(month=month, defaults=calendar.days_of(month))
    reports = Report.objects.filter(period=period)
    missing = Agency.objects.institutions().registered_in(month).exclude(pk__in=reports.values("agency"))
    created = Report.objects.bulk_create([Report(agency=agency, period=period) for agency in missing])
    return period, [report.agency_id for report in created]
