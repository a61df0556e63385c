"""Unit prices."""

from collections.abc import Iterator
from decimal import Decimal

from .limits import Limit
from .month import Month
from .rule import LimitOf, Said
from .words import span, text

_FUEL = Limit(Decimal(5), Decimal(12))
# Yuan per unit (domain reference, section 6).
BANDS = {
    ("110", ""): Limit(Decimal("0.3"), Decimal("1.5")),
    ("120", ""): Limit(Decimal(2), Decimal(8)),
    ("140", ""): Limit(Decimal(2), Decimal(6)),
    ("1501", ""): _FUEL,
    ("1502", ""): _FUEL,
    ("1601", ""): _FUEL,
    ("1602", ""): _FUEL,
}
PRICED = ("110", "120", "140", "1501", "1502", "1601", "1602", "105", "130", "170")


def unit_price(month: Month, limit: LimitOf) -> Iterator[Said]:
    for code in PRICED:
        price, band = month.price(code), limit(code)
        if price is None or band.holds(price):
            continue
        usual = span(band.low, band.high, "元")
        words = f"{month.name(code)}单价 {text(price)} 元，通常在 {usual}。请核对数量与费用的单位。"
        yield Said(code, words, f"{usual}/{month.unit(code)}")
