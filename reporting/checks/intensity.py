"""Energy per area and per person, water per person, against the averages of the institution's type.

A month counts twelvefold. The averages are Guangdong's of 2021 (domain reference, section 6): a sanity band, no quota.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from .limits import Limit
from .month import ZERO, Month
from .rule import LimitOf, Said
from .words import span, text

AREA, PEOPLE, ELECTRICITY, WATER = "102", "103", "110", "120"
MONTHS = 12
FACTOR = 3
# kgce per unit as in the default set 重庆2015口径; for a band of a factor of 3 the set does not matter.
KGCE_PER_UNIT = {
    "110": Decimal("0.1229"),
    "130": Decimal("714.3"),
    "140": Decimal("1.33"),
    "105": Decimal("1.7143"),
    "1501": Decimal("1.074122"),
    "1502": Decimal("1.074122"),
    "1601": Decimal("1.238535"),
    "1602": Decimal("1.238535"),
    "170": Decimal("34.12"),
    "180": Decimal(1000),
}
VEHICLE_FUEL = ("1501", "1601")
# kgce/m², kgce/人, m³/人 a year: organs at city level and below, schools, hospitals, venues.
_ORGANS = ("11.02", "397.34", "69.99")
_SCHOOLS = ("3.28", "65.30", "43.38")
_HOSPITALS = ("15.88", "294.06", "55.87")
_VENUES = ("9.87", "66.04", "11.17")
AVERAGES = {
    "01": _ORGANS, "03": _ORGANS, "021": _SCHOOLS, "024": _HOSPITALS, "023": _VENUES, "025": _VENUES,
}  # fmt: skip


def bands(item: str, place: int) -> Mapping[tuple[str, str], Limit]:
    """The shipped limits of one indicator: a third of the type's average to three times of it."""
    averages = {type_code: Decimal(values[place]) for type_code, values in AVERAGES.items()}
    return {
        (item, type_code): Limit(_rounded(average / FACTOR), average * FACTOR)
        for type_code, average in averages.items()
    }


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"))


def energy_per_area(month: Month, limit: LimitOf) -> Iterator[Said]:
    """Without vehicle fuel, as the indicator is defined."""
    kgce = _energy(month, without=VEHICLE_FUEL)
    return _outside(month, AREA, kgce, limit(AREA), "单位建筑面积能耗", "kgce/m²")


def energy_per_person(month: Month, limit: LimitOf) -> Iterator[Said]:
    return _outside(month, PEOPLE, _energy(month), limit(PEOPLE), "人均综合能耗", "kgce/人")


def water_per_person(month: Month, limit: LimitOf) -> Iterator[Said]:
    used, people = month.quantity(WATER), month.quantity(PEOPLE)
    return _judged(WATER, _yearly(used, people), limit(WATER), "人均用水量", "m³/人")


def usual_quantity(month: Month, code: str) -> tuple[Decimal, Decimal] | None:
    """The range that a month's electricity or water lies in by its type's band; None where that is not known."""
    per_area = code == ELECTRICITY
    if code not in (ELECTRICITY, WATER):
        return None
    size = month.quantity(AREA if per_area else PEOPLE)
    slug, item = ("energy-per-area", AREA) if per_area else ("water-per-person", WATER)
    band = month.limits.of(slug, item, month.type_code)
    if not size or band.low is None or band.high is None:
        return None
    share = size / MONTHS / (KGCE_PER_UNIT[code] if per_area else 1)
    return band.low * share, band.high * share


def _outside(
    month: Month, item: str, kgce: Decimal | None, band: Limit, title: str, unit: str
) -> Iterator[Said]:
    return _judged(item, _yearly(kgce, month.quantity(item)), band, title, unit)


def _judged(item: str, value: Decimal | None, band: Limit, title: str, unit: str) -> Iterator[Said]:
    if value is not None and not band.is_open and not band.holds(value):
        expected = f"全年 {span(band.low, band.high, unit, 2)}"
        yield Said(
            item, f"{title}折合全年 {text(value, 2)} {unit}，同类机构通常在{expected}。请核对。", expected
        )


def _yearly(used: Decimal | None, size: Decimal | None) -> Decimal | None:
    return None if used is None or not size else used * MONTHS / size


def _energy(month: Month, without: tuple[str, ...] = ()) -> Decimal | None:
    """kgce of the month; None where it has no electricity of its own, or uses something that was not metered."""
    codes = [code for code in KGCE_PER_UNIT if code in month.statements and code not in without]
    stated = [month.statements[code] for code in codes]
    is_unknown = any(each.quantity is None and not each.is_absent for each in stated)
    if is_unknown or month.quantity(ELECTRICITY) is None:
        return None
    return sum(((month.quantity(code) or ZERO) * KGCE_PER_UNIT[code] for code in codes), ZERO)
