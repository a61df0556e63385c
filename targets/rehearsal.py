"""What a change would do: every judged figure computed as it is and as it would be, and the differences kept.

Nothing here is written to the figures. The active one and the changed one go through the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from django.db import transaction
from django.utils import timezone

from agencies.models import Agency
from reporting import approved
from reporting.accounting import rules
from reporting.models import EmissionFactor
from reporting.models.panel import pack_bits

from . import blocks, cards, groups, inputs, refresh, sums
from .blocks import Basis
from .indicators import INDICATORS, QUANTITIES, differs, known
from .models import Indicator, Proposal, ProposalEffect, Publication, Restatement

_AREA = QUANTITIES.index("floor_area_m2")
_KGCE = QUANTITIES.index("kgce")


@dataclass(frozen=True)
class Way:
    """One way of making figures. overlaid: (agency id, month) → a row of a panel, put in as if it were approved."""

    basis: Basis
    restatements: Sequence[Restatement]
    overlaid: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """Rows of one year: value, change and its bounds (n, 5), months within bounds (n,), change of the other panel."""

    value: np.ndarray
    change: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bounded_months: np.ndarray
    other_change: np.ndarray


@dataclass(frozen=True)
class Seen:
    """One indicator of one row, as `cards.standing` asks for it."""

    numbers: Mapping
    bounded_months: int

    def change(self, indicator):
        return self.numbers["change"]

    def measure(self, indicator, name):
        return self.numbers[name]


def active_way():
    return Way(refresh.basis_of(rules.active_slug()), list(Restatement.objects.in_force()))


def way_of(change):
    """The way that a proposal or a restatement would make active. Raises ValueError for what cannot be calculated."""
    now = active_way()
    if isinstance(change, Restatement):
        return replace(now, restatements=[*now.restatements, change])
    if change.kind == Proposal.Kind.CORRECTION:
        report = change.report
        row = approved.row_of(report.latest)
        return replace(now, overlaid={(report.agency_id, report.period.month): row})
    if change.kind == Proposal.Kind.RULE_SET:
        return replace(now, basis=refresh.basis_of(change.rule_set.slug))
    return replace(now, basis=refresh.basis_with(_with_factor(change)))


def factor_of(proposal):
    """The unsaved row of the factor library; it is used from today on."""
    beside = proposal.factor_set.factors.order_by("pk").last()
    return EmissionFactor(
        factor_set=proposal.factor_set,
        carrier=proposal.carrier,
        unit=proposal.unit,
        kg_co2_per_unit=proposal.kg_co2_per_unit,
        region=beside.region if beside else "",
        data_year=proposal.data_year,
        published_on=proposal.published_on,
        valid_from=timezone.localdate(),
        document=proposal.document,
        mark=proposal.mark,
    )


def _with_factor(proposal):
    """The active rule set as it loads with the draft factor in the library, which is taken out again at once."""
    with transaction.atomic():
        factor_of(proposal).save()
        loaded = rules.load(rules.active_slug())
        transaction.set_rollback(True)
    return loaded


def touched_publications(years):
    """Sealed publications of these years: they keep the old figures, the difference goes into their ledger."""
    return list(Publication.objects.filter(year__in=years).order_by("-year", "kind", "number"))


@transaction.atomic
def rehearse(change):
    """Store the effects of a proposal or restatement that still waits. Returns how many.

    Run twice, or by two workers after each other, it computes once: while the list is that of now it stays.
    """
    model = type(change)
    waiting = model.objects.select_for_update().filter(pk=change.pk, status=model.Status.PROPOSED).first()
    if waiting is None:
        return 0
    if waiting.rehearsed_at and not inputs.outdated(waiting):
        return waiting.effects.count()
    # Asked first: what is approved meanwhile makes the effects outdated rather than being taken for part of them.
    made_from = inputs.of_rehearsal(waiting)
    effects = list(differences(active_way(), way_of(waiting)))
    owner = "restatement" if isinstance(waiting, Restatement) else "proposal"
    for effect in effects:
        setattr(effect, owner, waiting)
    waiting.effects.all().delete()
    ProposalEffect.objects.bulk_create(effects, batch_size=1000)
    model.objects.filter(pk=waiting.pk).update(rehearsed_at=timezone.now(), rehearsed_from=made_from)
    return len(effects)


def differences(now, then):
    """Unsaved effects of going from one way to the other: institutions block by block, then the groups."""
    plan = cards.Plan()
    folded = {}
    for _, loaded in blocks.load_each():
        yield from _of_block(loaded, now, then, plan, folded)
    names = groups.names_of({place for found in folded.values() for place in found})
    for year, found in folded.items():
        before, after = (_judged_groups(np.stack([pair[side] for pair in found.values()])) for side in (0, 1))
        places = list(found)
        for row, effect in _changed(before, after, year, plan):
            effect.group_kind, effect.group_key = places[row]
            effect.name = names.get(places[row], places[row][1])
            yield effect


def _of_block(loaded, now, then, plan, folded):
    agencies = Agency.objects.in_bulk(loaded.agencies.tolist())
    places, matrix = groups.membership(loaded.agencies.tolist())
    ways = [_parts(loaded, way) for way in (now, then)]
    for (year, before), (_, after) in zip(*ways, strict=True):
        for row, effect in _changed(_judged(before), _judged(after), year, plan):
            effect.agency = agencies[int(loaded.agencies[row])]
            effect.name = effect.agency.name
            yield effect
        summed = [sums.summed(parts, matrix) for parts in (before, after)]
        of_year = folded.setdefault(year, {})
        for place, *pair in zip(places, *summed, strict=True):
            old = of_year.get(place, (0.0, 0.0))
            of_year[place] = (old[0] + pair[0], old[1] + pair[1])


def _parts(loaded, way):
    """Only years that a plan period judges."""
    wanted = set(way.basis.base_years)
    return blocks.parts_by_year(blocks.overlaid(loaded, way.overlaid), way.basis, wanted, way.restatements)


def _judged(parts):
    """Institutions as their page judges them."""
    columns = sums.all_figures(parts)
    value, change, low, high = (_stacked(columns, ending) for ending in ("", "_change", "_low", "_high"))
    return Judged(value, change, low, high, _bounded(parts), np.full_like(change, np.nan))


def _judged_groups(packed):
    """Groups as the cockpit judges them: all institutions for a whole year, the comparable ones for a running one."""
    parts = sums.unpacked(packed)
    panels = sums.all_figures(parts), sums.comparable_figures(parts)
    quantities = sums.quantity_sums(parts["quantities"])
    area = np.nan_to_num(quantities[:, _AREA])
    covers = ~np.isnan(quantities[:, _KGCE]).any(axis=1) & (area.min(axis=1) >= area.max(axis=1) / 2)
    takes_all = (covers | (parts["institutions"][:, sums.COMPARABLE] == 0))[:, np.newaxis]
    value, change, low, high = (
        np.where(takes_all, *(_stacked(columns, ending) for columns in panels))
        for ending in ("", "_change", "_low", "_high")
    )
    other = np.where(takes_all, *(_stacked(columns, "_change") for columns in reversed(panels)))
    return Judged(value, change, low, high, _bounded(parts), other)


def _bounded(parts):
    return pack_bits(sums.months_within_bounds(parts))


def _stacked(columns, ending):
    return np.stack([columns[f"{indicator}{ending}"] for indicator in INDICATORS], axis=1)


def _changed(before, after, year, plan):
    """(row, unsaved effect) of each figure that differs, or is judged differently."""
    names = ("value", "change", "low", "high", "other_change")
    is_other = np.any([differs(getattr(before, name), getattr(after, name)) for name in names], axis=0)
    for row, column in zip(*np.nonzero(is_other), strict=True):
        states = [_standing(judged, row, column, year, plan) for judged in (before, after)]
        numbers = [known(array[row, column]) for array in (before.value, after.value)]
        changes = [known(array[row, column]) for array in (before.change, after.change)]
        yield (
            row,
            ProposalEffect(
                year=year,
                column=INDICATORS[column],
                value_before=numbers[0],
                value_after=numbers[1],
                change_before=changes[0],
                change_after=changes[1],
                status_before=states[0],
                status_after=states[1],
                is_flip=states[0] != states[1],
            ),
        )


def _standing(judged, row, column, year, plan):
    """Empty for an indicator that has no target of its own."""
    if INDICATORS[column] not in Indicator.values:
        return ""
    indicator = Indicator(INDICATORS[column])
    numbers = {name: known(getattr(judged, name)[row, column]) for name in ("change", "low", "high")}
    other = Seen({"change": known(judged.other_change[row, column])}, 0)
    seen = Seen(numbers, int(judged.bounded_months[row]))
    return cards.standing(plan.target(indicator, year), seen, indicator, year, other=other)
