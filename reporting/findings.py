"""The edge between filed rows and the rule engine."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone

from agencies import occupied
from agencies.areas import MonthArea

from . import calendar, check_limits, checks, copies
from .models import EditionItem, Item, KnownBy, Line, Payment, Report

ELECTRICITY = "110"
PAID = {Payment.PAID: True, Payment.UNPAID: False}
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
    """What a month is held against: lines in force, each from item code to Line, empty where none is; and the register.

    `newest` are those of the newest approved month within the year before, `newest_month` says which that is;
    `registered` is the month's floor area by the register.
    """

    last_month: dict[str, Line]
    last_year: dict[str, Line]
    newest: dict[str, Line]
    newest_month: date | None
    registered: MonthArea | None = None


def of(revision, lines):
    """Everything that the checks say of these lines as the revision's answer."""
    required = revision.edition.rows.filter(is_required=True).values_list("item_id", flat=True)
    return judged(revision.report, required, lines, beside(revision.report), ground())


def judged(report, required, lines, months, common):
    """Everything that the checks say of lines, stored or not.

    required: the item codes that the edition asks for; months: a Beside; common: a Ground.
    """
    stated = statements(lines)
    twins = copies.count([(report, stated)])
    month = common.month(report, stated, months, twins[report.pk])
    return checks.check(replace(month, required=tuple(required)))


def of_each(months):
    """The findings of each of many months, in their order. `months`: (report, lines, edition, Beside) each."""
    asked, common = defaultdict(list), ground()
    rows = EditionItem.objects.filter(is_required=True).order_by("position")
    for edition, code in rows.values_list("edition", "item"):
        asked[edition].append(code)
    stated = {report.pk: statements(lines) for report, lines, _, _ in months}
    twins = copies.count([(report, stated[report.pk]) for report, _, _, _ in months])
    return [
        checks.check(
            replace(
                common.month(report, stated[report.pk], beside, twins[report.pk]),
                required=tuple(asked[edition.pk]),
            )
        )
        for report, _, edition, beside in months
    ]


def warnings(revision):
    """Warnings of a revision against the approved months beside it."""
    return [each for each in of(revision, revision.lines.all()) if each.severity == checks.Severity.WARNING]


def outlooks(reports):
    """Report id → Outlook of its latest revision; the number of queries does not grow with the reports.

    `reports` come with `agency`, `period` and `latest__lines` loaded.
    """
    stated = {report.pk: statements(report.latest.lines.all()) for report in reports}
    found, common = beside_each(reports), ground()
    twins = copies.count([(report, stated[report.pk]) for report in reports])
    return {
        report.pk: _outlook(common.month(report, stated[report.pk], found[report.pk], twins[report.pk]))
        for report in reports
    }


@dataclass(frozen=True)
class Ground:
    """What the checks of any month need, loaded once for all of them."""

    names: dict[str, str]
    units: dict[str, str]
    limits: checks.Limits
    today: date

    def month(self, report, stated, months, twins=0):
        """A report's statements as the rules take them, beside a Beside; what is required is added by who asks it."""
        newest = months.newest_month and checks.Earlier(
            months.newest_month, statements(months.newest.values())
        )
        return checks.Month(
            statements=stated,
            names=self.names,
            units=self.units,
            day=report.period.month,
            today=self.today,
            type_code=report.agency.type_code,
            closed_on=report.agency.registered_to,
            newest=newest,
            last_month=statements(months.last_month.values()),
            last_year=statements(months.last_year.values()),
            twins=twins,
            limits=self.limits,
            registered=months.registered,
        )

    def expected(self, code, months, type_code):
        """The range in which the checks of change ask nothing, (low, high); None where nothing is known of before."""
        if code in checks.STEADY:
            rule, then = "steady", months.newest.get(code)
        else:
            rule, then = "last-year", months.last_year.get(code) or months.last_month.get(code)
        limit = self.limits.of(rule, code, type_code)
        if then is None or not then.quantity or limit.high is None:
            return None
        reach = max(then.quantity * limit.high, limit.floor or Decimal(0))
        return max(then.quantity - reach, Decimal(0)), then.quantity + reach


def ground(items=None):
    """One query, and one for the items where they are not given."""
    items = Item.objects.all() if items is None else items
    return Ground(
        names={item.code: short_name(item.name) for item in items},
        units={item.code: item.unit for item in items},
        limits=check_limits.load(),
        today=timezone.localdate(),
    )


def beside(report):
    """The Beside of a report."""
    return beside_each([report])[report.pk]


def beside_each(reports):
    """Report id → its Beside; three queries, however many reports."""
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
    lines, register = _lines_of(wanted), occupied.by({report.agency_id for report in reports})
    return {
        report.pk: Beside(
            *(lines[in_force[report.agency_id].get(month)] for month in places[report.pk]),
            newest_month=places[report.pk][-1],
            registered=register.area(report.agency_id, report.period.month),
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


def short_name(name):
    """An item's name as a sentence uses it."""
    return name.removeprefix(PART_PREFIXES[0]).removeprefix(PART_PREFIXES[1])


def _outlook(month):
    moved = checks.change(month.statements, month.last_year, ELECTRICITY)
    return Outlook(checks.warnings(month), moved)


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
            line.quantity,
            line.cost_yuan,
            is_absent=line.known_by == KnownBy.NOT_APPLICABLE,
            is_paid=PAID.get(line.payment),
        )
        for line in lines
    }
