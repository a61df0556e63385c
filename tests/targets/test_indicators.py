"""Intensities: ratio of sums, windows of months, and invariants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from targets import indicators
from targets.indicators import Boundary, Months, Ratio


def months(n=1, **values):
    """Months of n institutions: every quantity 0 unless given as a scalar or an array."""
    arrays_of = {name: np.zeros((n, 12)) for name in indicators.QUANTITIES}
    return Months(
        **arrays_of | {name: np.broadcast_to(value, (n, 12)).astype(float) for name, value in values.items()}
    )


def test_a_year_is_the_sum_of_its_months_over_the_mean_of_its_area():
    area = np.array([100.0] * 6 + [200.0] * 6)
    ratio = indicators.ratios(months(kgce=30.0, floor_area_m2=area), Boundary(False, True))["kgce_per_m2"]
    assert indicators.intensity(ratio, ratio.known) == pytest.approx([12 * 30 / 150])


def test_vehicle_fuel_is_outside_energy_and_inside_carbon_per_area_by_default():
    year = months(
        kgce=10.0, kgce_vehicle_fuel=4.0, kg_co2_target=20.0, kg_co2_vehicle_fuel=8.0, floor_area_m2=12.0
    )
    found = indicators.ratios(year, Boundary(False, True))
    assert indicators.intensity(found["kgce_per_m2"], found["kgce_per_m2"].known) == pytest.approx([6.0])
    assert indicators.intensity(found["kg_co2_per_m2"], found["kg_co2_per_m2"].known) == pytest.approx([20.0])


def test_a_group_is_the_ratio_of_sums_never_the_mean_of_ratios():
    ratio = Ratio(np.array([[120.0] * 12, [10.0] * 12]), np.array([[100.0] * 12, [1.0] * 12]))
    found = indicators.grouped_intensity(ratio, ratio.known, np.ones((1, 2)))
    assert found == pytest.approx([12 * 130 / 101])


def test_an_institution_that_misses_months_weighs_less_and_is_not_taken_for_zero():
    late = np.array([10.0] * 6 + [np.nan] * 6)
    ratio = Ratio(np.stack([np.full(12, 10.0), late]), np.full((2, 12), 5.0))
    found = indicators.grouped_intensity(ratio, ratio.known, np.ones((1, 2)))
    assert found == pytest.approx([24.0])


def test_nothing_counted_or_no_denominator_is_unknown():
    ratio = Ratio(np.full((1, 12), 1.0), np.zeros((1, 12)))
    nothing = np.zeros((1, 12), dtype=bool)
    assert np.isnan(indicators.intensity(ratio, ratio.known)).all()
    assert np.isnan(indicators.grouped_intensity(ratio, nothing, np.ones((1, 1)))).all()


def test_total_and_mean_ignore_unknown_months_and_are_unknown_without_any():
    values = np.array([[2.0, 4.0] + [np.nan] * 10, [np.nan] * 12])
    assert indicators.total(values)[0] == 6.0
    assert indicators.mean(values)[0] == 3.0
    assert np.isnan(indicators.total(values)[1])
    assert np.isnan(indicators.mean(values)[1])


figures = arrays(np.float64, (5, 12), elements=st.floats(0.01, 1e6))


@given(figures, figures, st.permutations(range(5)))
def test_the_order_of_institutions_changes_nothing(numerator, denominator, order):
    ratio, shuffled = Ratio(numerator, denominator), Ratio(numerator[order], denominator[order])
    everyone = np.ones((1, 5))
    assert indicators.grouped_intensity(ratio, ratio.known, everyone) == pytest.approx(
        indicators.grouped_intensity(shuffled, shuffled.known, everyone), rel=1e-9
    )


@given(figures, figures)
def test_a_group_of_one_is_the_institution_itself(numerator, denominator):
    ratio = Ratio(numerator, denominator)
    alone = indicators.grouped_intensity(ratio, ratio.known, np.eye(5))
    assert alone == pytest.approx(indicators.intensity(ratio, ratio.known), rel=1e-9)


def test_packed_months_come_back():
    year = months(2, kgce=3.0, people=np.arange(12.0))
    back = Months.unpacked(year.packed())
    assert np.array_equal(back.people, year.people)
    assert np.array_equal(back.kgce, year.kgce)
