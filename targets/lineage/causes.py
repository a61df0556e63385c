"""The causes that the restatement ledger gives, each part that names a month, a trial or a restatement with its page.

The sentences are those of `reporting.actions.approve`, `proposals.activate` and `restatements.sign`.
"""

import re
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from agencies.models import Agency

from .. import access

_NAMED = re.compile(
    r"(?:^|(?<=；))(?:"
    r"(?P<agency>[^；]+?) (?P<year>\d{4})-(?P<month>\d{2}) 第(?P<number>\d+)版通过"
    r"|启用试算(?P<proposal>\d+)"
    r"|基准调整(?P<restatement>\d+)(?=：)"
    r")"
)


@dataclass(frozen=True)
class CausePart:
    """href: None where the words name no page, or none that the reader may open."""

    words: str
    href: str | None


def linked(entries, user):
    """Ledger entry id → its cause as parts, with one query for all of them."""
    keys = _keys({found["agency"] for entry in entries for found in _NAMED.finditer(entry.cause)}, user)
    may_see_changes = access.may(user, "see_changes")
    return {entry.pk: _parts(entry.cause, keys, may_see_changes) for entry in entries}


def _keys(names, user):
    """Name → key of the visible institution, of names that only one has."""
    found, seen = {}, Agency.objects.institutions().visible_to(user)
    for name, key in seen.filter(name__in=names - {None}).values_list("name", "key"):
        found[name] = None if name in found else key
    return found


def _parts(cause, keys, may_see_changes):
    parts, end = [], 0
    for found in _NAMED.finditer(cause):
        parts += [CausePart(cause[end : found.start()], None)] if found.start() > end else []
        parts.append(CausePart(found[0], _page(found, keys, may_see_changes)))
        end = found.end()
    return [*parts, CausePart(cause[end:], None)] if end < len(cause) else parts


def _page(found, keys, may_see_changes):
    if found["agency"]:
        key = keys.get(found["agency"])
        month = date(int(found["year"]), int(found["month"]), 1)
        address = reverse("reporting:report-detail", args=[key, month]) if key else None
        return address and f"{address}?revision={found['number']}"
    if not may_see_changes:
        return None
    if found["proposal"]:
        return reverse("targets:proposal-detail", args=[found["proposal"]])
    return reverse("targets:restatement-detail", args=[found["restatement"]])
