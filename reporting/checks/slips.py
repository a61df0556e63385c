"""Slips of the unit: a number in 万kWh, kg for t, 万元 for 元, recognised by a factor of 10³ or 10⁴.

Held against, in this order: the same month last year or the newest known month; the cost, by the usual unit price; the
usual intensity of the type. The first that is known decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from .intensity import usual_quantity
from .month import Month, quantity
from .rule import LimitOf, Said
from .words import span, text

FACTORS = (Decimal(1000), Decimal(10000))
# How far the mended quantity may lie from the known one.
NEAR = (Decimal("0.5"), Decimal("1.5"))
# What a month uses, follows the season and is known by a meter or a bill.
USED = ("110", "120", "130", "140", "105", "1501", "1502", "1601", "1602", "170", "180", "PV")
# What hardly moves from month to month.
STEADY = ("102", "103")


@dataclass(frozen=True)
class Slip:
    """What was typed, what was likely meant, the range that it lies in, and against what that is seen."""

    typed: Decimal
    meant: Decimal
    low: Decimal
    high: Decimal
    against: str

    def units(self, unit: str) -> str:
        """The two units that were likely confused."""
        factor = max(self.typed / self.meant, self.meant / self.typed)
        return f"如{'万' if factor == FACTORS[1] else '千'}{unit} 与 {unit}"


def unit_slip(month: Month, _limit: LimitOf) -> Iterator[Said]:
    for code in (*USED, *STEADY):
        found = slip_of(month, code)
        if found is None:
            continue
        unit = month.unit(code)
        meant = f"{text(found.meant)} {unit}".strip()
        words = f"{month.name(code)}{found.against}，疑为单位填错（{found.units(unit)}），可能应为 {meant}。"
        yield Said(code, words, span(found.low, found.high, unit, 2), suggestion=found.meant)


def cost_slip(month: Month, _limit: LimitOf) -> Iterator[Said]:
    """A cost in 万元: the quantity is as it was, or nothing speaks against it, and the price is far too low."""
    for code in USED:
        price, band = month.price(code), month.limits.of("unit-price", code, month.type_code)
        if not price or band.low is None or band.high is None or slip_of(month, code):
            continue
        used = month.quantity(code)
        low, high = band.low * (used or 0), band.high * (used or 0)
        meant = mended(price * (used or 0), low, high, is_larger=True)
        if meant is not None:
            words = f"{month.name(code)}单价仅 {text(price, 8)} 元，疑为费用按万元填写，可能应为 {text(meant, 2)} 元。"
            yield Said(code, words, span(low, high, "元", 2), suggested_cost=meant)


def slip_of(month: Month, code: str) -> Slip | None:
    now = month.quantity(code)
    if not now or now < 0:
        return None
    if known := _known(month, code):
        then, when = known
        low, high = (then * near for near in NEAR)
        return _slip(now, low, high, f"约为{when}的 {slip(now / then)}")
    if (price := month.price(code)) and code in USED:
        band = month.limits.of("unit-price", code, month.type_code)
        if band.low and band.high:
            low, high = price * now / band.high, price * now / band.low
            return _slip(now, low, high, f"单价达 {text(price)} 元", is_larger=True)
        return None
    usual = usual_quantity(month, code)
    return _slip(now, *usual, "与同类机构的常见用量相差悬殊") if usual else None


def _known(month: Month, code: str) -> tuple[Decimal, str] | None:
    """The quantity to compare with, and which month's it is."""
    if then := quantity(month.last_year, code):
        return then, "上年同月"
    if then := quantity(month.last_month, code):
        return then, "上月"
    if month.newest and (then := quantity(month.newest.statements, code)):
        return then, f"{month.newest.month.year}年{month.newest.month.month}月"
    return None


def _slip(now: Decimal, low: Decimal, high: Decimal, against: str, *, is_larger: bool = False) -> Slip | None:
    meant = mended(now, low, high, is_larger=is_larger)
    return None if meant is None else Slip(now, meant, low, high, against)


def mended(value: Decimal, low: Decimal, high: Decimal, *, is_larger: bool = False) -> Decimal | None:
    """The value moved by the one factor of 10³ or 10⁴ that brings it between low and high.

    None where it lies there already or no one factor, or more than one, does. is_larger: only by making it larger.
    """
    if low <= value <= high:
        return None
    moved = [value * factor for factor in FACTORS]
    if not is_larger:
        moved += [value / factor for factor in FACTORS]
    fitting = [each for each in moved if low <= each <= high]
    return fitting[0] if len(fitting) == 1 else None


def slip(ratio: Decimal) -> str | None:
    """The factor of 10³ or 10⁴ that the ratio comes near to, in words."""
    low, high = NEAR
    for factor in FACTORS:
        if low <= ratio / factor <= high:
            return f"{factor} 倍"
        if low <= ratio * factor <= high:
            return f"1/{factor}"
    return None
