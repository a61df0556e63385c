"""The figures of one node of the tree, read for the cockpit and the system page. Every function here is one query
or none, so that the page costs the same for one institution and for a thousand.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.db import connection
from django.db.models import Count, F, OuterRef, Q, Subquery, Value, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from agencies.models import Agency, AgencyKind, AgencyType
from reporting.models import Report, RuleSet, StaleMark, Status
from reporting.models.filing import EDITABLE, WAITING

from . import cards, charts, leaders
from .access import VERBS
from .models import BandWord, Figure, GroupFigure, GroupKind, GroupPanel, Indicator
from .progress import TOLERANCE, Standing

RANKED = 10
# Different institution-years of stale marks. 10 000 is more than any year: both as one number.
PLACES = Count(F("agency") * 10_000 + F("year"), distinct=True)


def highest_node(user):
    """Where the user's view begins: the agency nearest the root at which they may see a cockpit."""
    held = [row.agency for row in user.current_memberships if row.role in VERBS["see_cockpit"]]
    return min(held, key=lambda agency: len(agency.path), default=None)


def leading_panel(of_all, comparable):
    """Which of a group's two rows of a year, each or None, its page leads with."""
    is_whole = of_all is not None and of_all.covers_year
    return GroupPanel.COMPARABLE if comparable is not None and not is_whole else GroupPanel.ALL


class Rows:
    """The group figures of an owner and of the systems below it: every year, both panels."""

    def __init__(self, user, owner, rule_set):
        wanted = Q(key=owner.key)
        if owner.agency:
            systems = Agency.objects.visible_to(user).filter(parent=owner.agency, kind=AgencyKind.DEPARTMENT)
            wanted |= Q(key__in=systems.values("key"), rule_set=rule_set)
        names = Agency.objects.filter(key=OuterRef("key")).values("name")
        found = GroupFigure.objects.filter(wanted, kind=owner.kind).select_related("rule_set")
        found = list(found.annotate(name=Subquery(names)).order_by("year", "rule_set__slug"))
        self._every = [row for row in found if row.key == owner.key]
        self._own = {(row.year, row.panel): row for row in self._every if row.rule_set == rule_set}
        self._systems = [row for row in found if row.key != owner.key]
        self.years = sorted({year for year, _ in self._own})

    def is_whole(self, year):
        row = self._own.get((year, GroupPanel.ALL))
        return row is not None and row.covers_year

    def panel(self, year):
        """All institutions for a whole year; for a running one those known in the same months of both years."""
        return leading_panel(self.of(year, GroupPanel.ALL), self.of(year, GroupPanel.COMPARABLE))

    def other_panel(self, year):
        return GroupPanel.COMPARABLE if self.panel(year) == GroupPanel.ALL else GroupPanel.ALL

    def of(self, year, panel):
        return self._own.get((year, panel))

    def by_rule_set(self, year):
        """The node's row under each rule set, of the panel that leads."""
        shown = year, self.panel(year)
        return [row for row in self._every if (row.year, row.panel) == shown]

    def headline(self, year):
        return self.of(year, self.panel(year))

    def systems(self, year):
        shown = year, self.panel(year)
        return [row for row in self._systems if (row.year, row.panel) == shown]

    def systems_beside(self, year):
        """Key → the system's row of the other panel."""
        beside = year, self.other_panel(year)
        return {row.key: row for row in self._systems if (row.year, row.panel) == beside}

    @property
    def whole_years(self):
        """Year with figures → whether it is whole."""
        return {year: self.is_whole(year) for year in self.years}


@dataclass(frozen=True)
class Head:
    """Which figures the page shows: what they cover, how they were made, when."""

    year: int
    months: str
    is_whole: bool
    panel: str
    panel_slug: str
    other_panel: str
    other_slug: str
    rule_set: RuleSet | None
    computed_at: datetime | None
    institutions: int
    # Of all institutions: what is owed, approved, waiting and missing; None without figures.
    coverage: GroupFigure | None

    @property
    def basis(self):
        return basis(self.rule_set)


def basis(rule_set):
    """What a picture says of its figures once it has left the page."""
    if rule_set is None:
        return ""
    return f"口径：{rule_set.title}；考核口径固定 {rule_set.target_grid_year} 年电网因子"


def head(rows, year):
    row = rows.of(year, GroupPanel.ALL)
    return Head(
        year=year,
        months=cards.months_known_in_words(row) if row else "无",
        is_whole=rows.is_whole(year),
        panel=_panel_in_words(rows, year, rows.panel(year)),
        panel_slug=rows.panel(year).value,
        other_panel=_panel_in_words(rows, year, rows.other_panel(year)),
        other_slug=rows.other_panel(year).value,
        rule_set=row.rule_set if row else None,
        computed_at=row.computed_at if row else None,
        institutions=row.institutions if row else 0,
        coverage=row,
    )


def _panel_in_words(rows, year, panel):
    row = rows.of(year, panel)
    return f"{panel.label}（{row.institutions if row else 0} 个）"


def target_cards(rows, plan, year, forecasts=()):
    foreseen = cards.by_indicator(forecasts)
    return [
        cards.card(
            indicator,
            rows.headline(year),
            plan,
            year,
            other=rows.of(year, rows.other_panel(year)),
            base_row=_base_row(rows, year),
            forecast=foreseen.get(indicator),
        )
        for indicator in Indicator
    ]


def _base_row(rows, year):
    row = rows.headline(year)
    return rows.headline(row.base_year) if row and row.base_year else None


def path_charts(rows, plan, year, forecasts=()):
    """(indicator, chart) of each indicator over its plan period. forecasts: of the running year."""
    shown, foreseen = {each: rows.headline(each) for each in rows.years}, cards.by_indicator(forecasts)
    return [
        (
            each,
            charts.path_chart(
                each, plan, year, shown, lambda row: rows.is_whole(row.year), foreseen.get(each)
            ),
        )
        for each in Indicator
    ]


def carbon_chart(rows, peaks=()):
    return charts.carbon_chart(_of_all(rows), decimals=0, peaks=peaks)


def energy_chart(rows):
    return charts.energy_chart(_of_all(rows), decimals=0)


def _of_all(rows):
    return [rows.of(year, GroupPanel.ALL) for year in rows.years]


@dataclass(frozen=True)
class Ranked:
    """A system or an institution in a ranking."""

    key: str
    name: str
    base: float | None
    value: float | None
    change: float | None
    status: Standing
    extent: int


def ranked_systems(rows, plan, year, indicator):
    """The systems of the year, the greatest reduction first; unknown ones last. `extent`: institutions."""
    names = {row.key: row.name for row in rows.systems(year)}
    return _ranked_groups(
        rows.systems(year), rows.systems_beside(year), names, plan.target(indicator, year), indicator
    )


def ranked_groups(kind, panel, rule_set, plan, year, indicator):
    """The types or streets of the year in the panel, ordered as `ranked_systems`."""
    found = GroupFigure.objects.filter(kind=kind, rule_set=rule_set, year=year).select_related("rule_set")
    shown, beside = {}, {}
    for row in found:
        (shown if row.panel == panel else beside)[row.key] = row
    names = dict(AgencyType.choices) if kind == GroupKind.TYPE else {key: key for key in shown}
    return _ranked_groups(shown.values(), beside, names, plan.target(indicator, year), indicator)


def _ranked_groups(rows, beside, names, target, indicator):
    found = [
        _ranked(
            row,
            row.key,
            names[row.key],
            indicator,
            row.institutions,
            cards.standing(target, row, indicator, row.year, other=beside.get(row.key)),
        )
        for row in rows
    ]
    return sorted(found, key=lambda ranked: (ranked.change is None, ranked.change or 0.0, ranked.key))


def _ranked(row, key, name, indicator, extent, status):
    return Ranked(key, name, row.base(indicator), row.value(indicator), row.change(indicator), status, extent)


@dataclass(frozen=True)
class Ranking:
    """The institutions at both ends, and how many of all compared ones are behind the path; None without a target."""

    best: list
    worst: list
    behind: int | None
    compared: int


def ranked_institutions(user, owner, rule_set, plan, year, indicator):
    """`extent`: months compared."""
    target = plan.target(indicator, year)
    found = _both_ends(user, owner, rule_set, year, indicator, target)
    best = sorted((pair for pair in found if pair[1].best <= RANKED), key=lambda pair: pair[1].best)
    worst = sorted((pair for pair in found if pair[1].best > RANKED), key=lambda pair: pair[1].worst)
    return Ranking(
        best=[_institution(row, target, indicator) for row, _ in best],
        worst=[_institution(row, target, indicator) for row, _ in worst],
        behind=_number_behind(found, target),
        compared=found[0][1].compared if found else 0,
    )


def _number_behind(found, target):
    if target is None or target.reduction is None:
        return None
    return found[0][1].behind if found else 0


def _both_ends(user, owner, rule_set, year, indicator, target):
    """(figure, its place) of those at both ends. Places first: whole rows of all would be sorted for twenty of them."""
    change = f"{indicator}_change"
    figures = Figure.objects.visible_to(user).filter(
        owner.where("agency__"), rule_set=rule_set, year=year, **{f"{change}__isnull": False}
    )
    ranked = figures.annotate(
        best=Window(RowNumber(), order_by=(F(change).asc(), F("agency__path").asc())),
        worst=Window(RowNumber(), order_by=(F(change).desc(), F("agency__path").asc())),
        compared=Window(Count("pk")),
        behind=Window(Count("pk", filter=behind(change, target, year))),
    )
    ends = ranked.filter(Q(best__lte=RANKED) | Q(worst__lte=RANKED)).order_by()
    places = ends.values_list("pk", "best", "worst", "compared", "behind", named=True)
    by_pk = {place.pk: place for place in places}
    rows = Figure.objects.filter(pk__in=by_pk).select_related("agency").defer("packed")
    return [(row, by_pk[row.pk]) for row in rows]


def behind(change, target, year):
    """Whether a change falls short of what the path requires by the end of the year; never without a target."""
    required = target.required(year) if target else None
    return Q(pk__in=[]) if required is None else Q(**{f"{change}__gt": TOLERANCE - required})


def _institution(row, target, indicator):
    months = len(cards.months_in(row.compared_months))
    status = cards.standing(target, row, indicator, row.year)
    return _ranked(row, row.agency.key, row.agency.name, indicator, months, status)


def waiting(owner, since, year, rule_set, indicator):
    """What is filed and waits, is not filed in time or is over its quota, as it is now: name → number, one query.

    doubted: of `to_review`, those with something the checks have said; stale: institution-years whose figures do not
    yet follow from what is approved; judged: institutions whose year is held against a quota of the indicator, over:
    those above it.
    since: the first year whose months can be overdue; older ones are history that was entered afterwards.
    """
    # Where a node stands in the tree is in the statement, and not in what makes two owners the same.
    place = owner.agency.path if owner.agency else ""
    with connection.cursor() as cursor:
        cursor.execute(*_waiting(owner, place, since, timezone.localdate(), year, rule_set, indicator))
        counts = dict(cursor.fetchall())
    return counts | {"overdue": counts["not_begun"] + counts["not_handed_in"]}


# Making the statement takes longer than answering it.
@lru_cache(maxsize=2_000)
def _waiting(owner, place, since, today, year, rule_set, indicator):
    reports = Report.objects.filter(owner.where("agency__")).order_by()
    to_review = reports.filter(latest__status__in=WAITING)
    late = reports.filter(period__due_on__lt=today, period__month__gte=date(since, 1, 1))
    judged = leaders.held_against_quotas(owner, year, rule_set, indicator)
    found = {
        "judged": judged,
        "over": judged.filter(band=BandWord.OVER),
        "to_review": to_review,
        "doubted": to_review.doubted(),
        "returned": reports.filter(latest__status=Status.RETURNED),
        # Two, so that each finds its own index.
        "not_begun": late.filter(latest=None),
        "not_handed_in": late.filter(latest__status__in=EDITABLE),
    }
    numbers = [_number(name, rows, Count("*")) for name, rows in found.items()]
    stale = _number("stale", StaleMark.objects.filter(owner.where("agency__")).order_by(), PLACES)
    return stale.union(*numbers, all=True).query.sql_with_params()


def _number(name, rows, count):
    """One row: the name, and the number."""
    return rows.values(what=Value(name)).annotate(number=count).values_list("what", "number")


def registered_in(year):
    stays = Q(registered_to__isnull=True) | Q(registered_to__gte=date(year, 1, 1))
    return Q(registered_from__lte=date(year, 12, 31)) & stays
