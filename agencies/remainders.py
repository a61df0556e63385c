"""Rounding parts so that they add up to a whole: largest remainder. Pure; no Django, no database."""

from collections.abc import Sequence
from fractions import Fraction


def largest_remainder(values: Sequence[int | Fraction], unit: int, total: int) -> list[int]:
    """How many whole units each value gets, together `total`.

    Each value is cut to whole units; the units left over go one each to the largest remainders, of equal ones to the
    earlier.
    """
    whole = [int(value // unit) for value in values]
    by_remainder = sorted(range(len(values)), key=lambda place: -(values[place] % unit))
    for place in by_remainder[: total - sum(whole)]:
        whole[place] += 1
    return whole
