"""What has to be verified of an institution's year, from its numbers: plain values in, Points out, no database.

Changes of floor area and people are held against the limits of the checks' rule `steady` (10 % and a floor), yearly
intensities against those of the rules `energy-per-area`, `energy-per-person` and `water-per-person`: one set of
thresholds, with source and mark, that the bureau sets in one place. The practice of looking at these in the yearly
会审 is 钦州2015's (reference/documents.md 4.2).
"""

import itertools
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .checks import Limits
from .checks.intensity import KGCE_PER_UNIT, VEHICLE_FUEL
from .checks.limits import Limit
from .panels import COLUMN, MONTHS

AREA, PEOPLE, ELECTRICITY, WATER = "102", "103", "110", "120"
# Filed before the split was asked: the part that vehicles used is not known, so it is left out per area like theirs.
UNDIVIDED = {"150": KGCE_PER_UNIT["1501"], "160": KGCE_PER_UNIT["1601"]}
_COEFFICIENTS = KGCE_PER_UNIT | UNDIVIDED
# Panels hold binary fractions: what is ten percent on paper must not count as more by the last bit.
TOLERANCE = 1e-9
_UNITS = {AREA: "m²", PEOPLE: "人"}
_NAMES = {AREA: "建筑面积", PEOPLE: "用能人数"}


class Point(NamedTuple):
    """kind: a PointKind; place: what tells it from others of its kind; month: whose lines show it."""

    kind: str
    place: str
    month: date | None
    statement: str


Year = NDArray[np.float64]


def changes(year: int, values: Year, before: Year | None, limits: Limits, type_code: str) -> Iterator[Point]:
    """Area and people: the year's mean against the year before, and each month against the known one before it.

    values, before: panels of the year and the year before, shape (12, items), NaN where unknown.
    """
    for item, kind in ((AREA, "area"), (PEOPLE, "people")):
        limit, months = limits.of("steady", item, type_code), values[:, COLUMN[item]]
        if before is not None:
            yield from _yearly_change(year, item, f"{kind}-year", months, before[:, COLUMN[item]], limit)
        yield from _jumps(year, item, f"{kind}-jump", months, limit)


def outside_bands(year: int, values: Year, limits: Limits, type_code: str) -> Iterator[Point]:
    """Yearly intensities from the months in which everything needed is known; fewer than twelve count as if twelve."""
    whole, rest = kgce(values), kgce(values, without=(*VEHICLE_FUEL, *UNDIVIDED))
    measures = (
        ("energy-per-area", AREA, AREA, rest, "单位建筑面积能耗", "kgce/m²"),
        ("energy-per-person", PEOPLE, PEOPLE, whole, "人均综合能耗", "kgce/人"),
        ("water-per-person", WATER, PEOPLE, values[:, COLUMN[WATER]], "人均用水量", "m³/人"),
    )
    for slug, item, size, used, title, unit in measures:
        found, months = yearly(used, values[:, COLUMN[size]])
        band = limits.of(slug, item, type_code)
        if found is None or band.is_open or _holds(band, found):
            continue
        part = "" if months == MONTHS else f"（按{months}个月折合全年）"
        yield Point(
            slug,
            f"{year}",
            None,
            f"{year}年{title} {found:,.2f} {unit}{part}，通常范围为 {_span(band, unit)}",
        )


def not_approved(year: int, months: int) -> Iterator[Point]:
    """Months that are owed and of which nothing was approved. months: bit m is month m + 1."""
    lacking = [month for month in range(MONTHS) if months >> month & 1]
    if lacking:
        names = "、".join(f"{month + 1}月" for month in lacking)
        only = date(year, lacking[0] + 1, 1) if len(lacking) == 1 else None
        yield Point("not-approved", f"{year}", only, f"没有通过审核的数据：{names}，共 {len(lacking)} 个月")


def kgce(values: Year, without: tuple[str, ...] = ()) -> NDArray[np.float64]:
    """Coal equivalent of each month, shape (12,); NaN where any carrier of it is not known.

    Coefficients: 重庆2015口径, as the checks use them; for a band of a factor of 3 the set does not matter.
    """
    codes = [code for code in _COEFFICIENTS if code not in without]
    coefficients = np.array([float(_COEFFICIENTS[code]) for code in codes])
    return values[:, [COLUMN[code] for code in codes]] @ coefficients


def yearly(used: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[float | None, int]:
    """Σ used × 12 / n over the mean size of the n months in which both are known; and n. None where there is none."""
    known = ~np.isnan(used) & ~np.isnan(size)
    months = int(known.sum())
    if not months or not size[known].sum():
        return None, months
    return float(used[known].sum() * MONTHS / months / size[known].mean()), months


def _yearly_change(
    year: int, item: str, kind: str, now: NDArray[np.float64], then: NDArray[np.float64], limit: Limit
) -> Iterator[Point]:
    known, earlier = now[~np.isnan(now)], then[~np.isnan(then)]
    if not known.size or not earlier.size or not _passes(float(known.mean()), float(earlier.mean()), limit):
        return
    moved = _moved(known.mean(), earlier.mean())
    yield Point(
        kind,
        f"{year}",
        None,
        f"{_NAMES[item]}月均：{year - 1}年 {earlier.mean():,.2f} {_UNITS[item]}（{earlier.size}个月）→ "
        f"{year}年 {known.mean():,.2f} {_UNITS[item]}（{known.size}个月），{moved}，超过 {_percent(limit)}",
    )


def _jumps(year: int, item: str, kind: str, months: NDArray[np.float64], limit: Limit) -> Iterator[Point]:
    known = [month for month in range(MONTHS) if not np.isnan(months[month])]
    for earlier, later in itertools.pairwise(known):
        then, now = float(months[earlier]), float(months[later])
        if _passes(now, then, limit):
            unit = _UNITS[item]
            words = (
                f"{_NAMES[item]}：{earlier + 1}月 {then:,.2f} {unit} → {later + 1}月 {now:,.2f} {unit}，"
                f"{_moved(now, then)}，超过 {_percent(limit)}"
            )
            yield Point(kind, f"{year}-{later + 1:02}", date(year, later + 1, 1), words)


def _passes(now: float, then: float, limit: Limit) -> bool:
    """Changed by more than the limit, and by no less than its floor."""
    if limit.high is None or not then:
        return False
    far = abs(now - then)
    return far > float(limit.high) * then * (1 + TOLERANCE) and far * (1 + TOLERANCE) >= float(
        limit.floor or 0
    )


def _holds(band: Limit, value: float) -> bool:
    return (band.low is None or float(band.low) <= value) and (band.high is None or value <= float(band.high))


def _moved(now: float, then: float) -> str:
    change = now / then - 1
    return f"{'+' if change > 0 else '−'}{abs(change) * 100:.2f} %"


def _percent(limit: Limit) -> str:
    return f"{(limit.high or 0) * 100:.0f} %"


def _span(band: Limit, unit: str) -> str:
    bounds = [f"{bound:,.2f}" for bound in (band.low, band.high) if bound is not None]
    if len(bounds) == 2:
        return f"{'—'.join(bounds)} {unit}"
    return f"{bounds[0]} {unit}{'以下' if band.low is None else '以上'}"
