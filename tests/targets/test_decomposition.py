"""Effects of a change: figures worked by hand, the rules for zeros, and that nothing is left over."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from targets.decomposition import (
    EFFECTS,
    Side,
    WaterSide,
    carbon_effects,
    carbon_split,
    denominator_part,
    energy_effects,
    energy_split,
    packed,
    unpacked,
    unpacked_water,
    water_effects,
)


def side(institutions, activity, kgce, kg_co2=None):
    """One owner; nested lists (types), (types, carriers)."""
    carbon = None if kg_co2 is None else np.array([kg_co2], dtype=float)
    return Side(
        np.array([institutions], dtype=float),
        np.array([activity], dtype=float),
        np.array([kgce], dtype=float),
        carbon,
    )


def named(effects):
    """Effect → figure, without those that are 0."""
    found = {name: float(getattr(effects, name)[0]) for name in EFFECTS}
    return {name: pytest.approx(value, rel=1e-9) for name, value in found.items() if abs(value) > 1e-9}


def test_a_change_of_intensity_alone_is_intensity():
    assert named(energy_effects(side(1, [100], [[200]]), side(1, [100], [[150]]))) == {"intensity": -50}


def test_twice_the_institutions_of_the_same_size_is_number_alone():
    assert named(energy_effects(side(1, [100], [[200]]), side(2, [200], [[400]]))) == {"institutions": 200}


def test_area_and_intensity_share_by_the_logarithmic_mean():
    effects = energy_effects(side(1, [100], [[200]]), side(1, [120], [[180]]))
    mean = (180 - 200) / math.log(180 / 200)
    assert named(effects) == {
        "size": mean * math.log(1.2),
        "intensity": mean * math.log((180 / 120) / (200 / 100)),
    }


def test_area_that_moves_to_the_thirstier_type_is_structure_alone():
    effects = energy_effects(side(2, [100, 100], [[100], [300]]), side(2, [50, 150], [[50], [450]]))
    assert named(effects) == {"structure": 100}


def test_gas_replaced_by_electricity_is_fuel_mix_and_a_new_grid_factor_is_factor():
    before = side(1, [100], [[60, 40]], [[90, 160]])
    after = side(1, [100], [[80, 20]], [[160, 80]])
    effects = carbon_effects(before, after)
    electricity = (160 - 90) / math.log(160 / 90)
    gas = (80 - 160) / math.log(80 / 160)
    assert named(effects) == {
        "fuel_mix": electricity * math.log(80 / 60) + gas * math.log(20 / 40),
        "factor": electricity * math.log((160 / 80) / (90 / 60)),
    }
    assert effects.change == pytest.approx([-10])


def test_water_has_neither_fuel_mix_nor_factor():
    effects = water_effects(
        WaterSide(np.array([1.0]), np.array([[50.0]]), np.array([[1000.0]])),
        WaterSide(np.array([1.0]), np.array([[55.0]]), np.array([[990.0]])),
    )
    mean = (990 - 1000) / math.log(0.99)
    assert named(effects) == {"size": mean * math.log(1.1), "intensity": mean * math.log(0.9)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (side(0, [0], [[0]], [[0]]), side(1, [10], [[5]], [[7]]), {"institutions": 7}),
        (side(1, [0], [[0]], [[0]]), side(1, [10], [[5]], [[7]]), {"size": 7}),
        (side(1, [10], [[0]], [[0]]), side(1, [10], [[5]], [[7]]), {"intensity": 7}),
        (side(1, [10], [[5]], [[7]]), side(1, [10], [[5]], [[0]]), {"factor": -7}),
        (side(1, [10], [[5]], [[7]]), side(0, [0], [[0]], [[0]]), {"institutions": -7}),
    ],
)
def test_what_appears_or_disappears_belongs_to_the_outermost_quantity_that_does(before, after, expected):
    assert named(carbon_effects(before, after)) == expected


def test_a_type_that_leaves_is_structure():
    effects = energy_effects(side(2, [100, 100], [[100], [300]]), side(2, [200, 0], [[200], [0]]))
    assert named(effects) == {"structure": 100 - 300}


def test_a_carrier_that_appears_within_a_type_is_fuel_mix():
    """PV of 20 beside 80 of the grid, where all 100 came from the grid before; PV has no carbon."""
    effects = carbon_effects(side(1, [10], [[100, 0]], [[400, 0]]), side(1, [10], [[80, 20]], [[320, 0]]))
    assert named(effects) == {"fuel_mix": -80}


def test_energy_without_area_is_left_to_intensity():
    assert named(energy_effects(side(1, [0], [[100]]), side(1, [10], [[150]]))) == {"intensity": 50}


def test_an_unknown_figure_makes_its_owner_unknown_and_no_other():
    base = Side(np.ones(2), np.full((2, 1), 10.0), np.array([[[5.0]], [[np.nan]]]))
    effects = energy_effects(base, Side(np.ones(2), np.full((2, 1), 10.0), np.full((2, 1, 1), 6.0)))
    assert effects.intensity[0] == pytest.approx(1.0)
    assert all(np.isnan(getattr(effects, name)[1]) for name in EFFECTS)


@pytest.mark.parametrize("wrong", [-1.0, np.inf])
def test_negative_and_infinite_figures_are_refused(wrong):
    with pytest.raises(ValueError, match="negative or infinite"):
        energy_effects(side(1, [10], [[wrong]]), side(1, [10], [[5]]))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        energy_effects(side(1, [10, 20], [[5]]), side(1, [10, 20], [[5]]))
    with pytest.raises(ValueError, match="does not fit the current year"):
        energy_effects(side(1, [10], [[5]]), side(1, [10], [[5, 6]]))
    with pytest.raises(ValueError, match="without kg_co2"):
        carbon_effects(side(1, [10], [[5]]), side(1, [10], [[5]]))
    with pytest.raises(ValueError, match="does not fit energy"):
        carbon_effects(side(1, [10], [[5, 6]], [[5]]), side(1, [10], [[5, 6]], [[5]]))
    with pytest.raises(ValueError, match="Shapes are"):
        energy_effects(Side(np.ones(1), np.ones(1), np.ones((1, 1, 1))), side(1, [1], [[1]]))


# Zero in one figure of three, and figures that differ hardly or by many powers of ten.
figures = st.sampled_from([0.0, 0.0, 1.0, 1.0 + 1e-12, 1e-300]) | st.floats(0.0, 1e12, allow_subnormal=False)
any_sides = st.builds(
    Side,
    arrays(np.float64, (2,), elements=figures),
    arrays(np.float64, (2, 2), elements=figures),
    arrays(np.float64, (2, 2, 2), elements=figures),
    arrays(np.float64, (2, 2, 2), elements=figures),
)


def leaves_nothing(effects, before, after):
    change = after.sum(axis=(1, 2)) - before.sum(axis=(1, 2))
    allowed = 1e-9 * np.maximum(np.abs(change), np.maximum(before, after).sum(axis=(1, 2)))
    return bool((np.abs(effects.change - change) <= allowed).all())


@given(any_sides, any_sides)
def test_the_effects_always_add_up_to_the_change(base, current):
    assert leaves_nothing(energy_effects(base, current), base.kgce, current.kgce)
    assert leaves_nothing(carbon_effects(base, current), base.kg_co2, current.kg_co2)


@given(any_sides, any_sides)
def test_the_effects_are_the_sums_of_their_terms_and_each_term_is_split_without_residual(base, current):
    split = carbon_split(base, current)
    for level, name in enumerate(EFFECTS):
        assert getattr(split.effects, name) == pytest.approx(split.terms[level].sum(axis=(1, 2)), nan_ok=True)
    change = current.kg_co2 - base.kg_co2
    allowed = 1e-9 * np.maximum(np.abs(change), np.maximum(base.kg_co2, current.kg_co2))
    assert (np.abs(split.terms.sum(axis=0) - change) <= allowed).all()


def test_the_factors_of_a_term_multiply_to_it_and_one_that_divides_by_nothing_is_unknown():
    split = energy_split(side(2, [100, 0], [[60, 40], [0, 0]]), side(2, [80, 40], [[50, 30], [20, 0]]))
    before, after = split.factors
    assert after[:, 0, 0, 0].prod() == pytest.approx(50)
    assert after[:, 0, 1, 0].tolist() == pytest.approx([2, 60, 1 / 3, 0.5, 1])
    assert before[:, 0, 1, 0].tolist() == pytest.approx([2, 50, 0, np.nan, np.nan], nan_ok=True)


def test_sides_come_back_from_their_rows():
    energy = side(2, [100, 50], [[60, 40, 1], [2, 3, 4]])
    carbon = side(2, [100, 50], [[60, 40, 1], [2, 3, 4]], [[6, 5, 4], [3, 2, 1]])
    for of in (energy, carbon):
        back = unpacked(packed(of), types=2, carriers=3)
        assert back.kgce.tolist() == of.kgce.tolist()
        assert back.activity.tolist() == of.activity.tolist()
        assert (back.kg_co2 is None) == (of.kg_co2 is None)
    assert unpacked(packed(carbon), types=2, carriers=3).kg_co2.tolist() == carbon.kg_co2.tolist()
    water = WaterSide(np.array([2.0]), np.array([[10.0, 5.0]]), np.array([[7.0, 8.0]]))
    back = unpacked_water(packed(water), types=2)
    assert (back.institutions.tolist(), back.activity.tolist()) == ([2.0], [[10.0, 5.0]])
    assert back.water_m3.tolist() == [[7.0, 8.0]]


@given(any_sides, any_sides)
def test_time_reversed_the_effects_change_their_sign(base, current):
    forth, back = carbon_effects(base, current), carbon_effects(current, base)
    scale = 1e-9 * (base.kg_co2 + current.kg_co2).sum() + 1e-300
    for name in EFFECTS:
        assert getattr(forth, name) == pytest.approx(-getattr(back, name), rel=1e-9, abs=scale)


@given(any_sides)
def test_nothing_changes_between_a_year_and_itself(year):
    effects = carbon_effects(year, year)
    assert all((getattr(effects, name) == 0).all() for name in EFFECTS)


@given(any_sides, any_sides, st.permutations(range(2)))
def test_an_owner_is_decomposed_by_itself(base, current, order):
    whole = energy_effects(base, current)
    again = energy_effects(
        *(Side(year.institutions[order], year.activity[order], year.kgce[order]) for year in (base, current))
    )
    for name in EFFECTS:
        assert getattr(again, name) == pytest.approx(getattr(whole, name)[order])


def test_a_larger_area_alone_explains_a_lower_intensity():
    part = denominator_part(*(np.array([value]) for value in (100.0, 10.0, 100.0, 20.0)))
    assert part == pytest.approx([-0.5])


def test_numerator_and_denominator_part_by_hand():
    """I from 10 to 9: N 100 → 108, D 10 → 12; L = −1 / ln 0.9."""
    part = denominator_part(*(np.array([value]) for value in (100.0, 10.0, 108.0, 12.0)))
    assert part == pytest.approx([-(-1 / math.log(0.9)) * math.log(1.2) / 10])


def test_a_numerator_that_falls_to_zero_is_the_whole_change():
    assert denominator_part(np.array([5.0]), np.array([2.0]), np.array([0.0]), np.array([9.0])) == [0.0]


@pytest.mark.parametrize(
    "values", [(0.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.0), (1.0, 1.0, np.nan, 1.0)]
)
def test_the_parts_are_unknown_without_a_base_a_denominator_or_a_figure(values):
    assert np.isnan(denominator_part(*(np.array([value]) for value in values))).all()


positive = arrays(np.float64, (6,), elements=st.floats(1e-6, 1e9))


@given(positive, positive, positive, positive)
def test_denominator_and_numerator_part_are_the_change(
    numerator_base, denominator_base, numerator, denominator
):
    part = denominator_part(numerator_base, denominator_base, numerator, denominator)
    growth = np.log(numerator / numerator_base) - np.log(denominator / denominator_base)
    weight = np.where(growth == 0, 1.0, np.expm1(growth) / np.where(growth == 0, 1.0, growth))
    numerator_part = weight * np.log(numerator / numerator_base)
    relative = (numerator / denominator) / (numerator_base / denominator_base)
    assert part + numerator_part == pytest.approx(relative - 1, rel=1e-9, abs=1e-9)
