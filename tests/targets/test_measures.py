"""Value, comparison, rolling year and bounds of a year, worked by hand, and what must hold of any sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from targets import measures, sums
from targets.indicators import INDICATORS, QUANTITIES, Boundary
from targets.sums import Block

BOUNDARY = Boundary(False, True)
ENERGY = INDICATORS.index("kgce_per_m2")


def block(kgce, area, expected=None):
    """Institutions × years × 12 of energy and area, everything else 0; NaN is not filed."""
    kgce, area = np.asarray(kgce, dtype=float), np.asarray(area, dtype=float)
    months = np.zeros((*kgce.shape[:2], len(QUANTITIES), 12))
    months[:, :, QUANTITIES.index("kgce")] = kgce
    months[:, :, QUANTITIES.index("floor_area_m2")] = area
    known = (~np.isnan(kgce)).astype(float)
    expected = known if expected is None else np.asarray(expected, dtype=float)
    return Block(2020, months, expected, known, np.zeros_like(known))


def figures_of(of, year, base_years=None, restated=None, made=sums.all_figures, groups=None):
    (_, parts), *_ = sums.parts_by_year(of, base_years or {year: 2020}, restated or {}, BOUNDARY, [year])
    if groups is not None:
        parts = sums.unpacked(sums.summed(parts, groups))
    return {name: values.tolist() for name, values in made(parts).items() if name.startswith("kgce_per_m2")}


def flat(*values):
    return [[[value] * 12 for value in values]]


def test_a_year_is_the_sum_of_its_months_over_the_mean_of_its_area():
    found = figures_of(block([[[30.0] * 12]], [[[100.0] * 6 + [200.0] * 6]]), 2020)
    assert found["kgce_per_m2"] == pytest.approx([12 * 30 / 150])


def test_the_year_is_compared_with_the_base_year_and_with_the_year_before():
    found = figures_of(block(flat(100, 90, 81), flat(10, 10, 10)), 2022)
    assert found["kgce_per_m2_base"] == pytest.approx([120])
    assert found["kgce_per_m2_change"] == pytest.approx([-0.19])
    assert found["kgce_per_m2_yoy"] == pytest.approx([-0.1])


def test_the_part_of_the_denominator_and_that_of_the_numerator_add_up_to_the_change():
    """Energy −5 %, area +10 %: −13.64 %, of which the area makes −L·ln 1.1 with L = −0.1364 / ln 0.8636."""
    found = figures_of(block(flat(100, 95), flat(10, 11)), 2021)
    change = 0.95 / 1.1 - 1
    log_mean = change / np.log(0.95 / 1.1)
    assert found["kgce_per_m2_change"] == pytest.approx([change])
    assert found["kgce_per_m2_denominator"] == pytest.approx([-log_mean * np.log(1.1)])
    assert change - found["kgce_per_m2_denominator"][0] == pytest.approx(log_mean * np.log(0.95))


@pytest.mark.parametrize(("energy", "area", "part"), [(90, 10, 0.0), (0, 20, 0.0), (100, 10, 0.0)])
def test_an_unchanged_denominator_has_no_part_and_a_numerator_gone_to_zero_has_all(energy, area, part):
    found = figures_of(block(flat(100, energy), flat(10, area)), 2021)
    assert found["kgce_per_m2_denominator"] == pytest.approx([part])


def test_the_rolling_year_takes_the_last_twelve_months_against_the_whole_base_year():
    now = [90.0] * 10 + [np.nan] * 2
    found = figures_of(block([[[100.0] * 12, [80.0] * 12, now]], flat(10, 10, 10)), 2022)
    assert found["kgce_per_m2_rolling"] == pytest.approx([(10 * 90 + 2 * 80) / 10])
    assert found["kgce_per_m2_roll_change"] == pytest.approx([(10 * 90 + 2 * 80) / 1200 - 1])


def test_a_rolling_year_with_a_gap_is_unknown():
    last = [80.0] * 11 + [np.nan]
    found = figures_of(block([[[100.0] * 12, last, [90.0] * 10 + [np.nan] * 2]], flat(10, 10, 10)), 2022)
    assert np.isnan(found["kgce_per_m2_rolling"]).all()


def test_a_missing_month_is_bounded_by_the_same_month_of_the_year_before():
    now = [90.0] * 11 + [np.nan]
    found = figures_of(
        block([[[100.0] * 12, now]], flat(10, 10), expected=[[[1] * 12, [1] * 12]]), 2021, {2021: 2020}
    )
    assert found["kgce_per_m2_change"] == pytest.approx([-0.1])
    assert found["kgce_per_m2_low"] == pytest.approx([(11 * 90 + 70) / 1200 - 1])
    assert found["kgce_per_m2_high"] == pytest.approx([(11 * 90 + 130) / 1200 - 1])


def test_a_missing_month_without_a_year_beside_it_bounds_nothing():
    newcomer = [[[np.nan] * 12, [90.0] * 11 + [np.nan]]]
    of = block(
        np.concatenate([flat(100, 90), newcomer]), np.concatenate([flat(10, 10), flat(10, 10)]),
        expected=[[[1] * 12, [1] * 12], [[0] * 12, [1] * 12]],
    )  # fmt: skip
    found = figures_of(of, 2021, groups=np.ones((1, 2)))
    assert np.isnan(found["kgce_per_m2_low"]).all()


def test_with_nothing_missing_the_bounds_are_the_change():
    found = figures_of(block(flat(100, 95), flat(10, 11)), 2021)
    assert found["kgce_per_m2_low"] == found["kgce_per_m2_high"] == pytest.approx(found["kgce_per_m2_change"])


def test_a_restated_base_counts_and_the_filed_one_stands_beside_it():
    of = block(flat(100, 90), flat(10, 9))
    restated = of.months[:, 0].copy()
    restated[:, QUANTITIES.index("floor_area_m2")] = 9
    found = figures_of(of, 2021, restated={2021: sums.Restated(restated, of.expected[:, 0])})
    assert found["kgce_per_m2_change"] == pytest.approx([-0.1])
    assert found["kgce_per_m2_change_filed"] == pytest.approx([0.0])
    assert (found["kgce_per_m2_base"], found["kgce_per_m2_base_filed"]) == (
        pytest.approx([1200 / 9]),
        pytest.approx([120]),
    )


def test_a_group_is_the_ratio_of_sums_never_the_mean_of_ratios():
    of = block(np.concatenate([flat(120), flat(10)]), np.concatenate([flat(100), flat(1)]))
    assert figures_of(of, 2020, groups=np.ones((1, 2)))["kgce_per_m2"] == pytest.approx([12 * 130 / 101])


def test_an_institution_that_misses_months_weighs_less_and_is_not_taken_for_zero():
    late = [[[10.0] * 6 + [np.nan] * 6]]
    of = block(np.concatenate([flat(10), late]), np.concatenate([flat(5), flat(5)]))
    assert figures_of(of, 2020, groups=np.ones((1, 2)))["kgce_per_m2"] == pytest.approx([24.0])


def test_nothing_counted_or_no_denominator_is_unknown():
    assert np.isnan(figures_of(block(flat(1), flat(0)), 2020)["kgce_per_m2"]).all()
    assert np.isnan(figures_of(block(flat(np.nan), flat(1)), 2020)["kgce_per_m2"]).all()


values = arrays(np.float64, (5, 3, 12), elements=st.one_of(st.just(np.nan), st.floats(0.01, 1e6)))


@given(values, values, st.permutations(range(5)), st.integers(1, 4))
def test_a_group_is_the_same_whatever_the_blocks_or_their_order(kgce, area, order, cut):
    everyone = np.ones((1, 5))
    of, shuffled = block(kgce, area), block(kgce[order], area[order])
    (_, whole), *_ = sums.parts_by_year(of, {2022: 2020}, {}, BOUNDARY, [2022])
    (_, mixed), *_ = sums.parts_by_year(shuffled, {2022: 2020}, {}, BOUNDARY, [2022])
    pieces = [
        {name: part[chosen] for name, part in mixed.items()} for chosen in (slice(cut, None), slice(cut))
    ]
    folded = sum(sums.summed(piece, np.ones((1, len(piece["own"])))) for piece in pieces)
    for made in (sums.all_figures, sums.comparable_figures):
        one, other = made(sums.unpacked(sums.summed(whole, everyone))), made(sums.unpacked(folded))
        for name in one:
            assert other[name] == pytest.approx(one[name], rel=1e-9, abs=1e-9, nan_ok=True), name


@given(values, values)
def test_the_bounds_hold_the_change_when_nothing_is_missing_and_a_group_of_one_is_the_institution(kgce, area):
    of = block(kgce, area)
    (_, parts), *_ = sums.parts_by_year(of, {2022: 2020}, {}, BOUNDARY, [2022])
    alone = sums.all_figures(parts)
    grouped = sums.all_figures(sums.unpacked(sums.summed(parts, np.eye(5))))
    for name in alone:
        assert grouped[name] == pytest.approx(alone[name], rel=1e-9, abs=1e-9, nan_ok=True), name


@given(values, values)
def test_of_the_comparable_panel_the_bounds_are_the_change(kgce, area):
    (_, parts), *_ = sums.parts_by_year(block(kgce, area), {2022: 2020}, {}, BOUNDARY, [2022])
    found = sums.comparable_figures(parts)
    for name in ("kgce_per_m2_low", "kgce_per_m2_high"):
        np.testing.assert_array_equal(found[name], found["kgce_per_m2_change"])


def test_every_column_of_the_rows_is_made():
    (_, parts), *_ = sums.parts_by_year(block(flat(1), flat(1)), {}, {}, BOUNDARY, [2020])
    assert set(measures.COLUMNS) < set(sums.all_figures(parts))
    assert sums.summed(parts, np.ones((1, 1))).shape == (1, sums.WIDTH)
