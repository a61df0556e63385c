"""How figures are written on pages: rounded half up, thousands separated, "—" for what is not known.

The only place where the portal rounds. Every filter takes Decimal, int, float, None or NaN; an unset template
variable ("") counts as unknown, any other text is a fault and raises ValueError.
"""

import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django import template

register = template.Library()

UNKNOWN = "—"
MINUS = "\N{MINUS SIGN}"


def exact(value) -> Decimal | None:
    """The value as a Decimal, None where it is unknown. A float is the number that it prints as."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    return number if number.is_finite() else None


def rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def written(number: Decimal) -> str:
    """With thousands separators and a real minus sign; a rounded-away negative is plain zero."""
    return f"{number or abs(number):,f}".replace("-", MINUS)


@register.filter
def number(value, decimals=2) -> str:
    """1234.565 → "1,234.57"."""
    figure = exact(value)
    return UNKNOWN if figure is None else written(rounded(figure, int(decimals)))


@register.filter
def quantity(value) -> str:
    """As it was filed, without the trailing zeros that the database keeps: 1200.500 → "1,200.5"."""
    figure = exact(value)
    if figure is None:
        return UNKNOWN
    return _without_zeros(written(figure))


@register.filter
def trimmed(value, decimals=2) -> str:
    """Rounded, without trailing zeros, for what is mostly a count: 12.0 → "12", 0.345 → "0.35"."""
    figure = exact(value)
    return UNKNOWN if figure is None else _without_zeros(written(rounded(figure, int(decimals))))


def _without_zeros(number) -> str:
    whole, _, fraction = number.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


@register.filter
def tce(kgce, decimals=2) -> str:
    """Kilograms of standard coal in tonnes."""
    return _thousandth(kgce, decimals)


@register.filter
def tco2(kg_co2, decimals=2) -> str:
    """Kilograms of CO₂ in tonnes."""
    return _thousandth(kg_co2, decimals)


@register.filter
def percent(fraction, decimals=2) -> str:
    """0.0499 → "4.99 %". Beside a threshold ask for more decimals: 0.04996 is "5.00 %", with 3 "4.996 %"."""
    figure = exact(fraction)
    return UNKNOWN if figure is None else f"{written(rounded(figure * 100, int(decimals)))} %"


@register.filter
def change(fraction, decimals=2) -> str:
    """A change with its sign always shown: −0.05 → "−5.00 %", 0.012 → "+1.20 %", nothing for no change."""
    figure = exact(fraction)
    if figure is None:
        return UNKNOWN
    figure = rounded(figure * 100, int(decimals))
    return f"{'+' if figure > 0 else ''}{written(figure)} %"


@register.filter
def points(fraction, decimals=2) -> str:
    """A difference of two percentages in points, with its sign: 0.0033 → "+0.33"."""
    figure = exact(fraction)
    return signed(None if figure is None else figure * 100, decimals)


@register.filter
def signed(value, decimals=2) -> str:
    """A difference with its sign always shown: 12.5 → "+12.50"."""
    figure = exact(value)
    if figure is None:
        return UNKNOWN
    figure = rounded(figure, int(decimals))
    return f"{'+' if figure > 0 else ''}{written(figure)}"


@register.filter
def month(day) -> str:
    """Any day of a month → "2026年10月"."""
    return f"{day.year}年{day.month}月" if day else UNKNOWN


@register.filter
def known(value):
    """The same structure with None for NaN and infinity, which JSON cannot carry: for `json_script`."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [known(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def _thousandth(value, decimals) -> str:
    figure = exact(value)
    return number(None if figure is None else figure / 1000, decimals)
