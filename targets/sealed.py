"""The rows of what is sealed, as they are now, and the ledger of every later difference.

Its own module below `refresh`, so that nothing is recomputed without the ledger learning of it.
"""

from collections import defaultdict

import numpy as np
from django.utils import timezone

from agencies.models import Agency

from . import blocks, groups, sums
from .indicators import MONTHS, known
from .models import GroupPanel, LedgerEntry, Publication, PublishedFigure
from .models.figures import INSTITUTION
from .models.publication import SEALED_COLUMNS

# Figures that differ by less are the same: what is left of float rounding, far below any filed digit.
SAME = 1e-9
CAUSE_LENGTH = LedgerEntry._meta.get_field("cause").max_length


def mask(publication):
    return np.isin(np.arange(1, MONTHS + 1), list(publication.months)).astype(float)


def rows_of(publication, basis):
    """Unsaved rows of every institution and group of the span, as they are now."""
    for _, loaded in blocks.load_each():
        yield from _institution_rows(publication, basis, loaded)
    yield from _group_rows(publication, folded(publication))


def _institution_rows(publication, basis, loaded):
    names = _names(loaded.agencies.tolist())
    of_rows = [names[agency] for agency in loaded.agencies.tolist()]
    for _, parts in blocks.parts_by_year(loaded, basis, {publication.year}):
        yield from institution_rows(publication, parts, of_rows)


def institution_rows(publication, parts, of_rows):
    """Unsaved rows of institutions. parts: of the whole year; of_rows: (key, name) of each of their rows."""
    within = _within(parts, mask(publication))
    columns = sums.all_figures(within)
    counted = within["coverage"][:, sums.APPROVED].any(axis=-1)
    for row in np.flatnonzero(counted):
        key, name = of_rows[row]
        yield _row(publication, INSTITUTION, key, GroupPanel.ALL, name, columns, row)


def _names(agencies):
    rows = Agency.objects.filter(pk__in=agencies).values_list("pk", "key", "name")
    return {pk: (key, name) for pk, key, name in rows}


def folded(publication, places=None):
    """(kind, key) → the group's parts of the whole year as one row, from what the blocks add; all places by default."""
    keys = None if places is None else [key for _, key in places]
    return groups.folded(publication.rule_set, publication.year, keys)


def _group_rows(publication, found):
    return group_rows(publication, found, groups.names_of(found))


def group_rows(publication, found, names):
    """Unsaved rows of groups. found: (kind, key) → the whole year's sums; names: as `groups.names_of` gives them."""
    if not found:
        return
    parts = _within(sums.unpacked(np.stack(list(found.values()))), mask(publication))
    for panel, made in (
        (GroupPanel.ALL, sums.all_figures),
        (GroupPanel.COMPARABLE, sums.comparable_figures),
    ):
        columns = made(parts)
        quantities = parts["quantities" if panel == GroupPanel.ALL else "comparable_quantities"]
        for row, (kind, key) in enumerate(found):
            if quantities[row, 1].any():
                name = names.get((kind, key), key)
                yield _row(publication, kind, key, panel, name, columns, row)


def _within(parts, months):
    """The parts over the span's months only: everything else counts as not there."""
    return {name: values if name == "institutions" else values * months for name, values in parts.items()}


def _row(publication, kind, key, panel, name, columns, row):
    numbers = {column: known(columns[column][row]) for column in SEALED_COLUMNS}
    return PublishedFigure(
        publication=publication, kind=str(kind), key=key, panel=str(panel), name=name[:100], **numbers
    )


def record_differences(causes, basis):
    """Note where sealed numbers would now be others. causes: (agency id, marked year) → why, in sentences."""
    years = {near for _, year in causes for near in basis.touched_by(year, {year - 1, year + 1})}
    publications = Publication.objects.filter(rule_set=basis.rule_set, year__in=years)
    loaded = blocks.load({agency for agency, _ in causes}) if publications else None
    if loaded is None:
        return
    cause_of = _causes_in_words(causes)
    places, _ = groups.membership(sorted({agency for agency, _ in causes}))
    for publication in publications:
        rows = list(_institution_rows(publication, basis, loaded))
        rows += _group_rows(publication, folded(publication, places))
        _record(publication, rows, cause_of, {row.key for row in rows})


def record_all_differences(cause, basis):
    """The same for every institution and group, after everything was computed anew."""
    for publication in Publication.objects.filter(rule_set=basis.rule_set):
        _record(publication, rows_of(publication, basis), lambda row: cause)


def record_group_differences(cause, basis):
    """The same for every group, after the register has changed who belongs to which."""
    for publication in Publication.objects.filter(rule_set=basis.rule_set):
        _record(publication, _group_rows(publication, folded(publication)), lambda row: cause)


def _causes_in_words(causes):
    """A function from a row to its cause: an institution's own, a group's those of all."""
    keys = dict(Agency.objects.filter(pk__in={agency for agency, _ in causes}).values_list("pk", "key"))
    own, every = defaultdict(list), []
    for (agency, _), sentences in causes.items():
        own[keys[agency]] += sentences
        every += sentences
    of_institution = {key: _in_words(sentences) for key, sentences in own.items()}
    of_groups = _in_words(every)
    return lambda row: of_institution[row.key] if row.kind == INSTITUTION else of_groups


def _record(publication, rows, cause_of, keys=None):
    """Enter where the rows differ from what was last known. keys: of these rows, where they are not all."""
    known_before = last_known([publication], keys)[publication.pk]
    entries = [entry for row in rows for entry in entries_of(publication, row, known_before, cause_of(row))]
    LedgerEntry.objects.bulk_create(entries, batch_size=500)


def last_known(publications, keys=None):
    """Publication id → (kind, key, panel, column) → (published, last known) of these rows, all by default."""
    found = defaultdict(dict)
    figures = PublishedFigure.objects.filter(publication__in=publications)
    entries = LedgerEntry.objects.filter(publication__in=publications).order_by("pk")
    if keys is not None:
        figures, entries = figures.filter(key__in=keys), entries.filter(key__in=keys)
    for row in figures:
        for column in SEALED_COLUMNS:
            value = getattr(row, column)
            found[row.publication_id][row.kind, row.key, row.panel, column] = (value, value)
    for entry in entries:
        place = entry.kind, entry.key, entry.panel, entry.column
        found[entry.publication_id][place] = (entry.published, entry.now)
    return found


def entries_of(publication, row, known_before, cause):
    """Unsaved entries of a row as it would be now, one for each number that is not the last known one."""
    for column in SEALED_COLUMNS:
        published, before = known_before.get((row.kind, row.key, row.panel, column), (None, None))
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
