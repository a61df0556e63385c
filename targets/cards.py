"""Figures beside their targets as pages show them: cards, standings, months in words. Reads figures, works none out.

Shared by the cockpit and the institution page; a row is a Figure or a GroupFigure.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Exists, FilteredRelation, OuterRef, Q

from reporting.models import RuleSet

from .indicators import MONTHS
from .models import Figure, Forecast, GroupFigure, Indicator, PlanPeriod, Target, first_year
from .progress import Standing, YearVerdict, bounded_standing

KG_PER_TONNE = 1000
WHOLE_YEAR = "全年"
DENOMINATORS = {
    Indicator.ENERGY_PER_AREA: "面积",
    Indicator.CARBON_PER_AREA: "面积",
    Indicator.ENERGY_PER_PERSON: "人数",
    Indicator.WATER_PER_PERSON: "人数",
}
# A status that tells on which side of the requirement a figure stands → that side.
SIDES = {
    Standing.MET: Standing.MET,
    Standing.ON_PATH: Standing.MET,
    Standing.MISSED: Standing.MISSED,
    Standing.BEHIND: Standing.MISSED,
}
ALL_MONTHS = (1 << MONTHS) - 1
VERDICTS = {
    YearVerdict.MET: "完成",
    YearVerdict.YEAR_MISSED: "进度达标、年度未达",
    YearVerdict.PATH_MISSED: "年度达标、进度滞后",
    YearVerdict.MISSED: "未完成",
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

    @property
    def stamp(self):
        """Another one where a period or a target is another."""
        targets = ((place, row.reduction_percent, row.path) for place, row in self._targets.items())
        periods = ((row.pk, row.name, row.base_year, row.end_year) for row in self.periods)
        return [*periods, *targets]

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
    row: Figure | GroupFigure | None = None
    verdict: YearVerdict | None = None
    forecast: Forecast | None = None

    @property
    def verdict_in_words(self):
        """The year and the path up to it; None where either is not decided."""
        return VERDICTS.get(self.verdict)

    @property
    def is_restated(self):
        """Whether the base year counts differently from how it was filed: then both stand side by side."""
        return self.row is not None and self.row.is_restated(self.indicator)

    @property
    def base_filed(self):
        return self._measure("base_filed")

    @property
    def change_filed(self):
        return self._measure("change_filed")

    @property
    def by_denominator(self):
        """The part of the change that area or people make; the rest is what was used."""
        return self._measure("denominator")

    @property
    def by_numerator(self):
        return None if self.by_denominator is None else self.change - self.by_denominator

    @property
    def yoy(self):
        return self._measure("yoy")

    @property
    def rolling_change(self):
        return self._measure("roll_change")

    @property
    def low(self):
        return self._measure("low")

    @property
    def high(self):
        return self._measure("high")

    @property
    def is_bounded(self):
        """Whether something is missing that could make another change of it."""
        return self.low is not None and not math.isclose(self.low, self.high, abs_tol=1e-12)

    @property
    def is_by_denominator(self):
        """A guard: at least half of an improvement comes from more area or people."""
        return self.change is not None and self.change < 0 and (self.by_denominator or 0.0) < self.change / 2

    @property
    def denominator_name(self):
        return DENOMINATORS[self.indicator]

    def _measure(self, name):
        return self.row.measure(self.indicator, name) if self.row else None

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


def card(indicator, row, plan, year, *, other=None, base_row=None, forecast=None):
    """`row` may be None; `other`: the same year's row of the other panel; `base_row`: the base year's own row;
    `forecast`: where the year may end, while it runs.
    """
    target = plan.target(indicator, year)
    status = standing(target, row, indicator, year, other=other)
    return Card(
        indicator=indicator,
        base_year=row.base_year if row else None,
        base=row.base(indicator) if row else None,
        value=row.value(indicator) if row else None,
        change=row.change(indicator) if row else None,
        required=_less(target.required(year)) if target else None,
        target=_less(target.reduction) if target else None,
        end_year=target.plan_period.end_year if target else None,
        status=status,
        other_change=other.change(indicator) if other else None,
        inventory_change=row.change("kg_co2_per_m2_inv") if row else None,
        is_inventory_provisional=any(each.is_provisional for each in (row, base_row) if each),
        row=row,
        verdict=_verdict(target, row, indicator, year) if status in SIDES else None,
        forecast=forecast,
    )


def by_indicator(forecasts):
    return {Indicator(forecast.indicator): forecast for forecast in forecasts}


def _verdict(target, row, indicator, year):
    """Of a whole year before the end year: there the target alone decides."""
    if year >= target.plan_period.end_year or not row.covers_year:
        return None
    return target.year_verdict(row.measure(indicator, "yoy"), row.change(indicator), year)


def standing(target, row, indicator, year, *, other=None):
    """The status of a row's indicator; `other`: its row of the other panel.

    A year of which months are still to come has neither met nor missed its target. Where what is missing could carry it
    across the requirement, or where the two panels stand on different sides (who is counted decides), it is undecided.
    """
    if target is None:
        return Standing.NO_TARGET
    found = target.standing(row.change(indicator) if row else None, year)
    if found not in SIDES:
        return found
    if _within_bounds(target, row, indicator, year) != SIDES[found]:
        return Standing.UNDECIDED
    if row.bounded_months != ALL_MONTHS:
        return UNFINISHED.get(found, found)
    is_contested = other is not None and other.change(indicator) is not None
    is_contested = is_contested and target.standing(other.change(indicator), year) != found
    return Standing.UNDECIDED if is_contested else found


def _within_bounds(target, row, indicator, year):
    low, high = row.measure(indicator, "low"), row.measure(indicator, "high")
    return bounded_standing(low, high, target.required(year))


def _less(reduction):
    return None if reduction is None else -reduction


def columns():
    """(indicator, sort name of its value, sort name of its change) of each indicator."""
    return [(indicator, str(indicator), f"{indicator}_change") for indicator in Indicator]


class RuleSets:
    """The rule sets that figures exist for, and the one shown: the one asked for, else the one in force."""

    def __init__(self, slug=None):
        is_active = Exists(RuleSet.objects.active().filter(pk=OuterRef("pk")))
        rows = RuleSet.objects.annotate(first_year=first_year(), is_active=is_active)
        self.rows = list(rows.filter(Q(first_year__isnull=False) | Q(is_active=True)))
        self.active = next((row for row in self.rows if row.is_active), None)
        self.chosen = next((row for row in self.rows if row.slug == slug), self.active)

    @property
    def stamp(self):
        """Another one where a rule set, which one is in force, or which one is shown, is another."""
        shown = self.chosen and self.chosen.pk
        return shown, [
            (row.pk, row.slug, row.title, row.target_grid_year, row.is_active) for row in self.rows
        ]

    @property
    def choices(self):
        return [(row.slug, f"{row.title}（现用）" if row.is_active else row.title) for row in self.rows]

    @property
    def is_another(self):
        """Whether the page shows figures that are not the assessed ones."""
        return self.chosen != self.active


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
    words = months_in_words(row.months_with_energy)
    return "部分月份未齐" if words == WHOLE_YEAR and not row.covers_year else words
