"""The figures of single institutions, read for the list and for an institution's own page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

import numpy as np
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q
from django.utils import timezone

from agencies import areas, occupied
from agencies.models import Agency, AgencyKind, Vehicle
from reporting import quality
from reporting.models import Report

from . import cards, charts
from .cockpit import behind, registered_in
from .indicators import MONTHS, QUANTITIES
from .models import Benchmark, Figure, Indicator
from .progress import Standing

# Column of the list → what it sorts by; each indicator by its value and by its change.
SORTS = {"name": "name", "system": "parent__name"} | {
    f"{indicator}{ending}": f"figure__{indicator}{ending}"
    for indicator in Indicator
    for ending in ("", "_change")
}


def departments(user):
    return list(Agency.objects.visible_to(user).filter(kind=AgencyKind.DEPARTMENT))


def years_with_figures(user, rule_set):
    """Year → whether most of the user's institutions have all its months."""
    figures = Figure.objects.visible_to(user).filter(rule_set=rule_set)
    found = figures.order_by("year").values_list("year")
    found = found.annotate(all=Count("pk"), whole=Count("pk", filter=Q(approved_months=cards.ALL_MONTHS)))
    return {year: 2 * whole > institutions for year, institutions, whole in found}


def listed(user, filters, plan, rule_set, sort):
    """The user's institutions that pass the filters, each with `figure`, its row of the chosen year or None."""
    own = Q(figures__year=filters.chosen_year, figures__rule_set=rule_set)
    rows = Agency.objects.institutions().visible_to(user).filter(registered_in(filters.chosen_year))
    rows = rows.annotate(figure=FilteredRelation("figures", condition=own)).select_related("parent", "figure")
    rows = rows.filter(_described(filters), _with_status(filters, plan), _in_band(filters, rule_set))
    descends, column = sort.startswith("-"), SORTS.get(sort.removeprefix("-"), "path")
    order = F(column).desc(nulls_last=True) if descends else F(column).asc(nulls_last=True)
    return rows.order_by(order, "path")


def _described(filters):
    words = filters.cleaned_data.get("words") or ""
    fits = Q(name__icontains=words) | Q(key__istartswith=words)
    if filters.chosen_department:
        fits &= Q(path__startswith=filters.chosen_department.path)
    if filters.cleaned_data.get("type_code"):
        fits &= Q(type_code=filters.cleaned_data["type_code"])
    if filters.cleaned_data.get("street"):
        fits &= Q(street=filters.cleaned_data["street"])
    return fits


def _with_status(filters, plan):
    indicator, year = filters.chosen_indicator, filters.chosen_year
    change = f"figure__{indicator}_change"
    falls_short = behind(change, plan.target(indicator, year), year)
    is_known = Q(**{f"{change}__isnull": False})
    fits = {"enough": is_known & ~falls_short, "behind": falls_short, "unknown": ~is_known}
    return fits.get(filters.cleaned_data.get("status"), Q())


def _in_band(filters, rule_set):
    """Where the whole year stands against the quota of the indicator."""
    band = filters.cleaned_data.get("band")
    of = {"year": filters.chosen_year, "rule_set": rule_set, "indicator": filters.chosen_indicator}
    return Q(Exists(Benchmark.objects.filter(agency=OuterRef("pk"), band=band, **of))) if band else Q()


@dataclass(frozen=True)
class Listed:
    """An institution in the list, and how far its year is filed.

    cells: (name, value, change, whether the base is restated, change against the filed base) of each indicator.
    """

    agency: Agency
    cells: list
    status: Standing
    months: int


def rows_of(agencies, plan, year, indicator):
    """A Listed of each, one after another: a file of all institutions keeps none of them."""
    target = plan.target(indicator, year)
    return (_listed(agency, target, year, indicator) for agency in agencies)


def _listed(agency, target, year, indicator):
    # Where the join finds nothing, Django sets no attribute.
    row = getattr(agency, "figure", None)
    if row is None:
        status = cards.standing(target, None, indicator, year)
        return Listed(agency, [(each.value, None, None, False, None) for each in Indicator], status, 0)
    return Listed(
        agency=agency,
        cells=[_cell(row, each) for each in Indicator],
        status=cards.standing(target, row, indicator, year),
        months=len(cards.months_in(row.approved_months)),
    )


def _cell(row, indicator):
    change_filed = row.measure(indicator, "change_filed")
    return (
        indicator.value,
        row.value(indicator),
        row.change(indicator),
        row.is_restated(indicator),
        change_filed,
    )


def is_whole(row):
    """Whether all twelve months are known in both years."""
    return row.compared_months == cards.ALL_MONTHS


def all_figures(agency):
    """The institution's figures of every year under every rule set."""
    return list(agency.figures.select_related("rule_set").order_by("year", "rule_set__slug"))


def under(rows, rule_set):
    """Year → the row under the rule set."""
    return {row.year: row for row in rows if row.rule_set == rule_set}


def whole_years(rows):
    return {year: row.approved_months == cards.ALL_MONTHS for year, row in rows.items()}


def target_cards(rows, plan, year, forecasts=()):
    row, foreseen = rows.get(year), cards.by_indicator(forecasts)
    base_row = rows.get(row.base_year) if row else None
    return [
        cards.card(each, row, plan, year, base_row=base_row, forecast=foreseen.get(each))
        for each in Indicator
    ]


def path_charts(rows, plan, year, forecasts=()):
    """(indicator, chart) of each indicator over its plan period."""
    foreseen = cards.by_indicator(forecasts)
    return [
        (each, charts.path_chart(each, plan, year, rows, is_whole, foreseen.get(each))) for each in Indicator
    ]


@dataclass(frozen=True)
class Month:
    """One month of the year: what is approved of it, and where its report stands. Unknown is NaN."""

    first_day: date
    kgce: float
    kg_co2_target: float
    kg_co2_inventory: float
    water_m3: float
    floor_area_m2: float
    people: float
    report: Report | None

    @property
    def part(self):
        """Where the explanation of a year shows this month."""
        return f"month-{self.first_day:%m}"


def months(agency, row, year):
    found = agency.reports.filter(period__month__year=year).select_related("period", "latest")
    reports = {report.period.month.month: report for report in found}
    values = row.monthly if row else np.full((len(QUANTITIES), MONTHS), np.nan)
    shown = {name: values[QUANTITIES.index(name)] for name in list(Month.__annotations__)[1:-1]}
    return [
        Month(
            date(year, month, 1),
            report=reports.get(month),
            **{name: row[month - 1] for name, row in shown.items()},
        )
        for month in range(1, MONTHS + 1)
    ]


def filing_record(agency, year):
    """How the year's months were handed in: `quality.Counts`; two queries."""
    found = quality.of_year(Agency.objects.filter(pk=agency.pk), year, timezone.localdate())
    return found.get(agency.pk, quality.Counts())


def buildings(agency, year):
    """The shares of buildings that the institution used in the year."""
    held = agency.occupancies.filter(valid_from__lte=date(year, 12, 31))
    return held.exclude(valid_to__lt=date(year, 1, 1)).select_related("building").order_by("building__name")


@dataclass(frozen=True)
class UsedArea:
    """Own and shared floor area by the register, the same in some months (their numbers, 1 to 12) one after another."""

    months: list[int]
    own_m2: Decimal
    shared_m2: Decimal

    @property
    def area_m2(self):
        return self.own_m2 + self.shared_m2

    @property
    def months_in_words(self):
        return cards.months_in_words(self.months)


def used_areas(agency, year):
    """(UsedArea of each run of equal months, UsedArea of their mean or None): what the agency used by the register."""
    register = occupied.by([agency.pk])
    found = [register.area(agency.pk, date(year, month, 1)) for month in range(1, MONTHS + 1)]
    known = [each for each in found if each]
    runs = [
        UsedArea([each.month.month for each in months], own_m2, shared_m2)
        for (own_m2, shared_m2), months in _runs(known)
    ]
    return runs, _mean_area(known)


def _runs(known):
    equal = groupby(known, key=lambda each: (each.own_m2, each.shared_m2))
    return [(area, list(months)) for area, months in equal]


def _mean_area(known):
    if not known:
        return None
    own, shared = (
        areas.mean({each.month: getattr(each, name) for each in known}) for name in ("own_m2", "shared_m2")
    )
    return UsedArea([each.month.month for each in known], own, shared)


def equipment(agency, year):
    """What else it runs, in use in the year, by kind."""
    days = date(year, 1, 1), date(year, 12, 31)
    kinds = {"rooms": agency.datarooms, "plants": agency.pvplants, "stations": agency.chargingstations}
    return {kind: list(rows.in_use_in(*days)) for kind, rows in kinds.items()}


def vehicles(agency, year):
    """(energy, number) of the vehicles registered at the end of the year."""
    last_day = date(year, 12, 31)
    kept = agency.vehicles.filter(registered_on__lte=last_day).exclude(retired_on__lte=last_day)
    counted = dict(kept.order_by().values_list("energy").annotate(Count("pk")))
    return [(energy.label, counted[energy]) for energy in Vehicle.Energy if energy in counted]
