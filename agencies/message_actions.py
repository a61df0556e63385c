"""What people do with their messages: read them, and say which kinds they want."""

from django.db import transaction
from django.utils import timezone

from . import trail
from .models import MessageKind, MessageSwitch
from .models.trail import Verb


def read(messages):
    """Mark unread ones among these messages as read; how many there were."""
    return messages.unread().update(read_at=timezone.now())


@transaction.atomic
def settle(user, *, email, wanted, by):
    """Store the address and, kind by kind (kind → whether it is wanted), the switches that differ from before."""
    changes = []
    if email != user.email:
        user.email = email
        user.save(update_fields=("email",))
        # The address itself is nobody's business who reads the trail.
        changes.append("电子邮箱已更改")
    before = switches_of(user)
    moved = {kind: is_on for kind, is_on in wanted.items() if is_on != before[kind]}
    for kind, is_on in moved.items():
        MessageSwitch.objects.update_or_create(user=user, kind=kind, defaults={"is_on": is_on})
    changes += [f"{kind.label}：{'开' if is_on else '关'}" for kind, is_on in moved.items()]
    if changes:
        trail.record(Verb.SETTING, by=by, detail="；".join(changes))
    return changes


def switches_of(user):
    """Kind → whether the user wants it."""
    off = set(user.switches.filter(is_on=False).values_list("kind", flat=True))
    return {kind: kind not in off for kind in MessageKind}
