"""Dividing a whole so that the parts add up to it exactly: a bill among months, a meter among occupants.

Pure: no Django, no database.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from agencies.remainders import largest_remainder


def apportion(total: Decimal, weights: Sequence[int | Fraction], decimals: int) -> list[Decimal]:
    """The total divided in proportion to the weights, each part with that many decimals (largest remainder).

    part_i = total × weight_i ÷ Σ weights, rounded down to a whole number of steps of 10^-decimals; the steps left over
    go one each to the parts that lost most, of equals to the earlier. The parts add up to the total exactly.
    Raises ValueError for a negative total, one that is no whole number of steps, or weights that divide nothing.
    """
    steps = Fraction(total) * 10**decimals
    if total < 0 or steps.denominator != 1:
        raise ValueError(f"{total} cannot be divided exactly into steps of {decimals} decimals.")
    if any(weight < 0 for weight in weights) or not sum(weights):
        raise ValueError("The weights must be 0 or more, and not all 0.")
    shares = [steps * weight / sum(weights) for weight in weights]
    return [Decimal(count).scaleb(-decimals) for count in largest_remainder(shares, 1, int(steps))]


def decimals_of(number: Decimal, at_least: int = 0) -> int:
    """How many decimals the number needs, not fewer than `at_least`: 12.500 needs one."""
    exponent = number.normalize().as_tuple().exponent
    return max(at_least, -exponent) if isinstance(exponent, int) else at_least


def days_by_month(first: date, last: date) -> list[tuple[date, int]]:
    """(first of the month, days) of the days from first to last, both counted. Raises ValueError when last < first."""
    if last < first:
        raise ValueError(f"{last} is before {first}.")
    found = []
    day = first
    while day <= last:
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append((day.replace(day=1), (min(following - timedelta(days=1), last) - day).days + 1))
        day = following
    return found
