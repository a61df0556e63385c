"""The days of a period: when a month opens for filing, is due and closes."""

from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings


class Days(NamedTuple):
    """The three days of a period."""

    opens_on: date
    due_on: date
    closes_on: date

    @classmethod
    def of(cls, period):
        return cls(period.opens_on, period.due_on, period.closes_on)

    @property
    def is_in_order(self):
        return self.opens_on <= self.due_on <= self.closes_on

    def __str__(self):
        return f"开放 {self.opens_on}，截止 {self.due_on}，关闭 {self.closes_on}"


def first_of_next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def first_of_previous(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def same_month_last_year(month: date) -> date:
    return month.replace(year=month.year - 1)


def days_of(month: date) -> dict[str, date]:
    """A month opens on its last day, is due on the bureau's day of the next, and closes some days after that."""
    following = first_of_next(month)
    due_on = following.replace(day=settings.REPORTING_DUE_DAY)
    return {
        "opens_on": following - timedelta(days=1),
        "due_on": due_on,
        "closes_on": due_on + timedelta(days=settings.REPORTING_CLOSE_DAYS),
    }


def months_between(first: date, last: date) -> list[date]:
    """The first days of the months from first to last, both included."""
    months = []
    month = first.replace(day=1)
    while month <= last:
        months.append(month)
        month = first_of_next(month)
    return months


def months_ahead(day: date, number: int) -> date:
    """The first of the month that lies so many months after the day's."""
    years, month = divmod(day.month - 1 + number, 12)
    return date(day.year + years, month + 1, 1)
