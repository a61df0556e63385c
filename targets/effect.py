"""What approving a report's latest revision would do to figures, statuses, ranks and what is sealed.

Nothing is written. The institution's own panels are read, and what its parts gain is added to the stored sums of its
groups, so that the cost does not grow with the register. Rows are judged by the code of the pages that show them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from agencies.models import Agency, AgencyType
from reporting import approved
from reporting.accounting import rules
from reporting.models import Report, Revision, StaleMark

from . import blocks, effect_ranks, effect_seals, groups, refresh, sums
from .blocks import Basis
from .cards import Plan
from .effect_rows import Owner, OwnerYear, Side
from .models import Figure, GroupFigure, GroupKind, GroupPanel, Restatement
from .models.figures import INSTITUTION

DISTRICT = "全区"
_TITLES = {GroupKind.TYPE: "类型", GroupKind.STREET: "街道"}


@dataclass(frozen=True)
class Computed:
    """The touched years under one rule set as they would be: year → the institution's parts, → (kind, key) → sums."""

    basis: Basis
    columns: dict
    parts: dict
    sums: dict


@dataclass(frozen=True)
class YearEffect:
    """One touched year: the institution, its groups and its ranks; only what somebody may see who asked."""

    year: int
    own: OwnerYear
    groups: list
    ranks: list

    @property
    def district(self):
        """The root of the tree, where the reader sees it."""
        return next((group for group in self.groups if group.owner.title == DISTRICT), None)

    @property
    def owners(self):
        return [self.own, *self.groups]

    @property
    def is_known(self):
        return any(owner.is_known for owner in self.owners)

    @property
    def has_totals(self):
        return any(owner.changed_totals for owner in self.owners)

    @property
    def has_indicators(self):
        return any(owner.changed_indicators for owner in self.owners)

    @property
    def has_bounds(self):
        return any(each.is_bounded for owner in self.owners for each in owner.changed_indicators)

    @property
    def is_changed(self):
        return any(owner.is_changed for owner in self.owners)

    @property
    def changed_ranks(self):
        return [rank for rank in self.ranks if rank.is_changed]

    @property
    def flips(self):
        """(owner, indicator) of every status that would be another."""
        return [(owner, each) for owner in self.owners for each in owner.indicators if each.is_flip]


@dataclass(frozen=True)
class Effect:
    """All of it. years: with figures before or after, the newest first; empty_years: touched, nothing known yet."""

    report: Report
    revision: Revision
    rule_set: object
    years: list
    empty_years: list
    seals: list
    waiting: int
    is_regrouping_due: bool

    @cached_property
    def of_month(self):
        """The effect on the month's own year."""
        year = self.report.period.month.year
        return next((each for each in self.years if each.year == year), None)

    @property
    def other_flips(self):
        """(year, owner, indicator) of the statuses that change in other years than the month's own."""
        others = [each for each in self.years if each is not self.of_month]
        return [(each.year, owner, indicator) for each in others for owner, indicator in each.flips]


def of(report, user):
    """The effect as far as the user may see it; None where no revision is under way."""
    if report.latest is None or report.latest_id == report.approved_id:
        return None
    row = approved.row_of(report.latest)
    places = _visible_places(report.agency, user)
    basis = refresh.basis_of(rules.active_slug())
    computed = compute(report, row, basis, places)
    years = _years(report.agency, computed, places)
    shown = [each for each in years if each.is_known]
    return Effect(
        report=report,
        revision=report.latest,
        rule_set=basis.rule_set,
        years=shown,
        empty_years=sorted(each.year for each in years if not each.is_known),
        seals=effect_seals.touched(
            report, computed, places, user, lambda slug: compute(report, row, refresh.basis_of(slug), places)
        ),
        waiting=_waiting(user),
        is_regrouping_due=refresh.is_regrouping_due(),
    )


def _visible_places(agency, user):
    """(kind, key) → Owner of the groups of the institution that the user may see, the district last."""
    places = list(groups.groups_of(agency))
    nodes = [place for place in places if place[0] == GroupKind.NODE]
    keys = [key for _, key in nodes]
    seen = dict(Agency.objects.visible_to(user).filter(key__in=keys).values_list("key", "name"))
    names = {(GroupKind.NODE, key): name for key, name in seen.items()}
    root = nodes[0]
    if root in names:
        # Types and streets are for those who see the whole tree, as `GroupFigure.visible_to` has it.
        names |= {place: _name(place) for place in places if place not in nodes}
    titles = dict.fromkeys(nodes, "系统") | {root: DISTRICT}
    ordered = [*reversed(nodes[1:]), *(place for place in places if place not in nodes), root]
    return {
        place: Owner(*place, names[place], titles.get(place) or _TITLES[place[0]])
        for place in ordered
        if place in names
    }


def _name(place):
    kind, key = place
    return AgencyType(key).label if kind == GroupKind.TYPE else key


def compute(report, row, basis, places):
    """The touched years as the approval would make them. row: the revision as a month of a panel; places: of groups."""
    agency, month = report.agency_id, report.period.month
    now = blocks.load([agency])
    then = blocks.overlaid(now, {(agency, month): row})
    years = sorted(basis.touched_by(month.year, then.gaps(agency)))
    restatements = list(Restatement.objects.in_force())
    before, after = (dict(blocks.parts_by_year(each, basis, years, restatements)) for each in (now, then))
    columns = {year: blocks.figure_columns(then, year, parts, basis) for year, parts in after.items()}
    folded = {year: _folded(basis, year, places, before.get(year), after.get(year)) for year in years}
    return Computed(basis, columns, after, folded)


def _folded(basis, year, places, before, after):
    """(kind, key) → the group's sums as they would be."""
    stored = groups.folded(basis.rule_set, year, [key for _, key in places]) if places else {}
    found = {place: values for place, values in stored.items() if place in places}
    if after is None:
        return found
    then, now = (sums.summed(parts, np.ones((1, 1)))[0] for parts in (after, before))
    # What does not change keeps its sums to the last bit, and what no other institution adds to becomes exactly new.
    return {place: found[place] + (then - now) if place in found else then for place in places}


def _years(agency, computed, places):
    plan = Plan()
    own = _stored_figures(agency, computed)
    of_groups = _stored_group_figures(computed, places)
    scopes = effect_ranks.scopes(agency, places)
    return [
        _year_effect(agency, computed, year, plan, own.get(year), of_groups.get(year, {}), places, scopes)
        for year in sorted(computed.sums, reverse=True)
        if plan.period(year) or year in own or year in of_groups or year in computed.columns
    ]


def _stored_figures(agency, computed):
    rows = Figure.objects.filter(agency=agency, rule_set=computed.basis.rule_set, year__in=computed.sums)
    return {row.year: row for row in rows.select_related("rule_set")}


def _stored_group_figures(computed, places):
    """Year → (kind, key) → panel → row."""
    found = {}
    rows = GroupFigure.objects.filter(
        rule_set=computed.basis.rule_set, year__in=computed.sums, key__in={key for _, key in places}
    )
    for row in rows.select_related("rule_set"):
        if (row.kind, row.key) in places:
            found.setdefault(row.year, {}).setdefault((row.kind, row.key), {})[row.panel] = row
    return found


def _year_effect(agency, computed, year, plan, stored, of_groups, places, scopes):
    then = _figure(agency, computed, year)
    institution = Owner(INSTITUTION, agency.key, agency.name, "本机构")
    own = OwnerYear(institution, year, plan, Side(stored), Side(then))
    after = _group_figures(computed, year)
    found = [
        OwnerYear(owner, year, plan, _side(of_groups.get(place)), _side(after.get(place)))
        for place, owner in places.items()
    ]
    ranks = effect_ranks.ranks(agency, year, computed.basis.rule_set, stored, then, scopes)
    return YearEffect(year, own, found, ranks)


def _figure(agency, computed, year):
    """The institution's row as it would be; None where no month of the year is approved then."""
    columns = computed.columns.get(year)
    if columns is None or not len(columns["agency"]):
        return None
    (row,) = blocks.unsaved(Figure, columns)
    row.agency, row.rule_set = agency, computed.basis.rule_set
    return row


def _group_figures(computed, year):
    """(kind, key) → panel → row as it would be."""
    found = {}
    if not computed.sums[year]:
        return found
    for row in blocks.unsaved(GroupFigure, groups.figure_columns(computed.sums[year], year, computed.basis)):
        row.rule_set = computed.basis.rule_set
        found.setdefault((row.kind, row.key), {})[row.panel] = row
    return found


def _side(by_panel):
    by_panel = by_panel or {}
    return Side(by_panel.get(GroupPanel.ALL), by_panel.get(GroupPanel.COMPARABLE))


def _waiting(user):
    """How many institution-years that the user may see have a mark: their figures are not those of now."""
    marks = StaleMark.objects.filter(agency__in=Agency.objects.visible_to(user)).order_by()
    return marks.values("agency", "year").distinct().count()
