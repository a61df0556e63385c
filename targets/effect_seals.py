"""Sealed publications that an approval would touch: what they say, and what the ledger would enter beside them."""

from dataclasses import dataclass
from functools import cached_property

from . import sealed
from .access import may
from .effect_rows import PERCENT, Pair
from .models import GroupPanel, LedgerEntry, Publication

# Of what the ledger takes up, a page shows the totals, the values and the changes of all institutions.
_NOT_SHOWN = ("_base", "_vehicle_fuel")


@dataclass(frozen=True)
class Difference:
    """A sealed number as published, as last known and as it would be."""

    entry: LedgerEntry
    published: float | None
    pair: Pair

    @property
    def is_change(self):
        return self.entry.column.endswith("_change")


@dataclass(frozen=True)
class Seal:
    """A touched publication. entries: the unsaved lines that the ledger would take up."""

    publication: Publication
    contains_month: bool
    entries: list

    @cached_property
    def shown(self):
        return [
            Difference(entry, entry.published, _pair(entry))
            for entry in self.entries
            if entry.panel == GroupPanel.ALL and not entry.column.endswith(_NOT_SHOWN)
        ]

    @property
    def not_shown(self):
        return len(self.entries) - len(self.shown)


def _pair(entry):
    return Pair(entry.before, entry.now, per=PERCENT if entry.column.endswith("_change") else 1)


def touched(report, computed, places, user, compute):
    """Seals that contain the month or of which any number would be another, the newest first.

    compute: slug of another rule set → what `computed` is under the active one; a seal keeps to its own.
    """
    if not may(user, "see_publications"):
        return []
    publications = list(
        Publication.objects.filter(year__in=computed.sums)
        .select_related("rule_set", "sealed_by")
        .order_by("-year", "kind", "-number", "-edition")
    )
    by_rule_set = {computed.basis.rule_set.pk: computed}
    for publication in publications:
        if publication.rule_set_id not in by_rule_set:
            by_rule_set[publication.rule_set_id] = compute(publication.rule_set.slug)
    keys = {report.agency.key, *(key for _, key in places)}
    known = sealed.last_known(publications, keys) if publications else {}
    found = [
        Seal(
            publication,
            _contains(publication, report.period.month),
            _entries(
                publication,
                by_rule_set[publication.rule_set_id],
                report.agency,
                places,
                known.get(publication.pk, {}),
            ),
        )
        for publication in publications
    ]
    return [seal for seal in found if seal.contains_month or seal.entries]


def _contains(publication, month):
    return publication.year == month.year and month.month in publication.months


def _entries(publication, computed, agency, places, known):
    """What the ledger would enter, as `sealed.record_differences` does after the approval."""
    year = publication.year
    rows = []
    if year in computed.parts:
        rows += sealed.institution_rows(publication, computed.parts[year], [(agency.key, agency.name)])
    names = {place: owner.name for place, owner in places.items()}
    rows += sealed.group_rows(publication, computed.sums[year], names)
    return [entry for row in rows for entry in sealed.entries_of(publication, row, known, cause="")]
