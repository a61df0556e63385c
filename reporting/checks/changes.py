"""How a month differs from the months before it."""

from collections.abc import Iterator
from decimal import Decimal

from .limits import Limit
from .month import Month, Statements, quantity
from .rule import LimitOf, Said
from .slips import STEADY, USED
from .words import around, percent, signed_percent

# A month's 0.1 tce in the item's unit, rounded; water has none: what about 20 people use in a month.
FLOORS = {
    "110": Decimal(800), "120": Decimal(100), "130": Decimal("0.15"), "140": Decimal(75), "105": Decimal(60),
    "1501": Decimal(95), "1502": Decimal(95), "1601": Decimal(80), "1602": Decimal(80), "170": Decimal(3),
    "180": Decimal("0.1"), "PV": Decimal(800),
}  # fmt: skip
# One room, and as many people as join or leave an office without anybody noticing.
STEADY_FLOORS = {"102": Decimal(10), "103": Decimal(3)}
STEADY_LIMITS = {(code, ""): Limit(high=Decimal("0.1"), floor=floor) for code, floor in STEADY_FLOORS.items()}
USUAL_LIMITS = {(code, ""): Limit(high=Decimal("0.3"), floor=floor) for code, floor in FLOORS.items()}
ERROR_LIMITS = {(code, ""): Limit(high=Decimal(2), floor=floor) for code, floor in FLOORS.items()}


def steady(month: Month, limit: LimitOf) -> Iterator[Said]:
    """Against the newest approved month, not only last month: a returned or missing month hides no jump."""
    if month.newest is None:
        return
    when = f"{month.newest.month.year}年{month.newest.month.month}月"
    for code in STEADY:
        if said := _moved(month, code, month.newest.statements, when, limit(code)):
            moved, expected, high = said
            words = f"{month.name(code)}比{when}变化 {moved}，超过 {high}。请核对；属实请说明原因。"
            yield Said(code, words, expected)


def against_last_year(month: Month, limit: LimitOf) -> Iterator[Said]:
    for code in USED:
        if said := _moved(month, code, month.last_year, "上年同月", limit(code)):
            moved, expected, high = said
            yield Said(code, f"{month.name(code)}比上年同月变化 {moved}，超过 {high}。", expected)


def against_last_month(month: Month, limit: LimitOf) -> Iterator[Said]:
    """Where the same month last year is known it is the better measure: the season is in it."""
    for code in USED:
        if quantity(month.last_year, code) is not None:
            continue
        if said := _moved(month, code, month.last_month, "上月", limit(code)):
            moved, expected, high = said
            yield Said(code, f"{month.name(code)}比上月变化 {moved}，超过 {high}。", expected)


def data_error(month: Month, limit: LimitOf) -> Iterator[Said]:
    """So far from last year's month, or else from last month, that a wrong number is likelier than a cause."""
    for code in USED:
        then, when = (
            (month.last_year, "上年同月") if quantity(month.last_year, code) else (month.last_month, "上月")
        )
        if said := _multiplied(month, code, then, limit(code)):
            moved, expected = said
            yield Said(
                code, f"{month.name(code)}比{when}变化 {moved}，疑为数据有误。请核对原始凭证。", expected
            )


def _moved(
    month: Month, code: str, earlier: Statements, when: str, limit: Limit
) -> tuple[str, str, str] | None:
    """The change, the accepted range and the limit in words, where the limit is passed."""
    both = _both(month, code, earlier, limit)
    if both is None or limit.high is None:
        return None
    now, then = both
    moved = now / then - 1
    if abs(moved) <= limit.high:
        return None
    expected = f"{around(then, limit.high, month.unit(code))}（{when} ±{percent(limit.high)}）"
    return signed_percent(moved), expected, percent(limit.high)


def _multiplied(month: Month, code: str, earlier: Statements, limit: Limit) -> tuple[str, str] | None:
    """Grown by more than the limit, or shrunk by as large a factor."""
    both = _both(month, code, earlier, limit)
    if both is None or limit.high is None:
        return None
    now, then = both
    most = 1 + limit.high
    if not now or then / most <= now <= then * most:
        return None
    return signed_percent(now / then - 1), around_factor(then, most, month.unit(code))


def around_factor(then: Decimal, most: Decimal, unit: str) -> str:
    """The range between that part of a value and that multiple of it."""
    middle = (then * most + then / most) / 2
    return around(middle, (then * most - middle) / middle, unit)


def _both(month: Month, code: str, earlier: Statements, limit: Limit) -> tuple[Decimal, Decimal] | None:
    """Now and then, where both are known, then was something, and the floor is reached."""
    now, then = month.quantity(code), quantity(earlier, code)
    if now is None or not then or abs(now - then) < (limit.floor or 0):
        return None
    return now, then
