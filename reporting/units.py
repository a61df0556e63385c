"""Units as offices write them beside a number, and what one of them is in the unit that an item is filed in.

Pure. The densities by which tonnes of motor fuel become litres are those of the default coefficient set (domain
reference, section 4, 重庆2015口径): petrol 0.73 kg/L, diesel 0.85 kg/L.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

Units = Mapping[str, Decimal]

_ONE, _WAN = Decimal(1), Decimal(10_000)
_PETROL, _DIESEL = Decimal("0.73"), Decimal("0.85")
_TONNES_OF = {"120": _ONE, **dict.fromkeys(("1501", "1502", "150"), Decimal(1000) / _PETROL)} | dict.fromkeys(
    ("1601", "1602", "160"), Decimal(1000) / _DIESEL
)
# By the unit filed: other names of it, and other units in terms of it. The first is the unit itself.
_BY_UNIT = {
    "kWh": {"kWh": _ONE, "度": _ONE, "千瓦时": _ONE, "MWh": Decimal(1000)},
    "t": {"t": _ONE, "吨": _ONE, "kg": Decimal("0.001"), "公斤": Decimal("0.001")},
    "kg": {"kg": _ONE, "公斤": _ONE, "千克": _ONE, "吨": Decimal(1000), "t": Decimal(1000)},
    "L": {"L": _ONE, "升": _ONE},
    "m³": {"m³": _ONE, "立方米": _ONE, "方": _ONE},
    "m²": {"m²": _ONE, "平方米": _ONE, "平米": _ONE},
    "GJ": {"GJ": _ONE, "吉焦": _ONE, "MJ": Decimal("0.001")},
    "tce": {"tce": _ONE, "吨标准煤": _ONE, "吨标煤": _ONE, "kgce": Decimal("0.001")},
    "元": {"元": _ONE},
    "人": {"人": _ONE},
    "kW": {"kW": _ONE, "千瓦": _ONE, "MW": Decimal(1000)},
}
# What a person chooses from beside the field; more is understood when typed.
_OFFERED = {
    "kWh": ("万kWh",),
    "m³": ("万m³",),
    "元": ("万元",),
    "m²": ("万m²",),
    "t": ("kg",),
    "kg": ("吨",),
    "tce": ("kgce",),
}
_DECIMALS = Decimal("0.0001")


def of_item(code: str, unit: str) -> Units:
    """Unit name → how many of the filed unit one of it is; ten-thousands of each name are understood too."""
    known = dict(_BY_UNIT.get(unit, {unit: _ONE}))
    if code in _TONNES_OF:
        known["吨"] = _TONNES_OF[code]
    return known | {"万": _WAN} | {f"万{name}": _WAN * factor for name, factor in known.items()}


def is_known(unit: str) -> bool:
    """Whether other names and multiples of the unit are understood."""
    return unit in _BY_UNIT


def offered(code: str, unit: str) -> list[str]:
    """The unit itself and those worth a choice beside the field; one alone where there is nothing to choose."""
    tonnes = ("吨",) if code in _TONNES_OF else ()
    return [unit, *_OFFERED.get(unit, ()), *tonnes]


def converted(number: Decimal, name: str, units: Units) -> Decimal | None:
    """The number in the filed unit, to four decimals where a density divides; None for a unit that is not known."""
    factor = {_folded(known): each for known, each in units.items()}.get(_folded(name))
    if factor is None:
        return None
    exact = _plain(number * factor)
    return (
        exact
        if factor == factor.to_integral_value() or factor < 1
        else exact.quantize(_DECIMALS, ROUND_HALF_UP)
    )


def _plain(number: Decimal) -> Decimal:
    """Without trailing zeros, which would count as decimals."""
    short = number.normalize()
    return short.quantize(_ONE) if short == short.to_integral_value() else short


def _folded(name: str) -> str:
    """One spelling of a name: what a keyboard gives for m² and m³, any case."""
    return name.replace("²", "2").replace("³", "3").replace(" ", "").casefold()
