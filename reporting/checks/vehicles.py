"""Vehicles and their fuel."""

from collections.abc import Iterator
from decimal import Decimal

from .intensity import VEHICLE_FUEL
from .month import Month
from .rule import LimitOf, Said
from .words import text

VEHICLES, ELECTRIC = "104", "1043"


def fuel_without_vehicle(month: Month, _limit: LimitOf) -> Iterator[Said]:
    fuel = month.sum(VEHICLE_FUEL)
    if month.quantity(VEHICLES) == 0 and fuel:
        words = f"车辆总量为 0，却有车辆用油 {text(fuel)} L。"
        yield Said(VEHICLES, words, "车辆总量大于 0，或车辆用油为 0")


def vehicle_without_fuel(month: Month, _limit: LimitOf) -> Iterator[Said]:
    """Cars that burn fuel and none burnt; fuel that was not metered is unknown, not nothing."""
    cars = (month.quantity(VEHICLES) or 0) - (month.quantity(ELECTRIC) or 0)
    if cars > 0 and month.full_sum(VEHICLE_FUEL) == 0:
        words = f"有燃油车 {text(Decimal(cars))} 辆，却没有车辆用油。请核对车辆数，或填写用油量。"
        yield Said(VEHICLES, words, "车辆用油大于 0，或车辆均为新能源车")
