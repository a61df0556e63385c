"""The edge between stored rows and the kernels: a block of institutions as arrays, and its figures as rows again.

A block is a fixed range of institutions' primary keys, so that it can be computed by any worker, by itself.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db.models import Max, Min

from reporting import bulk, panels
from reporting.accounting import kernel
from reporting.accounting.rules import Rules
from reporting.models import Panel
from reporting.models.panel import pack_bits, unpack_bits

from . import sums
from .indicators import MONTHS, Boundary, Months
from .measures import last_month
from .models import Figure, RestatedPanel, Restatement
from .sums import Block, Parts, Restated

BLOCK = 500
# Electricity, water, area and people: any month that is filed has them.
ASKED_OF_ALL = ("110", "120", "102", "103")
STORED = np.dtype("<f8")
_PANEL_BYTES = MONTHS * len(panels.PANEL_ITEMS) * STORED.itemsize
_PANEL_COLUMNS = {
    "agency_id": np.int64,
    "year": np.int16,
    "approved_months": np.int16,
    "expected_months": np.int16,
    "submitted_months": np.int16,
    "packed": (np.uint8, _PANEL_BYTES),
}


@dataclass(frozen=True)
class Basis:
    """How figures are made: the rule set, the base year of each year, the grid factor of each year's inventory."""

    loaded: Rules
    base_years: dict[int, int]
    computed_at: datetime

    @property
    def rule_set(self):
        return self.loaded.rule_set

    @property
    def boundary(self):
        inside = self.loaded.boundary
        return Boundary(inside.has_vehicle_fuel_in_energy_per_m2, inside.has_vehicle_fuel_in_carbon_per_m2)

    def is_provisional(self, year):
        return self.loaded.inventory_vintage(year).is_provisional

    def touched_by(self, year, gaps=frozenset()):
        """The years whose figures take in this one: itself, the next one, and those that it is a base of.

        gaps: years with a month that is missing. Such a month is bounded by the years beside it, so that a change of
        this year reaches to them and to the years compared with them.
        """
        beside = {year} | ({year - 1, year + 1} & gaps)
        return beside | {year + 1} | {later for later, base in self.base_years.items() if base in beside}

    def needed_for(self, years):
        """The years that must be read to compute these."""
        bases = {self.base_years[year] for year in years if year in self.base_years}
        return {near for year in {*years, *bases} for near in (year - 1, year, year + 1)}


@dataclass(frozen=True)
class Loaded:
    """A block's panels as arrays: quantities (n, years, 12, items), NaN where unknown; bits (n, years, 12)."""

    agencies: np.ndarray
    first_year: int
    quantities: np.ndarray
    expected: np.ndarray
    approved: np.ndarray
    submitted: np.ndarray

    @property
    def years(self):
        return range(self.first_year, self.first_year + self.quantities.shape[1])

    def gaps(self, agency):
        """The years in which a month of the institution that is owed is not, or not wholly, known."""
        row = int(np.searchsorted(self.agencies, agency))
        items = [panels.COLUMN[code] for code in ASKED_OF_ALL]
        unknown = np.isnan(self.quantities[row][..., items]).any(axis=-1)
        return {
            year
            for year, gap in zip(self.years, (unknown & (self.expected[row] > 0)).any(axis=-1), strict=True)
            if gap
        }


def number_of(agency):
    return agency // BLOCK


def span(number):
    """The primary keys of a block: the first, and the first that is not its own."""
    return number * BLOCK, (number + 1) * BLOCK


def numbers():
    """The blocks that hold any institution with a panel."""
    ends = Panel.objects.aggregate(first=Min("agency"), last=Max("agency"))
    if ends["first"] is None:
        return []
    return list(range(number_of(ends["first"]), number_of(ends["last"]) + 1))


def load_each():
    """(number, Loaded) of every block that holds any panel, one at a time."""
    for number in numbers():
        loaded = load_block(number)
        if loaded is not None:
            yield number, loaded


def load(agencies: Iterable[int]) -> Loaded | None:
    """The panels of these institutions, all years; None where there are none."""
    wanted = sorted(agencies)
    places = ", ".join(["%s"] * len(wanted))
    return _arranged(_rows(f"agency_id IN ({places})", wanted)) if wanted else None


def load_block(number: int, years=None) -> Loaded | None:
    """The panels of a whole block, of these years or all; None where there are none."""
    where, parameters = "agency_id >= %s AND agency_id < %s", [*span(number)]
    if years is not None:
        where, parameters = f"{where} AND year BETWEEN %s AND %s", [*parameters, min(years), max(years)]
    return _arranged(_rows(where, parameters))


def _rows(where, parameters):
    return bulk.select_columns(Panel, f"{where} ORDER BY agency_id, year", parameters, _PANEL_COLUMNS)


def _arranged(rows):
    """Rows as one array over all years from the first to the last; what has no panel is unknown and not expected."""
    if not len(rows["year"]):
        return None
    agencies, at = np.unique(rows["agency_id"].astype(np.int64), return_inverse=True)
    years = rows["year"].astype(np.int64)
    first_year, column = int(years.min()), years - years.min()
    shape = (len(agencies), int(column.max()) + 1)
    quantities = np.full((*shape, MONTHS, len(panels.PANEL_ITEMS)), np.nan)
    packed = np.ascontiguousarray(rows["packed"]).view(STORED)
    quantities[at, column] = packed.reshape(-1, MONTHS, len(panels.PANEL_ITEMS))
    bits = {}
    for name in ("expected", "approved", "submitted"):
        bits[name] = np.zeros((*shape, MONTHS))
        bits[name][at, column] = unpack_bits(rows[f"{name}_months"].astype(np.int64))
    return Loaded(agencies, first_year, quantities, **bits)


def overlaid(loaded: Loaded, rows) -> Loaded:
    """The same with months put in as if they were approved; rows: (agency id, month) → a row of a panel."""
    if not rows:
        return loaded
    quantities, known = loaded.quantities.copy(), loaded.approved.copy()
    for (agency, month), values in rows.items():
        if agency in loaded.agencies and month.year in loaded.years:
            place = (int(np.searchsorted(loaded.agencies, agency)), month.year - loaded.first_year)
            quantities[place][month.month - 1] = values
            known[place][month.month - 1] = 1.0
    return replace(loaded, quantities=quantities, approved=known)


def block_of(loaded: Loaded, basis: Basis) -> Block:
    return Block(
        loaded.first_year,
        months_of(loaded.quantities, loaded.years, basis).packed(),
        loaded.expected,
        loaded.approved,
        loaded.submitted * (1 - loaded.approved),
    )


def months_of(quantities, years, basis: Basis) -> Months:
    """Quantities (n, years, 12, items) as months of energy, carbon and what they are divided by."""
    account = kernel.account(quantities, basis.loaded.weights())
    own_factors = [float(basis.loaded.inventory_vintage(year).kg_co2_per_kwh) for year in years]
    column = panels.COLUMN
    return Months(
        kgce=account.kgce,
        kgce_vehicle_fuel=account.kgce_vehicle_fuel,
        kg_co2_target=account.kg_co2(float(basis.loaded.target_vintage.kg_co2_per_kwh)),
        kg_co2_inventory=account.kg_co2(np.array(own_factors)[:, np.newaxis]),
        kg_co2_vehicle_fuel=account.kg_co2_vehicle_fuel,
        water_m3=quantities[..., column["120"]],
        floor_area_m2=quantities[..., column["102"]],
        people=quantities[..., column["103"]],
    )


def parts_by_year(loaded: Loaded, basis: Basis, wanted=None, restatements=None):
    """(year, parts) of the wanted years, all by default; restatements: those in force by default."""
    block = block_of(loaded, basis)
    years = loaded.years if wanted is None else [year for year in loaded.years if year in wanted]
    bases = restated(loaded.agencies, block, basis, years, restatements)
    return sums.parts_by_year(block, basis.base_years, bases, basis.boundary, years)


def restated(agencies, block: Block, basis: Basis, years, restatements=None):
    """Year → its base year as restated: the filed one, with the months that a restatement covers put over it.

    agencies: those of the block, their ids ascending; restatements: those in force by default.
    """
    in_force = Restatement.objects.in_force() if restatements is None else [each.pk for each in restatements]
    found = RestatedPanel.objects.filter(
        restatement__in=in_force,
        agency__gte=agencies[0],
        agency__lte=agencies[-1],
    )
    present = set(agencies.tolist())
    rows = [row for row in found.select_related("restatement") if row.agency_id in present]
    rows.sort(key=lambda row: _order(row.restatement))
    bases = {}
    for year in years:
        base_year = basis.base_years.get(year)
        for row in rows:
            months = covered(row.restatement, base_year, year)
            if months.any() and base_year in block.years:
                base = bases.setdefault(year, _filed_base(block, base_year))
                _put_over(base, int(np.searchsorted(agencies, row.agency_id)), row, months, base_year, basis)
    return bases


def _order(restatement):
    return (restatement.signed_at is None, restatement.signed_at or restatement.proposed_at, restatement.pk)


def covered(restatement, base_year, year):
    """The months of the year that count against this restatement, (12,) booleans."""
    if restatement.base_year != base_year:
        return np.zeros(MONTHS, dtype=bool)
    first = restatement.applies_from
    return year * MONTHS + np.arange(MONTHS) >= first.year * MONTHS + first.month - 1


def _filed_base(block, base_year):
    column = base_year - block.first_year
    return Restated(block.months[:, column].copy(), block.expected[:, column].copy())


def _put_over(base, institution, row, covered, base_year, basis):
    months = months_of(row.values[np.newaxis, np.newaxis], [base_year], basis).packed()[0, 0]
    counts = row.expected
    months = np.where(counts > 0, months, np.nan)
    base.months[institution] = np.where(covered, months, base.months[institution])
    base.expected[institution] = np.where(covered, counts, base.expected[institution])


def figure_columns(loaded: Loaded, year: int, parts: Parts, basis: Basis):
    """The columns of `Figure` for the institutions of which any month of the year is approved."""
    kept = loaded.approved[:, year - loaded.first_year].any(axis=-1)
    chosen = parts if kept.all() else {name: values[kept] for name, values in parts.items()}
    coverage = {
        f"{name}_months": pack_bits(chosen["coverage"][:, row]).astype(np.int16)
        for name, row in (("expected", 0), ("approved", 1), ("submitted", 2))
    }
    columns = (
        sums.all_figures(chosen)
        | coverage
        | stamps(chosen, year, basis)
        | {
            "agency": loaded.agencies[kept],
            "compared_months": pack_bits(sums.compared_months(chosen)).astype(np.int16),
            "packed": packed_rows(sums.quantity_sums(chosen["quantities"])),
        }
    )
    return spread(columns, int(kept.sum()))


def stamps(parts, year, basis):
    """The columns that are not measures and that an institution and a group have alike."""
    base_year = basis.base_years.get(year)
    return {
        "year": year,
        "base_year": np.nan if base_year is None else float(base_year),
        "rule_set": basis.rule_set.pk,
        "is_provisional": basis.is_provisional(year),
        "computed_at": basis.computed_at,
        "bounded_months": pack_bits(sums.months_within_bounds(parts)).astype(np.int16),
        "rolling_month": _month_number(parts["own"]),
    }


def _month_number(sides):
    """The last month of the rolling year, 1 to 12; NaN where nothing is known."""
    month = last_month(sides)[:, 0] + 1.0
    return np.where(month > 0, month, np.nan)


def packed_rows(values):
    """(n, …) float64 as (n, bytes) in the storage order, one bit pattern for NaN."""
    clean = np.where(np.isnan(values), np.nan, values).astype(STORED)
    return np.ascontiguousarray(clean.reshape(len(clean), math.prod(clean.shape[1:]))).view(np.uint8)


def replace_figures(stored, columns):
    """Put rows in the place of stored ones, a queryset of `Figure`. columns: of each year, by `figure_columns`."""
    stored.delete()
    if columns:
        bulk.insert_columns(Figure, joined(columns))


def spread(columns, rows):
    """Every column as an array of that many rows, but for dates."""
    return {
        name: np.full(rows, values) if isinstance(values, int | float | bool | str) else values
        for name, values in columns.items()
    }


def joined(runs):
    """Columns of several runs of rows as one; each as `spread` gives them."""
    first, *_ = runs
    return {
        name: np.concatenate([columns[name] for columns in runs])
        if isinstance(values, np.ndarray)
        else values
        for name, values in first.items()
    }


def unsaved(model, columns):
    """Rows that were not stored, as pages read stored ones. columns: of one year, as they would be inserted."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    rows = max(len(values) for values in columns.values() if isinstance(values, np.ndarray))
    return [
        model(**{fields[name].attname: _plain(fields[name], values, row) for name, values in columns.items()})
        for row in range(rows)
    ]


def _plain(field, values, row):
    value = values[row] if isinstance(values, np.ndarray) else values
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return None if isinstance(value, float) and math.isnan(value) else field.to_python(value)
