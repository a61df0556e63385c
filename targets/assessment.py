"""The end of a plan period: what each indicator came to against its base year, for a node and the systems below it.

Reads the stored figures of the end year (`cockpit.Rows`) and the plan; the judgement is the one of every other page.
"""

from dataclasses import dataclass

from . import cards, cockpit
from .models import Indicator, PlanPeriod
from .progress import Standing

VERDICTS = {Standing.MET: "达标", Standing.MISSED: "未达标"}
UNDECIDED = "未定"
REASONS = {
    Standing.UNDECIDED: "缺报或可比范围不同，足以改变结论",
    Standing.UNKNOWN: "没有可与基准年比较的数据",
    Standing.NO_TARGET: "目标待下达",
    Standing.ON_PATH: "目标年尚未满全年",
    Standing.BEHIND: "目标年尚未满全年",
}


@dataclass(frozen=True)
class Outcome:
    """One indicator of one row at the end of its period. Changes are fractions, −0.05 for 5 % less."""

    card: cards.Card

    @property
    def verdict(self):
        return VERDICTS.get(self.card.status, UNDECIDED)

    @property
    def tag(self):
        """The code under which status tags know it: what is undecided has no colour."""
        return self.card.status if self.card.status in VERDICTS else Standing.UNDECIDED

    @property
    def reason(self):
        """Why it is undecided; None where it is decided."""
        return REASONS.get(self.card.status)

    @property
    def beyond(self):
        """How much further the indicator fell than was asked, as a fraction; negative where it fell short."""
        if self.card.change is None or self.card.target is None:
            return None
        return self.card.target - self.card.change


@dataclass(frozen=True)
class System:
    """A system's outcomes, in the order of the indicators."""

    key: str
    name: str
    institutions: int
    outcomes: list


def ended(plan, this_year):
    """The periods whose end year is over, the latest first."""
    return [period for period in reversed(plan.periods) if period.end_year < this_year]


def following(plan, period) -> PlanPeriod | None:
    """The period that starts from where this one ends."""
    return next((each for each in plan.periods if each.base_year == period.end_year), None)


def outcomes(rows, plan, period):
    """Of the node."""
    return [Outcome(card) for card in cockpit.target_cards(rows, plan, period.end_year)]


def systems(rows, plan, period):
    year, beside = period.end_year, rows.systems_beside(period.end_year)
    return [
        System(
            row.key,
            row.name,
            row.institutions,
            [Outcome(cards.card(each, row, plan, year, other=beside.get(row.key))) for each in Indicator],
        )
        for row in sorted(rows.systems(year), key=lambda row: row.key)
    ]


@dataclass(frozen=True)
class Opening:
    """What an indicator starts the next period from: the end year's own value, and what is asked of it, if anything."""

    indicator: Indicator
    base: float | None
    target: float | None


def openings(rows, plan, period):
    """Of the period after this one, from the row that the end year leads with."""
    row, after = rows.headline(period.end_year), following(plan, period)
    if after is None:
        return []
    return [Opening(each, row.value(each) if row else None, _asked(plan, each, after)) for each in Indicator]


def _asked(plan, indicator, period):
    target = plan.target(indicator, period.end_year)
    return None if target is None or target.reduction is None else -target.reduction
