"""The job that opens the month that has ended."""

from django.utils import timezone

from reporting import calendar, tasks
from reporting.models import Report


def test_the_job_opens_the_previous_month_once(district):
    for _ in range(2):
        tasks.open_periods()
    report = Report.objects.get()
    assert report.agency == district.institution
    assert report.period.month == calendar.first_of_previous(timezone.localdate())
