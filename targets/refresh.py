"""Recomputes figures from panels: what stale marks name and whatever is compared with it, or everything.

Institutions first, then what their block adds to each group, then the groups from their blocks.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef
from django.utils import timezone

from agencies.models import Agency
from reporting.accounting import rules
from reporting.models import EmissionFactor, RuleSet, StaleMark

from . import blocks, sealed, sums
from .blocks import Basis, Loaded
from .indicators import known
from .models import Figure, FigureBlock, GroupFigure, GroupPanel, PartialSums, PlanPeriod

MARKS_AT_ONCE = 5_000
# A change of the register may be committed a little after the moment that its history states.
REGISTER_SLACK = timedelta(minutes=2)


def refresh_all():
    """Work off the stale marks; returns how many institution-years were computed. Harmless run twice."""
    done = 0
    while marks := _take_marks():
        done += marks
    if is_regrouping_due(REGISTER_SLACK):
        _regroup()
    return done


def basis_of(slug):
    """Raises ValueError naming what the rule set lacks."""
    return basis_with(rules.load(slug))


def basis_with(loaded):
    periods = PlanPeriod.objects.order_by("-base_year")
    base_years = {
        year: period.base_year for period in periods for year in period.years if year > period.base_year
    }
    return Basis(loaded, base_years, timezone.now())


def kept_rule_sets():
    """Slugs of the rule sets whose figures are kept fresh: the one in force, and those that the bureau asked for."""
    # One row found is enough: to list the distinct ones would read every figure there is, at each approval.
    asked = RuleSet.objects.filter(Exists(Figure.objects.filter(rule_set=OuterRef("pk"))))
    return sorted({rules.active_slug(), *asked.values_list("slug", flat=True)})


def is_regrouping_due(slack=timedelta(0)):
    """Whether the register was changed after the groups were summed: a move, another type, another street.

    The register lies below this app and cannot mark anything stale, so its history is asked.
    """
    summed_at = GroupFigure.objects.aggregate(first=Min("computed_at"))["first"]
    changed_at = Agency.history.aggregate(last=Max("history_date"))["last"]
    return summed_at is not None and changed_at is not None and changed_at > summed_at - slack


def is_factor_due():
    """Whether a factor has come into use since the figures were made: loaded earlier, valid from today."""
    made_at = Figure.objects.aggregate(first=Min("computed_at"))["first"]
    today = timezone.localdate()
    since = EmissionFactor.objects.filter(valid_from__lte=today).aggregate(last=Max("valid_from"))["last"]
    return made_at is not None and since is not None and since > timezone.localdate(made_at)


@transaction.atomic
def _regroup():
    """Sum every year anew by the groups as they are now."""
    lock()
    numbers = blocks.numbers()
    for slug in kept_rule_sets():
        basis = basis_of(slug)
        for number in numbers:
            compute_block(number, basis, figures=False)
        _fold_all(basis)
        sealed.record_group_differences("名录变动：分组重新汇总", basis)


def fold_everything(basis):
    """Every group of every year from its blocks."""
    lock()
    _fold_all(basis)
    sealed.record_all_differences("重新计算", basis)


def compute_block(number, basis, *, figures=True):
    """The figures and partial sums of one block, all years. Harmless run twice, by any worker."""
    _lock_blocks([number])
    loaded = blocks.load_block(number)
    if loaded is None:
        return
    groups, matrix = blocks.membership(loaded.agencies.tolist())
    # With them go the sums of groups that the block has no institution of any more.
    PartialSums.objects.filter(rule_set=basis.rule_set, block=number).delete()
    for year, parts in blocks.parts_by_year(loaded, basis):
        if figures:
            blocks.write_figures(blocks.figure_columns(loaded, year, parts, basis), year, basis)
        blocks.write_partial_sums(number, year, groups, sums.summed(parts, matrix), basis)


@transaction.atomic
def _take_marks():
    """One batch of marks, for every rule set that is kept fresh."""
    lock()
    marks = _next_marks()
    if not marks:
        return 0
    causes = defaultdict(list)
    for mark in marks:
        causes[mark.agency_id, mark.year].append(mark.cause)
    _lock_blocks({blocks.number_of(agency) for agency, _ in causes})
    bases = [basis_of(slug) for slug in kept_rule_sets()]
    # Which years follow is the same under every rule set.
    touched = _touched_blocks(set(causes), bases[0])
    done = 0
    for basis in bases:
        done = refresh_institutions(touched, basis)
        refresh_groups(touched, basis)
        sealed.record_differences(causes, basis)
    StaleMark.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return done


def _next_marks():
    """The oldest marks, with all others of the same institutions and years: each is computed once, not once a mark."""
    places = set(StaleMark.objects.order_by("pk").values_list("agency", "year")[:MARKS_AT_ONCE])
    beside = StaleMark.objects.filter(
        agency__in={agency for agency, _ in places}, year__in={year for _, year in places}
    )
    return [mark for mark in beside.order_by("pk") if (mark.agency_id, mark.year) in places]


def lock():
    """Refreshes queue up here, so that none overwrites newer figures with older ones."""
    list(RuleSet.objects.select_for_update().order_by("pk")[:1])


def _lock_blocks(numbers):
    """Whoever writes figures of a block holds its row, so that a recalculation and a refresh do not meet in it."""
    known = set(FigureBlock.objects.filter(pk__in=numbers).values_list("pk", flat=True))
    FigureBlock.objects.bulk_create([FigureBlock(number=number) for number in numbers if number not in known])
    list(FigureBlock.objects.select_for_update().filter(pk__in=numbers).order_by("pk"))


@dataclass(frozen=True)
class Touched:
    """The marked institutions of a block: their panels, and the years whose figures follow from the marks."""

    own: Loaded
    years: set[int]


def _touched_blocks(marked, basis):
    """Block number → Touched, of the blocks that hold any panel of the marked (agency id, year)."""
    found = {}
    for number, agencies in _by_block(marked).items():
        own = blocks.load(agencies)
        if own is not None:
            found[number] = Touched(own, _touched_years(agencies, own, basis))
    return found


def _touched_years(agencies, own, basis):
    """agencies: id → its marked years."""
    return {
        touched
        for agency, years in agencies.items()
        for year in years
        for touched in basis.touched_by(year, own.gaps(agency))
    }


def refresh_institutions(touched, basis):
    """The institutions' own figures; returns how many institution-years."""
    done = 0
    for block in touched.values():
        for year, parts in blocks.parts_by_year(block.own, basis, block.years):
            columns = blocks.figure_columns(block.own, year, parts, basis)
            blocks.write_figures(columns, year, basis)
            done += len(columns["agency"])
    return done


def refresh_groups(touched, basis):
    """What the blocks of the marked institutions add to their groups, and those groups."""
    groups_by_year = defaultdict(set)
    for number, block in touched.items():
        loaded = blocks.load_block(number, basis.needed_for(block.years))
        groups, matrix = blocks.membership(loaded.agencies.tolist())
        is_own = matrix[:, np.isin(loaded.agencies, block.own.agencies)].any(axis=1)
        groups = [group for group, own in zip(groups, is_own, strict=True) if own]
        for year, parts in blocks.parts_by_year(loaded, basis, block.years):
            blocks.forget_partial_sums(number, year, groups, basis)
            blocks.write_partial_sums(number, year, groups, sums.summed(parts, matrix[is_own]), basis)
            groups_by_year[year] |= set(groups)
    for year, groups in groups_by_year.items():
        _fold(year, basis, groups)


def _by_block(marked):
    """Block number → agency id → its marked years."""
    found = defaultdict(lambda: defaultdict(set))
    for agency, year in marked:
        found[blocks.number_of(agency)][agency].add(year)
    return found


def _fold_all(basis):
    """All groups of every year from their blocks; figures of groups that no block adds to any more go."""
    years = PartialSums.objects.filter(rule_set=basis.rule_set).order_by().values_list("year", flat=True)
    GroupFigure.objects.filter(rule_set=basis.rule_set).delete()
    for year in sorted(years.distinct()):
        _fold(year, basis)


def _fold(year, basis, groups=None):
    """The figures of a year's groups, all by default, from what their blocks add."""
    stored = PartialSums.objects.filter(rule_set=basis.rule_set, year=year)
    old = GroupFigure.objects.filter(rule_set=basis.rule_set, year=year)
    if groups is not None:
        keys = [key for _, key in groups]
        stored, old = stored.filter(key__in=keys), old.filter(key__in=keys)
    old.delete()
    GroupFigure.objects.bulk_create(_groups_from(blocks.folded(stored), year, basis), batch_size=200)


def recomputed_groups(basis):
    """Unsaved figures of every group and year from the panels themselves, past what is stored of the blocks."""
    folded = defaultdict(dict)
    for _, loaded in blocks.load_each():
        groups, matrix = blocks.membership(loaded.agencies.tolist())
        for year, parts in blocks.parts_by_year(loaded, basis):
            for place, values in zip(groups, sums.summed(parts, matrix), strict=True):
                folded[year][place] = folded[year].get(place, 0.0) + values
    for year in sorted(folded):
        yield from _groups_from(folded[year], year, basis)


def _groups_from(folded, year, basis):
    """Unsaved figures of the groups, both panels. folded: (kind, key) → sums as `blocks.folded` gives them."""
    if not folded:
        return []
    parts = sums.unpacked(np.stack(list(folded.values())))
    found = []
    for panel, made in ((GroupPanel.ALL, sums.all_figures), (GroupPanel.COMPARABLE, sums.comparable_figures)):
        found += _group_rows(list(folded), panel, parts, made(parts), year, basis)
    return found


def _group_rows(places, panel, parts, columns, year, basis):
    is_all = panel == GroupPanel.ALL
    institutions = parts["institutions"][:, sums.COUNTED if is_all else sums.COMPARABLE]
    quantities = parts["quantities" if is_all else "comparable_quantities"]
    return [
        GroupFigure(
            kind=kind,
            key=key,
            panel=panel,
            institutions=int(institutions[row]),
            institution_months=int(quantities[row, 1, 0].sum()),
            packed=sums.quantity_sums(quantities[row : row + 1]).astype(blocks.STORED).tobytes(),
            **_coverage(parts, row),
            **blocks.group_stamps(parts, row, year, basis),
            **{name: known(values[row]) for name, values in columns.items()},
        )
        for row, (kind, key) in enumerate(places)
        if institutions[row]
    ]


def _coverage(parts, row):
    expected, approved, submitted = (int(months.sum()) for months in parts["coverage"][row])
    return {
        "registered": int(parts["institutions"][row, sums.REGISTERED]),
        "months_expected": expected,
        "months_approved": approved,
        "months_submitted": submitted,
    }
