"""Once a day, to whoever has to decide: how many months wait."""

from collections import Counter, defaultdict

from django.db import transaction
from django.urls import reverse

from agencies.access import Role
from agencies.models import Message, MessageKind
from agencies.notices import paths_to, places, post

from .models import Report


@transaction.atomic
def send(today):
    """One message a day and person, only where something waits; how many messages that were."""
    people = places(frozenset({Role.REVIEWER, Role.DEPARTMENT}))
    review, first = Report.objects.awaiting_review(), Report.objects.awaiting_first_review()
    messages = [
        *_messages(MessageKind.TO_REVIEW, review, people[Role.REVIEWER], today),
        *_messages(MessageKind.TO_ENDORSE, first, people[Role.DEPARTMENT], today),
    ]
    keys = {message.key for message in messages}
    told = set(Message.objects.filter(key__in=keys).values_list("recipient", "key"))
    new = [message for message in messages if (message.recipient_id, message.key) not in told]
    post(new)
    return len(new)


def _messages(kind, reports, people, today):
    waiting = Counter(
        place for path in reports.values_list("agency__path", flat=True) for place in paths_to(path)
    )
    held = defaultdict(set)
    for place, users in people.items():
        for user in users:
            held[user].add(place)
    for user, own in held.items():
        # A place below another of the same person is counted there.
        if number := sum(waiting[place] for place in own if own.isdisjoint(paths_to(place)[:-1])):
            subject = f"{number} 份月报{kind.label}"
            text = f"截至 {today}，有 {number} 份月报{kind.label}。"
            key, address = f"digest:{kind}:{today}", reverse("reporting:review-queue")
            yield Message(recipient=user, kind=kind, key=key, subject=subject, text=text, address=address)
