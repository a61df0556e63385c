"""Figures beside their targets as pages show them: cards, charts, months in words. Reads figures, works none out.

Shared by the cockpit and the institution page; a row is a Figure or a GroupFigure.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.db.models import FilteredRelation

from reporting.models import RuleSet

from .indicators import MONTHS, QUANTITIES
from .models import Indicator, PlanPeriod, Target
from .progress import Standing

KG_PER_TONNE = 1000
INDEX_OF_BASE = 100
PATH_NOTE = "按各年与基准年相同月份的变化折算；空心点未满全年，取两年均有数据的部分。"
WHOLE_YEAR = "全年"
# Numerator and denominator of each indicator.
SIDES = {
    Indicator.ENERGY_PER_AREA: ("kgce", "floor_area_m2"),
    Indicator.CARBON_PER_AREA: ("kg_co2_target", "floor_area_m2"),
    Indicator.ENERGY_PER_PERSON: ("kgce", "people"),
    Indicator.WATER_PER_PERSON: ("water_m3", "people"),
}
# A part of the last year decides nothing yet.
UNFINISHED = {Standing.MET: Standing.ON_PATH, Standing.MISSED: Standing.BEHIND}


class Plan:
    """The plan periods and their targets, in one query."""

    def __init__(self):
        self.periods, self._targets = [], {}
        joined = PlanPeriod.objects.annotate(target=FilteredRelation("targets")).select_related("target")
        for period in joined.order_by("base_year", "pk"):
            if period not in self.periods:
                self.periods.append(period)
            # A period without targets comes without the attribute.
            target = getattr(period, "target", None)
            if target:
                target.plan_period = period
                self._targets[period.pk, target.indicator] = target

    def period(self, year) -> PlanPeriod | None:
        """The period that judges the year; for the first base year the one that starts from it."""
        judging = [period for period in self.periods if period.base_year < year <= period.end_year]
        starting = [period for period in self.periods if period.base_year == year]
        return next(iter(judging + starting), None)

    def first_year(self, year):
        """The base year of the year's period: from then on months are compared, and so owed; else the year itself."""
        period = self.period(year)
        return period.base_year if period else year

    def target(self, indicator, year) -> Target | None:
        period = self.period(year)
        return self._targets.get((period.pk, indicator)) if period else None

    def year_choices(self, with_figures, this_year):
        """The plan's years so far and those with figures, in groups: each under the period that judges it."""
        planned = {year for period in self.periods for year in period.years if year <= this_year}
        groups = defaultdict(list)
        for year in sorted(planned.union(with_figures)):
            period = self.period(year)
            groups[period.name if period else "规划期外"].append((year, f"{year}年"))
        return list(groups.items())


@dataclass(frozen=True)
class Card:
    """One indicator of one row beside its target. Changes and requirements are fractions, −0.05 for 5 % less."""

    indicator: Indicator
    base_year: int | None
    base: float | None
    value: float | None
    change: float | None
    required: float | None
    target: float | None
    end_year: int | None
    status: Standing
    other_change: float | None = None
    inventory_change: float | None = None
    is_inventory_provisional: bool = False
    is_restated: bool = False
    base_filed: float | None = None
    change_filed: float | None = None

    @property
    def is_carbon(self):
        return self.indicator == Indicator.CARBON_PER_AREA

    @property
    def compared_value(self):
        """The value over the compared months, where it is another than the year's own; else None.

        Base, change and value then explain each other also where the base year lacks months.
        """
        if self.base is None or self.change is None or self.value is None:
            return None
        compared = self.base * (1 + self.change)
        return None if math.isclose(compared, self.value, rel_tol=1e-9) else compared

    @property
    def decimals(self):
        """Two; more where two would let a change that is too small look like enough."""
        falls_short = self.status in (Standing.MISSED, Standing.BEHIND)
        return 4 if falls_short and round(self.change, 4) <= round(self.required, 4) else 2


def card(indicator, row, plan, year, *, is_whole, other=None, base_row=None):
    """`row` may be None; `other`: the same year's row of the other panel; `base_row`: the base year's own row."""
    target = plan.target(indicator, year)
    change = row.change(indicator) if row else None
    is_restated = row is not None and row.is_restated(indicator)
    return Card(
        indicator=indicator,
        base_year=row.base_year if row else None,
        base=row.base(indicator) if row else None,
        value=row.value(indicator) if row else None,
        change=change,
        required=_less(target.required(year)) if target else None,
        target=_less(target.reduction) if target else None,
        end_year=target.plan_period.end_year if target else None,
        status=standing(
            target,
            change,
            year,
            is_whole=is_whole and all(knows_all_months(each, indicator) for each in (row, base_row) if each),
            other_change=other.change(indicator) if other else None,
        ),
        other_change=other.change(indicator) if other else None,
        inventory_change=row.change("kg_co2_per_m2_inv") if row else None,
        is_inventory_provisional=any(each.is_provisional for each in (row, base_row) if each),
        is_restated=is_restated,
        base_filed=row.measure(indicator, "base_filed") if is_restated else None,
        change_filed=row.measure(indicator, "change_filed") if is_restated else None,
    )


def standing(target, change, year, *, is_whole, other_change=None):
    """The status; a year of which months are missing has neither met nor missed its target.

    other_change: that of the other panel. Where the two stand on different sides, who is counted decides, and so
    nothing is decided yet.
    """
    if target is None:
        return Standing.NO_TARGET
    found = target.standing(change, year)
    if not is_whole:
        return UNFINISHED.get(found, found)
    is_contested = other_change is not None and target.standing(other_change, year) != found
    return Standing.UNDECIDED if is_contested else found


def knows_all_months(row, indicator):
    """Whether both sides of the indicator's ratio are known in each month."""
    sides = [row.monthly[QUANTITIES.index(name)] for name in SIDES[indicator]]
    return not np.isnan(sides).any()


def _less(reduction):
    return None if reduction is None else -reduction


def columns():
    """(indicator, sort name of its value, sort name of its change) of each indicator."""
    return [(indicator, str(indicator), f"{indicator}_change") for indicator in Indicator]


def active(rows):
    """Figures under the rule set in force."""
    return rows.filter(rule_set__in=RuleSet.objects.active()).select_related("rule_set")


def months_with_energy(row):
    """The months (1 to 12) of which the row knows the energy."""
    known = ~np.isnan(row.monthly[QUANTITIES.index("kgce")])
    return [int(month) + 1 for month in np.flatnonzero(known)]


def covers_year(row):
    """Whether all months are known, each of half the fullest month's area: one early December ends no year."""
    area = np.nan_to_num(row.monthly[QUANTITIES.index("floor_area_m2")])
    return len(months_with_energy(row)) == MONTHS and bool(area.min() >= area.max() / 2)


def default_year(years, this_year):
    """The last whole year; where none is whole yet, the last with figures. years: year → whether it is whole."""
    return max([year for year, is_whole in years.items() if is_whole] or years, default=this_year)


def months_in(bits):
    return [month + 1 for month in range(MONTHS) if bits >> month & 1]


def months_in_words(months):
    """[1, 2, 3, 5] → "1—3、5月"; all twelve are 全年, none is 无."""
    if len(months) == MONTHS:
        return WHOLE_YEAR
    spans = []
    for month in months:
        if spans and spans[-1][1] == month - 1:
            spans[-1][1] = month
        else:
            spans.append([month, month])
    words = "、".join(str(first) if first == last else f"{first}—{last}" for first, last in spans)
    return f"{words}月" if words else "无"


def months_known_in_words(row):
    words = months_in_words(months_with_energy(row))
    return "部分月份未齐" if words == WHOLE_YEAR and not covers_year(row) else words


def path_chart(indicator, plan, year, rows, is_whole):
    """The indicator as an index of the base year: only so can part-years stand beside whole ones.

    rows: year → the row to show; is_whole: whether a row has all its months.
    """
    period, target = plan.period(year), plan.target(indicator, year)
    if period is None or not any(each in rows for each in period.years):
        return {}
    goal = target.reduction if target else None
    return {
        "kind": "path",
        "title": f"{indicator.label}（{period.base_year}年=100%）",
        "unit": "%",
        "decimals": 2,
        "base_year": period.base_year,
        "base": INDEX_OF_BASE,
        "target_year": period.end_year,
        "target": _index(_less(goal)),
        "note": PATH_NOTE if goal else f"{PATH_NOTE}目标待下达，暂无要求路径。",
        "value_label": f"当年值（{indicator.unit}）",
        "points": [
            _path_point(indicator, target, rows.get(each), each, period, is_whole) for each in period.years
        ],
    }


def _path_point(indicator, target, row, year, period, is_whole):
    is_base = year == period.base_year
    return {
        "year": year,
        "value": row.value(indicator) if row else None,
        "actual": None if row is None else INDEX_OF_BASE if is_base else _index(row.change(indicator)),
        "required": _index(_less(target.required(year))) if target else None,
        "provisional": row is not None and not is_base and not is_whole(row),
    }


def _index(change):
    return None if change is None else INDEX_OF_BASE * (1 + change)


def trend_chart(quantity, unit, this, last, year, scale=1):
    """Month by month, this year beside last; `this` and `last` are rows or None."""
    if this is None and last is None:
        return {}
    now, then = _monthly(quantity, this, scale), _monthly(quantity, last, scale)
    return {
        "kind": "trend",
        "unit": unit,
        "decimals": 2,
        "this_label": f"{year}年",
        "last_label": f"{year - 1}年",
        "points": [{"month": month + 1, "this": now[month], "last": then[month]} for month in range(MONTHS)],
    }


def _monthly(quantity, row, scale):
    if row is None:
        return [None] * MONTHS
    return [float(value) / scale for value in row.monthly[QUANTITIES.index(quantity)]]


def totals_chart(rows, decimals):
    """Total carbon of each year on both bases. rows: of one node or institution, oldest first."""
    if not rows:
        return {}
    return {
        "kind": "bars",
        "unit": "tCO₂",
        "decimals": decimals,
        "category": "年份",
        "series": "考核口径",
        "beside": "清单口径",
        "points": [_total(row) for row in rows],
    }


def _total(row):
    months = months_known_in_words(row)
    return {
        "label": str(row.year) if months == WHOLE_YEAR else f"{row.year}\n{months}",
        "value": _tonnes(row.kg_co2_target),
        "beside": _tonnes(row.kg_co2_inventory),
        "beside_provisional": row.is_provisional,
    }


def _tonnes(kilograms):
    return None if kilograms is None else kilograms / KG_PER_TONNE
