"""Required path and status, with the published change rates of the nation."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.progress import (
    Path,
    Standing,
    YearVerdict,
    bounded_standing,
    reduction,
    required_reduction,
    standing,
    year_verdict,
    yearly_requirement,
)
from tests.cases import NATION, NATION_REDUCTIONS


@pytest.mark.parametrize("year", [2018, 2020])
def test_the_published_national_change_rates_reproduce_at_two_decimals(year):
    achieved = [reduction(base, value) for base, value in zip(NATION[2015], NATION[year], strict=True)]
    shown = tuple(str(Decimal(str(part * 100)).quantize(Decimal("0.01"), ROUND_HALF_UP)) for part in achieved)
    assert shown == NATION_REDUCTIONS[year]


def test_the_linear_path_rises_by_a_fifth_each_year():
    path = [required_reduction(0.06, 2020, 2025, year) for year in range(2020, 2027)]
    assert path == pytest.approx([0, 0.012, 0.024, 0.036, 0.048, 0.06, 0.06])


def test_the_compound_path_reproduces_the_published_table():
    path = [required_reduction(0.05, 2020, 2025, year, Path.COMPOUND) * 100 for year in range(2021, 2026)]
    assert [round(part, 3) for part in path] == [1.021, 2.031, 3.031, 4.020, 5.0]


@pytest.mark.parametrize(
    ("base_year", "end_year", "year"), [(2025, 2020, 2022), (2020, 2025, 2019), (2020, 2020, 2020)]
)
def test_a_year_off_the_path_is_refused(base_year, end_year, year):
    with pytest.raises(ValueError, match="does not lie on a path"):
        required_reduction(0.05, base_year, end_year, year)


@pytest.mark.parametrize(
    ("achieved", "year", "expected"),
    [
        (0.05, 2025, Standing.MET),
        (0.04995, 2025, Standing.MISSED),
        ((100 - 95) / 100, 2025, Standing.MET),
        (0.03, 2023, Standing.ON_PATH),
        (0.0299, 2023, Standing.BEHIND),
        (None, 2025, Standing.UNKNOWN),
        (0.0, 2020, Standing.BASE),
    ],
)
def test_in_the_last_year_the_target_decides_and_before_it_the_path(achieved, year, expected):
    assert standing(achieved, 0.05, 2020, 2025, year) == expected


def test_without_a_target_nothing_is_met_or_missed():
    assert standing(0.5, None, 2025, 2030, 2027) == Standing.NO_TARGET


def test_nothing_follows_from_an_unknown_or_zero_base():
    assert (reduction(None, 1.0), reduction(0.0, 1.0), reduction(1.0, None)) == (None, None, None)


def test_the_linear_path_asks_the_same_points_of_every_year_and_none_after_the_end():
    asked = [yearly_requirement(0.05, 2020, 2025, year) for year in range(2021, 2027)]
    assert asked == pytest.approx([0.01] * 5 + [0.0])


@pytest.mark.parametrize(("target", "percent"), [(0.05, "1.021"), (0.06, "1.230"), (0.04, "0.813")])
def test_the_compound_path_asks_the_published_yearly_rate(target, percent):
    assert f"{yearly_requirement(target, 2020, 2025, 2023, Path.COMPOUND) * 100:.3f}" == percent


@pytest.mark.parametrize(("base_year", "end_year", "year"), [(2020, 2025, 2020), (2025, 2020, 2026)])
def test_a_year_that_follows_no_base_asks_nothing(base_year, end_year, year):
    with pytest.raises(ValueError, match="is no year after"):
        yearly_requirement(0.05, base_year, end_year, year)


@pytest.mark.parametrize(
    ("yearly", "cumulative", "year", "expected"),
    [
        (0.010, 0.030, 2023, YearVerdict.MET),
        (0.009, 0.030, 2023, YearVerdict.YEAR_MISSED),
        (0.010, 0.029, 2023, YearVerdict.PATH_MISSED),
        (0.009, 0.029, 2023, YearVerdict.MISSED),
        (-0.02, 0.050, 2025, YearVerdict.MET),
        (0.030, 0.04995, 2025, YearVerdict.MISSED),
        (None, 0.05, 2025, YearVerdict.MET),
        (None, 0.05, 2023, YearVerdict.UNKNOWN),
        (0.01, None, 2023, YearVerdict.UNKNOWN),
        (0.01, None, 2025, YearVerdict.UNKNOWN),
        (None, None, 2020, YearVerdict.BASE),
    ],
)
def test_the_verdict_judges_the_year_and_the_path_and_at_the_end_the_target(
    yearly, cumulative, year, expected
):
    assert year_verdict(yearly, cumulative, 0.05, 2020, 2025, year) == expected


def test_a_year_without_a_target_has_no_verdict():
    assert year_verdict(0.5, 0.5, None, 2025, 2030, 2027) == YearVerdict.NO_TARGET


@given(st.floats(0, 0.99), st.integers(1, 15), st.sampled_from(Path))
def test_who_follows_the_path_meets_every_year(target, years, path):
    left = [1 - required_reduction(target, 0, years, year, path) for year in range(years + 1)]
    verdicts = [
        year_verdict(reduction(left[t - 1], left[t]), reduction(1.0, left[t]), target, 0, years, t, path)
        for t in range(1, years + 1)
    ]
    assert set(verdicts) == {YearVerdict.MET}


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (-0.08, -0.05, Standing.MET),
        (-0.08, -0.0499, Standing.UNDECIDED),
        (-0.05, 0.02, Standing.UNDECIDED),
        (-0.0499, 0.02, Standing.MISSED),
        (None, -0.06, Standing.UNDECIDED),
        (-0.01, None, Standing.UNDECIDED),
        (float("nan"), -0.06, Standing.UNDECIDED),
    ],
)
def test_a_verdict_stands_only_where_no_missing_month_can_turn_it(lowest, highest, expected):
    assert bounded_standing(lowest, highest, 0.05) == expected


def test_unknown_bounds_with_nothing_missing_are_unknown_and_not_undecided():
    assert bounded_standing(None, None, 0.05, is_complete=True) == Standing.UNKNOWN


def test_bounds_need_a_target_and_their_order():
    assert bounded_standing(-0.1, 0.1, None) == Standing.NO_TARGET
    with pytest.raises(ValueError, match="lies above the highest"):
        bounded_standing(0.1, -0.1, 0.05)


@given(st.floats(-1, 2), st.floats(0, 0.5), st.floats(0, 0.5))
def test_without_doubt_the_bounded_verdict_is_the_plain_one(change, required, doubt):
    plain = standing(-change, required, 2020, 2025, 2025)
    assert bounded_standing(change, change, required) == plain
    assert bounded_standing(change - doubt, change + doubt, required) in (plain, Standing.UNDECIDED)
