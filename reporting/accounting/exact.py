"""Accounting of one set of quantities in exact Decimal arithmetic, readable beside the published formula.

It answers `manage.py account` and is the oracle that the NumPy kernel is held against.
Pure: no Django, no database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

ZERO = Decimal(0)

AREA_M2, PEOPLE, WATER_M3 = "102", "103", "120"
# A total and the parts that it must equal (domain reference, section 2).
FUEL_TOTALS = {"150": ("1501", "1502"), "160": ("1601", "1602")}


@dataclass(frozen=True)
class ItemRule:
    """How one unit of an item counts under a rule set.

    kgce_per_unit, kg_co2_per_unit: per unit of the item (kWh, t, m³, L, kg, GJ, tce);
    kg_co2_per_unit of grid electricity is left 0: the grid factor comes beside it, by year.
    """

    kgce_per_unit: Decimal
    kg_co2_per_unit: Decimal
    is_vehicle_fuel: bool = False
    is_grid_electricity: bool = False

    @property
    def lacks_carbon_factor(self) -> bool:
        """Counted as energy, but with no carbon of its own."""
        return bool(self.kgce_per_unit) and not self.kg_co2_per_unit and not self.is_grid_electricity


@dataclass(frozen=True)
class Boundary:
    """Whether vehicle fuel stays in the two figures per square metre."""

    has_vehicle_fuel_in_energy_per_m2: bool = False
    has_vehicle_fuel_in_carbon_per_m2: bool = True


@dataclass(frozen=True)
class Account:
    """Energy in kgce, carbon in kgCO₂, per item and in sum; intensities where area and people are known."""

    kgce_by_item: dict[str, Decimal]
    kg_co2_by_item: dict[str, Decimal]
    kgce_vehicle_fuel: Decimal
    kg_co2_vehicle_fuel: Decimal
    intensities: dict[str, Decimal] = field(default_factory=dict)

    @property
    def kgce(self) -> Decimal:
        return sum(self.kgce_by_item.values(), ZERO)

    @property
    def kg_co2(self) -> Decimal:
        """Floored at 0: what is sold on cannot make an institution a sink."""
        return max(ZERO, sum(self.kg_co2_by_item.values(), ZERO))


def account(
    quantities: Mapping[str, Decimal],
    rules: Mapping[str, ItemRule],
    grid_kg_co2_per_kwh: Decimal,
    boundary: Boundary = Boundary(),
) -> Account:
    """E = Σ quantity × coal coefficient; C = Σ fuel × factor + electricity × grid factor, floored at 0.

    quantities: item code → quantity in the item's unit; 102 is m², 103 persons, 120 m³ of water.
    A fuel total (150, 160) given beside its parts must equal their sum; alone it counts as vehicle fuel.
    Raises ValueError for a negative quantity or a total that contradicts its parts.
    Source: 重庆2015口径 and JS/T 303-2026, see docs/accounting.md.
    """
    counted = {code: value for code, value in _without_totals(quantities).items() if code in rules}
    kgce_by_item = {code: value * rules[code].kgce_per_unit for code, value in counted.items()}
    kg_co2_by_item = {
        code: value * _kg_co2_per_unit(rules[code], grid_kg_co2_per_kwh) for code, value in counted.items()
    }
    vehicle = [code for code in counted if rules[code].is_vehicle_fuel]
    result = Account(
        kgce_by_item, kg_co2_by_item, _total(kgce_by_item, vehicle), _total(kg_co2_by_item, vehicle)
    )
    return replace(result, intensities=_intensities(result, quantities, boundary))


def _without_totals(quantities: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The quantities with each litre once."""
    for code, value in quantities.items():
        if value < 0:
            raise ValueError(f"{code}: 数量不能为负，现为 {value}。")
    kept = dict(quantities)
    for total, parts in FUEL_TOTALS.items():
        given = [part for part in parts if part in kept]
        if total not in kept or not given:
            continue
        parts_sum = sum((kept[part] for part in given), ZERO)
        if kept.pop(total) != parts_sum:
            raise ValueError(f"{total}: 合计应等于 {'+'.join(parts)}，即 {parts_sum}。")
    return kept


def _kg_co2_per_unit(rule: ItemRule, grid_kg_co2_per_kwh: Decimal) -> Decimal:
    return grid_kg_co2_per_kwh if rule.is_grid_electricity else rule.kg_co2_per_unit


def _total(by_item: Mapping[str, Decimal], codes: Iterable[str]) -> Decimal:
    return sum((by_item[code] for code in codes), ZERO)


def _intensities(
    result: Account, quantities: Mapping[str, Decimal], boundary: Boundary
) -> dict[str, Decimal]:
    """The figures whose inputs are all known; a denominator of 0 gives none."""
    area_m2, people, water_m3 = (quantities.get(code) for code in (AREA_M2, PEOPLE, WATER_M3))
    found = {}
    if area_m2:
        energy_out = ZERO if boundary.has_vehicle_fuel_in_energy_per_m2 else result.kgce_vehicle_fuel
        carbon_out = ZERO if boundary.has_vehicle_fuel_in_carbon_per_m2 else result.kg_co2_vehicle_fuel
        found["kgce_per_m2"] = (result.kgce - energy_out) / area_m2
        found["kg_co2_per_m2"] = max(ZERO, result.kg_co2 - carbon_out) / area_m2
    if people:
        found["kgce_per_person"] = result.kgce / people
        if water_m3 is not None:
            found["m3_per_person"] = water_m3 / people
    return found
