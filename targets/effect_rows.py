"""A figure before and after an approval: the pair of numbers, an indicator with its status, an owner's year."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import cards
from .cards import KG_PER_TONNE, Card, Plan
from .cockpit import leading_panel
from .indicators import differs
from .models import Figure, GroupFigure, GroupPanel, Indicator
from .models.proposal import INVENTORY

PERCENT = 100
# A pair is written with as many decimals, from the first to the last number, as tell it apart.
DECIMALS = range(2, 7)
# (column, name, unit, what it is divided by to be shown) of each total of a year.
TOTALS = (
    ("kgce", "综合能耗", "tce", KG_PER_TONNE),
    ("kg_co2_target", "碳排放，考核口径", "tCO₂", KG_PER_TONNE),
    ("kg_co2_inventory", "碳排放，清单口径", "tCO₂", KG_PER_TONNE),
    ("water_m3", "用水量", "m³", 1),
    ("floor_area_m2", "建筑面积", "m²", 1),
    ("people", "用能人数", "人", 1),
)


@dataclass(frozen=True)
class Pair:
    """A number before and after, unrounded, in the unit shown; None is unknown. per: 100 for what reads as percent."""

    before: float | None
    after: float | None
    per: int = 1

    @property
    def is_changed(self):
        one, other = (np.float64(np.nan if each is None else each) for each in (self.before, self.after))
        return bool(differs(one, other))

    @property
    def difference(self):
        """None where one of the two is unknown."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def points(self):
        """The difference of two shares, in percentage points."""
        return None if self.difference is None else self.difference * PERCENT

    @property
    def decimals(self):
        """Two, and more where two would write different numbers alike."""
        if self.difference is None or not self.is_changed:
            return DECIMALS[0]
        before, after = self.before * self.per, self.after * self.per
        return next((each for each in DECIMALS if _is_told_apart(before, after, each)), DECIMALS[-1])


def _is_told_apart(one, other, decimals):
    return round(one, decimals) != round(other, decimals) and round(other - one, decimals) != 0


@dataclass(frozen=True)
class Owner:
    """The institution or one of its groups. title: what it is to the institution, as 系统 or 全区."""

    kind: str
    key: str
    name: str
    title: str


@dataclass(frozen=True)
class Side:
    """An owner's year as it is stored or would be: its row, and for a group that of the comparable institutions."""

    all: Figure | GroupFigure | None = None
    comparable: GroupFigure | None = None

    @property
    def panel(self):
        return leading_panel(self.all, self.comparable)

    @property
    def headline(self):
        """The row that the owner's page leads with."""
        return self.all if self.panel == GroupPanel.ALL else self.comparable

    @property
    def beside(self):
        return self.comparable if self.panel == GroupPanel.ALL else self.all


@dataclass(frozen=True)
class Total:
    column: str
    name: str
    unit: str
    pair: Pair


@dataclass(frozen=True)
class Measured:
    """An indicator of an owner's year: value, change against the base year, its bounds, and where it stands.

    before, after: its cards; None for the inventory's carbon, which has no target.
    """

    column: str
    label: str
    unit: str
    value: Pair
    change: Pair
    low: Pair
    high: Pair
    before: Card | None = None
    after: Card | None = None

    @property
    def is_flip(self):
        return self.before is not None and self.before.status != self.after.status

    @property
    def verdicts(self):
        """The verdict on the year and the path, before and after, in words; None where they are the same."""
        found = tuple(card and card.verdict_in_words for card in (self.before, self.after))
        return found if found[0] != found[1] else None

    @property
    def is_bounded(self):
        """Whether missing months could still make another change of it, on either side."""
        return any(card is not None and card.is_bounded for card in (self.before, self.after))

    @property
    def pairs(self):
        return self.value, self.change, self.low, self.high

    @property
    def is_changed(self):
        return self.is_flip or bool(self.verdicts) or any(pair.is_changed for pair in self.pairs)

    @property
    def required(self):
        """The change that the path asks for by the end of the year; None without a target."""
        return self.after.required if self.after else None


@dataclass(frozen=True)
class OwnerYear:
    """The year of the institution or of one of its groups, before and after."""

    owner: Owner
    year: int
    plan: Plan
    before: Side
    after: Side

    @property
    def sides(self):
        return self.before, self.after

    @property
    def is_known(self):
        return any(side.all is not None for side in self.sides)

    @cached_property
    def totals(self):
        return [
            Total(column, name, unit, Pair(*(_scaled(side.all, column, scale) for side in self.sides)))
            for column, name, unit, scale in TOTALS
        ]

    @cached_property
    def indicators(self):
        found = [self._judged(indicator) for indicator in Indicator]
        inventory = "单位建筑面积碳排放（清单口径）", Indicator.CARBON_PER_AREA.unit
        return [*found, Measured(INVENTORY, *inventory, *self._pairs(INVENTORY))]

    def _judged(self, indicator):
        before, after = (
            cards.card(indicator, side.headline, self.plan, self.year, other=side.beside)
            for side in self.sides
        )
        pairs = self._pairs(indicator)
        return Measured(indicator.value, indicator.label, indicator.unit, *pairs, before, after)

    def _pairs(self, column):
        rows = [side.headline for side in self.sides]
        value = Pair(*(row and row.value(column) for row in rows))
        changes = [
            Pair(*(row and row.measure(column, name) for row in rows), per=PERCENT)
            for name in ("change", "low", "high")
        ]
        return value, *changes

    @property
    def changed_totals(self):
        return [total for total in self.totals if total.pair.is_changed]

    @property
    def changed_indicators(self):
        return [each for each in self.indicators if each.is_changed]

    @property
    def unchanged(self):
        """The names of what stays as it is."""
        same = [total.name for total in self.totals if not total.pair.is_changed]
        return same + [each.label for each in self.indicators if not each.is_changed]

    @property
    def is_changed(self):
        return bool(self.changed_totals or self.changed_indicators)

    @property
    def panels(self):
        """The panels that lead before and after, where they are not the same; else None."""
        before, after = (side.panel.label if side.all is not None else None for side in self.sides)
        return (before, after) if before and after and before != after else None

    @property
    def base_year(self):
        row = self.after.all or self.before.all
        return row.base_year if row else None


def _scaled(row, column, scale):
    number = getattr(row, column) if row else None
    return None if number is None else number / scale
