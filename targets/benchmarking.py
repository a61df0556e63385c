"""The edge of the benchmarks: stored figures of whole years ranked among their peers, held against quotas, and stored.

A job of its own, behind the figures: a page must not sort a municipality.
"""

from functools import cached_property

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agencies.models import Agency
from reporting import bulk
from reporting.models import RuleSet

from . import benchmarks, blocks, inputs, measures, refresh
from .benchmarks import Band, Entry
from .cards import Plan
from .indicators import MONTHS, QUANTITIES, Months
from .models import Benchmark, BenchmarkRun, Candidacy, Figure, Indicator, LeaderKind, Quota
from .progress import TOLERANCE

INDICATORS = list(Indicator)
ELECTRICITY = "110"


def is_due():
    """Whether what is stored was made from other figures, types, targets or quotas, of any rule set kept fresh."""
    return bool(_due())


def _due():
    """Slug → what its benchmarks would be made from, of the rule sets whose benchmarks are of another state."""
    stored = dict(BenchmarkRun.objects.values_list("rule_set__slug", "made_from"))
    now = {slug: _made_from(slug) for slug in refresh.kept_rule_sets()}
    return {slug: made for slug, made in now.items() if made["figures"] and made != stored.get(slug)}


def _made_from(slug):
    figures = Figure.objects.filter(rule_set__slug=slug).aggregate(last=Max("computed_at"))["last"]
    return {
        "figures": figures and figures.isoformat(),
        "register": Agency.history.aggregate(last=Max("history_id"))["last"],
        "plan": inputs.plan(),
        "quotas": inputs.quotas(),
    }


def benchmark_all():
    """Make those that are due; returns how many institution-years and indicators are placed. Harmless run twice."""
    done, plan = 0, Plan()
    for slug, made_from in _due().items():
        basis = refresh.basis_of(slug)
        done += _benchmark(basis, plan)
        BenchmarkRun.objects.update_or_create(
            rule_set=basis.rule_set, defaults={"made_from": made_from, "made_at": timezone.now()}
        )
    return done


def _benchmark(basis, plan):
    figures = Figure.objects.filter(rule_set=basis.rule_set)
    years = figures.order_by("year").values_list("year", flat=True).distinct()
    done, by_year = 0, {}
    with transaction.atomic():
        # Of two jobs at once the second waits here.
        RuleSet.objects.select_for_update().get(pk=basis.rule_set.pk)
        for model in (Benchmark, Candidacy):
            model.objects.filter(rule_set=basis.rule_set).delete()
        for year in years:
            by_year[year] = of = _Year(year, basis)
            done += _store_benchmarks(of, basis)
            base_year = basis.base_years.get(year)
            if base_year in by_year:
                for kind in LeaderKind:
                    _store_candidacies(kind, of, by_year[base_year], plan, basis)
    return done


class _Year:
    """The figures of a year as arrays over its institutions, in the order of their keys; (n,) or (n, 4)."""

    def __init__(self, year, basis):
        self.year, self.basis = year, basis
        changes = [f"{each}_change" for each in INDICATORS]
        rows = list(
            Figure.objects.filter(rule_set=basis.rule_set, year=year)
            .order_by("agency")
            .values_list("agency", "agency__type_code", "packed", *INDICATORS, *changes)
        )
        self.agencies = np.array([row[0] for row in rows])
        self.types = np.array([row[1] for row in rows])
        self._packed = b"".join(bytes(row[2]) for row in rows)
        numbers = np.array([row[3:] for row in rows], dtype=np.float64)
        self.values, self.changes = numbers[:, : len(INDICATORS)], numbers[:, len(INDICATORS) :]

    @cached_property
    def known(self):
        """Whether each indicator is known in each month, (n, 4, 12)."""
        monthly = np.frombuffer(self._packed, dtype=blocks.STORED).reshape(-1, len(QUANTITIES), MONTHS)
        sides = measures.side(Months.unpacked(monthly), self.basis.boundary)
        return sides[:, measures.COUNT, : len(INDICATORS)] > 0

    @cached_property
    def whole_values(self):
        """The values of whole years, NaN elsewhere, (n, 4)."""
        return np.where(self.known.all(axis=-1), self.values, np.nan)

    @cached_property
    def placings(self):
        return [benchmarks.placed(column, self.types) for column in self.whole_values.T]

    @cached_property
    def quotas(self):
        return Quota.objects.of_year(self.year)

    @cached_property
    def bands(self):
        """The band of each indicator, (n, 4)."""
        columns = [self._bands(*each) for each in zip(INDICATORS, self.whole_values.T, strict=True)]
        return np.stack(columns, axis=-1)

    def _bands(self, indicator, values):
        coefficient = self.basis.loaded.by_item[ELECTRICITY].kgce_per_unit
        pairs = zip(self.types.tolist(), values.tolist(), strict=True)
        return np.array(
            [_band(self.quotas.get((code, indicator)), value, coefficient) for code, value in pairs]
        )

    def months(self, kind):
        """How many months know every indicator of the kind, (n,)."""
        places = [INDICATORS.index(each) for each in kind.indicators]
        return self.known[:, places].all(axis=1).sum(axis=-1)


def _band(quota, value, kgce_per_kwh):
    if quota is None:
        return Band.NONE.value
    if quota.electricity_kgce_per_kwh not in (None, kgce_per_kwh):
        return Band.INCOMPARABLE.value
    return benchmarks.band(value, *quota.limits).value


def _store_benchmarks(of, basis):
    done = 0
    for place, (indicator, placing) in enumerate(zip(INDICATORS, of.placings, strict=True)):
        kept = ~np.isnan(of.whole_values[:, place])
        ids = {code: quota.pk for (code, each), quota in of.quotas.items() if each == indicator}
        columns = {
            "agency": of.agencies,
            "type_code": of.types,
            "value": of.values[:, place],
            "peers": placing.peers,
            "rank": placing.rank,
            "above": placing.above,
            "peer_low": placing.low,
            "peer_median": placing.median,
            "peer_high": placing.high,
            "quota": np.array([ids.get(code, np.nan) for code in of.types.tolist()], dtype=np.float64),
            "band": of.bands[:, place],
        }
        done += _insert(Benchmark, of.year, kept, columns, basis, indicator=str(indicator.value))
    return done


def _store_candidacies(kind, of, base, plan, basis):
    first, *others = places = [INDICATORS.index(each) for each in kind.indicators]
    months, base_months = of.months(kind), _months_beside(of, base, kind)
    is_compared = ~np.isnan(of.changes[:, places]).any(axis=1)
    below = [of.values[:, place] <= of.placings[place].median for place in others]
    entry = Entry(
        is_whole=(months == MONTHS) & (base_months == MONTHS) & is_compared,
        peers=of.placings[first].peers,
        rank=of.placings[first].rank,
        is_over=(of.bands[:, places] == Band.OVER.value).any(axis=1),
        is_enough=np.all([_is_enough(of, place, plan) for place in places], axis=0),
        is_below_median=np.all([np.ones(len(months), dtype=bool), *below], axis=0),
    )
    columns = {
        "agency": of.agencies,
        "type_code": of.types,
        "verdict": benchmarks.verdicts(entry),
        "months": months,
        "base_months": base_months,
        "peers": entry.peers,
        "rank": entry.rank,
    }
    every = np.ones(len(months), dtype=bool)
    _insert(Candidacy, of.year, every, columns, basis, kind=str(kind.value), base_year=base.year)


def _months_beside(of, base, kind):
    """As `_Year.months` of the base year, for the year's institutions; 0 where one has no figures of it."""
    found = dict(zip(base.agencies.tolist(), base.months(kind).tolist(), strict=True))
    return np.array([found.get(agency, 0) for agency in of.agencies.tolist()])


def _is_enough(of, place, plan):
    """Whether the change meets the path, (n,); where no target is handed down, whether it has not risen."""
    target = plan.target(INDICATORS[place], of.year)
    required = (target.required(of.year) if target else None) or 0.0
    return of.changes[:, place] <= TOLERANCE - required


def _insert(model, year, kept, columns, basis, **same):
    rows = int(kept.sum())
    if not rows:
        return 0
    every = {name: values[kept] for name, values in columns.items()} | same
    every |= {"year": year, "rule_set": basis.rule_set.pk, "computed_at": basis.computed_at}
    bulk.insert_columns(model, blocks.spread(every, rows))
    return rows
