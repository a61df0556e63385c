"""Totals that are the sum of their parts: filled in for the filer, and kept right while the parts change.

Pure: entries in, entries out. Which total has which parts is the rule engine's SUMS.
"""

from dataclasses import replace
from decimal import Decimal

from .checks import SUMS
from .entries import Entry
from .models import KnownBy

_TOTAL_OF = {part: total for total, parts in SUMS.items() for part in parts}


def family(code):
    """The item with its total and that total's parts; alone where it has none."""
    total = code if code in SUMS else _TOTAL_OF.get(code)
    return [code] if total is None else [total, *SUMS[total]]


def filled(entries, asked):
    """The entries with every asked total that is not stated and whose parts all are."""
    sums = {total: _sum(entries, total) for total in SUMS if total in asked and total not in entries}
    return entries | {total: of_parts for total, of_parts in sums.items() if of_parts is not None}


def following(stored, changed):
    """The total that follows a changed part: code → Entry, or None where it is unknown now.

    stored: the family's entries before; changed: code → its new Entry, or None where it was taken back. A total that
    a person stated otherwise stays as it is.
    """
    found = {}
    for code in changed:
        # A total that is emptied is added up again.
        total = code if code in SUMS and changed[code] is None else _TOTAL_OF.get(code)
        if total is None:
            continue
        now = {each: entry for each, entry in (stored | changed).items() if entry is not None}
        before, after, stated = _sum(stored, total), _sum(now, total), stored.get(total)
        if code != total and not _follows(stated, before, stored):
            continue
        if after is None:
            found |= {total: None} if stated and stated.quantity is not None else {}
        elif stated is None or stated.quantity != after.quantity:
            found[total] = replace(stated or after, quantity=after.quantity, known_by=after.known_by)
        elif code == total:
            found[total] = after
    return found


def _follows(stated, before, stored):
    """Whether a total is the sum of its parts as they were: then it was added up, not stated by a person."""
    if stated is None:
        return True
    if stated.quantity is None:
        # Not applicable like all its parts; beside a part with a number somebody meant it.
        is_like_parts = all(entry.quantity is None for entry in stored.values())
        return stated.known_by == KnownBy.NOT_APPLICABLE and is_like_parts
    return before is not None and stated.quantity == before.quantity


def _sum(entries, total):
    """The sum of the parts as an Entry; None where one is unknown or none has a number. Not applicable is nothing."""
    parts = [entries.get(part) for part in SUMS[total]]
    if any(
        part is None or (part.quantity is None and part.known_by != KnownBy.NOT_APPLICABLE) for part in parts
    ):
        return None
    numbers = [part.quantity for part in parts if part.quantity is not None]
    if not numbers:
        return None
    is_estimated = any(part.known_by == KnownBy.ESTIMATED for part in parts)
    return Entry(sum(numbers, Decimal(0)), KnownBy.ESTIMATED if is_estimated else KnownBy.METERED)
