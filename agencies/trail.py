"""Appending to the trail, and checking its chain."""

from django.db import transaction
from django.utils import timezone

from .models.trail import GENESIS, Event, TrailHead

BATCH = 2_000


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


@transaction.atomic(savepoint=False)
def record_many(events):
    """Append events in order, under the lock of the chain's head."""
    head = TrailHead.objects.select_for_update().get_or_create(pk=1)[0]
    for row in events:
        row.sequence, row.previous_hash = head.sequence + 1, head.hash
        row.hash = row.expected_hash()
        head.sequence, head.hash = row.sequence, row.hash
    Event.objects.bulk_create(events, batch_size=BATCH)
    head.save(update_fields=("sequence", "hash"))
    return events


def first_fault():
    """A sentence naming the first broken link of the chain, or None."""
    previous_sequence, previous_hash = 0, GENESIS
    for row in Event.objects.order_by("sequence").iterator(BATCH):
        if row.sequence != previous_sequence + 1:
            return f"日志缺少第 {previous_sequence + 1} 条。"
        if row.previous_hash != previous_hash:
            return f"日志第 {row.sequence} 条与前一条不相连。"
        if row.hash != row.expected_hash():
            return f"日志第 {row.sequence} 条内容与其哈希不符。"
        previous_sequence, previous_hash = row.sequence, row.hash
    head = TrailHead.objects.filter(pk=1).first() or TrailHead()
    if (head.sequence, head.hash) != (previous_sequence, previous_hash):
        return f"日志链头为第 {head.sequence} 条，日志末条为第 {previous_sequence} 条。"
    return None
