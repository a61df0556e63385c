"""Whether carbon has peaked: peak year, decline after it, and the trend, from totals of whole years.

Pure: NumPy arrays in, arrays out. NaN is unknown; a part of a year is no year and has to be NaN.
Tasks 一(三)-7 (peak year ≤ 2025 and falling continuously since) and 一(三)-8 (peak before 2030; the last three
years' trend) in the tasks reference.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Years = NDArray[np.int64]

# "其后连续下降" needs more than one fall, or every warm winter would be a peak; and 一(三)-8 looks at three years.
YEARS_OF_DECLINE = 2
TREND_YEARS = 3
# A trend within 1 % a year is flat: a mild or a hot summer alone moves a year's total by about as much.
FLAT_YEARLY_TREND = 0.01


class Peak(StrEnum):
    PEAKED = "peaked"  # 已达峰
    PEAKED_LATE = "peaked-late"  # 已达峰，晚于期限
    PLATEAU = "plateau"  # 平台期
    RISING = "rising"  # 仍在上升
    TOO_SHORT = "too-short"  # 历史不足


@dataclass(frozen=True)
class PeakTest:
    """The test's outcome for n series; every array has shape (n,).

    status: values of `Peak`; peak_year: float, the last of several equal ones, NaN where nothing is known;
    years_after_peak: whole years known after it; declines_since_peak: each of them, without a gap, below the one
    before (True of none); recent_yearly_trend: of the last three whole years, −0.02 for two percent less a year;
    kendall_s, kendall_p: Mann-Kendall; sen_slope: units of the totals per year. NaN where there are too few years.
    """

    status: NDArray[np.str_]
    peak_year: Floats
    years_after_peak: Years
    declines_since_peak: Bools
    recent_yearly_trend: Floats
    kendall_s: Floats
    kendall_p: Floats
    sen_slope: Floats


def peak_test(years: Years, totals: Floats, deadline: int) -> PeakTest:
    """The peak test of totals (n, years), or (years,) for one series, whose peak is due by the year `deadline`.

    TOO_SHORT: fewer than three whole years in a row at the end of what is known, so neither a trend nor a decline
    of two years can be seen. PEAKED: every whole year after the highest one is below the year before it, at least
    two of them, without a gap in which a higher one could hide, and the highest year is not after the deadline
    (else PEAKED_LATE). A series that is highest in its first year has peaked then or earlier. RISING: the last
    three years rise by more than 1 % a year. PLATEAU: everything between, so also one year of decline, or ups and
    downs below the peak. The deadline counts as in time: the tasks reference reads 2025年前 as 峰值年≤2025.
    Raises ValueError for years that do not follow each other, shapes that do not fit and negative totals.
    """
    totals = np.atleast_2d(totals)
    _refuse_nonsense(years, totals)
    peak_year, after, declines = _since_peak(years, totals)
    recent = _recent_yearly_trend(totals)
    has_peaked = declines & (after >= YEARS_OF_DECLINE)
    status = np.select(
        [np.isnan(recent), has_peaked & (peak_year <= deadline), has_peaked, recent > FLAT_YEARLY_TREND],
        [Peak.TOO_SHORT.value, Peak.PEAKED.value, Peak.PEAKED_LATE.value, Peak.RISING.value],
        Peak.PLATEAU.value,
    )
    s, p = mann_kendall(totals)
    return PeakTest(status, peak_year, after, declines, recent, s, p, sen_slope(years, totals))


def mann_kendall(totals: Floats) -> tuple[Floats, Floats]:
    """S = Σ_{a<b} sign(x_b − x_a) and its two-sided p-value, each (n,); totals (n, years), NaN left out.

    Var S = (m(m−1)(2m+5) − Σ_ties t(t−1)(2t+5)) / 18 with m known years, Z = (S − sign S) / √Var, and the normal
    approximation p = erfc(|Z|/√2), which is rough below ten years. p is 1 where all are equal; NaN below two years.
    Source: Mann (1945), Kendall (1975); oracle: pymannkendall.original_test.
    """
    sign = np.nan_to_num(np.sign(totals[:, np.newaxis, :] - totals[:, :, np.newaxis]))
    s = np.triu(sign, 1).sum(axis=(1, 2))
    m, variance = (~np.isnan(totals)).sum(axis=1), kendall_variance(totals)
    z = np.abs(s - np.sign(s)) / np.sqrt(np.where(variance > 0, variance, 1.0))
    p = np.vectorize(math.erfc, otypes=[np.float64])(z / math.sqrt(2))
    return np.where(m > 1, s, np.nan), np.where(m > 1, p, np.nan)


def kendall_variance(totals: Floats) -> Floats:
    """Var S of `mann_kendall`, (n,)."""
    known = ~np.isnan(totals)
    m = known.sum(axis=1)
    equal = (totals[:, np.newaxis, :] == totals[:, :, np.newaxis]).sum(axis=2)
    # Summed over the years, so each group of t equal years adds t times (t−1)(2t+5).
    ties = np.where(known, (equal - 1) * (2 * equal + 5), 0).sum(axis=1)
    variance: Floats = (m * (m - 1) * (2 * m + 5) - ties) / 18
    return variance


def sen_slope(years: Years, totals: Floats) -> Floats:
    """The median of all slopes between two known years, in units per year, shape (n,); NaN below two known years.

    Source: Sen (1968); oracle: pymannkendall.sens_slope.
    """
    first, second = np.triu_indices(len(years), 1)
    slopes = np.sort((totals[:, second] - totals[:, first]) / (years[second] - years[first]), axis=1)
    known = (~np.isnan(slopes)).sum(axis=1)
    if slopes.shape[1] == 0:
        return np.full(len(totals), np.nan)
    # Sorting puts NaN last, and the middle of nothing is NaN.
    row = np.arange(len(slopes))
    middle: Floats = (
        slopes[row, np.maximum(known - 1, 0) // 2] + slopes[row, known // 2 % slopes.shape[1]]
    ) / 2
    return middle


def _since_peak(years: Years, totals: Floats) -> tuple[Floats, Years, Bools]:
    """Peak year, number of known years after it, and whether they fall without a gap; (n,) each."""
    known = ~np.isnan(totals)
    highest = np.where(known, totals, -np.inf)
    peak = len(years) - 1 - np.argmax(highest[:, ::-1], axis=1)
    follows = (np.arange(len(years)) > peak[:, np.newaxis]) & known
    falls = np.zeros_like(known)
    falls[:, 1:] = totals[:, 1:] < totals[:, :-1]
    peak_year = np.where(known.any(axis=1), years[peak].astype(np.float64), np.nan)
    return peak_year, follows.sum(axis=1), (falls | ~follows).all(axis=1)


def _recent_yearly_trend(totals: Floats) -> Floats:
    """Sen slope of the last three whole years, (x₃ − x₁)/2, over their mean; NaN unless they follow each other."""
    n, count = totals.shape
    if count < TREND_YEARS:
        return np.full(n, np.nan)
    last = count - 1 - np.argmax(~np.isnan(totals[:, ::-1]), axis=1)
    picked = np.maximum(last, TREND_YEARS - 1)[:, np.newaxis] + np.arange(1 - TREND_YEARS, 1)
    three = np.take_along_axis(totals, picked, axis=1)
    mean = three.mean(axis=1)
    slope = (three[:, -1] - three[:, 0]) / (TREND_YEARS - 1)
    return np.where(mean == 0, 0.0, slope / np.where(mean == 0, 1.0, mean))


def _refuse_nonsense(years: Years, totals: Floats) -> None:
    if totals.ndim != 2 or totals.shape[1] != len(years) or not len(years) or np.any(np.diff(years) != 1):
        raise ValueError(f"Totals {totals.shape} need {len(years)} years, one after the other.")
    if np.any(np.less(totals, 0) | np.isinf(totals)):
        raise ValueError("A total is negative or infinite.")
