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


@dataclass(frozen=True)
class Split:
    """The effects term by term; levels are N, A, A_i, E_i, E_ij, C_ij as far as the quantity has them.

    before, after: the levels of both years, and growth: ln(x₁/x₀) of each level's factor as it counts, each
    (levels, n, i, j); log_mean: L(v₁, v₀), (n, i, j), 0 where a term is not there in both years; passing: the whole
    change of a term that appears or disappears, at the level that explains it, else 0, (levels, n, i, j).
    """

    before: Floats
    after: Floats
    growth: Floats
    log_mean: Floats
    passing: Floats

    @property
    def terms(self) -> Floats:
        """Each term's part of each effect, (levels, n, i, j): log_mean · growth, or the passing term's change."""
        return self.log_mean * self.growth + self.passing

    @property
    def factors(self) -> tuple[Floats, Floats]:
        """x of both years, (levels, n, i, j): N, A/N, A_i/A, E_i/A_i, E_ij/E_i, C_ij/E_ij; NaN for division by 0."""
        return _factors(self.before), _factors(self.after)

    @property
    def effects(self) -> Effects:
        """Their sums; a level that the quantity does not have is 0, what is unknown of any term NaN."""
        summed = self.terms.sum(axis=(2, 3))
        summed = np.concatenate([summed, np.zeros((len(EFFECTS) - len(summed), summed.shape[1]))])
        is_unknown = np.isnan(self.before + self.after).any(axis=(0, 2, 3))
        return Effects(*np.where(is_unknown, np.nan, summed))


def energy_split(base: Side, current: Side) -> Split:
    """Of 综合能耗 Σ_ij E_ij, kgce. Raises ValueError for negative or infinite figures or shapes that differ."""
    return _split(_energy_levels(base), _energy_levels(current))


def carbon_split(base: Side, current: Side) -> Split:
    """Of 碳排放 Σ_ij C_ij, kgCO₂. Which grid factor holds is the caller's choice of kg_co2.

    Raises ValueError as `energy_split`, and where a side brings no kg_co2.
    """
    return _split(_carbon_levels(base), _carbon_levels(current))


def water_split(base: WaterSide, current: WaterSide) -> Split:
    """Of 用水量 Σ_i W_i, m³; intensity is W_i/A_i. Raises ValueError as `energy_split`."""
    return _split(_water_levels(base), _water_levels(current))


def energy_effects(base: Side, current: Side) -> Effects:
    """The effects of `energy_split`."""
    return energy_split(base, current).effects


def carbon_effects(base: Side, current: Side) -> Effects:
    """The effects of `carbon_split`."""
    return carbon_split(base, current).effects


def water_effects(base: WaterSide, current: WaterSide) -> Effects:
    """The effects of `water_split`."""
    return water_split(base, current).effects


def packed(side: Side | WaterSide) -> Floats:
    """One row of an owner's figures, (n, width): N, then A_i, then E_ij and C_ij or W_i, as far as there are any."""
    used = [side.water_m3] if isinstance(side, WaterSide) else [side.kgce]
    if isinstance(side, Side) and side.kg_co2 is not None:
        used.append(side.kg_co2)
    owners = len(side.institutions)
    return np.concatenate(
        [side.institutions[:, np.newaxis], side.activity, *(each.reshape(owners, -1) for each in used)],
        axis=1,
    )


def unpacked(values: Floats, types: int, carriers: int) -> Side:
    """The inverse of `packed` for a `Side` of that many types and carriers; the width tells whether it has carbon."""
    institutions, activity, used = values[:, 0], values[:, 1 : 1 + types], values[:, 1 + types :]
    matrices = used.reshape(len(values), -1, types, carriers)
    return Side(institutions, activity, matrices[:, 0], matrices[:, 1] if matrices.shape[1] > 1 else None)


def unpacked_water(values: Floats, types: int) -> WaterSide:
    """The inverse of `packed` for a `WaterSide` of that many types."""
    return WaterSide(values[:, 0], values[:, 1 : 1 + types], values[:, 1 + types :])


@dataclass(frozen=True)
class RatioSplit:
    """What makes the denominator's part of the relative change of a ratio I = N/D; every array of the same shape.

    numerator_growth, denominator_growth: ln(N₁/N₀), ln(D₁/D₀); log_mean: L(I₁, I₀) / I₀;
    by_denominator: −log_mean · denominator_growth, 0 where the numerator fell to 0.
    """

    numerator_growth: Floats
    denominator_growth: Floats
    log_mean: Floats
    by_denominator: Floats


def ratio_split(
    numerator_base: Floats, denominator_base: Floats, numerator: Floats, denominator: Floats
) -> RatioSplit:
    """Of the relative change of I = N/D, the part due to the denominator: −L(I₁, I₀) · ln(D₁/D₀) / I₀.

    All shapes broadcast; −0.02 means that a larger denominator alone explains two percent less. The change
    minus this is the numerator's part, L · ln(N₁/N₀) / I₀. A numerator that falls to 0 is the whole change by
    itself (the limit), so 0 here. NaN where a figure is unknown, a denominator 0 or the base intensity 0.
    Raises ValueError for negative or infinite figures. Source: Ang (2005), additive LMDI-I of a ratio.
    """
    _refuse_nonsense(numerator_base, denominator_base, numerator, denominator)
    is_usable = (numerator_base > 0) & (denominator_base > 0) & (denominator > 0) & ~np.isnan(numerator)
    top, bottom = _growth(numerator_base, numerator), _growth(denominator_base, denominator)
    mean = _relative_mean(top - bottom)
    part = np.where(is_usable, np.where(numerator > 0, -mean * bottom, 0.0), np.nan)
    return RatioSplit(top, bottom, mean, part)


def denominator_part(
    numerator_base: Floats, denominator_base: Floats, numerator: Floats, denominator: Floats
) -> Floats:
    """`ratio_split(...).by_denominator` alone."""
    return ratio_split(numerator_base, denominator_base, numerator, denominator).by_denominator


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


def _split(base: list[Floats], current: list[Floats]) -> Split:
    shape = base[-1].shape
    if current[-1].shape != shape:
        raise ValueError(f"The base {shape} does not fit the current year {current[-1].shape}.")
    _refuse_nonsense(*base, *current)
    before = np.stack([np.broadcast_to(level, shape) for level in base])
    after = np.stack([np.broadcast_to(level, shape) for level in current])
    lasts = (before[-1] > 0) & (after[-1] > 0)
    log_mean = np.where(lasts, _log_mean(before[-1], after[-1]), 0.0)
    return Split(before, after, _growths(before, after), log_mean, _of_passing_terms(before, after))


def _growths(before: Floats, after: Floats) -> Floats:
    """ln(x₁/x₀) of each level; one that cannot be compared leaves its own to the next."""
    growth = np.zeros_like(before)
    reached = np.zeros_like(before[-1])
    for level, (old, new) in enumerate(zip(before, after, strict=True)):
        following = np.where((old > 0) & (new > 0), _growth(old, new), reached)
        growth[level], reached = following - reached, following
    return growth


def _factors(levels: Floats) -> Floats:
    outer = np.concatenate([np.ones_like(levels[:1]), levels[:-1]])
    return np.where(outer > 0, levels / np.where(outer > 0, outer, 1.0), np.nan)


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
