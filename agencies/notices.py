"""Telling people something: in their inbox, and by e-mail where they have an address and want it."""

from collections import defaultdict
from itertools import islice

from django.conf import settings
from django.utils import timezone

from .jobs import ask_for
from .models import Membership, Message, MessageKind, MessageSwitch, User

MAIL_TASK = "agencies.tasks.send_mail_due"
BATCH = 2_000


def holders(roles, agency):
    """The active accounts that hold one of the roles at the agency or above it today."""
    held = Membership.objects.current().filter(role__in=roles, agency__path__in=paths_to(agency.path))
    return User.objects.filter(is_active=True, pk__in=held.values("user"))


def places(roles, paths=None):
    """Role → tree path → the active accounts that hold the role there today: one query for the whole register.

    paths: only what is held at one of these.
    """
    held = Membership.objects.current().filter(role__in=roles, user__is_active=True)
    if paths is not None:
        held = held.filter(agency__path__in=paths)
    found = {role: defaultdict(list) for role in roles}
    for row in held.select_related("user", "agency").order_by("pk"):
        found[row.role][row.agency.path].append(row.user)
    return found


def paths_to(path):
    """The tree paths from the root down to this one: it itself is the last."""
    steps = path.rstrip("/").split("/")
    return ["/".join(steps[:depth]) + "/" for depth in range(1, len(steps) + 1)]


def tell(recipients, kind, key, subject, text, address):
    """Tell people once: who has been told this key already is not told again. Call it inside the act's transaction."""
    post(
        Message(recipient=each, kind=kind, key=key, subject=subject, text=text, address=address)
        for each in recipients
    )


def post(messages):
    """Deliver unsaved messages, two queries for each 2 000 of them; what is there already stays as it is."""
    messages, is_mail_due = iter(messages), False
    while batch := list(islice(messages, BATCH)):
        wanted = _wanted(batch)
        Message.objects.bulk_create(wanted, ignore_conflicts=True)
        is_mail_due = is_mail_due or any(message.email_due_at for message in wanted)
    if is_mail_due:
        ask_for(MAIL_TASK)


def _wanted(messages):
    """Without those that their recipient has switched off; due by e-mail where one is wanted and can be sent."""
    people, kinds = ({getattr(each, name) for each in messages} for name in ("recipient_id", "kind"))
    switched = MessageSwitch.objects.filter(is_on=False, user__in=people, kind__in=kinds)
    off = set(switched.values_list("user", "kind"))
    now = timezone.now() if settings.EMAIL_HOST else None
    wanted = []
    for message in messages:
        is_off = (message.recipient_id, message.kind) in off
        if is_off and not MessageKind(message.kind).is_guaranteed:
            continue
        message.email_due_at = now if message.recipient.email and not is_off else None
        wanted.append(message)
    return wanted
