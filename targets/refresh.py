"""Recomputes figures from panels: for the years that stale marks name, and whatever is compared with them.

Edge and action in one place: it loads panels into arrays, asks the pure kernels, and stores rows.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from agencies.models import Agency
from reporting import panels
from reporting.accounting import kernel, rules
from reporting.models import Panel, RuleSet, StaleMark

from . import indicators
from .indicators import INDICATORS, QUANTITIES, Boundary, Months
from .models import Figure, GroupFigure, GroupKind, GroupPanel, PlanPeriod

MARKS_AT_ONCE = 5_000
BLOCK = 2_000
# A change of the register may be committed a little after the moment that its history states.
REGISTER_SLACK = timedelta(minutes=2)
_STORED = np.dtype("<f8")


@dataclass(frozen=True)
class Year:
    """A year to compute: the base year it is compared with, and the grid factor of its inventory."""

    year: int
    base_year: int | None
    vintage: rules.Vintage


def refresh_all():
    """Work off the stale marks; returns how many institution-years were computed. Harmless run twice."""
    done = 0
    while marks := _take_marks():
        done += marks
    if is_regrouping_due(REGISTER_SLACK):
        _regroup()
    return done


def is_regrouping_due(slack=timedelta(0)):
    """Whether the register was changed after the groups were summed: a move, another type, another street.

    The register lies below this app and cannot mark anything stale, so its history is asked.
    """
    summed_at = _active_groups().aggregate(first=Min("computed_at"))["first"]
    changed_at = Agency.history.aggregate(last=Max("history_date"))["last"]
    return summed_at is not None and changed_at is not None and changed_at > summed_at - slack


def _active_groups():
    return GroupFigure.objects.filter(rule_set__slug=settings.ACTIVE_RULE_SET)


@transaction.atomic
def _regroup():
    """Sum every year anew by the groups as they are now."""
    _lock()
    loaded = rules.load(settings.ACTIVE_RULE_SET)
    years = _active_groups().order_by().values_list("year", flat=True).distinct()
    for year in years_to_compute(years, loaded):
        _refresh_groups(year, loaded)


@transaction.atomic
def _take_marks():
    """One batch of marks."""
    _lock()
    marks = list(StaleMark.objects.order_by("pk")[:MARKS_AT_ONCE])
    if not marks:
        return 0
    loaded = rules.load(settings.ACTIVE_RULE_SET)
    agencies_by_year = _affected({(mark.agency_id, mark.year) for mark in marks})
    years = years_to_compute(agencies_by_year, loaded)
    for year in years:
        _refresh_institutions(sorted(agencies_by_year[year.year]), year, loaded)
    for year in years:
        _refresh_groups(year, loaded)
    StaleMark.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return sum(map(len, agencies_by_year.values()))


def _lock():
    """Refreshes queue up here, so that none overwrites newer figures with older ones."""
    RuleSet.objects.select_for_update().filter(slug=settings.ACTIVE_RULE_SET).first()


def _affected(marked):
    """Year → agencies: the marked years, and for a base year every later year that is compared with it."""
    affected = defaultdict(set)
    periods = list(PlanPeriod.objects.all())
    for agency, year in marked:
        affected[year].add(agency)
        for period in periods:
            if period.base_year == year:
                for later in period.years:
                    affected[later].add(agency)
    return affected


def years_to_compute(years, loaded):
    """The given years, each with what it is compared with and counted by."""
    periods = PlanPeriod.objects
    found = []
    for year in sorted(set(years)):
        period = periods.of_year(year)
        found.append(Year(year, period.base_year if period else None, loaded.inventory_vintage(year)))
    return found


def _refresh_institutions(agencies, year, loaded):
    for start in range(0, len(agencies), BLOCK):
        block = agencies[start : start + BLOCK]
        figures = institution_figures(block, year, loaded)
        Figure.objects.filter(agency__in=block, year=year.year, rule_set=loaded.rule_set).delete()
        Figure.objects.bulk_create(figures, batch_size=500)


def institution_figures(agencies, year, loaded):
    """Unsaved figures of these agencies (ids) for one year; none where the agency has no panel of that year."""
    now = _panels(agencies, year.year)
    kept = [agency for agency in agencies if agency in now]
    if not kept:
        return []
    months = _months([now[agency] for agency in kept], loaded, year.vintage)
    base = _base_months(kept, year, loaded)
    known = indicators.ratios(months, _boundary(loaded))["kgce_per_m2"].known
    columns = _columns(months) | _institution_indicators(months, base, loaded)
    packed = months.packed()
    compared = (
        known & indicators.ratios(base, _boundary(loaded))["kgce_per_m2"].known
        if base
        else np.zeros_like(known)
    )
    return [
        Figure(
            agency_id=agency,
            approved_months=now[agency].approved_months,
            compared_months=_bits(compared[row]),
            packed=packed[row].astype(_STORED).tobytes(),
            **_stamp(year, loaded),
            **{name: _value(values[row]) for name, values in columns.items()},
        )
        for row, agency in enumerate(kept)
    ]


def _base_months(agencies, year, loaded):
    """The base year's months of the same agencies, unknown where there is no panel; None without a base year."""
    if year.base_year is None:
        return None
    found = _panels(agencies, year.base_year)
    empty = Panel(packed=panels.pack(panels.empty()))
    return _months(
        [found.get(agency, empty) for agency in agencies], loaded, loaded.inventory_vintage(year.base_year)
    )


def _panels(agencies, year):
    rows = Panel.objects.filter(agency__in=agencies, year=year)
    return {panel.agency_id: panel for panel in rows}


def _months(rows, loaded, vintage):
    """Panels as months of energy, carbon and what they are divided by."""
    quantities = np.stack([panel.values for panel in rows])
    account = kernel.account(quantities, loaded.weights())
    column = panels.COLUMN
    return Months(
        kgce=account.kgce,
        kgce_vehicle_fuel=account.kgce_vehicle_fuel,
        kg_co2_target=account.kg_co2(float(loaded.target_vintage.kg_co2_per_kwh)),
        kg_co2_inventory=account.kg_co2(float(vintage.kg_co2_per_kwh)),
        kg_co2_vehicle_fuel=account.kg_co2_vehicle_fuel,
        water_m3=quantities[..., column["120"]],
        floor_area_m2=quantities[..., column["102"]],
        people=quantities[..., column["103"]],
    )


def _boundary(loaded):
    boundary = loaded.boundary
    return Boundary(boundary.has_vehicle_fuel_in_energy_per_m2, boundary.has_vehicle_fuel_in_carbon_per_m2)


def _columns(months):
    totals = {name: indicators.total(getattr(months, name)) for name in indicators.FLOWS}
    return totals | {name: indicators.mean(getattr(months, name)) for name in indicators.STOCKS}


def _institution_indicators(months, base, loaded):
    now = indicators.ratios(months, _boundary(loaded))
    then = indicators.ratios(base, _boundary(loaded)) if base else {}
    columns = {}
    for name, ratio in now.items():
        columns[name] = indicators.intensity(ratio, ratio.known)
        if name in then:
            both = ratio.known & then[name].known
            columns[f"{name}_base"] = indicators.intensity(then[name], both)
            columns[f"{name}_change"] = indicators.change(
                columns[f"{name}_base"], indicators.intensity(ratio, both)
            )
    return columns


def _refresh_groups(year, loaded):
    GroupFigure.objects.filter(year=year.year, rule_set=loaded.rule_set).delete()
    GroupFigure.objects.bulk_create(group_figures(year, loaded), batch_size=500)


def group_figures(year, loaded):
    """Unsaved figures of every group for one year, from the stored months of its institutions."""
    now = _stored_months(year.year, loaded)
    then = _stored_months(year.base_year, loaded) if year.base_year else {}
    agencies = sorted(now.keys() | then.keys())
    if not now:
        return []
    groups, matrix = _membership(agencies)
    months = _aligned(agencies, now)
    base = _aligned(agencies, then) if then else None
    found = []
    for panel in GroupPanel.values:
        found += _panel_figures(panel, groups, matrix, months, base, year, loaded)
    return found


def _stored_months(year, loaded):
    """Agency id → array (8, 12)."""
    rows = Figure.objects.filter(year=year, rule_set=loaded.rule_set).only("agency_id", "packed")
    return {figure.agency_id: figure.monthly for figure in rows}


def _aligned(agencies, stored):
    empty = np.full((len(QUANTITIES), indicators.MONTHS), np.nan)
    return Months.unpacked(np.stack([stored.get(agency, empty) for agency in agencies]))


def _membership(agency_ids):
    """The groups as (kind, key), and a matrix (groups, agencies) of 0 and 1."""
    agencies = Agency.objects.in_bulk(agency_ids)
    members = defaultdict(list)
    for column, agency_id in enumerate(agency_ids):
        for group in _groups_of(agencies[agency_id]):
            members[group].append(column)
    matrix = np.zeros((len(members), len(agency_ids)))
    for row, columns in enumerate(members.values()):
        matrix[row, columns] = 1.0
    return list(members), matrix


def _groups_of(agency):
    ancestors = agency.path.strip("/").split("/")[:-1]
    yield from ((GroupKind.NODE, key) for key in ancestors)
    yield GroupKind.TYPE, agency.type_code
    if agency.street:
        yield GroupKind.STREET, agency.street


def _panel_figures(panel, groups, matrix, months, base, year, loaded):
    ratios = indicators.ratios(months, _boundary(loaded))
    base_ratios = indicators.ratios(base, _boundary(loaded)) if base else {}
    columns = {}
    for name in INDICATORS:
        columns |= _group_indicator(panel, name, ratios[name], base_ratios.get(name), matrix)
    counted = _counted(panel, months, base)
    sums = _group_months(months if panel == GroupPanel.ALL else _only(months, counted), matrix)
    institutions = matrix @ counted.any(axis=1)
    institution_months = (matrix @ counted).sum(axis=1)
    totals = _group_totals(sums)
    return [
        GroupFigure(
            kind=kind,
            key=key,
            panel=panel,
            institutions=int(institutions[row]),
            institution_months=int(institution_months[row]),
            packed=sums[row].astype(_STORED).tobytes(),
            **_stamp(year, loaded),
            **{name: _value(values[row]) for name, values in (totals | columns).items()},
        )
        for row, (kind, key) in enumerate(groups)
        if institutions[row]
    ]


def _counted(panel, months, base):
    """The institution-months of a panel: with known energy; for the comparable one in the base year as well."""
    known = ~np.isnan(months.kgce)
    if panel == GroupPanel.ALL:
        return known
    return known & ~np.isnan(base.kgce) if base else np.zeros_like(known)


def _only(months, counted):
    return Months.unpacked(np.where(counted[:, np.newaxis], months.packed(), np.nan))


def _group_indicator(panel, name, ratio, base, matrix):
    """Value, base and change of one indicator for every group.

    All institutions: everything known now against everything known in the base year, both over the months that
    are known in both years. Comparable: only institution-months known in both years.
    """
    known = ratio.known
    if panel == GroupPanel.COMPARABLE:
        known = known & base.known if base else np.zeros_like(known)
    value = indicators.grouped_intensity(ratio, known, matrix)
    if base is None:
        return {name: value}
    then = known if panel == GroupPanel.COMPARABLE else base.known
    base_value = _same_months(base, then, known, matrix)
    compared = _same_months(ratio, known, then, matrix)
    return {
        name: value,
        f"{name}_base": base_value,
        f"{name}_change": indicators.change(base_value, compared),
    }


def _same_months(ratio, counted, other, matrix):
    """A year over the months that each group also has in the other year: never a part-year against a full one."""
    values = np.full(matrix.shape[0], np.nan)
    windows = matrix @ other.astype(float) > 0
    for window in np.unique(windows, axis=0):
        rows = np.flatnonzero((windows == window).all(axis=1))
        values[rows] = indicators.grouped_intensity(ratio, counted & window, matrix[rows])
    return values


def _group_months(months, matrix):
    """Sums of the known months of each group, array (groups, 8, 12); NaN where none is known."""
    packed = months.packed()
    known = ~np.isnan(packed)
    sums = np.einsum("gn,nqm->gqm", matrix, np.where(known, packed, 0.0))
    return np.where(np.einsum("gn,nqm->gqm", matrix, known.astype(float)) > 0, sums, np.nan)


def _group_totals(sums):
    totals = {name: indicators.total(sums[:, QUANTITIES.index(name)]) for name in indicators.FLOWS}
    return totals | {name: indicators.mean(sums[:, QUANTITIES.index(name)]) for name in indicators.STOCKS}


def _stamp(year, loaded):
    return {
        "year": year.year,
        "base_year": year.base_year,
        "rule_set": loaded.rule_set,
        "is_provisional": year.vintage.is_provisional,
    }


def _bits(months):
    return int(sum(1 << int(month) for month in np.flatnonzero(months)))


def _value(number):
    return None if np.isnan(number) else float(number)
