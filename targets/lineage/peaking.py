"""Why carbon counts as peaked or not: totals of whole years, the trend tests worked out, the rule, on both bases."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from reporting.accounting import rules

from .. import forecasting, peak, refresh
from ..indicators import Months, known
from ..models import PeakBasis, PeakResult, PeakStatus
from . import stored
from .owner import why
from .rule_set import RuleSetUsed
from .stored import Difference

# What is stored of a test → how it is called where it differs.
WORDS = {
    "peak_year": "峰值年",
    "last_whole_year": "最近全年",
    "recent_yearly_trend": "近三年趋势",
    "kendall_p": "Mann-Kendall p",
    "sen_slope": "Sen 斜率",
}
# How the status was decided, the first that fits.
RULES = {
    PeakStatus.TOO_SHORT: "最近没有连续三个全年，看不出趋势",
    PeakStatus.PEAKED: "峰值年之后至少两个全年，逐年下降且不缺年份，峰值年不晚于期限",
    PeakStatus.PEAKED_LATE: "峰值年之后至少两个全年，逐年下降且不缺年份，但峰值年晚于期限",
    PeakStatus.RISING: "没有达峰，近三年趋势每年上升超过 1 %",
    PeakStatus.PLATEAU: "没有达峰，近三年趋势也没有每年上升超过 1 %",
}
TOTALS = {PeakBasis.TARGET: "kg_co2_target", PeakBasis.INVENTORY: "kg_co2_inventory"}


@dataclass(frozen=True)
class YearTotal:
    """kg_co2: unknown where the year is not whole; grid factor: kgCO₂/kWh, of `grid_year`."""

    year: int
    kg_co2: float | None
    is_peak: bool
    is_whole: bool
    grid_factor: str
    grid_year: int
    is_provisional: bool
    href: str


@dataclass(frozen=True)
class Slope:
    """(total of `until` − total of `since`) ÷ the years between, kgCO₂ a year; the median is Sen's."""

    since: int
    until: int
    value: float
    is_median: bool


@dataclass(frozen=True)
class Trend:
    """(last − first) ÷ 2 ÷ mean, of the last three whole years."""

    first: float
    last: float
    mean: float
    value: float


@dataclass(frozen=True)
class BasisTest:
    """kendall_s, variance, z, p: Mann-Kendall; slopes: ascending. rule: the sentence that decided the status."""

    basis: str
    name: str
    grid_factors: str
    years: list[YearTotal]
    known_years: int
    peak_year: int | None
    years_after_peak: int
    declines_since_peak: bool
    trend: Trend | None
    kendall_s: float | None
    kendall_variance: float
    kendall_z: float | None
    kendall_p: float | None
    slopes: list[Slope]
    sen_slope: float | None
    status: str
    status_name: str
    rule: str
    is_reproduced: bool
    differences: list[Difference]
    computed_at: datetime


@dataclass(frozen=True)
class PeakLineage:
    """is_reproduced: whether the months as they are now make exactly what is stored, on both bases."""

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    deadline: int
    least_years_of_decline: int
    flat_yearly_trend: float
    rule_set: RuleSetUsed
    is_reproduced: bool
    tests: list[BasisTest]


def explain_peak(owner, parameters) -> PeakLineage:
    """Raises ValueError, in words, where no test of the owner is stored, or there is nothing to make it of."""
    slug = parameters.get("rules") or rules.active_slug()
    rows = PeakResult.objects.filter(agency=owner.agency, rule_set__slug=slug)
    rows = list(rows.select_related("rule_set"))
    if not rows:
        raise ValueError("没有碳达峰判定。")
    basis = refresh.basis_of(slug)
    history = forecasting.history_of(owner.agency, basis)
    if history is None:
        raise ValueError("已没有各月数值。")
    query = f"?rules={slug}" if parameters.get("rules") else ""
    tests = [_test(owner, row, history, basis, query) for row in rows]
    return PeakLineage(
        **owner.named,
        deadline=forecasting.deadline_of(owner.agency),
        least_years_of_decline=peak.YEARS_OF_DECLINE,
        flat_yearly_trend=peak.FLAT_YEARLY_TREND,
        rule_set=RuleSetUsed.of(rows[0].rule_set),
        is_reproduced=all(test.is_reproduced for test in tests),
        tests=tests,
    )


def _test(owner, row, history, basis, query):
    measure = TOTALS[row.basis]
    totals = forecasting.yearly_totals(history, getattr(Months.unpacked(history.packed), measure))
    test = peak.peak_test(history.years, totals, forecasting.deadline_of(owner.agency))
    variance = float(peak.kendall_variance(totals)[0])
    found = _differences(row, test, history, totals)
    status = PeakStatus(str(test.status[0]))
    return BasisTest(
        basis=row.basis,
        name=row.get_basis_display(),
        grid_factors=row.grid_factors,
        years=_years(owner, row.basis, history, totals[0], test, basis, query),
        known_years=int((~np.isnan(totals)).sum()),
        peak_year=_whole(test.peak_year[0]),
        years_after_peak=int(test.years_after_peak[0]),
        declines_since_peak=bool(test.declines_since_peak[0]),
        trend=_trend(totals[0], test),
        kendall_s=known(test.kendall_s[0]),
        kendall_variance=variance,
        kendall_z=_z(float(test.kendall_s[0]), variance),
        kendall_p=known(test.kendall_p[0]),
        slopes=_slopes(history.years, totals[0]),
        sen_slope=known(test.sen_slope[0]),
        status=str(status),
        status_name=status.label,
        rule=RULES[status],
        is_reproduced=not found,
        differences=found,
        computed_at=row.computed_at,
    )


def _differences(row, test, history, totals):
    """Which stored numbers the totals as they are now do not make; the status is told by its word."""
    years = history.years[~np.isnan(totals[0])]
    made = {
        "peak_year": known(test.peak_year[0]),
        "last_whole_year": float(years[-1]) if len(years) else None,
        "recent_yearly_trend": known(test.recent_yearly_trend[0]),
        "kendall_p": known(test.kendall_p[0]),
        "sen_slope": known(test.sen_slope[0]),
    }
    found = [
        Difference(name, getattr(row, column), made[column])
        for column, name in WORDS.items()
        if not stored.is_same(made[column], getattr(row, column))
    ]
    is_other = row.status != str(test.status[0]) or row.deadline != forecasting.deadline_of(row.agency)
    return [*found, Difference("状态", None, None)] if is_other else found


def _years(owner, on, history, totals, test, basis, query):
    loaded = basis.loaded
    vintages = [
        loaded.target_vintage if on == PeakBasis.TARGET else loaded.inventory_vintage(year)
        for year in history.years.tolist()
    ]
    return [
        YearTotal(
            year=year,
            kg_co2=known(total),
            is_peak=year == test.peak_year[0],
            is_whole=bool(is_whole),
            grid_factor=str(vintage.kg_co2_per_kwh),
            grid_year=vintage.data_year,
            is_provisional=vintage.is_provisional,
            href=f"{why(owner.kind, owner.key, year, TOTALS[on])}{query}",
        )
        for year, total, is_whole, vintage in zip(
            history.years.tolist(), totals, history.is_whole[0], vintages, strict=True
        )
    ]


def _trend(totals, test):
    if np.isnan(test.recent_yearly_trend[0]):
        return None
    three = totals[~np.isnan(totals)][-peak.TREND_YEARS :]
    return Trend(float(three[0]), float(three[-1]), float(three.mean()), float(test.recent_yearly_trend[0]))


def _z(s, variance):
    return (s - math.copysign(1, s)) / math.sqrt(variance) if s and variance > 0 else None


def _slopes(years, totals):
    places = np.flatnonzero(~np.isnan(totals)).tolist()
    pairs = [(a, b) for at, a in enumerate(places) for b in places[at + 1 :]]
    found = sorted((float(totals[b] - totals[a]) / (b - a), int(years[a]), int(years[b])) for a, b in pairs)
    middle = {(len(found) - 1) // 2, len(found) // 2}
    return [Slope(since, until, value, at in middle) for at, (value, since, until) in enumerate(found)]


def _whole(year):
    return None if np.isnan(year) else int(year)
