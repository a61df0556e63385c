"""The edge of the tasks: every measure of a plan period, for every institution and group, evaluated and stored.

A job of its own, behind the figures: pages read what it stored.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agencies.models import Agency, AgencyKind, DataRoom, PvPlant, Vehicle
from reporting import bulk
from reporting.accounting import rules

from .. import blocks, inputs, refresh
from ..models import (
    BenchmarkRun,
    BoardRun,
    Figure,
    ForecastRun,
    GroupFigure,
    GroupKind,
    GroupPanel,
    PlanPeriod,
    PlanTask,
    RecordVersion,
    TaskMeasure,
    TaskProgress,
)
from . import formula, sources, standing
from .formula import Aggregate, Moment
from .standing import Better, Kind, Rule, State


def is_due():
    """Whether some period's progress was made from another state than that of now."""
    return bool(_due(timezone.localdate()))


def refresh_board():
    """Compute those that are due; returns how many rows are stored. Harmless run twice."""
    today, done = timezone.localdate(), 0
    for period, made_from in _due(today):
        done += compute(period, today)
        BoardRun.objects.filter(plan_period=period).update(made_from=made_from, made_at=timezone.now())
    return done


def _due(today):
    stored = dict(BoardRun.objects.values_list("plan_period", "made_from"))
    now = _made_from(today)
    periods = PlanPeriod.objects.filter(tasks__isnull=False, base_year__lt=today.year).distinct()
    return [(period, now) for period in periods if stored.get(period.pk) != now]


def _made_from(today):
    """What progress follows from; histories only grow, so their last number tells."""
    figures = Figure.objects.aggregate(last=Max("computed_at"))["last"]
    decided = RecordVersion.objects.aggregate(last=Max("decided_at"))["last"]
    runs = [model.objects.aggregate(last=Max("made_at"))["last"] for model in (BenchmarkRun, ForecastRun)]
    histories = (Agency, Vehicle, DataRoom, PvPlant, PlanTask, TaskMeasure)
    return {
        "day": today.isoformat(),
        "rule_set": rules.active_slug(),
        "plan": inputs.plan(),
        "moments": [each and each.isoformat() for each in (figures, decided, *runs)],
        "histories": [model.history.aggregate(last=Max("history_id"))["last"] for model in histories],
    }


def compute(period, today):
    """Every year of the period up to today's, stored anew; returns the number of rows.

    A year is a transaction, and BoardRun tells how many are done: of a municipality that takes a while.
    """
    years = [year for year in period.years[1:] if year <= today.year]
    run, _ = BoardRun.objects.update_or_create(plan_period=period, defaults={"done": 0, "total": len(years)})
    measures = list(
        TaskMeasure.objects.filter(task__plan_period=period)
        .select_related("task")
        .order_by("task__position", "position")
    )
    basis = refresh.basis_of(rules.active_slug())
    nodes = sources.Nodes.load()
    tables = sources.load(nodes, basis, years, today)
    return sum(
        _replace(_Year(period, year, nodes, tables, basis, today), measures, run, number)
        for number, year in enumerate(years, start=1)
    )


@transaction.atomic
def _replace(of, measures, run, number):
    """The rows of a year in the place of those before; of two jobs at once the second waits here."""
    PlanPeriod.objects.select_for_update().get(pk=of.period.pk)
    TaskProgress.objects.filter(measure__task__plan_period=of.period, year=of.year).delete()
    stored = _store(of, measures)
    BoardRun.objects.filter(pk=run.pk).update(done=number)
    return stored


@dataclass
class _Parts:
    """A measure of all nodes, (n,); denominator None where it has none."""

    measure: TaskMeasure
    numerator: np.ndarray
    denominator: np.ndarray | None
    states: np.ndarray
    required: np.ndarray
    threshold: np.ndarray
    is_met: np.ndarray


class _Year:
    """The nodes' progress in one year, on its last day or today."""

    def __init__(self, period, year, nodes, tables, basis, today):
        self.period, self.year, self.nodes, self.basis = period, year, nodes, basis
        self.as_of = min(date(year, 12, 31), today)
        self.moment = Moment(period.base_year, self.as_of)
        of_nodes = sources.attributes(nodes, tables, self.moment)
        self._tables = {name: sources.with_attributes(table, of_nodes) for name, table in tables.items()}
        self._groups = nodes.groups()
        self._evaluated = {}

    def parts(self, measure):
        eligible = self._eligible(measure.task.condition)
        numerator, denominator = self._both(measure, eligible)
        found = _Parts(
            measure,
            numerator,
            denominator,
            *(
                np.full(len(self.nodes), blank)
                for blank in (State.NOT_APPLICABLE.value, np.nan, np.nan, False)
            ),
        )
        for mask, rule in self._rules(measure):
            below = None if denominator is None else denominator[mask]
            reached = standing.value(numerator[mask], below)
            found.states[mask] = standing.states(rule, numerator[mask], below, eligible[mask], self.as_of)
            found.is_met[mask] = standing.is_met(rule, reached)
            found.threshold[mask] = _or_nan(rule.threshold)
            found.required[mask] = _or_nan(standing.required(rule, self.as_of))
        return found

    def _rules(self, measure):
        """(nodes, rule): what is asked of the district alone asks nothing of the others."""
        district = np.array([path.count("/") == 1 for path in self.nodes.paths], dtype=bool)
        asked = None if measure.threshold is None else float(measure.threshold)
        if not measure.is_district_only:
            return [(np.ones(len(self.nodes), dtype=bool), self._rule(measure, asked))]
        return [(district, self._rule(measure, asked)), (~district, self._rule(measure, None))]

    def _rule(self, measure, threshold):
        first, last = date(self.period.base_year + 1, 1, 1), measure.last_day
        if measure.is_yearly:
            first, last = standing.yearly(self.year)
        return Rule(
            Kind(measure.task.kind),
            threshold,
            Better(measure.better),
            first,
            last,
            bool(measure.denominator) or formula.parse(measure.numerator).aggregate == Aggregate.REDUCTION,
        )

    def _eligible(self, condition):
        """Of a 有条件的 task: who is named in the roster; a group, if one below it is."""
        if not condition:
            return np.ones(len(self.nodes), dtype=bool)
        return self._summed(self._own(f"any roster in force where kind = {condition}")) > 0

    def _both(self, measure, eligible):
        parsed = formula.parse(measure.numerator)
        if parsed.aggregate == Aggregate.REDUCTION:
            return self._reduction(parsed.source)
        above = self._own(measure.numerator)
        below = self._own(measure.denominator) if measure.denominator else None
        if measure.task.condition:
            above = np.where(eligible, above, 0.0)
            below = below if below is None else np.where(eligible, below, 0.0)
        if below is None:
            return self._summed(above), None
        # A ratio of sums, over those whose both parts are known.
        known = ~(np.isnan(above) | np.isnan(below))
        return self._summed(above, known), self._summed(below, known)

    def _own(self, text):
        """Of each node itself, without those below it."""
        if text not in self._evaluated:
            parsed = formula.parse(text)
            if parsed.source not in self._tables:
                raise ValueError(f"没有来源“{parsed.source}”，可用：{'、'.join(self._tables)}。")
            self._evaluated[text] = formula.evaluate(
                parsed, self._tables[parsed.source], len(self.nodes), self.moment
            )
        return self._evaluated[text]

    def _summed(self, own, known=None):
        """Institutions keep their own; a group is the sum of the known below it, unknown where none is."""
        known = ~np.isnan(own) if known is None else known
        sums = np.concatenate(([0.0], np.cumsum(np.where(known, own, 0.0))))
        counts = np.concatenate(([0], np.cumsum(known)))
        found = np.where(known, own, np.nan)
        for place, end in self._groups:
            found[place] = sums[end] - sums[place] if counts[end] > counts[place] else np.nan
        return found

    def _reduction(self, indicator):
        """(base − value, base) of the stored figures: of institutions, and of the tree's groups."""
        columns = (f"{indicator}_base", f"{indicator}_change")
        of_year = {"year": self.year, "rule_set": self.basis.rule_set}
        base, change = (np.full(len(self.nodes), np.nan) for _each in columns)
        own = list(Figure.objects.filter(**of_year).values_list("agency", *columns))
        rows = [
            (place, *row[1:]) for place, row in zip(self.nodes.places([r[0] for r in own]), own, strict=True)
        ]
        by_key = {path.rstrip("/").rpartition("/")[2]: place for place, path in enumerate(self.nodes.paths)}
        groups = GroupFigure.objects.filter(kind=GroupKind.NODE, panel=GroupPanel.ALL, **of_year)
        rows += [(by_key[key], *row) for key, *row in groups.values_list("key", *columns) if key in by_key]
        for place, *pair in rows:
            base[place], change[place] = (np.nan if each is None else each for each in pair)
        return -change * base, base


def _or_nan(number):
    return np.nan if number is None else number


def _store(of, measures):
    """The rows of a year; the leading measure of a task takes the worst state of those that are judged."""
    by_task = defaultdict(list)
    for measure in measures:
        by_task[measure.task_id].append(of.parts(measure))
    rows = []
    for parts in by_task.values():
        judged = [each.states for each in parts if each is parts[0] or each.measure.threshold is not None]
        parts[0].states = standing.worst(judged)
        rows += [_columns(of, each) for each in parts]
    columns = blocks.joined([row for row in rows if len(row["agency"])])
    if not columns:
        return 0
    same = {"year": of.year, "as_of": of.as_of, "rule_set": of.basis.rule_set.pk}
    count = len(columns["agency"])
    bulk.insert_columns(
        TaskProgress, blocks.spread(columns | same | {"computed_at": of.basis.computed_at}, count)
    )
    return count


def _columns(of, parts):
    kept = _kept(of, parts)
    below = np.full(len(of.nodes), np.nan) if parts.denominator is None else parts.denominator
    return {
        "measure": np.full(int(kept.sum()), parts.measure.pk),
        "agency": of.nodes.ids[kept],
        "numerator": parts.numerator[kept],
        "denominator": below[kept],
        "value": standing.value(parts.numerator, parts.denominator)[kept],
        "required": parts.required[kept],
        "threshold": parts.threshold[kept],
        "is_met": parts.is_met[kept],
        "state": parts.states[kept],
    }


def _kept(of, parts):
    """Groups always; institutions where they answer themselves and something is asked or done."""
    group = of.nodes.kinds != AgencyKind.INSTITUTION
    if not parts.measure.task.is_filed_by_institutions:
        return group
    below = 0.0 if parts.denominator is None else np.nan_to_num(parts.denominator)
    something = (parts.numerator > 0) | (below > 0)
    return group | (something & (parts.states != State.NOT_APPLICABLE.value))
