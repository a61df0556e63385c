"""Groups of institutions: who belongs to which, what each block adds to them, and their figures folded from that."""

from collections import defaultdict

import numpy as np
from django.db.models import Max

from agencies.models import Agency, AgencyType
from reporting import bulk

from . import blocks, sums
from .blocks import Basis
from .models import FigureBlock, GroupFigure, GroupKind, GroupPanel, PartialSums

# A group's sums are 25 kB from each block: so many blocks are read at once.
BLOCKS_AT_ONCE = 50
_PACKED = {"packed": (np.uint8, sums.WIDTH * blocks.STORED.itemsize)}


def groups_of(agency):
    """(kind, key) of the groups that an institution counts in."""
    ancestors = agency.path.strip("/").split("/")[:-1]
    yield from ((GroupKind.NODE, key) for key in ancestors)
    yield GroupKind.TYPE, agency.type_code
    if agency.street:
        yield GroupKind.STREET, agency.street


def membership(agency_ids):
    """The groups as a list of (kind, key), and a matrix (groups, agencies) of 0 and 1."""
    rows = Agency.objects.filter(pk__in=agency_ids).values_list(
        "pk", "path", "type_code", "street", named=True
    )
    agencies = {row.pk: row for row in rows}
    members = defaultdict(list)
    for column, agency_id in enumerate(agency_ids):
        for group in groups_of(agencies[agency_id]):
            members[group].append(column)
    matrix = np.zeros((len(members), len(agency_ids)))
    for row, columns in enumerate(members.values()):
        matrix[row, columns] = 1.0
    return list(members), matrix


def names_of(places):
    """(kind, key) → name, of the groups that have another name than their key."""
    keys = [key for kind, key in places if kind == GroupKind.NODE]
    nodes = Agency.objects.filter(key__in=keys).values_list("key", "name")
    return {(GroupKind.NODE, key): name for key, name in nodes} | {
        (GroupKind.TYPE, kind.value): kind.label for kind in AgencyType
    }


def write_partial_sums(number, places, by_year, basis):
    """Store what a block adds to the groups. places: (kind, key); by_year: (year, (groups, WIDTH)), none stored yet."""
    years = [year for year, _ in by_year]
    columns = {
        "rule_set": basis.rule_set.pk,
        "year": np.repeat(np.array(years), len(places)),
        "block": number,
        "kind": np.tile(np.array([str(kind) for kind, _ in places]), len(years)),
        "key": np.tile(np.array([key for _, key in places]), len(years)),
        "packed": blocks.packed_rows(np.concatenate([packed for _, packed in by_year])),
    }
    bulk.insert_columns(PartialSums, blocks.spread(columns, len(places) * len(years)))


def folded(rule_set, year, keys=None):
    """(kind, key) → the group's sums as one row of the layout of `sums`, from its blocks; all keys by default."""
    found = {}
    last = FigureBlock.objects.aggregate(last=Max("pk"))["last"]
    for first in range(0, 0 if last is None else last + 1, BLOCKS_AT_ONCE):
        stored = PartialSums.objects.filter(
            rule_set=rule_set, year=year, block__gte=first, block__lt=first + BLOCKS_AT_ONCE
        )
        if keys is not None:
            stored = stored.filter(key__in=keys)
        for place, values in _rows(stored):
            found[place] = found[place] + values if place in found else values
    return found


def _rows(stored):
    """((kind, key), sums) of stored rows, block after block."""
    rows = list(stored.order_by("block", "pk").values_list("pk", "kind", "key"))
    if not rows:
        return
    places = ", ".join(["%s"] * len(rows))
    where, parameters = f"id IN ({places}) ORDER BY block, id", [pk for pk, _, _ in rows]
    packed = bulk.select_columns(PartialSums, where, parameters, _PACKED)["packed"]
    values = np.ascontiguousarray(packed).view(blocks.STORED).reshape(len(rows), sums.WIDTH)
    for (_, kind, key), row in zip(rows, values, strict=True):
        yield (kind, key), row


def fold(year, basis, keys=None):
    """The figures of a year's groups, all by default, from what their blocks add."""
    old = GroupFigure.objects.filter(rule_set=basis.rule_set, year=year)
    (old if keys is None else old.filter(key__in=keys)).delete()
    found = folded(basis.rule_set, year, keys)
    if found:
        bulk.insert_columns(GroupFigure, figure_columns(found, year, basis))


def fold_all(basis):
    """All groups of every year from their blocks; figures of groups that no block adds to any more go."""
    years = PartialSums.objects.filter(rule_set=basis.rule_set).order_by().values_list("year", flat=True)
    GroupFigure.objects.filter(rule_set=basis.rule_set).delete()
    for year in sorted(years.distinct()):
        fold(year, basis)


def recomputed(basis):
    """(year, columns as `figure_columns` gives them) from the panels themselves, past what is stored of the blocks."""
    found = defaultdict(dict)
    for _, loaded in blocks.load_each():
        places, matrix = membership(loaded.agencies.tolist())
        for year, parts in blocks.parts_by_year(loaded, basis):
            for place, values in zip(places, sums.summed(parts, matrix), strict=True):
                found[year][place] = found[year].get(place, 0.0) + values
    for year in sorted(found):
        yield year, figure_columns(found[year], year, basis)


def figure_columns(found, year, basis: Basis):
    """The columns of `GroupFigure` for both panels. found: (kind, key) → sums, at least one, as `folded` gives them."""
    parts = sums.unpacked(np.stack(list(found.values())))
    shared = _coverage(parts) | blocks.stamps(parts, year, basis)
    shared |= {
        "kind": np.array([str(kind) for kind, _ in found]),
        "key": np.array([key for _, key in found]),
    }
    return blocks.joined(
        [
            _kept(shared | _of_panel(panel, parts), parts["institutions"][:, row] > 0)
            for panel, row in ((GroupPanel.ALL, sums.COUNTED), (GroupPanel.COMPARABLE, sums.COMPARABLE))
        ]
    )


def _of_panel(panel, parts):
    is_all = panel == GroupPanel.ALL
    quantities = parts["quantities" if is_all else "comparable_quantities"]
    institutions = parts["institutions"][:, sums.COUNTED if is_all else sums.COMPARABLE]
    return (sums.all_figures if is_all else sums.comparable_figures)(parts) | {
        "panel": str(panel),
        "institutions": institutions.astype(np.int64),
        "institution_months": quantities[:, 1, 0].sum(axis=-1).astype(np.int64),
        "packed": blocks.packed_rows(sums.quantity_sums(quantities)),
    }


def _coverage(parts):
    months = parts["coverage"].sum(axis=-1).astype(np.int64)
    return {
        "registered": parts["institutions"][:, sums.REGISTERED].astype(np.int64),
        "months_expected": months[:, sums.EXPECTED],
        "months_approved": months[:, sums.APPROVED],
        "months_submitted": months[:, sums.SUBMITTED],
    }


def _kept(columns, rows):
    chosen = {name: values[rows] for name, values in columns.items() if isinstance(values, np.ndarray)}
    return blocks.spread(columns | chosen, int(rows.sum()))
