"""What missing months could still make of a change: each year at its least and at its greatest."""

from dataclasses import dataclass

import numpy as np

from .. import cards
from ..indicators import known
from ..measures import BOUNDED, COUNT, MISSING_SPREAD, UNBOUNDED

SPREAD_SOURCE = "校核规则：与上年同月相差超过这一比例的须说明原因"


@dataclass(frozen=True)
class BoundedYear:
    """A year over the months that are known or bounded in both.

    estimated: the months in which anything is bounded rather than known, and how many institution-months that is;
    unbounded: the months of which something is missing that nothing bounds. lowest, highest: intensities from the
    least and the greatest numerator; denominator: mean of the months.
    """

    months: list[int]
    estimated: list[int]
    institution_months: int
    unbounded: list[int]
    numerator_low: float | None
    numerator_high: float | None
    denominator: float | None
    lowest: float | None
    highest: float | None

    @property
    def months_in_words(self):
        return cards.months_in_words(self.months)

    @property
    def estimated_in_words(self):
        return cards.months_in_words(self.estimated)

    @property
    def unbounded_in_words(self):
        return cards.months_in_words(self.unbounded)


@dataclass(frozen=True)
class Bounds:
    """low = now.lowest ÷ base.highest − 1, high = now.highest ÷ base.lowest − 1; spread: of a month beside."""

    spread: float
    source: str
    now: BoundedYear
    base: BoundedYear
    low: float | None
    high: float | None

    @property
    def has_estimates(self):
        return bool(self.now.estimated or self.base.estimated or self.is_open)

    @property
    def is_open(self):
        """Whether something is missing that nothing bounds: then no bound is known."""
        return bool(self.now.unbounded or self.base.unbounded)


def bounds_of(sides, found, row):
    """sides: measures.Comparison of one owner; found: its measures.Bounds; row: the indicator's."""
    known_sides = sides.base
    now, base = (
        _year(filled[0, :, row], of[0, COUNT, row], low, high, row)
        for filled, of, low, high in (
            (sides.bounds[0], known_sides[0], found.now_low, found.now_high),
            (sides.bounds[1], known_sides[1], found.base_low, found.base_high),
        )
    )
    low, high = known(found.low[0, row]), known(found.high[0, row])
    return Bounds(MISSING_SPREAD, SPREAD_SOURCE, now, base, low, high)


def _year(filled, counts, low, high, row):
    guessed = filled[BOUNDED] - counts
    months = _months(low.window[0, row])
    top = [float(term.numerator[0, row]) if months else None for term in (low, high)]
    return BoundedYear(
        months,
        _months(guessed),
        int(guessed.sum()),
        _months(filled[UNBOUNDED]),
        *top,
        float(low.denominator[0, row]) / len(months) if months else None,
        known(low.value[0, row]),
        known(high.value[0, row]),
    )


def _months(flags):
    return [int(month) + 1 for month in np.flatnonzero(flags > 0)]
