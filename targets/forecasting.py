"""The edge of projection and peak test: monthly figures into arrays, the outcome for every institution and node stored.

A job of its own, behind the figures: it reads them block by block, and makes an object of no row.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from agencies.models import Agency, AgencyKind
from reporting import bulk
from reporting.accounting import rules

from . import blocks, cards, groups, indicators, inputs, peak, projection, refresh, sums
from .indicators import INDICATORS, MONTHS, QUANTITIES, Months
from .measures import COUNT, DENOMINATOR, NUMERATOR
from .models import (
    Figure,
    Forecast,
    ForecastRun,
    GroupFigure,
    GroupKind,
    GroupPanel,
    Indicator,
    PeakBasis,
    PeakResult,
)

# 一(三)-7 有条件的公共机构2025年前实现碳达峰; 一(三)-8 全区公共机构碳排放总量2030年前达峰 (tasks reference, from
# 渝中机管〔2023〕17号 一（三）). Both count their year as in time.
INSTITUTION_DEADLINE = 2025
DISTRICT_DEADLINE = 2030
# An institution whose months ended earlier is closed or silent, not running.
RUNNING_YEARS = 2
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

    def months_of(self, year):
        """The months of a year, (n, 8, 12); unknown in a year that nobody has."""
        column = year - self.first_year
        if 0 <= column < self.packed.shape[1]:
            return self.packed[:, column]
        return np.full((len(self.packed), *self.packed.shape[2:]), np.nan)

    @property
    def last_years(self):
        """The last year with a known month, (n,)."""
        is_known = ~np.isnan(Months.unpacked(self.packed).kgce).all(axis=-1)
        return self.years[-1] - np.argmax(is_known[:, ::-1], axis=1)

    def until(self, year):
        """Without the years after this one; None where it is not among them."""
        column = year - self.first_year
        if not 0 <= column < self.packed.shape[1]:
            return None
        kept = slice(None, column + 1)
        return History(self.agencies, self.first_year, self.packed[:, kept], self.is_whole[:, kept])

    def running_in(self, year):
        """The owners whose year is running, up to this year; None without any."""
        cut = self.until(year)
        if cut is None:
            return None
        chosen = (self.last_years == year) & ~cut.is_whole[:, -1]
        if not chosen.any():
            return None
        return History(cut.agencies[chosen], cut.first_year, cut.packed[chosen], cut.is_whole[chosen])


def is_due():
    """Whether there are figures, and what is stored was made from others, for another plan or before a restatement."""
    slug = rules.active_slug()
    stored = ForecastRun.objects.filter(rule_set__slug=slug).values_list("made_from", flat=True).first()
    now = _made_from(slug)
    return now["figures"] is not None and now != stored


def _made_from(slug):
    """What forecasts and peak tests are made from, as it is now."""
    made = {
        name: model.objects.filter(rule_set__slug=slug).aggregate(last=Max("computed_at"))["last"]
        for name, model in (("figures", Figure), ("groups", GroupFigure))
    }
    moments = {name: moment and moment.isoformat() for name, moment in made.items()}
    return moments | {"plan": inputs.plan(), "restatements": inputs.restatements()}


def forecast_all():
    """Every institution's and node's forecast and peak test under the rule set in force; returns how many rows."""
    basis = refresh.basis_of(rules.active_slug())
    # Asked first: what changes meanwhile makes them due again.
    made_from = _made_from(basis.rule_set.slug)
    done = _forecast(basis, cards.Plan())
    ForecastRun.objects.update_or_create(
        rule_set=basis.rule_set, defaults={"made_from": made_from, "made_at": timezone.now()}
    )
    return done


def _forecast(basis, plan):
    latest = Figure.objects.filter(rule_set=basis.rule_set).aggregate(last=Max("year"))["last"]
    done = 0
    for number in blocks.numbers():
        first, end = blocks.span(number)
        within = Q(agency__gte=first, agency__lt=end)
        owned = within & Q(agency__kind="institution")
        with transaction.atomic():
            history = _institutions(blocks.span(number), basis)
            done += _replace(owned, history, _own_bases, INSTITUTION_DEADLINE, basis, plan, latest)
    with transaction.atomic():
        nodes, keys = _nodes(basis)
        bases = partial(_node_bases, keys={pk: key for key, pk in keys.items()})
        return done + _replace(
            ~Q(agency__kind="institution"), nodes, bases, DISTRICT_DEADLINE, basis, plan, latest
        )


def history_of(agency, basis):
    """The months of one institution or node as `forecast_all` reads them; None without any."""
    if agency.kind == AgencyKind.INSTITUTION:
        return _institutions((agency.pk, agency.pk + 1), basis)
    return _nodes(basis, agency.key)[0]


def bases_of(agency, history, year, basis):
    """The values of one owner's base year, (1, indicators), as `forecast_all` takes them."""
    if agency.kind == AgencyKind.INSTITUTION:
        return _own_bases(history, year, basis)
    return _node_bases(history, year, basis, {agency.pk: agency.key})


def deadline_of(agency):
    return INSTITUTION_DEADLINE if agency.kind == AgencyKind.INSTITUTION else DISTRICT_DEADLINE


def _institutions(span, basis):
    """span: first id, and the one after the last."""
    where = "agency_id >= %s AND agency_id < %s AND rule_set_id = %s ORDER BY agency_id, year"
    parameters = [*span, basis.rule_set.pk]
    rows = bulk.select_columns(Figure, where, parameters, _FIGURE_COLUMNS)
    packed = np.ascontiguousarray(rows["packed"]).view(blocks.STORED)
    is_whole = rows["approved_months"] == cards.ALL_MONTHS
    return _arranged(rows["agency_id"].astype(np.int64), rows["year"].astype(np.int64), packed, is_whole)


def _group_figures(basis):
    return GroupFigure.objects.filter(kind=GroupKind.NODE, panel=GroupPanel.ALL, rule_set=basis.rule_set)


def _nodes(basis, key=None):
    """The nodes' history, without the months of less than half the year's fullest area; and key → agency.

    key: of the one node wanted, all by default.
    """
    found = _group_figures(basis)
    found = found if key is None else found.filter(key=key)
    rows = list(found.values_list("key", "year", "packed"))
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


def _replace(owned, history, bases, deadline, basis, plan, latest):
    """Store these owners' outcome in place of what is stored; bases: gives the values of their base year."""
    for model in (Forecast, PeakResult):
        model.objects.filter(owned, rule_set=basis.rule_set).delete()
    if history is None:
        return 0
    done = _write(PeakResult, peak_columns(history, deadline, basis), basis)
    for year in range(latest - RUNNING_YEARS + 1, latest + 1):
        running = history.running_in(year)
        base = bases(running, year, basis) if running else None
        for indicator in Indicator if running else ():
            columns = forecast_columns(
                running,
                indicator,
                basis,
                required=required_of(plan, indicator, year),
                base=base[:, INDICATORS.index(indicator.value)],
            )
            done += _write(Forecast, columns, basis)
    return done


def required_of(plan, indicator, year):
    """The reduction that the plan asks of the year, NaN where 待下达."""
    target = plan.target(indicator, year)
    required = target.required(year) if target else None
    return np.nan if required is None else required


def _own_bases(history, year, basis):
    """The whole base year's indicators as they count for the year, (n, indicators); NaN where a month is unknown.

    As filed, with the restatements in force put over it by the same code as in the figures.
    """
    base_year = basis.base_years.get(year)
    if base_year is None:
        return np.full((len(history.agencies), len(INDICATORS)), np.nan)
    filed = history.months_of(base_year)
    nothing = np.zeros((len(filed), 1, MONTHS))
    block = sums.Block(base_year, filed[:, np.newaxis], nothing, nothing, nothing)
    found = blocks.restated(history.agencies, block, basis, [year])
    return _whole_year(*sides(found[year].months if year in found else filed, basis))


def _node_bases(history, year, basis, keys):
    """The same of nodes, from the sums that their figures are made of; keys: agency → key.

    Months of less than half the base year's fullest area are unknown.
    """
    found = groups.folded(basis.rule_set, year, [keys[pk] for pk in history.agencies.tolist()])
    nothing = np.zeros(sums.WIDTH)
    packed = np.stack([found.get((GroupKind.NODE, keys[pk]), nothing) for pk in history.agencies.tolist()])
    base = sums.unpacked(packed)["base"]
    area = base[:, DENOMINATOR, :1]
    is_full = (base[:, COUNT] > 0) & (area >= area.max(axis=-1, keepdims=True) / 2)
    return _whole_year(*(np.where(is_full, base[:, side], np.nan) for side in (NUMERATOR, DENOMINATOR)))


def _whole_year(top, bottom):
    return indicators.divided(top.sum(axis=-1), bottom.mean(axis=-1))


def peak_columns(history, deadline, basis):
    """The columns of `PeakResult` on both bases: every year on the frozen grid factor, and each on its own."""
    months = Months.unpacked(history.packed)
    is_provisional = np.array([basis.is_provisional(int(year)) for year in history.years])
    return blocks.joined(
        [
            _peak_columns(history, PeakBasis.TARGET, months.kg_co2_target, deadline, is_provisional & False),
            _peak_columns(history, PeakBasis.INVENTORY, months.kg_co2_inventory, deadline, is_provisional),
        ]
    )


def _peak_columns(history, on, kg_co2, deadline, is_provisional):
    """is_provisional: (years,), whether the year's factor is another year's for the time being."""
    totals = yearly_totals(history, kg_co2)
    test, is_known = peak.peak_test(history.years, totals, deadline), ~np.isnan(totals)
    last = history.years[-1] - np.argmax(is_known[:, ::-1], axis=1)
    columns = {
        "agency": history.agencies,
        "basis": str(on.value),
        "is_provisional": (is_known & is_provisional).any(axis=1),
        "status": test.status,
        "peak_year": test.peak_year,
        "last_whole_year": np.where(is_known.any(axis=1), last.astype(float), np.nan),
        "deadline": deadline,
        "recent_yearly_trend": test.recent_yearly_trend,
        "kendall_p": test.kendall_p,
        "sen_slope": test.sen_slope,
    }
    return blocks.spread(columns, len(totals))


def yearly_totals(history, kg_co2):
    """(n, years), NaN where the year is not whole. kg_co2: months (n, years, 12)."""
    return np.where(history.is_whole, kg_co2.sum(axis=-1), np.nan)


def forecast_columns(history, indicator, basis, *, required, base):
    """The columns of `Forecast` of the last year, for those who know some of its months and not all; base: (n,)."""
    row = INDICATORS.index(indicator.value)
    top, bottom = (side[..., row, :] for side in sides(history.packed, basis))
    year = int(history.years[-1])
    outlook = projection.project(top, bottom)
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


def sides(packed, basis):
    """Numerators and denominators, (..., indicators, 12) each, of months (..., 8, 12)."""
    months = Months.unpacked(packed)
    # Rounding may leave a little less than nothing where vehicle fuel is all there is.
    return np.maximum(indicators.numerators(months, basis.boundary), 0.0), indicators.denominators(months)


def _write(model, columns, basis):
    count = len(columns["agency"])
    if count:
        stamps = {"rule_set": basis.rule_set.pk, "computed_at": basis.computed_at}
        bulk.insert_columns(model, blocks.spread(columns | stamps, count))
    return count
