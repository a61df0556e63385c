"""The edge between filed rows and the rule engine."""

from dataclasses import dataclass
from decimal import Decimal

from . import calendar, checks
from .models import Item, KnownBy, Report

ELECTRICITY = "110"
# Names of parts begin like this; inside a sentence that names the total the prefix only disturbs.
PART_PREFIXES = ("其中：", "其中:")


@dataclass(frozen=True)
class Outlook:
    """What a reviewer wants to know of a month before opening it."""

    warnings: list[checks.Finding]
    electricity_change: Decimal | None


def errors(lines, edition):
    """Errors of a month's lines, as its edition asks."""
    required = edition.rows.filter(is_required=True).values_list("item_id", flat=True)
    return checks.errors(statements(lines), list(required), names())


def warnings(revision):
    """Warnings of a revision against the approved months beside it."""
    return compared(revision.lines.all(), *neighbours(revision.report))


def compared(lines, last_month, last_year):
    """Warnings of a month's lines against two maps from item code to Line."""
    return _compared(lines, last_month, last_year, names())


def outlooks(reports):
    """Report id → Outlook of its latest revision; the number of queries does not grow with the reports.

    `reports` come with `latest__lines` prefetched.
    """
    beside, words = neighbours_of(reports), names()
    return {report.pk: _outlook(report.latest.lines.all(), *beside[report.pk], words) for report in reports}


def neighbours(report):
    """Lines in force of last month and of the same month last year: two maps from item code to Line."""
    return neighbours_of([report])[report.pk]


def neighbours_of(reports):
    """Report id → its neighbours."""
    months = {report.pk: _months_beside(report.period.month) for report in reports}
    rows = Report.objects.filter(
        agency__in=[report.agency_id for report in reports],
        period__month__in={month for pair in months.values() for month in pair},
        approved__isnull=False,
    )
    rows = rows.select_related("period").prefetch_related("approved__lines")
    found = {(row.agency_id, row.period.month): _by_item(row.approved.lines.all()) for row in rows}
    return {
        report.pk: tuple(found.get((report.agency_id, month), {}) for month in months[report.pk])
        for report in reports
    }


def newest_before(report):
    """The newest approved month within the year before, and its lines: (month, item code → Line) or (None, {})."""
    month = report.period.month
    rows = Report.objects.filter(
        agency=report.agency_id,
        period__month__gte=calendar.same_month_last_year(month),
        period__month__lt=month,
        approved__isnull=False,
    )
    newest = rows.select_related("period", "approved").order_by("-period__month").first()
    return (newest.period.month, _by_item(newest.approved.lines.all())) if newest else (None, {})


def change(line, earlier):
    """How a line moved against an earlier line of its item, as a fraction; either may be None."""
    if line is None or earlier is None:
        return None
    return checks.change(statements([line]), statements([earlier]), line.item_id)


def names():
    return {code: short_name(name) for code, name in Item.objects.values_list("code", "name")}


def short_name(name):
    """An item's name as a sentence uses it."""
    return name.removeprefix(PART_PREFIXES[0]).removeprefix(PART_PREFIXES[1])


def _outlook(lines, last_month, last_year, words):
    change = checks.change(statements(lines), statements(last_year.values()), ELECTRICITY)
    return Outlook(_compared(lines, last_month, last_year, words), change)


def _compared(lines, last_month, last_year, words):
    earlier = statements(last_month.values()), statements(last_year.values())
    return checks.warnings(statements(lines), *earlier, words)


def _months_beside(month):
    return calendar.first_of_previous(month), calendar.same_month_last_year(month)


def _by_item(lines):
    return {line.item_id: line for line in lines}


def statements(lines):
    """Lines as the rule engine takes them: item code → Statement."""
    return {
        line.item_id: checks.Statement(
            line.quantity, line.cost_yuan, is_absent=line.known_by == KnownBy.NOT_APPLICABLE
        )
        for line in lines
    }
