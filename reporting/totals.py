"""Totals that are the sum of their parts: filled in for the filer, and kept right while the parts change.

Pure: entries in, entries out. Which total has which parts is the rule engine's SUMS.
"""

from decimal import Decimal

from .checks import SUMS
from .entries import Entry
from .models import KnownBy

_TOTAL_OF = {part: total for total, parts in SUMS.items() for part in parts}


def family(code):
    """The item with its total and that total's parts; alone where it has none."""
    total = _TOTAL_OF.get(code)
    return [code] if total is None else [total, *SUMS[total]]


def filled(entries, asked):
    """The entries with every asked total that is not stated and whose parts all are."""
    sums = {total: _sum(entries, total) for total in SUMS if total in asked and total not in entries}
    return entries | {total: Entry(of_parts) for total, of_parts in sums.items() if of_parts is not None}


def following(stored, changed):
    """The total that follows a changed part: code → Entry; nothing where a person stated another total.

    stored: the family's entries before; changed: code → its new Entry, or None where it was taken back.
    """
    found = {}
    for code in changed:
        total = _TOTAL_OF.get(code)
        if total is None:
            continue
        now = {each: entry for each, entry in (stored | changed).items() if entry is not None}
        before, after, stated = _sum(stored, total), _sum(now, total), stored.get(total)
        follows = stated is None or (stated.quantity == before and stated.known_by != KnownBy.NOT_METERED)
        if follows and after is not None and (stated is None or after != stated.quantity):
            found[total] = Entry(after)
    return found


def _sum(entries, total):
    """The sum of the parts where every one is stated and any has a number; what does not apply counts as nothing."""
    parts = [entries.get(part) for part in SUMS[total]]
    if any(
        part is None or (part.quantity is None and part.known_by != KnownBy.NOT_APPLICABLE) for part in parts
    ):
        return None
    numbers = [part.quantity for part in parts if part.quantity is not None]
    return sum(numbers, Decimal(0)) if numbers else None
