"""The floor area behind an institution's figures: month by month what was filed beside what the register says.

What was filed and approved is what the figures divide by; the register only says what it should be (ADR 0010).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from agencies import areas, occupied
from reporting import check_limits, checks

from .. import cards
from .measure import AREA

NO_BUILDING = "名录无建筑"
NOT_FILED = "无填报面积"
SAME = "一致"
NEAR = "相差在允许范围内"
OFF = "与名录不符"


@dataclass(frozen=True)
class AreaMonth:
    """filed_m2: of the approved month; registered_m2 = own_m2 + shared_m2 = Σ parts; None where there is none.

    difference_m2 = filed_m2 − registered_m2, and state says in words what to make of it.
    """

    month: date
    is_counted: bool
    filed_m2: Decimal | None
    registered_m2: Decimal | None
    own_m2: Decimal | None
    shared_m2: Decimal | None
    difference_m2: Decimal | None
    state: str
    href: str | None
    parts: tuple[areas.Part, ...]

    @property
    def is_off(self):
        return self.state == OFF


@dataclass(frozen=True)
class Run:
    """Months (1 to 12), one after another, whose area is made of the same parts."""

    months: list[int]
    parts: tuple[areas.Part, ...]

    @property
    def months_in_words(self):
        return cards.months_in_words(self.months)


@dataclass(frozen=True)
class AreaYear:
    """filed_mean_m2, registered_mean_m2: over the months of the figure; None where one of them is not known."""

    months: list[AreaMonth]
    runs: list[Run]
    filed_mean_m2: Decimal | None
    registered_mean_m2: Decimal | None


def is_asked(measure):
    """Whether the figure divides by the floor area, or is it."""
    return measure.nature == AREA or bool(measure.denominator and measure.denominator[2] == "floor_area_m2")


def area_year(agency, filed_months):
    """The AreaYear of an institution. filed_months: the lines.FiledMonth of the year, with the cells of the area."""
    register = occupied.by([agency.pk])
    limit = check_limits.load().of("register-area", checks.AREA, agency.type_code)
    months = [_month(filed, register.area(agency.pk, filed.month), limit) for filed in filed_months]
    counted = [each for each in months if each.is_counted]
    return AreaYear(
        months,
        _runs(months),
        _mean({each.month: each.filed_m2 for each in counted}),
        _mean({each.month: each.registered_m2 for each in counted}),
    )


def _month(filed, registered, limit):
    cell = next((cell for cell in filed.cells if cell.code == checks.AREA), None)
    filed_m2 = cell and cell.quantity
    known = registered is not None
    return AreaMonth(
        month=filed.month,
        is_counted=filed.is_counted,
        filed_m2=filed_m2,
        registered_m2=registered.area_m2 if known else None,
        own_m2=registered.own_m2 if known else None,
        shared_m2=registered.shared_m2 if known else None,
        difference_m2=filed_m2 - registered.area_m2 if known and filed_m2 is not None else None,
        state=_state(filed_m2, registered, limit),
        href=cell.href if cell else filed.href,
        parts=registered.parts if known else (),
    )


def _state(filed_m2, registered, limit):
    if registered is None:
        return NO_BUILDING
    if filed_m2 is None:
        return NOT_FILED
    if filed_m2 == registered.area_m2:
        return SAME
    return OFF if checks.is_off_register(filed_m2, registered.area_m2, limit) else NEAR


def _runs(months):
    """Whole months of 30 and of 31 days are made of the same parts."""
    alike = groupby(months, key=lambda month: [_made_of(part) for part in month.parts])
    runs = [list(together) for made_of, together in alike if made_of]
    return [Run([month.month.month for month in together], together[0].parts) for together in runs]


def _made_of(part):
    days = None if part.is_whole_month else (part.days, part.days_of_month)
    return part.building, part.manager, part.is_own, part.floor_area_m2, part.share, part.area_m2, days


def _mean(by_month):
    return None if None in by_month.values() else areas.mean(by_month)
