"""The carbon peak: statuses by hand, and Mann-Kendall and Sen against pymannkendall."""

import numpy as np
import pymannkendall
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from targets.peak import Peak, mann_kendall, peak_test, sen_slope

NAN = np.nan
DEADLINE = 2025


def outcome_of(*totals, first=2019, deadline=DEADLINE):
    """The test of one series of totals from the year `first` on."""
    return peak_test(first + np.arange(len(totals)), np.array(totals, dtype=float), deadline)


@pytest.mark.parametrize(
    ("totals", "status"),
    [
        ((90, 95, 100, 98, 96, 93, 90), Peak.PEAKED),
        ((100, 98, 96), Peak.PEAKED),
        ((90, 100, 100, 99, 98), Peak.PEAKED),
        ((90, 95, 100, 98, 99, 93, 90), Peak.PLATEAU),
        ((90, 95, 100, 98, 98, 93, 90), Peak.PLATEAU),
        ((95, 98, 100, 99), Peak.PLATEAU),
        ((99.0, 99.5, 100.0), Peak.PLATEAU),
        ((90, 95, 100), Peak.RISING),
        ((100, 80, 85, 90), Peak.RISING),
        ((100, 98), Peak.TOO_SHORT),
        ((0, 0, 0), Peak.PLATEAU),
    ],
)
def test_status_of_a_series(totals, status):
    assert list(outcome_of(*totals).status) == [status]


def test_a_peak_after_the_deadline_is_late():
    assert list(outcome_of(100, 101, 105, 103, 100, first=2025, deadline=2025).status) == [Peak.PEAKED_LATE]
    assert list(outcome_of(100, 101, 105, 103, 100, first=2025, deadline=2029).status) == [Peak.PEAKED]


def test_a_part_of_a_year_is_no_year():
    """The running year is NaN: two whole years of decline, judged as if it were not there."""
    outcome = outcome_of(90, 100, 97, 95, NAN)
    assert list(outcome.status) == [Peak.PEAKED]
    assert list(outcome.peak_year) == [2020.0]
    assert list(outcome.years_after_peak) == [2]


def test_a_gap_may_hide_a_higher_year():
    assert list(outcome_of(100, 98, NAN, 96, 94, 92).status) == [Peak.PLATEAU]
    assert not outcome_of(100, 98, NAN, 96, 94, 92).declines_since_peak.any()
    assert list(outcome_of(100, 98, 97, NAN, 94, 92).status) == [Peak.TOO_SHORT]


def test_peak_and_trend_by_hand():
    outcome = outcome_of(90, 100, 96, 88)
    assert list(outcome.peak_year) == [2020.0]
    assert list(outcome.declines_since_peak) == [True]
    assert outcome.recent_yearly_trend == pytest.approx([-6 / (284 / 3)])


def test_many_series_at_once_are_each_its_own():
    totals = np.array([[90, 100, 98, 96], [90, 95, 97, 100], [NAN, NAN, 5, 6], [NAN] * 4])
    outcome = peak_test(np.arange(2020, 2024), totals, DEADLINE)
    assert list(outcome.status) == [Peak.PEAKED, Peak.RISING, Peak.TOO_SHORT, Peak.TOO_SHORT]
    assert np.array_equal(outcome.peak_year, [2021, 2023, 2023, NAN], equal_nan=True)
    assert np.isnan(outcome.sen_slope[3])
    assert np.isnan(outcome.kendall_p[3])


@pytest.mark.parametrize("years", [[2020, 2022, 2023], [2020, 2021], []])
def test_years_that_do_not_fit_are_refused(years):
    with pytest.raises(ValueError, match="one after the other"):
        peak_test(np.array(years), np.array([1.0, 2.0, 3.0]), DEADLINE)


def test_a_negative_total_is_refused():
    with pytest.raises(ValueError, match="negative"):
        outcome_of(1, -2, 3)


def test_a_single_year_has_no_trend():
    assert np.isnan(sen_slope(np.array([2020]), np.array([[5.0]]))).all()
    assert np.isnan(mann_kendall(np.array([[5.0]]))).all()
    assert list(outcome_of(5.0).status) == [Peak.TOO_SHORT]


# Whole numbers, so that ties occur.
series = arrays(np.float64, st.integers(3, 12), elements=st.integers(0, 12).map(float))


@given(series)
def test_mann_kendall_and_sen_agree_with_pymannkendall(totals):
    theirs = pymannkendall.original_test(totals)
    s, p = mann_kendall(totals[np.newaxis])
    assert s == [theirs.s]
    assert p == pytest.approx([theirs.p], abs=1e-12)
    assert sen_slope(np.arange(len(totals)), totals[np.newaxis]) == pytest.approx([theirs.slope])


@given(arrays(np.float64, 8, elements=st.integers(0, 12).map(float) | st.just(NAN)))
def test_unknown_years_are_left_out_as_pymannkendall_does(totals):
    if (~np.isnan(totals)).sum() < 2:
        return
    s, p = mann_kendall(totals[np.newaxis])
    theirs = pymannkendall.original_test(totals)
    assert (s[0], p[0]) == (theirs.s, pytest.approx(theirs.p, abs=1e-12))
    assert sen_slope(np.arange(8), totals[np.newaxis]) == pytest.approx([theirs.slope])


@given(series, st.floats(0.5, 1000))
def test_the_unit_of_the_totals_changes_no_status(totals, factor):
    years = np.arange(2015, 2015 + len(totals))
    once, scaled = (peak_test(years, values, DEADLINE) for values in (totals * 7, totals * 7 * factor))
    assert once.peak_year == scaled.peak_year
    assert once.recent_yearly_trend == pytest.approx(scaled.recent_yearly_trend)


@given(series)
def test_who_has_peaked_is_lower_now_than_then(totals):
    outcome = peak_test(np.arange(2015, 2015 + len(totals)), totals, DEADLINE)
    if outcome.status[0] in (Peak.PEAKED, Peak.PEAKED_LATE):
        assert totals[-1] < totals.max()
        assert outcome.years_after_peak[0] >= 2
