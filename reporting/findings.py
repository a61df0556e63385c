"""The edge between filed rows and the rule engine."""

from . import calendar, checks
from .models import Item, Report


def errors(lines, edition):
    """Errors of a month's lines, as its edition asks."""
    required = edition.rows.filter(is_required=True).values_list("item_id", flat=True)
    return checks.errors(_statements(lines), list(required), names())


def warnings(revision):
    """Warnings of a revision against the approved months beside it."""
    last_month, last_year = neighbours(revision.report)
    return checks.warnings(
        _statements(revision.lines.all()), _statements(last_month.values()), _statements(last_year.values()), names()
    )


def neighbours(report):
    """Lines in force of last month and of the same month last year: two maps from item code to Line."""
    month = report.period.month
    months = (calendar.first_of_previous(month), calendar.same_month_last_year(month))
    reports = Report.objects.filter(agency=report.agency, period__month__in=months, approved__isnull=False)
    found = {row.period.month: row for row in reports.select_related("period").prefetch_related("approved__lines")}
    return tuple(_by_item(found.get(neighbour)) for neighbour in months)


def names():
    return {code: name.removeprefix("其中:") for code, name in Item.objects.values_list("code", "name")}


def _by_item(report):
    return {line.item_id: line for line in report.approved.lines.all()} if report else {}


def _statements(lines):
    return {line.item_id: checks.Statement(line.quantity, line.cost_yuan) for line in lines}
