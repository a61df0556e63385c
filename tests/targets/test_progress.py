"""Required path and status, with the published change rates of the nation."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from targets.progress import Path, Standing, reduction, required_reduction, standing
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
