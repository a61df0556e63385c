"""Once a day, to whoever has to decide: how many months wait."""

from collections import Counter, defaultdict

from django.db import transaction
from django.urls import reverse

from agencies.access import Role
from agencies.models import Message, MessageKind
from agencies.notices import paths_to, places, post

from .models import Report


def waiting_for_bureau():
    """Reports that the bureau's reviewers have to decide on."""
    return Report.objects.awaiting_review()


def waiting_for_departments():
    """Reports that departments which review first have not looked at yet."""
    return Report.objects.awaiting_first_review()


@transaction.atomic
def send(today):
    """One message a day and person, only where something waits; how many messages that were."""
    people = places(frozenset({Role.REVIEWER, Role.DEPARTMENT}))
    queue = reverse("reporting:review-queue")
    messages = [
        *_messages(MessageKind.TO_REVIEW, waiting_for_bureau(), people[Role.REVIEWER], queue, today),
        *_messages(MessageKind.TO_ENDORSE, waiting_for_departments(), people[Role.DEPARTMENT], queue, today),
    ]
    keys = {message.key for message in messages}
    told = set(Message.objects.filter(key__in=keys).values_list("recipient", "key"))
    new = [message for message in messages if (message.recipient_id, message.key) not in told]
    post(new)
    return len(new)


def _messages(kind, reports, people, address, today):
    waiting = Counter(
        place for path in reports.values_list("agency__path", flat=True) for place in paths_to(path)
    )
    numbers = defaultdict(int)
    for place, users in people.items():
        for user in set(users):
            numbers[user] += waiting[place]
    for user, number in numbers.items():
        if number:
            subject = f"{number} 份月报{kind.label}"
            text = f"截至 {today}，有 {number} 份月报{kind.label}。"
            key = f"digest:{kind}:{today}"
            yield Message(recipient=user, kind=kind, key=key, subject=subject, text=text, address=address)
