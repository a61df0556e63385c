"""Dividing a shared building's consumption among its occupants, adding up exactly.

Pure: no Django, no database.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .apportion import apportion

COST_DECIMALS = 2


@dataclass(frozen=True)
class Occupant:
    """Who shares: its area share × days in the month, and what its own sub-meters read; None where it has none."""

    key: int
    share_days: Fraction
    sub_metered: Decimal | None = None


@dataclass(frozen=True)
class Part:
    """What falls on an occupant: quantity = sub_metered + of_the_rest."""

    key: int
    sub_metered: Decimal
    of_the_rest: Decimal
    cost_yuan: Decimal | None

    @property
    def quantity(self) -> Decimal:
        return self.sub_metered + self.of_the_rest


def whole_cost(costs: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what the parts cost (yuan); None where any is not known or there are none: a part is no whole."""
    known = list(costs)
    return (
        None if not known or None in known else sum((cost for cost in known if cost is not None), Decimal(0))
    )


def divide(
    total: Decimal, cost_yuan: Decimal | None, occupants: Sequence[Occupant], decimals: int
) -> list[Part]:
    """The building's total among its occupants; Σ quantity = total and Σ cost = cost, exactly.

    rest = total − Σ sub_metered, divided by share_days among those without a sub-meter, or among all where each has
    one; the cost in proportion to the quantities. Raises ValueError where the sub-meters read more than the total, or
    a rest has nobody to bear it.
    """
    rest = total - sum((each.sub_metered or Decimal(0) for each in occupants), Decimal(0))
    if rest < 0:
        raise ValueError(f"The sub-meters read {-rest} more than the total.")
    weights = rest_weights(occupants)
    shares = apportion(rest, weights, decimals) if sum(weights) else [Decimal(0)] * len(occupants)
    if sum(shares, Decimal(0)) != rest:
        raise ValueError(f"Nobody bears the rest of {rest}.")
    quantities = [
        (each.sub_metered or Decimal(0)) + share for each, share in zip(occupants, shares, strict=True)
    ]
    costs = _costs(cost_yuan, quantities, [each.share_days for each in occupants])
    return [
        Part(each.key, each.sub_metered or Decimal(0), share, cost)
        for each, share, cost in zip(occupants, shares, costs, strict=True)
    ]


def rest_weights(occupants: Sequence[Occupant]) -> list[Fraction]:
    """The weight of each occupant in what the sub-meters leave."""
    has_unmetered = any(each.sub_metered is None and each.share_days for each in occupants)
    return [
        Fraction(0) if has_unmetered and each.sub_metered is not None else each.share_days
        for each in occupants
    ]


def _costs(
    cost_yuan: Decimal | None, quantities: Sequence[Decimal], share_days: Sequence[Fraction]
) -> list[Decimal | None]:
    """A month without consumption may still cost its basic fee: then the areas bear it."""
    weights = [Fraction(quantity) for quantity in quantities]
    if not sum(weights):
        weights = list(share_days)
    if cost_yuan is None or not sum(weights):
        return [None] * len(quantities)
    return list(apportion(cost_yuan, weights, COST_DECIMALS))


def pue(months: Sequence[tuple[Decimal, Decimal] | None]) -> Decimal | None:
    """Σ total ÷ Σ IT of (total kWh, IT kWh), months × rooms; None where one is unknown or the IT used nothing.

    A ratio of sums, so that a month of little load weighs little (GB 40879).
    """
    known = [month for month in months if month is not None]
    it_kwh = sum((it for _total, it in known), Decimal(0))
    if len(known) < len(months) or not it_kwh:
        return None
    return sum((total for total, _it in known), Decimal(0)) / it_kwh
