"""What a numerator is made of: each item's quantity × its coefficient or factor, and the library's row that says so."""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from reporting import panels
from reporting.models import Item

from .. import blocks
from ..models import RestatedPanel, Restatement
from .measure import AREA, CARBON, ENERGY, PEOPLE, VEHICLE_FUEL, WATER

ITEM_OF = {WATER: "120", AREA: "102", PEOPLE: "103"}
DENOMINATOR_ITEM = {"floor_area_m2": "102", "people": "103"}
VEHICLE_FUEL_OUT = "车辆用油，按口径不计入"


@dataclass(frozen=True)
class Source:
    """A row of the factor library as it was used."""

    name: str
    value: Decimal
    unit: str
    set_title: str
    document: str
    mark: str
    mark_name: str
    valid_from: date
    data_year: int | None
    is_provisional: bool


@dataclass(frozen=True)
class Weight:
    """What one unit of an item adds to the numerator; source None: counted as it is."""

    per_unit: Decimal
    unit: str
    source: Source | None
    is_counted: bool


@dataclass(frozen=True)
class ItemShare:
    """quantity × weight.per_unit = contribution, over the months of the figure."""

    code: str
    name: str
    unit: str
    quantity: float
    weight: Weight
    contribution: float | None
    note: str


def weights(measure, basis, year):
    """Item code → Weight, of every item that counts in this measure or is left out of it by the boundary."""
    if measure.nature in ITEM_OF:
        one = Weight(Decimal(1), measure.numerator_unit, None, is_counted=True)
        return {ITEM_OF[measure.nature]: one}
    leaves_out = measure.leaves_out_vehicle_fuel(basis.boundary)
    found = {}
    for code, rule in basis.loaded.by_item.items():
        per_unit, source = _valued(measure, basis.loaded, code, year)
        is_asked = rule.is_vehicle_fuel or measure.quantity != VEHICLE_FUEL
        if per_unit and is_asked and code in panels.COLUMN:
            is_counted = not (leaves_out and rule.is_vehicle_fuel)
            found[code] = Weight(per_unit, source.unit, source, is_counted)
    return found


def _valued(measure, loaded, code, year):
    rule, rows = loaded.by_item[code], loaded.rows_by_item[code]
    if measure.nature == ENERGY:
        row = rows.coefficient
        return rule.kgce_per_unit, row and _coefficient(row, loaded.rule_set)
    if rule.is_grid_electricity:
        vintage = _vintage(measure, loaded, year)
        row = loaded.vintage_rows[vintage.data_year]
        return vintage.kg_co2_per_kwh, _factor(row, loaded.rule_set.grid_factors, vintage.is_provisional)
    row = rows.factor if measure.nature == CARBON else None
    return rule.kg_co2_per_unit, row and _factor(row, loaded.rule_set.fuel_factors)


def _vintage(measure, loaded, year):
    is_target = measure.quantity == "kg_co2_target"
    return loaded.target_vintage if is_target else loaded.inventory_vintage(year)


def _coefficient(row, rule_set):
    return _source(row, row.kgce_per_unit, f"kgce/{row.unit}", rule_set.coefficient_set, None)


def _factor(row, factor_set, is_provisional=False):
    unit = f"kgCO₂/{row.unit}"
    return _source(row, row.kg_co2_per_unit, unit, factor_set, row.data_year, is_provisional)


def _source(row, value, unit, factor_set, data_year, is_provisional=False):
    return Source(
        name=row.get_carrier_display(),
        value=value,
        unit=unit,
        set_title=str(factor_set),
        document=row.document,
        mark=row.mark,
        mark_name=row.get_mark_display(),
        valid_from=row.valid_from,
        data_year=data_year,
        is_provisional=is_provisional,
    )


def sources(by_item):
    """The library's rows, each once."""
    return list(dict.fromkeys(weight.source for weight in by_item.values() if weight.source))


def shares(quantities, by_item, months, names):
    """What each item adds. quantities: (12, items), NaN where unknown; months: those of the figure, 1 to 12.

    An item that is zero in all of them adds nothing and is left out.
    """
    window = [month - 1 for month in months]
    found = []
    for code, weight in sorted(by_item.items()):
        quantity = math.fsum(np.nan_to_num(quantities[window, panels.COLUMN[code]]))
        if quantity:
            contribution = quantity * float(weight.per_unit) if weight.is_counted else None
            note = "" if weight.is_counted else VEHICLE_FUEL_OUT
            item = names[code]
            found.append(ItemShare(code, item.name, item.unit, quantity, weight, contribution, note))
    return found


def filed_quantities(loaded, year):
    """A year of one institution, (12, items), NaN where unknown. loaded: blocks.Loaded of it alone, or None."""
    if loaded is None or year not in loaded.years:
        return panels.empty()
    return loaded.quantities[0, year - loaded.first_year]


def base_quantities(loaded, agency, base_year, year):
    """The base year that a later year counts against: as filed, with the restatements in force put over it."""
    quantities = filed_quantities(loaded, base_year)
    rows = RestatedPanel.objects.filter(restatement__in=Restatement.objects.in_force(), agency=agency)
    for row in rows.select_related("restatement").order_by("restatement__signed_at", "restatement"):
        is_covered = blocks.covered(row.restatement, base_year, year)[:, np.newaxis]
        restated = np.where(row.expected[:, np.newaxis] > 0, row.values, np.nan)
        quantities = np.where(is_covered, restated, quantities)
    return quantities


def item_names():
    """Code → Item of the panel."""
    return Item.objects.in_bulk(panels.PANEL_ITEMS)
