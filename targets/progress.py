"""Where an indicator stands against its target: required path, status, and the verdict on a year.

Pure. Source: domain reference section 3; documents reference section 6.3.
"""

import math
from enum import StrEnum

# Two figures that differ by less are the same: what is left of float rounding, far below any filed digit.
TOLERANCE = 1e-12


class Path(StrEnum):
    LINEAR = "linear"
    COMPOUND = "compound"


class Standing(StrEnum):
    MET = "met"
    MISSED = "missed"
    ON_PATH = "on-path"
    BEHIND = "behind"
    BASE = "base"
    NO_TARGET = "no-target"
    UNKNOWN = "unknown"
    UNDECIDED = "undecided"


class YearVerdict(StrEnum):
    """The verdict on a year and on the path up to it (documents reference 6.3, and the sheets in 4.3)."""

    MET = "met"  # 完成: the year and the path; in the end year the target
    YEAR_MISSED = "year-missed"  # 进度达标、年度未达
    PATH_MISSED = "path-missed"  # 年度达标、进度滞后
    MISSED = "missed"  # 未完成: neither; in the end year not the target
    BASE = "base"
    NO_TARGET = "no-target"
    UNKNOWN = "unknown"


def required_reduction(
    target: float, base_year: int, end_year: int, year: int, path: Path = Path.LINEAR
) -> float:
    """The reduction against the base year that the path asks for by the end of `year`, as a fraction.

    linear: g·(t−t₀)/(t₁−t₀); compound: 1−(1−g)^((t−t₀)/(t₁−t₀)). After the end year it stays at g.
    Raises ValueError for a year before the base year or an end year not after it.
    """
    if not base_year < end_year or year < base_year:
        raise ValueError(f"{year} does not lie on a path from {base_year} to {end_year}.")
    part = min(1.0, (year - base_year) / (end_year - base_year))
    return target * part if path == Path.LINEAR else 1.0 - (1.0 - target) ** part


def reduction(base: float | None, value: float | None) -> float | None:
    """(I₀ − I_t) / I₀, unrounded; None where either is unknown or the base is 0."""
    return None if base is None or value is None or base == 0 else (base - value) / base


def standing(
    achieved: float | None,
    target: float | None,
    base_year: int,
    end_year: int,
    year: int,
    path: Path = Path.LINEAR,
) -> Standing:
    """Status of a cumulative reduction. In the last year only the target itself decides; 4.995 % is not 5 %."""
    if year == base_year:
        return Standing.BASE
    if target is None:
        return Standing.NO_TARGET
    if achieved is None:
        return Standing.UNKNOWN
    is_enough = achieved >= required_reduction(target, base_year, end_year, year, path) - TOLERANCE
    if year >= end_year:
        return Standing.MET if is_enough else Standing.MISSED
    return Standing.ON_PATH if is_enough else Standing.BEHIND


def yearly_requirement(
    target: float, base_year: int, end_year: int, year: int, path: Path = Path.LINEAR
) -> float:
    """The reduction against the previous year that `year` has to bring, as a fraction; 0 after the end year.

    linear: r_t − r_{t−1} = g/(t₁−t₀), the 1 % a year that the tables print for 5 % in five years, and the score
    sheets as 20 % of the target a year. An owner that follows the path needs a little more against its own,
    smaller previous year (1.031 % in the fourth), so it meets every year. compound: the yearly rate
    1 − (1−g)^(1/(t₁−t₀)), 1.021 % for 5 %. Raises ValueError for the base year and where `required_reduction` does.
    """
    if not base_year < year or not base_year < end_year:
        raise ValueError(f"{year} is no year after {base_year} on a path to {end_year}.")
    if year > end_year:
        return 0.0
    part = 1 / (end_year - base_year)
    return target * part if path == Path.LINEAR else 1.0 - (1.0 - target) ** part


def year_verdict(
    yearly: float | None,
    cumulative: float | None,
    target: float | None,
    base_year: int,
    end_year: int,
    year: int,
    path: Path = Path.LINEAR,
) -> YearVerdict:
    """The verdict from two reductions: `yearly` (I_{t−1} − I_t)/I_{t−1} and `cumulative` (I₀ − I_t)/I₀.

    From the end year on only the cumulative figure decides and the yearly one may be unknown (None).
    Raises ValueError for a year off the path.
    """
    if year == base_year:
        return YearVerdict.BASE
    if target is None:
        return YearVerdict.NO_TARGET
    if cumulative is None or (yearly is None and year < end_year):
        return YearVerdict.UNKNOWN
    is_on_path = cumulative >= required_reduction(target, base_year, end_year, year, path) - TOLERANCE
    if yearly is None or year >= end_year:
        return YearVerdict.MET if is_on_path else YearVerdict.MISSED
    return _OF_YEAR_AND_PATH[
        yearly >= yearly_requirement(target, base_year, end_year, year, path) - TOLERANCE, is_on_path
    ]


_OF_YEAR_AND_PATH = {
    (True, True): YearVerdict.MET,
    (False, True): YearVerdict.YEAR_MISSED,
    (True, False): YearVerdict.PATH_MISSED,
    (False, False): YearVerdict.MISSED,
}


def bounded_standing(
    lowest_change: float | None,
    highest_change: float | None,
    required: float | None,
    *,
    is_complete: bool = False,
) -> Standing:
    """MET only if the worst that missing data could make of the change still meets, MISSED only if the best misses.

    Changes are against the base year, −0.05 for five percent less, so the worst is the highest; `required` is a
    reduction. A bound that is None or NaN is unknown: UNDECIDED, or UNKNOWN where nothing is missing
    (`is_complete`). Raises ValueError where the lowest lies above the highest.
    Source: domain reference section 3, "where the missing part could cross the target, the status is 未定".
    """
    if required is None:
        return Standing.NO_TARGET
    best = math.nan if lowest_change is None else -lowest_change
    worst = math.nan if highest_change is None else -highest_change
    if math.isnan(best) or math.isnan(worst):
        return Standing.UNKNOWN if is_complete else Standing.UNDECIDED
    if best < worst - TOLERANCE:
        raise ValueError(f"The lowest change {lowest_change} lies above the highest {highest_change}.")
    if worst >= required - TOLERANCE:
        return Standing.MET
    return Standing.UNDECIDED if best >= required - TOLERANCE else Standing.MISSED
