"""Candidates for 能效 and 水效领跑者, and an institution's place among its peers: reads what the job stored."""

from dataclasses import dataclass

from django.db.models import Count

from .benchmarks import LEAST_PEERS
from .models import BandWord, Benchmark, Candidacy, Figure, Indicator, VerdictWord

# The bands that hold a figure against a quota.
JUDGED = (BandWord.OVER, BandWord.CONSTRAINT, BandWord.BENCHMARK, BandWord.GUIDE)


@dataclass(frozen=True)
class Place:
    """An institution's indicator beside its benchmark; both None where it has none of the year."""

    indicator: Indicator
    figure: Figure | None
    benchmark: Benchmark | None

    @property
    def value(self):
        return self.figure.value(self.indicator) if self.figure else None

    @property
    def change(self):
        return self.figure.change(self.indicator) if self.figure else None


@dataclass(frozen=True)
class Listed:
    """A candidacy with the places that decided it."""

    candidacy: Candidacy
    places: list[Place]


def of_year(user, kind, year, rule_set):
    """The user's institutions in the order of their types and ranks."""
    found = Candidacy.objects.visible_to(user).filter(kind=kind, year=year, rule_set=rule_set)
    return found.select_related("agency__parent")


def counted(candidacies):
    """(verdict, how many) of each that occurs, in the order of VerdictWord: one query."""
    found = dict(candidacies.order_by().values_list("verdict").annotate(Count("pk")))
    return [(verdict, found[verdict]) for verdict in VerdictWord if verdict in found]


def listed(candidacies, kind):
    """A Listed of each of a page's rows: two queries."""
    rows = list(candidacies)
    if not rows:
        return []
    of = {
        "agency__in": [row.agency_id for row in rows],
        "year": rows[0].year,
        "rule_set": rows[0].rule_set_id,
    }
    figures = {row.agency_id: row for row in Figure.objects.filter(**of).defer("packed")}
    found = {(row.agency_id, row.indicator): row for row in Benchmark.objects.filter(**of)}
    return [
        Listed(
            row,
            [
                Place(each, figures.get(row.agency_id), found.get((row.agency_id, each)))
                for each in kind.indicators
            ],
        )
        for row in rows
    ]


def required(kind, plan, year):
    """(indicator, the change that the path asks for or None) of the kind's indicators."""
    targets = [(each, plan.target(each, year)) for each in kind.indicators]
    asked = [(each, target.required(year) if target else None) for each, target in targets]
    return [(each, None if reduction is None else -reduction) for each, reduction in asked]


@dataclass(frozen=True)
class Standing:
    """An institution's own year: its benchmarks, its candidacies, and the last year that has benchmarks."""

    benchmarks: list[Benchmark]
    candidacies: list[Candidacy]
    latest: int | None
    least_peers: int = LEAST_PEERS


def standing(agency, year, rule_set):
    """Two queries."""
    rows = list(agency.benchmarks.filter(rule_set=rule_set).select_related("quota"))
    own = [row for row in rows if row.year == year]
    candidacies = agency.candidacies.filter(rule_set=rule_set, year=year).order_by("kind")
    return Standing(
        benchmarks=sorted(own, key=lambda row: list(Indicator).index(row.indicator)),
        candidacies=list(candidacies),
        latest=max((row.year for row in rows), default=None),
    )


def held_against_quotas(owner, year, rule_set, indicator):
    """The owner's institutions of the year with a quota to be held against."""
    of = {"year": year, "rule_set": rule_set, "indicator": indicator, "band__in": JUDGED}
    return Benchmark.objects.filter(owner.where("agency__"), **of).order_by()
