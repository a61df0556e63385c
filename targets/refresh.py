"""Recomputes figures from panels: what stale marks name and whatever is compared with it, or everything.

Institutions first, then what their block adds to each group, then the groups from their blocks.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from agencies.models import Agency
from reporting.accounting import rules
from reporting.models import Coefficient, EmissionFactor, RuleSet, StaleMark

from . import blocks, groups, sealed, sums
from .blocks import Basis, Loaded
from .models import Figure, FigureBlock, GroupFigure, PartialSums, PlanPeriod, first_year

MARKS_AT_ONCE = 5_000
# A change of the register may be committed a little after the moment that its history states.
REGISTER_SLACK = timedelta(minutes=2)


def refresh_all():
    """Work off the stale marks and what the register has changed; returns how many institution-years were computed."""
    done = refresh_marked()
    if is_regrouping_due(REGISTER_SLACK):
        _regroup()
    return done


def refresh_marked():
    """Work off the stale marks; returns how many institution-years were computed. Harmless run twice."""
    done = 0
    is_more_left = True
    while is_more_left:
        taken, is_more_left = _take_marks()
        done += taken
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
    asked = RuleSet.objects.annotate(first_year=first_year()).filter(first_year__isnull=False).order_by()
    kept = asked.values_list("slug").union(RuleSet.objects.active().order_by().values_list("slug"))
    return sorted(slug for (slug,) in kept) or [rules.active_slug()]


def is_regrouping_due(slack=timedelta(0)):
    """Whether the register was changed after the groups were summed: a move, another type, another street.

    The register lies below this app and cannot mark anything stale, so its history is asked.
    """
    summed_at = GroupFigure.objects.aggregate(first=Min("computed_at"))["first"]
    changed_at = Agency.history.aggregate(last=Max("history_date"))["last"]
    return summed_at is not None and changed_at is not None and changed_at > summed_at - slack


def is_factor_due():
    """Whether a factor or coefficient has come into use since figures were made: loaded earlier, valid from today."""
    made_at = Figure.objects.aggregate(first=Min("computed_at"))["first"]
    if made_at is None:
        return False
    since = {"valid_from__gt": timezone.localdate(made_at), "valid_from__lte": timezone.localdate()}
    return any(model.objects.filter(**since).exists() for model in (EmissionFactor, Coefficient))


@transaction.atomic
def _regroup():
    """Sum every year anew by the groups as they are now."""
    lock()
    numbers = blocks.numbers()
    for slug in kept_rule_sets():
        basis = basis_of(slug)
        for number in numbers:
            compute_block(number, basis, figures=False)
        groups.fold_all(basis)
        sealed.record_group_differences("名录变动：分组重新汇总", basis)


def fold_everything(basis):
    """Every group of every year from its blocks."""
    lock()
    groups.fold_all(basis)
    sealed.record_all_differences("重新计算", basis)


def compute_block(number, basis, *, figures=True):
    """The figures and partial sums of one block, all years. Harmless run twice, by any worker."""
    _lock_blocks([number])
    # With them go the sums of groups that the block has no institution of any more.
    PartialSums.objects.filter(rule_set=basis.rule_set, block=number).delete()
    loaded = blocks.load_block(number)
    if loaded is None:
        return
    places, matrix = groups.membership(loaded.agencies.tolist())
    own, of_groups = [], []
    for year, parts in blocks.parts_by_year(loaded, basis):
        if figures:
            own.append(blocks.figure_columns(loaded, year, parts, basis))
        of_groups.append((year, sums.summed(parts, matrix)))
    if figures:
        first, end = blocks.span(number)
        stored = Figure.objects.filter(rule_set=basis.rule_set, agency__gte=first, agency__lt=end)
        blocks.replace_figures(stored, own)
    groups.write_partial_sums(number, places, of_groups, basis)


@transaction.atomic
def _take_marks():
    """One batch of marks, for every rule set that is kept fresh: how many were computed, and whether more may wait."""
    lock()
    marks = _next_marks()
    if not marks:
        return 0, False
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
    # A mark of the meantime has sent a job of its own, which waits for this one.
    return done, len(marks) >= MARKS_AT_ONCE


def _next_marks():
    """The oldest marks, with all others of the same institutions and years: each is computed once, not once a mark."""
    marks = list(StaleMark.objects.order_by("pk")[:MARKS_AT_ONCE])
    if len(marks) < MARKS_AT_ONCE:
        return marks
    places = {(mark.agency_id, mark.year) for mark in marks}
    beside = StaleMark.objects.filter(
        agency__in={agency for agency, _ in places}, year__in={year for _, year in places}
    )
    return [mark for mark in beside.order_by("pk") if (mark.agency_id, mark.year) in places]


def lock():
    """Refreshes queue up here, so that none overwrites newer figures with older ones."""
    list(RuleSet.objects.select_for_update().order_by("pk")[:1])


def _lock_blocks(numbers):
    """Whoever writes figures of a block holds its row, so that a recalculation and a refresh do not meet in it."""
    wanted = FigureBlock.objects.select_for_update().filter(pk__in=numbers).order_by("pk")
    if missing := set(numbers) - {row.pk for row in wanted}:
        FigureBlock.objects.bulk_create(
            [FigureBlock(number=number) for number in sorted(missing)], ignore_conflicts=True
        )
        list(wanted.all())


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
        columns = [
            blocks.figure_columns(block.own, year, parts, basis)
            for year, parts in blocks.parts_by_year(block.own, basis, block.years)
        ]
        stored = Figure.objects.filter(
            rule_set=basis.rule_set, agency__in=block.own.agencies.tolist(), year__in=block.years
        )
        blocks.replace_figures(stored, columns)
        done += sum(len(of_year["agency"]) for of_year in columns)
    return done


def refresh_groups(touched, basis):
    """What the blocks of the marked institutions add to their groups, and those groups."""
    keys_by_year = defaultdict(set)
    for number, block in touched.items():
        loaded = blocks.load_block(number, basis.needed_for(block.years))
        places, matrix = groups.membership(loaded.agencies.tolist())
        is_own = matrix[:, np.isin(loaded.agencies, block.own.agencies)].any(axis=1)
        places = [place for place, own in zip(places, is_own, strict=True) if own]
        by_year = [
            (year, sums.summed(parts, matrix[is_own]))
            for year, parts in blocks.parts_by_year(loaded, basis, block.years)
        ]
        keys = [key for _, key in places]
        PartialSums.objects.filter(
            rule_set=basis.rule_set, year__in=block.years, block=number, key__in=keys
        ).delete()
        groups.write_partial_sums(number, places, by_year, basis)
        for year, _ in by_year:
            keys_by_year[year] |= set(keys)
    for year, keys in keys_by_year.items():
        groups.fold(year, basis, keys)


def _by_block(marked):
    """Block number → agency id → its marked years."""
    found = defaultdict(lambda: defaultdict(set))
    for agency, year in marked:
        found[blocks.number_of(agency)][agency].add(year)
    return found
