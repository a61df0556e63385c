"""The filed floor area against the register's (ADR 0010)."""

from collections.abc import Iterator
from decimal import Decimal

from agencies.areas import MonthArea

from .limits import Limit
from .month import Month
from .rule import LimitOf, Said
from .words import around, signed_percent, text

AREA = "102"
# 1 %: what the plan asks of a figure per m² in a year (5 % in five years), so a denominator that is further off can
# make or hide a whole year's progress. Not less than 10 m², about one room: 1 % of a small office is a corner of it.
LIMITS = {(AREA, ""): Limit(high=Decimal("0.01"), floor=Decimal(10))}
NAMED_BUILDINGS = 3


def register_area(month: Month, limit: LimitOf) -> Iterator[Said]:
    registered = month.registered
    if registered is None or AREA not in month.statements:
        return
    filed, area_m2, bounds = month.quantity(AREA), registered.area_m2, limit(AREA)
    if not is_off_register(filed, area_m2, bounds):
        return
    words = "未填数量" if filed is None else f"填报 {text(filed)} m²"
    apart = "" if filed is None or not area_m2 else f"，相差 {signed_percent(filed / area_m2 - 1)}"
    said = f"{month.name(AREA)}{words}，名录为 {text(area_m2)} m²（{_buildings(registered)}）{apart}。"
    advice = "请更正本月数量；名录有误的，请局管理员更正建筑或占比。"
    yield Said(AREA, f"{said}{advice}", around(area_m2, bounds.high or Decimal(0), "m²"))


def is_off_register(filed_m2: Decimal | None, registered_m2: Decimal, limit: Limit) -> bool:
    """Whether a filed area is further from the register's than it may be; None: stated without a quantity."""
    if limit.high is None:
        return False
    most = max(limit.high * registered_m2, limit.floor or Decimal(0))
    return filed_m2 is None or abs(filed_m2 - registered_m2) > most


def _buildings(registered: MonthArea) -> str:
    """The first buildings with their areas, and how many there are beyond them."""
    parts = registered.parts
    named = [
        f"{part.building} {text(part.area_m2)}"
        + ("" if part.is_whole_month else f"，{part.days}/{part.days_of_month} 日")
        for part in parts[:NAMED_BUILDINGS]
    ]
    rest = len(parts) - len(named)
    return "；".join(named) + (f"；另 {rest} 处" if rest else "")
