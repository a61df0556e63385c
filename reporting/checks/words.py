"""How findings write numbers and ranges."""

from decimal import ROUND_HALF_UP, Decimal


def text(value: Decimal, decimals: int = 4) -> str:
    """Thousands separated, at most so many decimals, no trailing zeros."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP).normalize()
    return f"{rounded:,f}"


def signed_percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):+f} %".replace("-", "−")


def percent(fraction: Decimal) -> str:
    return f"{text(fraction * 100, 1)} %"


def span(low: Decimal | None, high: Decimal | None, unit: str, decimals: int = 4) -> str:
    """“2—8 元/m³”, or the one bound that there is."""
    if low is None or high is None:
        bound, word = (low, "不低于") if low is not None else (high, "不高于")
        return "" if bound is None else f"{word} {text(bound, decimals)} {unit}".strip()
    return f"{text(low, decimals)}—{text(high, decimals)} {unit}".strip()


def around(value: Decimal, fraction: Decimal, unit: str) -> str:
    """The range of so much more or less than a value: “27,300—50,700 kWh”."""
    return span(max(value * (1 - fraction), Decimal(0)), value * (1 + fraction), unit, 2)
