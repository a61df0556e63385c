"""The four intensities, from months of energy, carbon, water, area and people.

Pure: NumPy arrays in, arrays out. NaN is unknown. Sources: docs/accounting.md, domain reference section 3.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MONTHS = 12


@dataclass(frozen=True)
class Months:
    """A year of n institutions; every array has shape (n, 12), NaN where unknown.

    kgce, kgce_vehicle_fuel: kgce; kg_co2_target, kg_co2_inventory, kg_co2_vehicle_fuel: kgCO₂ on the frozen factor,
    on the year's own factor, and of vehicle fuel alone; water_m3: m³; floor_area_m2: m²; people: persons.
    """

    kgce: Floats
    kgce_vehicle_fuel: Floats
    kg_co2_target: Floats
    kg_co2_inventory: Floats
    kg_co2_vehicle_fuel: Floats
    water_m3: Floats
    floor_area_m2: Floats
    people: Floats

    def packed(self) -> Floats:
        """The same numbers as one array (n, 8, 12), in the order of the fields."""
        return np.stack([getattr(self, field.name) for field in fields(self)], axis=1)

    @classmethod
    def unpacked(cls, values: Floats) -> "Months":
        """The inverse of `packed`."""
        return cls(*(values[:, number] for number in range(values.shape[1])))


QUANTITIES = tuple(field.name for field in fields(Months))
FLOWS = QUANTITIES[:6]
STOCKS = QUANTITIES[6:]


@dataclass(frozen=True)
class Boundary:
    """Whether vehicle fuel stays inside the two figures per square metre."""

    has_vehicle_fuel_in_energy_per_m2: bool
    has_vehicle_fuel_in_carbon_per_m2: bool


@dataclass(frozen=True)
class Ratio:
    """An indicator's numerator and denominator, each (n, 12); known where both are."""

    numerator: Floats
    denominator: Floats

    @property
    def known(self) -> Bools:
        return ~(np.isnan(self.numerator) | np.isnan(self.denominator))


INDICATORS = ("kgce_per_m2", "kg_co2_per_m2", "kgce_per_person", "m3_per_person", "kg_co2_per_m2_inventory")


def ratios(months: Months, boundary: Boundary) -> dict[str, Ratio]:
    """Indicator → numerator and denominator.

    单位建筑面积能耗 = (E − vehicle fuel) / 建筑面积; 单位建筑面积碳排放 = C / 建筑面积, vehicle fuel inside by default;
    人均综合能耗 = E / 用能人数; 人均用水量 = 水 / 用能人数. Which convention holds is the rule set's `boundary`.
    """
    energy_out = 0.0 if boundary.has_vehicle_fuel_in_energy_per_m2 else months.kgce_vehicle_fuel
    carbon_out = 0.0 if boundary.has_vehicle_fuel_in_carbon_per_m2 else months.kg_co2_vehicle_fuel
    area = months.floor_area_m2
    return {
        "kgce_per_m2": Ratio(months.kgce - energy_out, area),
        "kg_co2_per_m2": Ratio(np.maximum(months.kg_co2_target - carbon_out, 0.0), area),
        "kgce_per_person": Ratio(months.kgce, months.people),
        "m3_per_person": Ratio(months.water_m3, months.people),
        "kg_co2_per_m2_inventory": Ratio(np.maximum(months.kg_co2_inventory - carbon_out, 0.0), area),
    }


def grouped_intensity(ratio: Ratio, counted: Bools, groups: Floats) -> Floats:
    """Ratio of sums per group: Σ numerator over (Σ denominator / months in the window), shape (groups,).

    counted: (n, 12), the institution-months to take; groups: (groups, n) of 0 and 1. The window of a group is the
    months in which any of its institutions is counted, so that an institution that is missing a month weighs less
    instead of counting as zero. With all twelve months it is the year's sum over the time-weighted mean.
    Nothing counted, or a denominator of 0, gives NaN.
    """
    top = groups @ np.where(counted, ratio.numerator, 0.0)
    bottom = groups @ np.where(counted, ratio.denominator, 0.0)
    window = (groups @ counted.astype(np.float64) > 0).sum(axis=1)
    return _divided(top.sum(axis=1) * window, bottom.sum(axis=1))


def intensity(ratio: Ratio, counted: Bools) -> Floats:
    """The same for each institution by itself, shape (n,)."""
    top = np.where(counted, ratio.numerator, 0.0).sum(axis=1)
    bottom = np.where(counted, ratio.denominator, 0.0).sum(axis=1)
    return _divided(top * counted.sum(axis=1), bottom)


def total(values: Floats) -> Floats:
    """Sum of the known months, shape (n,); NaN where none is known."""
    known = ~np.isnan(values)
    return np.where(known.any(axis=1), np.where(known, values, 0.0).sum(axis=1), np.nan)


def mean(values: Floats) -> Floats:
    """Time-weighted mean over the known months, shape (n,); NaN where none is known."""
    return _divided(np.nan_to_num(total(values)), (~np.isnan(values)).sum(axis=1))


def change(base: Floats, value: Floats) -> Floats:
    """Relative change against the base, −0.05 for five percent less; NaN where the base is 0 or unknown."""
    return _divided(value, base) - 1.0


def _divided(top: Floats, bottom: Floats) -> Floats:
    usable = bottom > 0
    return np.where(usable, top / np.where(usable, bottom, 1.0), np.nan)
