"""What a year's months mean: value, comparison with the base year and the year before, rolling year, bounds.

Pure. One set of formulas for an institution and for any group of institutions: both come as *sides*, which add up.
Formulas: docs/figures.md; sources: domain reference section 3.

A side is an array (..., 3, 5, 12): for each of the INDICATORS and months the numerator, the denominator (both 0
where not counted), and how many institutions are counted. The side of a group is the sum of its institutions' sides.
"""

from dataclasses import dataclass

import numpy as np

from .decomposition import RatioSplit, ratio_split
from .indicators import (
    INDICATORS,
    MONTHS,
    Bools,
    Boundary,
    Floats,
    Months,
    denominators,
    divided,
    numerators,
)

NUMERATOR, DENOMINATOR, COUNT = range(3)
# How far a month that is missing may lie from the same month of the year beside it: the deviation at which the checks
# ask for a reason (domain reference section 6, default 30 %).
MISSING_SPREAD = 0.3
LOW, HIGH, FILLED_DENOMINATOR, BOUNDED, UNBOUNDED = range(5)

MEASURES = (
    "", "_base", "_change", "_base_filed", "_change_filed", "_denominator", "_yoy", "_rolling", "_roll_change",
    "_low", "_high",
)  # fmt: skip
COLUMNS = tuple(f"{indicator}{measure}" for indicator in INDICATORS for measure in MEASURES)


def side(months: Months, boundary: Boundary) -> Floats:
    """The side of each institution and year, shape (..., 3, 5, 12); a month counts where both parts are known."""
    top, bottom = numerators(months, boundary), denominators(months)
    known = ~np.isnan(top + bottom)
    return np.stack(
        [np.where(known, top, 0.0), np.where(known, bottom, 0.0), known.astype(np.float64)], axis=-3
    )


def paired(one: Floats, other: Floats) -> Floats:
    """Two sides of single institutions over the months counted in both, shape (..., 2, 3, 5, 12)."""
    both = (one[..., COUNT, :, :] * other[..., COUNT, :, :])[..., np.newaxis, :, :]
    return np.stack([one * both, other * both], axis=-4)


def filled(sides: Floats, expected: Floats, before: Floats, after: Floats) -> Floats:
    """What the expected months could be, shape (..., 5, 5, 12): low and high numerator, denominator, counts.

    sides, before, after: (..., 3, 5, 12) of a year and the years beside it; expected: (..., 12) of 0 and 1. A known
    month is what it is. A missing one lies within MISSING_SPREAD of the same month of the year before it, else of the
    year after it; where both are unknown nothing bounds it. `counts`: months known or bounded, months unbounded.
    """
    beside = np.where(before[..., COUNT : COUNT + 1, :, :] > 0, before, after)
    is_known = sides[..., COUNT, :, :]
    missing = np.where(is_known > 0, 0.0, expected[..., np.newaxis, :])
    guessed = missing * beside[..., COUNT, :, :]
    top, bottom = beside[..., NUMERATOR, :, :] * guessed, beside[..., DENOMINATOR, :, :] * guessed
    known_top = sides[..., NUMERATOR, :, :]
    return np.stack(
        [
            known_top + top * (1 - MISSING_SPREAD),
            known_top + top * (1 + MISSING_SPREAD),
            sides[..., DENOMINATOR, :, :] + bottom,
            is_known + guessed,
            missing - guessed,
        ],
        axis=-3,
    )


def whole(sides: Floats) -> Floats:
    """A side of which nothing is missing, in the shape of `filled`."""
    top, bottom, count = (sides[..., row, :, :] for row in (NUMERATOR, DENOMINATOR, COUNT))
    return np.stack([top, top, bottom, count, np.zeros_like(count)], axis=-3)


def counted(of: Floats) -> Floats:
    """The months in which anything is counted, (..., 5, 12) of 0 and 1."""
    return (of[..., COUNT, :, :] > 0).astype(np.float64)


@dataclass(frozen=True)
class Term:
    """One side summed over the months of a window: the numbers that a figure is made of.

    window: (..., 5, 12) of 0 and 1; numerator, denominator: their sums over it, (..., 5).
    """

    window: Floats
    numerator: Floats
    denominator: Floats

    @property
    def value(self) -> Floats:
        """Σ numerator ÷ (Σ denominator ÷ months), (..., 5); NaN where nothing counts or the denominator is 0.

        With all twelve months it is the year's sum over the time-weighted mean.
        """
        return divided(self.numerator * self.window.sum(axis=-1), self.denominator)


def term(of: Floats, window: Floats, numerator: int = NUMERATOR, denominator: int = DENOMINATOR) -> Term:
    """A side (..., rows, 5, 12) over a window; numerator and denominator: which rows of the side are summed."""
    top, bottom = (
        np.einsum("...m,...m->...", of[..., row, :, :], window) for row in (numerator, denominator)
    )
    return Term(window, top, bottom)


def own(of: Floats) -> Term:
    """A side over all months that count."""
    return term(of, counted(of))


@dataclass(frozen=True)
class Compared:
    """Two sides over the same months, each a Term."""

    now: Term
    base: Term

    @property
    def change(self) -> Floats:
        """As a fraction of the base, (..., 5)."""
        return divided(self.now.value, self.base.value) - 1.0

    @property
    def split(self) -> RatioSplit:
        """The part of `change` that the denominators make, and what it is made of; each (..., 5)."""
        return ratio_split(
            self.base.numerator, self.base.denominator, self.now.numerator, self.now.denominator
        )


def compared(now: Floats, then: Floats) -> Compared:
    """Both over the months that are counted in both: never a part-year against a full one."""
    window = counted(now) * counted(then)
    return Compared(term(now, window), term(then, window))


def last_month(now: Floats) -> Floats:
    """The last month that half of the institutions have reached, index (..., 5); −1 where nothing is counted."""
    counts = now[..., COUNT, :, :]
    reached = (counts > 0) & (counts >= counts.max(axis=-1, keepdims=True) / 2)
    last: Floats = np.where(reached.any(axis=-1), MONTHS - 1.0 - reached[..., ::-1].argmax(axis=-1), -1.0)
    return last


@dataclass(frozen=True)
class Rolling:
    """Twelve months up to the last one against the whole base year; no month in a window unless all twelve count.

    is_this_year: (..., 5, 12), whether a month is taken from the year itself or from the year before it.
    """

    is_this_year: Bools
    now: Term
    base: Term

    @property
    def change(self) -> Floats:
        """As a fraction of the base, (..., 5)."""
        return divided(self.now.value, self.base.value) - 1.0


def rolling(now: Floats, before: Floats, then: Floats, then_before: Floats) -> Rolling:
    """The twelve months up to the last one, and the base year to compare them with.

    now, before: sides of the year and of the year before it; then, then_before: the base year's side to compare each
    with. Nothing is known unless all twelve months are counted, no change unless they are on both sides.
    """
    is_this_year = np.arange(MONTHS) <= last_month(now)[..., np.newaxis]
    taken = is_this_year[..., np.newaxis, :, :]
    year, base = np.where(taken, now, before), np.where(taken, then, then_before)
    every = counted(year).all(axis=-1, keepdims=True) * np.ones(MONTHS)
    both = every * counted(base).all(axis=-1, keepdims=True)
    return Rolling(is_this_year, term(year, every), term(base, both))


@dataclass(frozen=True)
class Bounds:
    """Both sides with their missing months at the least and at the greatest.

    is_unbounded: (..., 5), whether nothing bounds a missing month of either side; then nothing is known.
    """

    now_low: Term
    now_high: Term
    base_low: Term
    base_high: Term
    is_unbounded: Bools

    @property
    def low(self) -> Floats:
        """The least change that the missing months could still make, (..., 5)."""
        return self._change(self.now_low, self.base_high)

    @property
    def high(self) -> Floats:
        """The greatest one, (..., 5)."""
        return self._change(self.now_high, self.base_low)

    def _change(self, now: Term, base: Term) -> Floats:
        return np.where(self.is_unbounded, np.nan, divided(now.value, base.value) - 1.0)


def bounds(now: Floats, then: Floats) -> Bounds:
    """now, then: `filled` sides, (..., 5, 5, 12), over the months that are known or bounded in both."""
    window = ((now[..., BOUNDED, :, :] > 0) & (then[..., BOUNDED, :, :] > 0)).astype(np.float64)

    unbounded: Bools = np.asarray((now[..., UNBOUNDED, :, :] + then[..., UNBOUNDED, :, :] > 0).any(axis=-1))

    def filled_term(of: Floats, row: int) -> Term:
        return term(of, window, row, FILLED_DENOMINATOR)

    return Bounds(
        now_low=filled_term(now, LOW),
        now_high=filled_term(now, HIGH),
        base_low=filled_term(then, LOW),
        base_high=filled_term(then, HIGH),
        is_unbounded=unbounded,
    )


def bounded_months(now: Floats, then: Floats) -> Floats:
    """The months that are known or bounded in both years for every indicator, (..., 12) of 0 and 1."""
    whole = (now[..., BOUNDED, :, :] > 0) & (then[..., BOUNDED, :, :] > 0)
    loose = (now[..., UNBOUNDED, :, :] > 0) | (then[..., UNBOUNDED, :, :] > 0)
    both: Floats = np.asarray((whole & ~loose).all(axis=-2), dtype=np.float64)
    return both


@dataclass(frozen=True)
class Comparison:
    """The sides that one row of figures is made from; all (n, 3, 5, 12), the filled ones (n, 5, 5, 12).

    own: the year as it is known. Pairs of (now, then): with the base year as restated, with the base year as filed,
    with the year before; for the rolling year also the year before with its base.
    """

    own: Floats
    base: tuple[Floats, Floats]
    base_filed: tuple[Floats, Floats]
    previous: tuple[Floats, Floats]
    rolling_before: tuple[Floats, Floats]
    bounds: tuple[Floats, Floats]


@dataclass(frozen=True)
class Apart:
    """Every measure of a row with the numbers that make it; `own` is the year by itself."""

    own: Term
    base: Compared
    base_filed: Compared
    previous: Compared
    rolling: Rolling
    bounds: Bounds


def taken_apart(comparison: Comparison) -> Apart:
    """What the figures of the rows are made from: which sides, over which months."""
    with_base = compared(*comparison.base)
    is_restated = comparison.base_filed[1] is not comparison.base[1]
    (now, then), (before, then_before) = comparison.base, comparison.rolling_before
    return Apart(
        own=own(comparison.own),
        base=with_base,
        base_filed=compared(*comparison.base_filed) if is_restated else with_base,
        previous=compared(*comparison.previous),
        rolling=rolling(now, before, then, then_before),
        bounds=bounds(*comparison.bounds),
    )


def measured(comparison: Comparison) -> dict[str, Floats]:
    """Column name (COLUMNS) → array (n,), NaN where unknown."""
    apart = taken_apart(comparison)
    found = (
        apart.own.value,
        apart.base.base.value,
        apart.base.change,
        apart.base_filed.base.value,
        apart.base_filed.change,
        apart.base.split.by_denominator,
        apart.previous.change,
        apart.rolling.now.value,
        apart.rolling.change,
        apart.bounds.low,
        apart.bounds.high,
    )
    return {
        f"{indicator}{measure}": values[..., column]
        for measure, values in zip(MEASURES, found, strict=True)
        for column, indicator in enumerate(INDICATORS)
    }
