"""The rows of what is sealed, as they are now, and the ledger of every later difference.

Its own module below `refresh`, so that nothing is recomputed without the ledger learning of it.
"""

import numpy as np
from django.utils import timezone

from agencies.models import Agency
from agencies.models.register import AgencyType

from . import blocks, sums
from .indicators import MONTHS
from .models import GroupKind, GroupPanel, LedgerEntry, PartialSums, Publication, PublishedFigure
from .models.publication import INSTITUTION, SEALED_COLUMNS

# Figures that differ by less are the same: what is left of float rounding, far below any filed digit.
SAME = 1e-9
CAUSE_LENGTH = LedgerEntry._meta.get_field("cause").max_length


def mask(publication):
    return np.isin(np.arange(1, MONTHS + 1), list(publication.months)).astype(float)


def rows_of(publication, basis, numbers):
    """Unsaved rows of every institution and group of the span, as they are now; numbers: all blocks."""
    for number in numbers:
        loaded = blocks.load_block(number)
        if loaded is not None:
            yield from _institution_rows(publication, basis, loaded)
    yield from _group_rows(publication, folded(publication))


def _institution_rows(publication, basis, loaded):
    names = _names(loaded.agencies.tolist())
    for _, parts in blocks.parts_by_year(loaded, basis, {publication.year}):
        within = _within(parts, mask(publication))
        columns = sums.all_figures(within)
        counted = within["coverage"][:, sums.APPROVED].any(axis=-1)
        for row in np.flatnonzero(counted):
            key, name = names[int(loaded.agencies[row])]
            yield _row(publication, INSTITUTION, key, GroupPanel.ALL, name, columns, row)


def _names(agencies):
    rows = Agency.objects.filter(pk__in=agencies).values_list("pk", "key", "name")
    return {pk: (key, name) for pk, key, name in rows}


def folded(publication, places=None):
    """(kind, key) → the group's parts of the whole year as one row, from what the blocks add; all places by default."""
    stored = PartialSums.objects.filter(rule_set=publication.rule_set, year=publication.year)
    if places is not None:
        stored = stored.filter(key__in=[key for _, key in places])
    found = {}
    for row in stored.order_by("block").iterator(200):
        place, values = (row.kind, row.key), np.frombuffer(bytes(row.packed), dtype=blocks.STORED)
        found[place] = found[place] + values if place in found else values
    return found


def _group_rows(publication, groups):
    if not groups:
        return
    parts = _within(sums.unpacked(np.stack(list(groups.values()))), mask(publication))
    names = _group_names([key for kind, key in groups if kind == GroupKind.NODE])
    for panel, made in (
        (GroupPanel.ALL, sums.all_figures),
        (GroupPanel.COMPARABLE, sums.comparable_figures),
    ):
        columns = made(parts)
        quantities = parts["quantities" if panel == GroupPanel.ALL else "comparable_quantities"]
        for row, (kind, key) in enumerate(groups):
            if quantities[row, 1].any():
                name = names.get((kind, key), key)
                yield _row(publication, kind, key, panel, name, columns, row)


def _group_names(keys):
    nodes = Agency.objects.filter(key__in=keys).values_list("key", "name")
    return {(GroupKind.NODE, key): name for key, name in nodes} | {
        (GroupKind.TYPE, kind.value): kind.label for kind in AgencyType
    }


def _within(parts, months):
    """The parts over the span's months only: everything else counts as not there."""
    return {name: values if name == "institutions" else values * months for name, values in parts.items()}


def _row(publication, kind, key, panel, name, columns, row):
    numbers = {column: _value(columns[column][row]) for column in SEALED_COLUMNS}
    return PublishedFigure(
        publication=publication, kind=str(kind), key=key, panel=str(panel), name=name[:100], **numbers
    )


def _value(number):
    return None if np.isnan(number) else float(number)


def record_differences(causes, basis):
    """Note where sealed numbers would now be others. causes: (agency id, marked year) → why, in sentences."""
    years = {near for _, year in causes for near in basis.touched_by(year, {year - 1, year + 1})}
    for publication in Publication.objects.filter(rule_set=basis.rule_set, year__in=years):
        LedgerEntry.objects.bulk_create(_differences(publication, causes, basis), batch_size=500)


def record_all_differences(cause, basis, numbers):
    """The same for every institution and group, after everything was computed anew; numbers: all blocks."""
    for publication in Publication.objects.filter(rule_set=basis.rule_set):
        _record(publication, rows_of(publication, basis, numbers), cause)


def record_group_differences(cause, basis):
    """The same for every group, after the register has changed who belongs to which."""
    for publication in Publication.objects.filter(rule_set=basis.rule_set):
        _record(publication, _group_rows(publication, folded(publication)), cause)


def _record(publication, rows, cause):
    fresh = list(rows)
    known = _last_known(publication)
    entries = [entry for row in fresh for entry in _entries_of(publication, row, known, cause)]
    LedgerEntry.objects.bulk_create(entries, batch_size=500)


def _differences(publication, causes, basis):
    agencies = {agency for agency, _ in causes}
    loaded = blocks.load(agencies)
    if loaded is None:
        return []
    fresh = list(_institution_rows(publication, basis, loaded))
    groups, _ = blocks.membership(sorted(agencies))
    fresh += _group_rows(publication, folded(publication, groups))
    known = _last_known(publication, {row.key for row in fresh})
    keys = dict(Agency.objects.filter(pk__in=agencies).values_list("key", "pk"))
    entries = []
    for row in fresh:
        sentences = [
            sentence
            for (agency, _), said in causes.items()
            for sentence in said
            if row.kind != INSTITUTION or agency == keys[row.key]
        ]
        entries += _entries_of(publication, row, known, _in_words(sentences))
    return entries


def _last_known(publication, keys=None):
    """(kind, key, panel, column) → (published, last known) of these rows, all by default."""
    known, figures, entries = {}, publication.figures.all(), publication.entries.order_by("pk")
    if keys is not None:
        figures, entries = figures.filter(key__in=keys), entries.filter(key__in=keys)
    for row in figures:
        for column in SEALED_COLUMNS:
            value = getattr(row, column)
            known[row.kind, row.key, row.panel, column] = (value, value)
    for entry in entries:
        known[entry.kind, entry.key, entry.panel, entry.column] = (entry.published, entry.now)
    return known


def _entries_of(publication, row, known, cause):
    for column in SEALED_COLUMNS:
        published, before = known.get((row.kind, row.key, row.panel, column), (None, None))
        now = getattr(row, column)
        if not _same(before, now):
            yield LedgerEntry(
                publication=publication,
                kind=row.kind,
                key=row.key,
                panel=row.panel,
                name=row.name,
                column=column,
                published=published,
                before=before,
                now=now,
                cause=cause,
                found_at=timezone.now(),
            )


def _same(one, other):
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(1.0, abs(one), abs(other))


def _in_words(sentences):
    """Each cause once, as many as fit."""
    distinct = list(dict.fromkeys(sentence for sentence in sentences if sentence)) or ["重新计算"]
    words = "；".join(distinct)
    if len(words) <= CAUSE_LENGTH:
        return words
    tail = f"……等 {len(distinct)} 项"
    return words[: CAUSE_LENGTH - len(tail)] + tail
