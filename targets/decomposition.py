"""Why energy, carbon or water changed: the change split into named effects that add up to it exactly.

Pure: NumPy arrays in, arrays out. NaN is unknown and stays with its owner; 0 is a measured zero.

LMDI-I, additive (B. W. Ang, Energy Policy 33 (2005) 867-871 and 86 (2015) 233-238). With n owners, i types of
institution and j carriers, E = Σ_ij N · (A/N) · (A_i/A) · (E_i/A_i) · (E_ij/E_i), and carbon · (C_ij/E_ij).
The effect of a factor x is Σ_ij L(v₁, v₀) · ln(x₁/x₀), where v is the term E_ij or C_ij and
L(a, b) = (a − b) / ln(a/b) the logarithmic mean.

Zeros, as limits of the same formula (Ang and Liu 2007, Energy Policy 35, 238-246):
- A term that appears or disappears contributes its whole change, to the outermost quantity that appears or
  disappears with it, in the order N, A, A_i, E_i, E_ij, C_ij. A type whose activity comes or goes is thus
  structure, a type that starts or stops using energy intensity, a carrier within a type fuel mix, a carrier
  whose carbon alone comes or goes (green electricity) factor.
- Of a term that is there in both years, a quantity that is 0 in either of them cannot be compared (energy
  without any area). It explains nothing, and what it would have explained is left to the next factor.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One year of n owners, i types (1 for a single institution) and j carriers.

    institutions: (n,), number of institutions; activity: (n, i), m² or persons; kgce and kg_co2: (n, i, j),
    kgce and kgCO₂. Energy alone needs no kg_co2.
    """

    institutions: Floats
    activity: Floats
    kgce: Floats
    kg_co2: Floats | None = None


@dataclass(frozen=True)
class WaterSide:
    """One year of water: institutions (n,); activity (n, i), mostly persons; water_m3 (n, i), m³."""

    institutions: Floats
    activity: Floats
    water_m3: Floats


@dataclass(frozen=True)
class Effects:
    """What each factor contributed, shape (n,) each, in the unit of the total; together they are the change.

    institutions: 机构数 N; size: 单位规模 A/N; structure: 类型结构 A_i/A; intensity: 强度 E_i/A_i;
    fuel_mix: 用能结构 E_ij/E_i, 0 for water; factor: 碳排放因子 C_ij/E_ij, 0 for energy and water.
    """

    institutions: Floats
    size: Floats
    structure: Floats
    intensity: Floats
    fuel_mix: Floats
    factor: Floats

    @property
    def change(self) -> Floats:
        """The sum of all effects, shape (n,): the total of the current year minus the base's."""
        summed: Floats = np.stack([getattr(self, name) for name in EFFECTS]).sum(axis=0)
        return summed


EFFECTS = tuple(field.name for field in fields(Effects))


def energy_effects(base: Side, current: Side) -> Effects:
    """Effects on 综合能耗 Σ_ij E_ij, kgce. Raises ValueError for negative or infinite figures or shapes that differ."""
    return _decomposed(_energy_levels(base), _energy_levels(current))


def carbon_effects(base: Side, current: Side) -> Effects:
    """Effects on 碳排放 Σ_ij C_ij, kgCO₂. Which grid factor holds is the caller's choice of kg_co2.

    Raises ValueError as `energy_effects`, and where a side brings no kg_co2.
    """
    return _decomposed(_carbon_levels(base), _carbon_levels(current))


def water_effects(base: WaterSide, current: WaterSide) -> Effects:
    """Effects on 用水量 Σ_i W_i, m³; intensity is W_i/A_i. Raises ValueError as `energy_effects`."""
    return _decomposed(_water_levels(base), _water_levels(current))


def denominator_part(
    numerator_base: Floats, denominator_base: Floats, numerator: Floats, denominator: Floats
) -> Floats:
    """Of the relative change of I = N/D, the part due to the denominator: −L(I₁, I₀) · ln(D₁/D₀) / I₀.

    All shapes broadcast; −0.02 means that a larger denominator alone explains two percent less. The change
    minus this is the numerator's part, L · ln(N₁/N₀) / I₀. A numerator that falls to 0 is the whole change by
    itself (the limit), so 0 here. NaN where a figure is unknown, a denominator 0 or the base intensity 0.
    Raises ValueError for negative or infinite figures. Source: Ang (2005), additive LMDI-I of a ratio.
    """
    _refuse_nonsense(numerator_base, denominator_base, numerator, denominator)
    is_usable = (numerator_base > 0) & (denominator_base > 0) & (denominator > 0) & ~np.isnan(numerator)
    top, bottom = _growth(numerator_base, numerator), _growth(denominator_base, denominator)
    part = np.where(numerator > 0, -_relative_mean(top - bottom) * bottom, 0.0)
    return np.where(is_usable, part, np.nan)


def _energy_levels(side: Side) -> list[Floats]:
    """N, A, A_i, E_i, E_ij, each broadcasting to (n, i, j)."""
    _refuse_misfit(side.institutions, side.activity, side.kgce)
    return [*_outer_levels(side.institutions, side.activity), side.kgce.sum(axis=2, keepdims=True), side.kgce]


def _carbon_levels(side: Side) -> list[Floats]:
    if side.kg_co2 is None:
        raise ValueError("Carbon cannot be decomposed without kg_co2.")
    if side.kg_co2.shape != side.kgce.shape:
        raise ValueError(f"Carbon {side.kg_co2.shape} does not fit energy {side.kgce.shape}.")
    return [*_energy_levels(side), side.kg_co2]


def _water_levels(side: WaterSide) -> list[Floats]:
    water = side.water_m3[..., np.newaxis]
    _refuse_misfit(side.institutions, side.activity, water)
    return [*_outer_levels(side.institutions, side.activity), water]


def _outer_levels(institutions: Floats, activity: Floats) -> list[Floats]:
    whole = activity.sum(axis=1, keepdims=True)
    return [institutions[:, np.newaxis, np.newaxis], whole[..., np.newaxis], activity[..., np.newaxis]]


def _decomposed(base: list[Floats], current: list[Floats]) -> Effects:
    """One effect per level; levels without a factor of their own (fuel mix of water) are 0, or NaN if unknown."""
    shape = base[-1].shape
    if current[-1].shape != shape:
        raise ValueError(f"The base {shape} does not fit the current year {current[-1].shape}.")
    _refuse_nonsense(*base, *current)
    before = np.stack([np.broadcast_to(level, shape) for level in base])
    after = np.stack([np.broadcast_to(level, shape) for level in current])
    split = (_of_lasting_terms(before, after) + _of_passing_terms(before, after)).sum(axis=(2, 3))
    split = np.concatenate([split, np.zeros((len(EFFECTS) - len(split), shape[0]))])
    is_unknown = np.isnan(before + after).any(axis=(0, 2, 3))
    return Effects(*np.where(is_unknown, np.nan, split))


def _of_lasting_terms(before: Floats, after: Floats) -> Floats:
    """L(v₁, v₀) · ln(x₁/x₀) of the terms that are there in both years; shapes (levels, n, i, j)."""
    weight = np.where((before[-1] > 0) & (after[-1] > 0), _log_mean(before[-1], after[-1]), 0.0)
    growth = np.zeros_like(before)
    reached = np.zeros_like(weight)
    for level, (old, new) in enumerate(zip(before, after, strict=True)):
        following = np.where((old > 0) & (new > 0), _growth(old, new), reached)
        growth[level], reached = following - reached, following
    return weight * growth


def _of_passing_terms(before: Floats, after: Floats) -> Floats:
    """v₁ − v₀ of the terms that appear or disappear, at the outermost level that does so with them."""
    appears = (before == 0) & (after > 0)
    disappears = (before > 0) & (after == 0)
    passes = np.where(appears[-1], appears, disappears & disappears[-1])
    is_outermost = passes & (np.cumsum(passes, axis=0) == 1)
    return np.where(is_outermost, after[-1] - before[-1], 0.0)


def _log_mean(before: Floats, after: Floats) -> Floats:
    """L(a, b) = (a − b) / ln(a/b), with its limit b at a = b; only for positive figures."""
    growth = _growth(before, after)
    is_moving = growth != 0
    return np.where(is_moving, (after - before) / np.where(is_moving, growth, 1.0), before)


def _relative_mean(growth: Floats) -> Floats:
    """L(a, b) / b of g = ln(a/b): (e^g − 1) / g, and 1 at g = 0."""
    is_moving = growth != 0
    return np.where(is_moving, np.expm1(growth) / np.where(is_moving, growth, 1.0), 1.0)


def _growth(before: Floats, after: Floats) -> Floats:
    """ln(after / before), exact also where they hardly differ; 0 where either is 0 or unknown."""
    is_positive = (before > 0) & (after > 0)
    old, new = np.where(is_positive, before, 1.0), np.where(is_positive, after, 1.0)
    is_close = np.abs(new - old) < old / 2
    return np.where(is_close, np.log1p(np.where(is_close, new - old, 0.0) / old), np.log(new) - np.log(old))


def _refuse_misfit(institutions: Floats, activity: Floats, used: Floats) -> None:
    if institutions.ndim != 1 or activity.ndim != 2 or used.ndim != 3:
        raise ValueError("Shapes are institutions (n,), activity (n, i) and quantities (n, i, j).")
    if used.shape[:2] != activity.shape or len(institutions) != len(activity):
        raise ValueError(f"{institutions.shape}, {activity.shape} and {used.shape} do not fit each other.")


def _refuse_nonsense(*figures: Floats) -> None:
    if any(np.any(np.less(figure, 0) | np.isinf(figure)) for figure in figures):
        raise ValueError("A figure is negative or infinite.")
