"""Days of the trail for tests, and what somebody with the database's own password could do to them."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from agencies import trail
from agencies.apps import REFUSALS
from agencies.models.trail import Verb

# Longer ago than any setting keeps.
OLD, OLDER = (timezone.localdate() - timedelta(days=days) for days in (300, 301))


def append(day, *details, verb=Verb.LOGIN, month=None, **facts):
    """Events of a local day, at noon: the chain allows no later change, so they are dated before they enter."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_current_timezone())
    events = [trail.event(verb, month=month, detail=detail, **facts) for detail in details]
    for event in events:
        event.at = noon
    return trail.record_many(events)


def execute(statement, parameters=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def drop_triggers(refusals=REFUSALS):
    for refusal in refusals:
        for operation in refusal.operations:
            on_table = f" ON {refusal.table}" if connection.vendor == "postgresql" else ""
            execute(f"DROP TRIGGER {refusal.name}_{operation.lower()}{on_table}")


def without_triggers(statement, parameters=()):
    drop_triggers()
    execute(statement, parameters)
