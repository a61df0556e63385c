"""Why a running year may end where its forecast says: the months used, the ratio, the errors, beside what is stored."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from reporting.accounting import rules

from .. import cards, forecasting, projection, refresh, student_t
from ..indicators import INDICATORS, MONTHS, known
from ..models import Forecast, Indicator
from . import stored
from .measure import MEASURES
from .owner import why, why_requirement
from .rule_set import RuleSetUsed
from .stored import Difference

# What is stored of a forecast → how it is called where it differs.
WORDS = {
    "value": "预测值",
    "low": "区间下限",
    "high": "区间上限",
    "base": "基准年",
    "target": "本年要求",
    "probability": "达标概率",
    "allowed_per_month": "剩余月均可用量",
    "projected_per_month": "剩余月均预测量",
    "mape": "回测平均误差",
    "mape_last_year": "照搬上年的平均误差",
    "hit_rate": "区间命中率",
    "tested": "回测年数",
}


@dataclass(frozen=True)
class MonthUsed:
    """last, this: the numerator of the same month last year, and this year's as it is known or projected."""

    month: int
    is_known: bool
    last: float | None
    this: float | None
    last_denominator: float | None
    this_denominator: float | None


@dataclass(frozen=True)
class Growth:
    """ratio = this ÷ last over the known months; months to come are last year's × factor, factor = ratio ^ weight."""

    this: float
    last: float
    ratio: float | None
    weight: float | None
    factor: float | None


@dataclass(frozen=True)
class YearError:
    """ln(actual ÷ projected) of an earlier year at the same known months."""

    year: int
    log_error: float


@dataclass(frozen=True)
class Interval:
    """spread = max(typical_error, least_error); low, high = value × exp(∓ t × spread).

    least_error = least_yearly_error × √(unknown months ÷ 12).
    """

    level: float
    errors: list[YearError]
    typical_error: float | None
    least_yearly_error: float
    least_error: float
    spread: float | None
    degrees: int
    t: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Goal:
    """target = base × (1 − reduction); probability: of ending at or below it.

    distance: (ln target − ln value) ÷ spread, the place in Student's t.
    """

    base: float | None
    reduction: float | None
    target: float | None
    distance: float | None
    probability: float | None
    href: str | None


@dataclass(frozen=True)
class AllowanceUsed:
    """allowed = (target × denominator − used) ÷ remaining; projected = to_come ÷ remaining. In the numerator's unit."""

    used: float | None
    to_come: float | None
    denominator: float | None
    remaining: int
    allowed: float | None
    projected: float | None


@dataclass(frozen=True)
class TestedYear:
    """A year as if only so many months of it were known; errors are |projected ÷ actual − 1|."""

    year: int
    actual: float
    projected: float
    low: float | None
    high: float | None
    is_hit: bool | None
    error: float
    last_year: float | None
    last_year_error: float | None


@dataclass(frozen=True)
class ForecastLineage:
    """is_reproduced: whether the months as they are now make exactly the stored forecast, `differences` where not."""

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    year: int
    base_year: int | None
    indicator: str
    label: str
    unit: str
    numerator: str
    numerator_unit: str
    denominator: str
    denominator_unit: str
    rule_set: RuleSetUsed
    known_months: int
    half_trusted_after: int
    is_history_enough: bool
    months: list[MonthUsed]
    numerators: Growth
    denominators: Growth
    numerator_sum: float | None
    denominator_mean: float | None
    value: float | None
    interval: Interval
    goal: Goal
    allowance: AllowanceUsed
    tested_years: list[TestedYear]
    mape: float | None
    mape_last_year: float | None
    hit_rate: float | None
    stored_value: float | None
    is_reproduced: bool
    differences: list[Difference]
    computed_at: datetime
    href: str
    previous_href: str
    base_href: str | None

    @property
    def known_in_words(self):
        return cards.months_in_words([each.month for each in self.months if each.is_known])

    @property
    def previous_year(self):
        return self.year - 1


@dataclass(frozen=True)
class Made:
    """One owner's months (1, years, 12), unknown where either side is, and what the kernels make of them."""

    first_year: int
    top: np.ndarray
    bottom: np.ndarray
    outlook: projection.Projection
    reduction: float
    base: np.ndarray
    columns: dict

    @property
    def target(self):
        return self.base * (1 - self.reduction)


def explain_forecast(owner, year, indicator, parameters) -> ForecastLineage:
    """Raises ValueError, in words, where no forecast of that year and indicator is stored, or nothing to make it of."""
    slug = parameters.get("rules") or rules.active_slug()
    rows = Forecast.objects.filter(agency=owner.agency, year=year, indicator=indicator, rule_set__slug=slug)
    row = rows.select_related("rule_set").first()
    if row is None:
        raise ValueError(f"没有{year}年“{indicator}”的年末预测。")
    basis = refresh.basis_of(slug)
    return _explained(owner, row, basis, _made(owner.agency, row, basis), parameters)


def _made(agency, row, basis):
    history = forecasting.history_of(agency, basis)
    history = history and history.until(row.year)
    if history is None:
        raise ValueError(f"{row.year}年已没有各月数值。")
    place = INDICATORS.index(row.indicator)
    sides = (side[..., place, :] for side in forecasting.sides(history.packed, basis))
    top, bottom = projection.known_in_both(*sides)
    reduction = forecasting.required_of(cards.Plan(), row.indicator, row.year)
    base = forecasting.bases_of(agency, history, row.year, basis)[:, place]
    columns = forecasting.forecast_columns(
        history, Indicator(row.indicator), basis, required=reduction, base=base
    )
    outlook = projection.project(top, bottom, row.level)
    return Made(row.year - top.shape[1] + 1, top, bottom, outlook, reduction, base, columns)


def _explained(owner, row, basis, made, parameters):
    measure, outlook = MEASURES[row.indicator], made.outlook
    query = f"?rules={parameters['rules']}" if parameters.get("rules") else ""
    base_year = basis.base_years.get(row.year)
    hrefs = [
        f"{why(owner.kind, owner.key, year, row.indicator)}{query}" if year else None
        for year in (row.year, row.year - 1, base_year)
    ]
    found = differences(row, made.columns)
    return ForecastLineage(
        **owner.named,
        year=row.year,
        base_year=base_year,
        indicator=row.indicator,
        label=row.get_indicator_display(),
        unit=row.unit,
        numerator=measure.numerator,
        numerator_unit=measure.numerator_unit,
        denominator=measure.denominator_word,
        denominator_unit=measure.denominator[1],
        rule_set=RuleSetUsed.of(row.rule_set),
        known_months=int(outlook.known_months[0]),
        half_trusted_after=projection.HALF_TRUSTED_AFTER,
        is_history_enough=bool(outlook.is_history_enough[0]),
        months=_months(made),
        numerators=_growth(made.top, outlook.known, projection.HALF_TRUSTED_AFTER),
        denominators=_growth(made.bottom, outlook.known, projection.FULLY_TRUSTED),
        numerator_sum=known(outlook.numerator[0].sum()),
        denominator_mean=known(outlook.denominator[0].mean()),
        value=known(outlook.value[0]),
        interval=_interval(row, made),
        goal=_goal(owner, made, base_year, query, row),
        allowance=_allowance(made),
        tested_years=_tested_years(row, made),
        **_of_columns(made.columns, "mape", "mape_last_year", "hit_rate"),
        stored_value=row.value,
        is_reproduced=not found,
        differences=found,
        computed_at=row.computed_at,
        href=hrefs[0],
        previous_href=hrefs[1],
        base_href=hrefs[2],
    )


def differences(row, columns):
    """Which stored numbers the columns of `forecasting.forecast_columns`, of this one owner, do not make."""
    made = _of_columns(columns, *WORDS)
    return [
        Difference(name, getattr(row, column), made[column])
        for column, name in WORDS.items()
        if not stored.is_same(made[column], getattr(row, column))
    ]


def _of_columns(columns, *names):
    """Unknown where the owner's year is not running any more."""
    return {name: known(float(columns[name][0])) if len(columns[name]) else None for name in names}


def _months(made):
    outlook = made.outlook
    arrays = made.top[0, -2], outlook.numerator[0], made.bottom[0, -2], outlook.denominator[0]
    return [
        MonthUsed(month + 1, bool(outlook.known[0, month]), *(known(each[month]) for each in arrays))
        for month in range(MONTHS)
    ]


def _growth(months, is_known, half_trusted_after):
    this, last = months[:, -1], months[:, -2]
    ratio, weight = projection.growth(this, last, is_known, half_trusted_after)
    this, last = (float(np.where(is_known, each, 0.0).sum()) for each in (this, last))
    return Growth(this, last, known(ratio[0]), known(weight[0]), known((ratio**weight)[0]))


def _interval(row, made):
    outlook = made.outlook
    errors = projection.log_errors(made.top, made.bottom, outlook.known)[0]
    degrees = int(outlook.backtests[0])
    return Interval(
        level=row.level,
        errors=[
            YearError(made.first_year + 1 + at, float(error))
            for at, error in enumerate(errors)
            if not np.isnan(error)
        ],
        typical_error=known(outlook.typical_error[0]),
        least_yearly_error=projection.LEAST_YEARLY_ERROR,
        least_error=float(projection.least_error(outlook.known)[0]),
        spread=known(outlook.spread[0]),
        degrees=degrees,
        t=student_t.two_sided_quantile(row.level, degrees) if degrees else None,
        low=known(outlook.low[0]),
        high=known(outlook.high[0]),
    )


def _goal(owner, made, base_year, query, row):
    value, target, spread = made.outlook.value[0], made.target[0], made.outlook.spread[0]
    is_positive = value > 0 and target > 0 and spread > 0
    return Goal(
        base=known(made.base[0]),
        reduction=known(made.reduction),
        target=known(target),
        distance=math.log(target / value) / float(spread) if is_positive else None,
        probability=known(projection.probability_met(made.outlook, made.target)[0]),
        href=f"{why_requirement(owner.kind, owner.key, row.year, row.indicator)}{query}"
        if base_year
        else None,
    )


def _allowance(made):
    outlook, found = made.outlook, projection.allowance(made.outlook, made.target)
    remaining = int(outlook.remaining_months[0])
    months = outlook.numerator[0]
    return AllowanceUsed(
        used=known(months[: MONTHS - remaining].sum()),
        to_come=known(months[MONTHS - remaining :].sum()),
        denominator=known(outlook.denominator[0].mean()),
        remaining=remaining,
        allowed=known(found.allowed_per_month[0]),
        projected=known(found.projected_per_month[0]),
    )


def _tested_years(row, made):
    """Each year at as many months as are over now, as `projection.backtest_each` takes them."""
    counts = MONTHS - made.outlook.remaining_months
    rows = projection.held_out_years(made.top, made.bottom, counts, row.level)[:, :, 0]
    return [
        _tested_year(made.first_year + 2 + at, *(known(each) for each in numbers[:5]))
        for at, numbers in enumerate(rows)
        if not np.isnan(numbers[0])
    ]


def _tested_year(year, actual, low, high, projected, last_year):
    return TestedYear(
        year=year,
        actual=actual,
        projected=projected,
        low=low,
        high=high,
        is_hit=None if low is None else low <= actual <= high,
        error=abs(projected / actual - 1),
        last_year=last_year,
        last_year_error=None if last_year is None else abs(last_year / actual - 1),
    )
