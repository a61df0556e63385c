"""The edge of projection and peak test: monthly figures into arrays, the outcome for every institution and node stored.

A job of its own, behind the figures: it reads them block by block, and makes an object of no row.
"""

from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import F, Max, Q

from agencies.models import Agency
from reporting import bulk
from reporting.accounting import rules

from . import blocks, cards, indicators, peak, projection, refresh
from .indicators import INDICATORS, MONTHS, QUANTITIES, Months
from .models import Figure, Forecast, GroupFigure, GroupKind, GroupPanel, Indicator, PeakBasis, PeakResult

# 一(三)-7 有条件的公共机构2025年前实现碳达峰; 一(三)-8 全区公共机构碳排放总量2030年前达峰 (tasks reference, from
# 渝中机管〔2023〕17号 一（三）). Both count their year as in time.
INSTITUTION_DEADLINE = 2025
DISTRICT_DEADLINE = 2030
# An institution whose months ended earlier is closed or silent, not running.
RUNNING_YEARS = 2
ROUNDING = 1e-9
_FIGURE_COLUMNS = {
    "agency_id": np.int64,
    "year": np.int16,
    "approved_months": np.int16,
    "packed": (np.uint8, len(QUANTITIES) * MONTHS * blocks.STORED.itemsize),
}


@dataclass(frozen=True)
class History:
    """Months of n owners: packed (n, years, 8, 12) as in `Months`, NaN where unknown; is_whole (n, years)."""

    agencies: np.ndarray
    first_year: int
    packed: np.ndarray
    is_whole: np.ndarray

    @property
    def years(self):
        return np.arange(self.first_year, self.first_year + self.packed.shape[1])

    @property
    def last_years(self):
        """The last year with a known month, (n,)."""
        is_known = ~np.isnan(Months.unpacked(self.packed).kgce).all(axis=-1)
        return self.years[-1] - np.argmax(is_known[:, ::-1], axis=1)

    def running_in(self, year):
        """The owners whose year is running, up to this year; None without any."""
        column = year - self.first_year
        if not 0 <= column < self.packed.shape[1]:
            return None
        chosen = (self.last_years == year) & ~self.is_whole[:, column]
        if not chosen.any():
            return None
        until = slice(None, column + 1)
        return History(
            self.agencies[chosen], self.first_year, self.packed[chosen, until], self.is_whole[chosen, until]
        )


def is_due():
    """Whether figures were made after the forecasts; every owner with figures has a peak result."""
    of = {"rule_set__slug": rules.active_slug()}
    made = [
        model.objects.filter(**of).aggregate(last=Max("computed_at"))["last"]
        for model in (Figure, GroupFigure)
    ]
    made = [moment for moment in made if moment]
    tested = PeakResult.objects.filter(**of).aggregate(last=Max("computed_at"))["last"]
    return bool(made) and (tested is None or max(made) > tested)


def forecast_all():
    """Every institution's and node's forecast and peak test under the rule set in force; returns how many rows."""
    basis, plan = refresh.basis_of(rules.active_slug()), cards.Plan()
    latest = Figure.objects.filter(rule_set=basis.rule_set).aggregate(last=Max("year"))["last"]
    done = 0
    for number in blocks.numbers():
        first, end = blocks.span(number)
        within = Q(agency__gte=first, agency__lt=end)
        owned = within & Q(agency__kind="institution")
        with transaction.atomic():
            restated = Figure.objects.filter(within, rule_set=basis.rule_set)
            done += _replace(
                owned, _institutions(number, basis), restated, INSTITUTION_DEADLINE, basis, plan, latest
            )
    with transaction.atomic():
        nodes, keys = _nodes(basis)
        rows = _group_figures(basis).filter(key__in=keys)
        return done + _replace(
            ~Q(agency__kind="institution"), nodes, rows, DISTRICT_DEADLINE, basis, plan, latest, keys
        )


def _institutions(number, basis):
    where = "agency_id >= %s AND agency_id < %s AND rule_set_id = %s ORDER BY agency_id, year"
    parameters = [*blocks.span(number), basis.rule_set.pk]
    rows = bulk.select_columns(Figure, where, parameters, _FIGURE_COLUMNS)
    packed = np.ascontiguousarray(rows["packed"]).view(blocks.STORED)
    is_whole = rows["approved_months"] == cards.ALL_MONTHS
    return _arranged(rows["agency_id"].astype(np.int64), rows["year"].astype(np.int64), packed, is_whole)


def _group_figures(basis):
    return GroupFigure.objects.filter(kind=GroupKind.NODE, panel=GroupPanel.ALL, rule_set=basis.rule_set)


def _nodes(basis):
    """The nodes' history, without the months of less than half the year's fullest area; and key → agency."""
    rows = list(_group_figures(basis).values_list("key", "year", "packed"))
    keys = dict(Agency.objects.filter(key__in={key for key, _, _ in rows}).values_list("key", "pk"))
    rows = [row for row in rows if row[0] in keys]
    packed = np.frombuffer(b"".join(bytes(row[2]) for row in rows), dtype=blocks.STORED)
    packed = packed.reshape(len(rows), len(QUANTITIES), MONTHS)
    area = np.nan_to_num(packed[:, QUANTITIES.index("floor_area_m2")])
    is_full = area >= area.max(axis=1, keepdims=True, initial=0) / 2
    packed = np.where(is_full[:, np.newaxis], packed, np.nan)
    is_whole = ~np.isnan(packed[:, QUANTITIES.index("kgce")]).any(axis=1)
    agencies = np.array([keys[row[0]] for row in rows], dtype=np.int64)
    years = np.array([row[1] for row in rows], dtype=np.int64)
    return _arranged(agencies, years, packed, is_whole), keys


def _arranged(owners, years, packed, is_whole):
    """One row a year as arrays over all years; None without rows."""
    if not len(owners):
        return None
    agencies, at = np.unique(owners, return_inverse=True)
    first_year = int(years.min())
    shape = (len(agencies), int(years.max()) - first_year + 1)
    months, whole = np.full((*shape, len(QUANTITIES), MONTHS), np.nan), np.zeros(shape, dtype=bool)
    months[at, years - first_year] = packed.reshape(-1, len(QUANTITIES), MONTHS)
    whole[at, years - first_year] = is_whole
    return History(agencies, first_year, months, whole)


def _replace(owned, history, rows, deadline, basis, plan, latest, keys=None):
    """Store these owners' outcome in place of what is stored; rows: their figures, which know what is restated."""
    for model in (Forecast, PeakResult):
        model.objects.filter(owned, rule_set=basis.rule_set).delete()
    if history is None:
        return 0
    done = _write(PeakResult, peak_columns(history, deadline), basis)
    for year in range(latest - RUNNING_YEARS + 1, latest + 1):
        running = history.running_in(year)
        for indicator in Indicator if running else ():
            restated = _restated(rows.filter(year=year), indicator, keys)
            columns = forecast_columns(
                running, indicator, basis, required=_required(plan, indicator, year), restated=restated
            )
            done += _write(Forecast, columns, basis)
    return done


def _required(plan, indicator, year):
    """The reduction that the plan asks of the year, NaN where 待下达."""
    target = plan.target(indicator, year)
    required = target.required(year) if target else None
    return np.nan if required is None else required


def _restated(rows, indicator, keys):
    """The owners whose base year counts differently from how it was filed."""
    base, filed = f"{indicator}_base", F(f"{indicator}_base_filed")
    differs = Q(**{f"{base}__gt": filed * (1 + ROUNDING)}) | Q(**{f"{base}__lt": filed * (1 - ROUNDING)})
    found = rows.filter(differs).values_list("agency" if keys is None else "key", flat=True)
    return list(found) if keys is None else [keys[key] for key in found]


def peak_columns(history, deadline):
    """The columns of `PeakResult`, of carbon on the frozen grid factor."""
    totals = np.where(history.is_whole, Months.unpacked(history.packed).kg_co2_target.sum(axis=-1), np.nan)
    test, is_known = peak.peak_test(history.years, totals, deadline), ~np.isnan(totals)
    last = history.years[-1] - np.argmax(is_known[:, ::-1], axis=1)
    return {
        "agency": history.agencies,
        "basis": np.full(len(totals), str(PeakBasis.TARGET.value)),
        "status": test.status,
        "peak_year": test.peak_year,
        "last_whole_year": np.where(is_known.any(axis=1), last.astype(float), np.nan),
        "deadline": deadline,
        "recent_yearly_trend": test.recent_yearly_trend,
        "kendall_p": test.kendall_p,
        "sen_slope": test.sen_slope,
    }


def forecast_columns(history, indicator, basis, *, required, restated):
    """The columns of `Forecast` of the last year, for those who know some of its months and not all."""
    top, bottom = _sides(history, indicator, basis)
    year = int(history.years[-1])
    outlook = projection.project(top, bottom)
    base = np.where(np.isin(history.agencies, restated), np.nan, _base(history, top, bottom, year, basis))
    target = base * (1 - required)
    allowance = projection.allowance(outlook, target)
    tested = projection.backtest_each(top, bottom, MONTHS - outlook.remaining_months)
    columns = {
        "agency": history.agencies,
        "indicator": np.full(len(top), str(indicator.value)),
        "known_months": outlook.known_months,
        "is_history_enough": outlook.is_history_enough,
        "value": outlook.value,
        "low": outlook.low,
        "high": outlook.high,
        "base": base,
        "target": target,
        "probability": projection.probability_met(outlook, target),
        "allowed_per_month": allowance.allowed_per_month,
        "projected_per_month": allowance.projected_per_month,
        "mape": tested.mape,
        "mape_last_year": tested.mape_last_year,
        "hit_rate": tested.hit_rate,
        "tested": tested.tested,
    }
    is_running = (outlook.known_months > 0) & (outlook.known_months < MONTHS)
    return {name: values[is_running] for name, values in columns.items()} | {
        "year": year,
        "level": projection.LEVEL,
    }


def _sides(history, indicator, basis):
    """Numerator and denominator of an indicator, (n, years, 12) each."""
    months, row = Months.unpacked(history.packed), INDICATORS.index(indicator.value)
    # Rounding may leave a little less than nothing where vehicle fuel is all there is.
    top = np.maximum(indicators.numerators(months, basis.boundary)[..., row, :], 0.0)
    return top, indicators.denominators(months)[..., row, :]


def _base(history, top, bottom, year, basis):
    """The whole base year's value, (n,); NaN where any month of it is unknown."""
    column = basis.base_years.get(year, -1) - history.first_year
    if not 0 <= column < len(history.years):
        return np.full(len(top), np.nan)
    return indicators.divided(top[:, column].sum(axis=1), bottom[:, column].mean(axis=1))


def _write(model, columns, basis):
    count = len(columns["agency"])
    if count:
        stamps = {"rule_set": basis.rule_set.pk, "computed_at": basis.computed_at}
        bulk.insert_columns(model, blocks.spread(columns | stamps, count))
    return count
