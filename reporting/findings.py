"""The edge between filed rows and the rule engine."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from . import calendar, checks
from .models import EditionItem, Item, KnownBy, Line, Report

ELECTRICITY = "110"
# Names of parts begin like this; inside a sentence that names the total the prefix only disturbs.
PART_PREFIXES = ("其中：", "其中:")


@dataclass(frozen=True)
class Outlook:
    """What a reviewer wants to know of a month before opening it."""

    warnings: list[checks.Finding]
    electricity_change: Decimal | None

    @property
    def electricity_slip(self):
        """The factor of a likely slip of the unit, in words, where the change is of that size."""
        return slip(self.electricity_change)


class Beside(NamedTuple):
    """The lines in force of the months a month is held against, each from item code to Line; empty where none is.

    `newest` are those of the newest approved month within the year before, `newest_month` says which that is.
    """

    last_month: dict[str, Line]
    last_year: dict[str, Line]
    newest: dict[str, Line]
    newest_month: date | None


def errors(lines, edition):
    """Errors of a month's lines, as its edition asks."""
    required = edition.rows.filter(is_required=True).values_list("item_id", flat=True)
    return checks.errors(statements(lines), list(required), names())


def of(revision, lines):
    """Everything that the checks say of these lines as the revision's answer."""
    return [*errors(lines, revision.edition), *compared(lines, beside(revision.report))]


def of_each(months):
    """The findings of each of many months, in their order. `months`: (lines, edition, Beside) each."""
    words, asked = names(), defaultdict(list)
    rows = EditionItem.objects.filter(is_required=True).order_by("position")
    for edition, code in rows.values_list("edition", "item"):
        asked[edition].append(code)
    return [
        [*checks.errors(statements(lines), asked[edition.pk], words), *_compared(lines, beside, words)]
        for lines, edition, beside in months
    ]


def warnings(revision):
    """Warnings of a revision against the approved months beside it."""
    return compared(revision.lines.all(), beside(revision.report))


def compared(lines, months):
    """Warnings of a month's lines against the months beside it, a Beside."""
    return _compared(lines, months, names())


def outlooks(reports):
    """Report id → Outlook of its latest revision; the number of queries does not grow with the reports.

    `reports` come with `latest__lines` prefetched.
    """
    found, words = beside_each(reports), names()
    return {report.pk: _outlook(report.latest.lines.all(), found[report.pk], words) for report in reports}


def beside(report):
    """The Beside of a report."""
    return beside_each([report])[report.pk]


def beside_each(reports):
    """Report id → its Beside; two queries, however many reports."""
    if not reports:
        return {}
    in_force = _in_force_before(reports)
    places = {report.pk: _places(report, in_force[report.agency_id]) for report in reports}
    wanted = {
        in_force[report.agency_id][month]
        for report in reports
        for month in places[report.pk]
        if month in in_force[report.agency_id]
    }
    lines = _lines_of(wanted)
    return {
        report.pk: Beside(
            *(lines[in_force[report.agency_id].get(month)] for month in places[report.pk]),
            newest_month=places[report.pk][-1],
        )
        for report in reports
    }


def change(line, earlier):
    """How a line moved against an earlier line of its item, as a fraction; either may be None."""
    if line is None or earlier is None:
        return None
    return checks.change(statements([line]), statements([earlier]), line.item_id)


def slip(moved):
    """The factor of 10³ or 10⁴ that a change comes near to, in words, or None."""
    return None if moved is None else checks.slip(1 + moved)


def names():
    return {code: short_name(name) for code, name in Item.objects.values_list("code", "name")}


def short_name(name):
    """An item's name as a sentence uses it."""
    return name.removeprefix(PART_PREFIXES[0]).removeprefix(PART_PREFIXES[1])


def _outlook(lines, months, words):
    moved = checks.change(statements(lines), statements(months.last_year.values()), ELECTRICITY)
    return Outlook(_compared(lines, months, words), moved)


def _compared(lines, months, words):
    newest = months.newest_month and checks.Earlier(months.newest_month, statements(months.newest.values()))
    return checks.warnings(statements(lines), newest, statements(months.last_year.values()), words)


def _in_force_before(reports):
    """Agency id → {month: id of the revision in force}, over the years before these reports."""
    months = [report.period.month for report in reports]
    rows = Report.objects.filter(
        agency__in={report.agency_id for report in reports},
        period__month__gte=calendar.same_month_last_year(min(months)),
        period__month__lt=max(months),
        approved__isnull=False,
    )
    found = defaultdict(dict)
    for agency, month, revision in rows.order_by().values_list("agency", "period__month", "approved"):
        found[agency][month] = revision
    return found


def _places(report, in_force):
    """Last month, the same month last year, and the newest month in force since then (or None)."""
    month = report.period.month
    year_ago = calendar.same_month_last_year(month)
    newest = max((earlier for earlier in in_force if year_ago <= earlier < month), default=None)
    return calendar.first_of_previous(month), year_ago, newest


def _lines_of(revisions):
    """Revision id → {item code: Line}; empty for any other."""
    found = defaultdict(dict)
    for line in Line.objects.filter(revision__in=revisions).order_by():
        found[line.revision_id][line.item_id] = line
    return found


def statements(lines):
    """Lines as the rule engine takes them: item code → Statement."""
    return {
        line.item_id: checks.Statement(
            line.quantity, line.cost_yuan, is_absent=line.known_by == KnownBy.NOT_APPLICABLE
        )
        for line in lines
    }
