"""The floor area that an agency uses in a month: its shares of buildings, by the days in use, exact to the cent.

Pure: holdings in, areas out; `agencies.occupied` reads them. Source: DB37/T 2671 5.2.3 (what several use is split by
area shares that add up), docs/adr/0010-area-of-the-register.md.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .remainders import largest_remainder

ZERO = Decimal(0)
CENTS_PER_M2 = 100
# A share has six decimals.
STEPS_PER_SHARE = 1_000_000


@dataclass(frozen=True)
class Holding:
    """An agency's share of a building between two days, both included; last_day None: until further notice.

    The days are those on which the building is in use and the agency occupies its share.
    """

    agency: int
    building: int
    building_name: str
    manager: int
    manager_name: str
    floor_area_m2: Decimal
    share: Decimal
    first_day: date
    last_day: date | None

    @property
    def is_own(self) -> bool:
        """Whether the agency manages the building itself (自管)."""
        return self.agency == self.manager


@dataclass(frozen=True)
class Part:
    """floor_area_m2 × share × days ÷ days_of_month = area_m2, rounded as `split` says."""

    building: str
    manager: str
    is_own: bool
    floor_area_m2: Decimal
    share: Decimal
    first_day: date
    last_day: date | None
    days: int
    days_of_month: int
    area_m2: Decimal

    @property
    def is_whole_month(self) -> bool:
        return self.days == self.days_of_month


@dataclass(frozen=True)
class MonthArea:
    """What an agency uses in a month; at least one part."""

    month: date
    parts: tuple[Part, ...]

    @property
    def area_m2(self) -> Decimal:
        return sum((part.area_m2 for part in self.parts), ZERO)

    @property
    def own_m2(self) -> Decimal:
        """In buildings that the agency manages (自管)."""
        return sum((part.area_m2 for part in self.parts if part.is_own), ZERO)

    @property
    def shared_m2(self) -> Decimal:
        """In buildings that somebody else manages (共用)."""
        return sum((part.area_m2 for part in self.parts if not part.is_own), ZERO)


def days_in(holding: Holding, month: date) -> int:
    """On how many days of the month (its first day) the holding is in force."""
    last_of_month = month.replace(day=monthrange(month.year, month.month)[1])
    first, last = max(holding.first_day, month), min(holding.last_day or last_of_month, last_of_month)
    return max((last - first).days + 1, 0)


def split(holdings: Sequence[Holding], month: date) -> list[Decimal]:
    """The m² of each holding of one building in the month, in their order.

    area = floor area × share × days ÷ days of the month. The sum is rounded to the cent, half up; each area is cut to
    the cent, and the cents left over go to the largest remainders, of equal ones to the earlier. So shares that add up
    to 1 on every day make exactly the building's area.
    """
    whole = STEPS_PER_SHARE * monthrange(month.year, month.month)[1]
    exact = [_cents_by_day(holding) * days_in(holding, month) for holding in holdings]
    cents = largest_remainder(exact, whole, (2 * sum(exact) + whole) // (2 * whole))
    return [Decimal(value).scaleb(-2) for value in cents]


def month_area(agency: int, buildings: Iterable[Sequence[Holding]], month: date) -> MonthArea | None:
    """The agency's area in the month, or None where it occupies no building on any day of it.

    buildings: for each that the agency has a share of, the holdings of all who occupy it.
    """
    parts = [part for holdings in buildings for part in _parts(agency, holdings, month)]
    parts.sort(key=lambda part: (not part.is_own, part.building, part.first_day))
    return MonthArea(month, tuple(parts)) if parts else None


def mean(areas: Mapping[date, Decimal]) -> Decimal | None:
    """Of the months' areas, each month counting the same, as in the figures; None of none."""
    return sum(areas.values(), ZERO) / len(areas) if areas else None


def _parts(agency: int, holdings: Sequence[Holding], month: date) -> Iterable[Part]:
    for holding, area_m2 in zip(holdings, split(holdings, month), strict=True):
        days = days_in(holding, month)
        if holding.agency == agency and days:
            yield Part(
                building=holding.building_name,
                manager=holding.manager_name,
                is_own=holding.is_own,
                floor_area_m2=holding.floor_area_m2,
                share=holding.share,
                first_day=holding.first_day,
                last_day=holding.last_day,
                days=days,
                days_of_month=monthrange(month.year, month.month)[1],
                area_m2=area_m2,
            )


def _cents_by_day(holding: Holding) -> int:
    """Cents of a m² × millionths of the building, a whole number."""
    cents, steps = holding.floor_area_m2 * CENTS_PER_M2, holding.share * STEPS_PER_SHARE
    if cents % 1 or steps % 1:
        raise ValueError(f"finer than a cent or a millionth: {holding.floor_area_m2} × {holding.share}")
    return int(cents) * int(steps)
