"""The intensities' numerators and denominators, from months of energy, carbon, water, area and people.

Pure: NumPy arrays in, arrays out. NaN is unknown. Sources: docs/accounting.md, domain reference section 3.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MONTHS = 12
# Figures that lie nearer to each other, as a part of the greater one, are the same: what float rounding leaves over.
SAME = 1e-12


@dataclass(frozen=True)
class Months:
    """Months of institutions; every array has shape (..., 12), NaN where unknown.

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
        """The same numbers as one array (..., 8, 12), in the order of the fields."""
        return np.stack([getattr(self, field.name) for field in fields(self)], axis=-2)

    @classmethod
    def unpacked(cls, values: Floats) -> "Months":
        """The inverse of `packed`."""
        return cls(*(values[..., number, :] for number in range(values.shape[-2])))


QUANTITIES = tuple(field.name for field in fields(Months))
FLOWS = QUANTITIES[:6]
STOCKS = QUANTITIES[6:]

INDICATORS = ("kgce_per_m2", "kg_co2_per_m2", "kgce_per_person", "m3_per_person", "kg_co2_per_m2_inv")


@dataclass(frozen=True)
class Boundary:
    """Whether vehicle fuel stays inside the two figures per square metre."""

    has_vehicle_fuel_in_energy_per_m2: bool
    has_vehicle_fuel_in_carbon_per_m2: bool


def numerators(months: Months, boundary: Boundary) -> Floats:
    """What each indicator divides, shape (..., 5, 12) in the order of INDICATORS.

    单位建筑面积能耗 = (E − vehicle fuel) / 建筑面积; 单位建筑面积碳排放 = C / 建筑面积, vehicle fuel inside by default;
    人均综合能耗 = E / 用能人数; 人均用水量 = 水 / 用能人数. Which convention holds is the rule set's `boundary`.
    """
    energy_out = 0.0 if boundary.has_vehicle_fuel_in_energy_per_m2 else months.kgce_vehicle_fuel
    carbon_out = 0.0 if boundary.has_vehicle_fuel_in_carbon_per_m2 else months.kg_co2_vehicle_fuel
    return np.stack(
        [
            months.kgce - energy_out,
            np.maximum(months.kg_co2_target - carbon_out, 0.0),
            months.kgce,
            months.water_m3,
            np.maximum(months.kg_co2_inventory - carbon_out, 0.0),
        ],
        axis=-2,
    )


def denominators(months: Months) -> Floats:
    """What each indicator divides by, shape (..., 5, 12)."""
    area, people = months.floor_area_m2, months.people
    return np.stack([area, area, people, people, area], axis=-2)


def total(values: Floats) -> Floats:
    """Sum of the known months over the last axis; NaN where none is known."""
    known = ~np.isnan(values)
    return np.where(known.any(axis=-1), np.where(known, values, 0.0).sum(axis=-1), np.nan)


def mean(values: Floats) -> Floats:
    """Time-weighted mean of the known months over the last axis; NaN where none is known."""
    return divided(np.nan_to_num(total(values)), (~np.isnan(values)).sum(axis=-1))


def known(number: float) -> float | None:
    """NaN as None, as rows and pages know the unknown."""
    return None if np.isnan(number) else float(number)


def differs(one: Floats, other: Floats) -> Bools:
    """Where two computations of the same figures are not the same; unknown is the same as unknown only."""
    unknown = np.isnan(one) | np.isnan(other)
    far = np.abs(one - other) > SAME * np.maximum(np.abs(one), np.abs(other))
    found: Bools = np.where(unknown, np.isnan(one) != np.isnan(other), far)
    return found


def divided(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, NaN where the denominator is not positive or unknown."""
    usable = bottom > 0
    return np.where(usable, top / np.where(usable, bottom, 1.0), np.nan)
