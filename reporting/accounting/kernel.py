"""The accounting kernel: panels of many institutions at once, in NumPy float64.

Pure: arrays in, arrays out. NaN is unknown and stays unknown; 0 is a measured zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """What one unit of each item counts; every array has shape (items,), in the order of the panel's items.

    kgce_per_unit: kgce per unit; kg_co2_per_unit: kgCO₂ per unit, 0 for grid electricity;
    is_vehicle_fuel, is_grid_electricity: booleans.
    """

    kgce_per_unit: Floats
    kg_co2_per_unit: Floats
    is_vehicle_fuel: NDArray[np.bool_]
    is_grid_electricity: NDArray[np.bool_]


@dataclass(frozen=True)
class Account:
    """Month by month; every array has the shape of the quantities without their last axis.

    kgce: 综合能耗; kgce_vehicle_fuel, kg_co2_vehicle_fuel: the vehicle fuel inside it;
    kg_co2_fuel: carbon of everything but grid electricity; grid_kwh: electricity bought.
    """

    kgce: Floats
    kgce_vehicle_fuel: Floats
    kg_co2_fuel: Floats
    kg_co2_vehicle_fuel: Floats
    grid_kwh: Floats

    def kg_co2(self, grid_kg_co2_per_kwh: Floats | float) -> Floats:
        """C = fuel + electricity × grid factor, floored at 0; the factor broadcasts against the months."""
        return np.maximum(self.kg_co2_fuel + self.grid_kwh * grid_kg_co2_per_kwh, 0.0)


def account(quantities: Floats, weights: Weights) -> Account:
    """E = Σ quantity × coal coefficient and its parts, for an array (..., items) of quantities.

    An item that counts nothing under the rule set does not make a sum unknown; any other NaN does.
    Raises ValueError where the items do not fit the weights or a quantity is negative.
    Source: 重庆2015口径 and JS/T 303-2026, see docs/accounting.md; oracle: reporting.accounting.exact.
    """
    if quantities.shape[-1] != weights.kgce_per_unit.shape[0]:
        raise ValueError(f"{quantities.shape[-1]} items do not fit {weights.kgce_per_unit.shape[0]} weights.")
    if np.any(quantities < 0):
        raise ValueError("A quantity is negative.")
    vehicle = weights.is_vehicle_fuel
    return Account(
        kgce=_weighted_sum(quantities, weights.kgce_per_unit),
        kgce_vehicle_fuel=_weighted_sum(quantities, weights.kgce_per_unit * vehicle),
        kg_co2_fuel=_weighted_sum(quantities, weights.kg_co2_per_unit),
        kg_co2_vehicle_fuel=_weighted_sum(quantities, weights.kg_co2_per_unit * vehicle),
        grid_kwh=_weighted_sum(quantities, weights.is_grid_electricity.astype(np.float64)),
    )


def _weighted_sum(quantities: Floats, weight: Floats) -> Floats:
    counted = np.flatnonzero(weight)
    total: Floats = quantities[..., counted] @ weight[counted]
    return total
