"""What a year's months mean: value, comparison with the base year and the year before, rolling year, bounds.

Pure. One set of formulas for an institution and for any group of institutions: both come as *sides*, which add up.
Formulas: docs/figures.md; sources: domain reference section 3.

A side is an array (..., 3, 5, 12): for each of the INDICATORS and months the numerator, the denominator (both 0
where not counted), and how many institutions are counted. The side of a group is the sum of its institutions' sides.
"""

from dataclasses import dataclass

import numpy as np

from .decomposition import denominator_part
from .indicators import INDICATORS, MONTHS, Boundary, Floats, Months, denominators, divided, numerators

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


def intensity(of: Floats, window: Floats) -> Floats:
    """Ratio of sums over the window's months, shape (..., 5): Σ numerator ÷ (Σ denominator ÷ months).

    of: (..., 3, 5, 12); window: (..., 5, 12) of 0 and 1. With all months it is the year's sum over the time-weighted
    mean. Nothing counted, or a denominator of 0, gives NaN.
    """
    return divided(_within(of, NUMERATOR, window) * window.sum(axis=-1), _within(of, DENOMINATOR, window))


def _within(of: Floats, row: int, window: Floats) -> Floats:
    """Sum of a row of the side over the window's months, shape (..., 5)."""
    found: Floats = np.einsum("...m,...m->...", of[..., row, :, :], window)
    return found


def counted(of: Floats) -> Floats:
    """The months in which anything is counted, (..., 5, 12) of 0 and 1."""
    return (of[..., COUNT, :, :] > 0).astype(np.float64)


@dataclass(frozen=True)
class Compared:
    """Two sides over the same months; every array (..., 5). change, by_denominator: fractions of `base`."""

    base: Floats
    change: Floats
    by_denominator: Floats


def compared(now: Floats, then: Floats) -> Compared:
    """Both over the months that are counted in both: never a part-year against a full one."""
    window = counted(now) * counted(then)
    months = window.sum(axis=-1)
    top, bottom, top_now, bottom_now = (
        _within(each, part, window) for each in (then, now) for part in (NUMERATOR, DENOMINATOR)
    )
    base, value = divided(top * months, bottom), divided(top_now * months, bottom_now)
    return Compared(base, divided(value, base) - 1.0, denominator_part(top, bottom, top_now, bottom_now))


def last_month(now: Floats) -> Floats:
    """The last month that half of the institutions have reached, index (..., 5); −1 where nothing is counted."""
    counts = now[..., COUNT, :, :]
    reached = (counts > 0) & (counts >= counts.max(axis=-1, keepdims=True) / 2)
    last: Floats = np.where(reached.any(axis=-1), MONTHS - 1.0 - reached[..., ::-1].argmax(axis=-1), -1.0)
    return last


def rolling(now: Floats, before: Floats, then: Floats, then_before: Floats) -> tuple[Floats, Floats]:
    """The twelve months up to the last one, and their change against the whole base year, each (..., 5).

    now, before: sides of the year and of the year before it; then, then_before: the base year's side to compare each
    with. NaN unless all twelve months are counted on both sides.
    """
    is_this_year = (np.arange(MONTHS) <= last_month(now)[..., np.newaxis])[..., np.newaxis, :, :]
    year, base = np.where(is_this_year, now, before), np.where(is_this_year, then, then_before)
    every = counted(year).all(axis=-1, keepdims=True) * np.ones(MONTHS)
    both = (every > 0) & counted(base).all(axis=-1, keepdims=True)
    value = np.where(every[..., 0] > 0, intensity(year, every), np.nan)
    return value, divided(value, intensity(base, both.astype(np.float64))) - 1.0


def bounds(now: Floats, then: Floats) -> tuple[Floats, Floats]:
    """The least and the greatest change that the missing months could still make of it, each (..., 5).

    now, then: `filled` sides, (..., 5, 5, 12). NaN where a month of the window is unbounded.
    """
    window = ((now[..., BOUNDED, :, :] > 0) & (then[..., BOUNDED, :, :] > 0)).astype(np.float64)
    unbounded = ((now[..., UNBOUNDED, :, :] + then[..., UNBOUNDED, :, :]) > 0).any(axis=-1)
    months = window.sum(axis=-1)

    def ratio(of: Floats, row: int) -> Floats:
        return divided(_within(of, row, window) * months, _within(of, FILLED_DENOMINATOR, window))

    low = divided(ratio(now, LOW), ratio(then, HIGH)) - 1.0
    high = divided(ratio(now, HIGH), ratio(then, LOW)) - 1.0
    return np.where(unbounded, np.nan, low), np.where(unbounded, np.nan, high)


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


def measured(comparison: Comparison) -> dict[str, Floats]:
    """Column name (COLUMNS) → array (n,), NaN where unknown."""
    with_base = compared(*comparison.base)
    is_restated = comparison.base_filed[1] is not comparison.base[1]
    with_filed = compared(*comparison.base_filed) if is_restated else with_base
    year, year_change = rolling(
        comparison.base[0], comparison.rolling_before[0], comparison.base[1], comparison.rolling_before[1]
    )
    low, high = bounds(*comparison.bounds)
    found = (
        intensity(comparison.own, counted(comparison.own)),
        with_base.base,
        with_base.change,
        with_filed.base,
        with_filed.change,
        with_base.by_denominator,
        compared(*comparison.previous).change,
        year,
        year_change,
        low,
        high,
    )
    return {
        f"{indicator}{measure}": values[..., column]
        for measure, values in zip(MEASURES, found, strict=True)
        for column, indicator in enumerate(INDICATORS)
    }
