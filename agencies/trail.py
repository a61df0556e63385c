"""Appending to the trail, one event after the other and one day after the other."""

from django.db import transaction
from django.utils import timezone

from .models.trail import Event, TrailDay, TrailHead

BATCH = 2_000
NOBODY = "未登录"


def record(verb, *, by, agency=None, month=None, revision_number=None, detail="", is_success=True):
    """Append one event. Call it inside the transaction of the act it tells of.

    `by` is the acting user, or None for the system itself.
    """
    return record_many([event(verb, by, agency, month, revision_number, detail, is_success)])[0]


def event(verb, by=None, agency=None, month=None, revision_number=None, detail="", is_success=True):
    """An event not yet in the chain."""
    return Event(
        verb=verb,
        at=timezone.now(),
        actor=by,
        actor_name=f"{by.name}（{by.username}）" if by else "系统",
        actor_roles=by.role_names if by else "",
        address=getattr(by, "address", None),
        agency=agency,
        month=month,
        revision_number=revision_number,
        detail=detail,
        is_success=is_success,
    )


def record_stranger(verb, *, address, detail, is_success=False):
    """Append what somebody did who is not signed in: the row names no account as actor."""
    row = event(verb, detail=detail, is_success=is_success)
    row.actor_name, row.address = NOBODY, address
    return record_many([row])[0]


def readable(typed, length):
    """What a stranger typed, without the characters that would break a line of the log or the database."""
    return "".join(char if char.isprintable() else "?" for char in str(typed or ""))[:length]


@transaction.atomic(savepoint=False)
def record_many(events):
    """Append events in order, under the lock of the chain's head; the first event of a day closes the one before."""
    head = TrailHead.objects.select_for_update().get_or_create(pk=1)[0]
    ended = [day for day in map(head.append, events) if day]
    Event.objects.bulk_create(events, batch_size=BATCH)
    if ended:
        TrailDay.objects.bulk_create(ended)
    head.save(update_fields=("sequence", "hash", "day", "day_first_sequence"))
    return events
