"""Numerators, denominators, totals and means."""

import numpy as np

from targets import indicators
from targets.indicators import Boundary, Months


def months(n=1, **values):
    """Months of n institutions: every quantity 0 unless given as a scalar or an array."""
    arrays_of = {name: np.zeros((n, 12)) for name in indicators.QUANTITIES}
    return Months(
        **arrays_of | {name: np.broadcast_to(value, (n, 12)).astype(float) for name, value in values.items()}
    )


def test_vehicle_fuel_is_outside_energy_and_inside_carbon_per_area_by_default():
    year = months(kgce=10.0, kgce_vehicle_fuel=4.0, kg_co2_target=20.0, kg_co2_vehicle_fuel=8.0)
    found = indicators.numerators(year, Boundary(False, True))
    assert found[0, :, 0].tolist() == [6.0, 20.0, 10.0, 0.0, 0.0]


def test_the_boundary_may_be_drawn_the_other_way():
    year = months(
        kgce=10.0, kgce_vehicle_fuel=4.0, kg_co2_target=20.0, kg_co2_inventory=25.0, kg_co2_vehicle_fuel=8.0
    )
    found = indicators.numerators(year, Boundary(True, False))
    assert found[0, :, 0].tolist() == [10.0, 12.0, 10.0, 0.0, 17.0]


def test_energy_and_carbon_are_divided_by_area_or_people_and_water_by_people():
    assert indicators.denominators(months(floor_area_m2=7.0, people=3.0))[0, :, 0].tolist() == [7, 7, 3, 3, 7]


def test_total_and_mean_ignore_unknown_months_and_are_unknown_without_any():
    values = np.array([[2.0, 4.0] + [np.nan] * 10, [np.nan] * 12])
    assert indicators.total(values)[0] == 6.0
    assert indicators.mean(values)[0] == 3.0
    assert np.isnan(indicators.total(values)[1])
    assert np.isnan(indicators.mean(values)[1])


def test_packed_months_come_back():
    year = months(2, kgce=3.0, people=np.arange(12.0))
    back = Months.unpacked(year.packed())
    assert np.array_equal(back.people, year.people)
    assert np.array_equal(back.kgce, year.kgce)
