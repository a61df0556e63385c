"""Year-end projection: worked by hand, hit rates on invented seasons, and what stays unknown."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from targets.projection import allowance, backtest, backtest_each, probability_met, project
from targets.student_t import two_sided_quantile

NAN = np.nan
COOLING = np.array([1.05, 0.92, 0.82, 0.78, 0.88, 1.08, 1.36, 1.40, 1.12, 0.82, 0.82, 0.95])
SCHOOL_YEAR = np.array([0.75, 0.55, 1.10, 1.10, 1.15, 1.20, 0.65, 0.45, 1.25, 1.15, 1.15, 1.15])


def years_of(*levels, known=12):
    """One owner, (1, years, 12), the same figure in each month of a year; the last year known up to a month."""
    months = np.repeat(np.array(levels, dtype=float)[np.newaxis, :, np.newaxis], 12, axis=2)
    months[:, -1, known:] = NAN
    return months


def seasons(owners, years, *, noise, wander=0.0, seed=17):
    """Months of offices and schools, (owners, years, 12): a trend, noise of each month, a level that wanders."""
    random = np.random.default_rng(seed)
    season = np.where(random.random((owners, 1)) < 0.5, COOLING, SCHOOL_YEAR)
    level = random.normal(-0.01, 0.01, (owners, 1)) * np.arange(years)
    drift = np.cumsum(random.normal(0, wander, (owners, years * 12)), axis=1).reshape(owners, years, 12)
    months = drift + random.normal(0, noise, (owners, years, 12))
    return 1000 * season[:, np.newaxis] * np.exp(level[..., np.newaxis] + months)


def test_the_months_to_come_are_last_years_times_the_damped_ratio():
    """Six months a fifth lower, so half of that on the log scale for the other six."""
    outlook = project(years_of(10, 10, 8, known=6), years_of(4, 4, 4, known=6))
    to_come = 10 * math.sqrt(0.8)
    assert outlook.value == pytest.approx([(6 * 8 + 6 * to_come) / 4])
    assert outlook.numerator[0] == pytest.approx([8] * 6 + [to_come] * 6)
    assert (outlook.known_months, outlook.remaining_months) == (6, 6)


def test_the_denominator_stays_what_it_has_become():
    outlook = project(years_of(10, 10, 10, known=6), years_of(4, 4, 5, known=6))
    assert outlook.value == pytest.approx([120 / 5])


def test_the_interval_is_what_the_method_missed_by_in_earlier_years():
    """From 10 to 12 after a year of 10: six known months leave the rest at 10·√1.2."""
    outlook = project(years_of(10, 12, 12, known=6), years_of(1, 1, 1, known=6), level=0.8)
    missed = math.log(144 / (72 + 60 * math.sqrt(1.2)))
    assert outlook.backtests == [1]
    assert outlook.typical_error == pytest.approx([missed])
    assert outlook.value == pytest.approx([144.0])
    assert outlook.high == pytest.approx([144 * math.exp(two_sided_quantile(0.8, 1) * missed)])
    assert outlook.low * outlook.high == pytest.approx([144.0**2])


def test_years_that_fitted_perfectly_do_not_make_the_next_one_certain():
    outlook = project(years_of(10, 10, 10, 10, known=9), years_of(1, 1, 1, 1, known=9))
    assert outlook.typical_error == [0.0]
    assert outlook.spread == pytest.approx([0.005 * math.sqrt(3 / 12)])


def test_a_whole_year_is_certain():
    outlook = project(years_of(10, 11, 12), years_of(1, 1, 1))
    assert (outlook.low, outlook.value, outlook.high) == (144, 144, 144)
    assert probability_met(outlook, np.array([144.0])) == [1.0]
    assert probability_met(outlook, np.array([143.9])) == [0.0]
    assert np.isnan(allowance(outlook, np.array([144.0])).allowed_per_month).all()


def test_a_target_at_the_projection_is_met_as_likely_as_not():
    outlook = project(years_of(10, 12, 12, known=6), years_of(1, 1, 1, known=6))
    assert probability_met(outlook, outlook.value) == pytest.approx([0.5])
    assert probability_met(outlook, outlook.high) == pytest.approx([0.9])
    assert probability_met(outlook, np.array([NAN])) == pytest.approx([NAN], nan_ok=True)
    assert probability_met(outlook, np.array([0.0])) == [0.0]


def test_what_is_left_is_shared_by_the_months_to_come():
    """200 m² at 0.6 allow 120; 8 · 9 = 72 are used, so 48 are left for three months, and 24 are expected."""
    outlook = project(years_of(8, 8, 8, known=9), years_of(200, 200, 200, known=9))
    left = allowance(outlook, np.array([0.6]))
    assert left.allowed_per_month == pytest.approx([16.0])
    assert left.projected_per_month == pytest.approx([8.0])


def test_a_target_that_no_thrift_can_meet_leaves_less_than_nothing():
    outlook = project(years_of(8, 8, 8, known=9), years_of(1, 1, 1, known=9))
    assert (allowance(outlook, np.array([60.0])).allowed_per_month < 0).all()


def test_a_gap_is_filled_and_counts_as_used():
    numerator = years_of(8, 8, 8, known=9)
    numerator[0, -1, 3] = NAN
    outlook = project(numerator, years_of(1, 1, 1))
    assert (outlook.known_months, outlook.remaining_months) == (8, 3)
    assert outlook.value == pytest.approx([96.0])
    assert allowance(outlook, np.array([96.0])).allowed_per_month == pytest.approx([8.0])


def test_without_a_known_month_the_year_is_taken_as_the_last():
    outlook = project(years_of(9, 10, 7, known=0), years_of(1, 1, 1, known=0))
    assert outlook.value == pytest.approx([120.0])
    assert outlook.remaining_months == [12]


@pytest.mark.parametrize(
    "numerator", [years_of(10, 10, known=11), years_of(10), years_of(NAN, 10, 10, known=11)]
)
def test_below_24_known_months_nothing_is_said(numerator):
    outlook = project(numerator, np.ones_like(numerator))
    assert not outlook.is_history_enough.any()
    assert np.isnan([outlook.value, outlook.low, outlook.high]).all()
    assert np.isnan(probability_met(outlook, np.array([100.0]))).all()
    assert np.isnan(allowance(outlook, np.array([100.0])).projected_per_month).all()


def test_a_gap_in_last_year_leaves_nothing_to_go_by():
    numerator = years_of(10, 10, 10, 10, known=6)
    numerator[0, 2, 8] = NAN
    assert not project(numerator, np.ones_like(numerator)).is_history_enough.any()


def test_without_an_earlier_year_to_test_on_there_is_a_value_and_no_interval():
    numerator = years_of(10, 10, 10, known=6)
    numerator[0, 0, :4] = NAN
    outlook = project(numerator, np.ones_like(numerator))
    assert outlook.value == pytest.approx([120.0])
    assert outlook.backtests == [0]
    assert np.isnan([outlook.low, outlook.high, probability_met(outlook, np.array([120.0]))]).all()


def test_zeros_are_measured():
    """Nothing used at all; used again after a year of nothing; nobody there."""
    numerator = np.concatenate([years_of(0, 0, 0, known=6), years_of(5, 0, 5, known=6), years_of(5, 5, 5)])
    denominator = np.concatenate([years_of(1, 1, 1), years_of(1, 1, 1), years_of(0, 0, 0)])
    outlook = project(numerator, denominator)
    assert np.array_equal(outlook.value, [0.0, 30.0, NAN], equal_nan=True)


@pytest.mark.parametrize("known_months", [1, 6, 9, 11])
@pytest.mark.parametrize(("noise", "wander"), [(0.015, 0.0), (0.08, 0.0), (0.05, 0.02)])
def test_four_intervals_of_five_hold_the_year(noise, wander, known_months):
    numerator = seasons(300, 7, noise=noise, wander=wander)
    tested = backtest(numerator, np.full_like(numerator, 50.0), known_months, level=0.8)
    assert tested.tested == tested.tested_intervals == 300 * 5
    assert 0.75 < tested.hit_rate < 0.90


@pytest.mark.parametrize("known_months", [1, 6, 9, 11])
def test_the_method_is_better_than_last_year_as_it_was(known_months):
    numerator = seasons(300, 7, noise=0.05, wander=0.02)
    tested = backtest(numerator, np.full_like(numerator, 50.0), known_months)
    assert tested.is_better_than_last_year
    assert tested.mape < tested.mape_last_months < tested.mape_last_year


def test_a_backtest_by_hand():
    """10, 10, 12: six months known, the rest taken as 10·√1.2; last year would be 120 and last months 132."""
    tested = backtest(years_of(10, 10, 12), years_of(1, 1, 1), 6)
    assert tested.mape == pytest.approx(1 - (72 + 60 * math.sqrt(1.2)) / 144)
    assert tested.mape_last_year == pytest.approx(24 / 144)
    assert tested.mape_last_months == pytest.approx(12 / 144)
    assert (tested.hit_rate, tested.tested, tested.tested_intervals) == (0.0, 1, 1)


def test_without_a_third_year_nothing_is_tested():
    tested = backtest(years_of(10, 10), years_of(1, 1), 6)
    assert (tested.tested, tested.tested_intervals) == (0, 0)
    assert math.isnan(tested.mape)
    assert not tested.is_better_than_last_year


def test_nonsense_is_refused():
    good = years_of(10, 10, 10)
    with pytest.raises(ValueError, match="is not"):
        project(good[:, :, :6], good[:, :, :6])
    with pytest.raises(ValueError, match="does not fit"):
        project(good, good[:, :2])
    with pytest.raises(ValueError, match="negative or infinite"):
        project(-good, good)
    with pytest.raises(ValueError, match="between 0 and 1"):
        project(good, good, level=1.5)
    with pytest.raises(ValueError, match="1 to 11"):
        backtest(good, good, 12)


def test_nothing_stays_nothing_however_far_its_errors_reach():
    """Years of 1e-160, 1, 0 and an unknown one: errors of hundreds on the log scale, around a projected 0."""
    outlook = project(years_of(1e-160, 1, 0, 0, known=0), years_of(5, 5, 5, 5))
    assert (outlook.low, outlook.value, outlook.high) == ([0.0], [0.0], [0.0])


panels = arrays(np.float64, (2, 4, 12), elements=st.floats(0.0, 1e6), fill=st.sampled_from([0.0, 5.0, NAN]))


@given(panels, panels, st.integers(0, 12))
def test_whatever_is_known_the_interval_holds_the_value_and_nothing_is_infinite(top, bottom, known):
    top[:, -1, known:] = NAN
    outlook = project(top, bottom)
    has_interval = ~np.isnan(outlook.low)
    assert (outlook.low <= outlook.value)[has_interval].all()
    assert (outlook.value <= outlook.high)[has_interval].all()
    assert np.isnan(outlook.value[~outlook.is_history_enough]).all()
    chance = probability_met(outlook, np.full(2, 100.0))
    assert (((chance >= 0) & (chance <= 1)) | np.isnan(chance)).all()


@given(arrays(np.float64, (2, 4, 12), elements=st.floats(1.0, 1e4)), st.floats(0.01, 100), st.integers(1, 11))
def test_the_unit_of_the_numerator_changes_only_the_unit_of_the_outlook(numerator, factor, known):
    numerator[:, -1, known:] = NAN
    denominator = np.full_like(numerator, 7.0)
    once, scaled = project(numerator, denominator), project(numerator * factor, denominator)
    assert scaled.value == pytest.approx(once.value * factor)
    assert scaled.spread == pytest.approx(once.spread, abs=1e-9)


def test_an_owner_is_projected_by_itself():
    numerator = seasons(5, 4, noise=0.05)
    numerator[:, -1, 7:] = NAN
    numerator[3, 1] = NAN
    denominator = np.full_like(numerator, 50.0)
    whole, alone = project(numerator, denominator), project(numerator[2:3], denominator[2:3])
    assert (whole.value[2], whole.low[2]) == (alone.value[0], alone.low[0])


def test_each_owners_own_backtest_is_the_backtest_of_it_alone():
    numerator = seasons(3, 6, noise=0.05)
    area = np.full_like(numerator, 50.0)
    each = backtest_each(numerator, area, np.array([3, 9, 12]))
    for owner, known_months in ((0, 3), (1, 9)):
        alone = backtest(numerator[[owner]], area[[owner]], known_months)
        assert each.mape[owner] == pytest.approx(alone.mape)
        assert each.mape_last_year[owner] == pytest.approx(alone.mape_last_year)
        assert each.hit_rate[owner] == pytest.approx(alone.hit_rate)
        assert each.tested[owner] == alone.tested == 4
    assert (np.isnan(each.mape[2]), each.tested[2]) == (True, 0)
