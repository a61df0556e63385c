"""Where an indicator stands against its target: required path and status.

Pure. Source: domain reference section 3; documents reference section 6.3.
"""

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
