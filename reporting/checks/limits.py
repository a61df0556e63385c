"""Thresholds: those that come with the product, and those that the bureau set, by rule, item and institution type."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True)
class Limit:
    """A threshold; what low and high bound is said by the rule, None bounds nothing.

    floor: the absolute change below which a relative one says nothing, in the item's unit.
    """

    low: Decimal | None = None
    high: Decimal | None = None
    floor: Decimal | None = None

    @property
    def is_open(self) -> bool:
        """Whether it bounds nothing: the rule is switched off there."""
        return self.low is None and self.high is None

    def holds(self, value: Decimal) -> bool:
        """Whether the value lies within, both ends included."""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


NO_LIMIT = Limit()


class Place(NamedTuple):
    """What a threshold is set for; an empty item or type stands for all."""

    rule: str
    item: str = ""
    type_code: str = ""


class Limits:
    """Thresholds in the order in which they were set: the closest fit holds, of two as close the newer."""

    def __init__(self, rows: Iterable[tuple[Place, Limit]] = ()) -> None:
        self._newest = dict(rows)

    def of(self, rule: str, item: str, type_code: str) -> Limit:
        """The threshold in force; one that bounds nothing where none was ever set."""
        for place in _closest_first(rule, item, type_code):
            if place in self._newest:
                return self._newest[place]
        return NO_LIMIT


def _closest_first(rule: str, item: str, type_code: str) -> tuple[Place, ...]:
    """The item says more than the type: a bound in kWh means nothing for water."""
    return (
        Place(rule, item, type_code),
        Place(rule, item),
        Place(rule, "", type_code),
        Place(rule),
    )
