"""The trail: one unbroken chain, tampering found, nothing changed or deleted, also not past Django."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agencies import chain, trail
from agencies.models import Event
from agencies.models.trail import GENESIS, TrailHead, Verb
from tests.factories import InstitutionFactory, UserFactory

from .trails import without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def appended(length):
    return [trail.record(Verb.LOAD, by=None, detail=f"第{number}次") for number in range(1, length + 1)]


def test_an_empty_trail_is_whole():
    assert chain.first_fault() is None


def test_each_row_holds_on_to_the_one_before():
    first, second, third = appended(3)

    assert (first.sequence, second.sequence, third.sequence) == (1, 2, 3)
    assert (first.previous_hash, second.previous_hash, third.previous_hash) == (
        GENESIS,
        first.hash,
        second.hash,
    )
    head = TrailHead.objects.get()
    assert (head.sequence, head.hash) == (3, third.hash)
    assert chain.first_fault() is None


def test_a_row_tells_who_did_what_to_whom_from_where():
    user = UserFactory(username="wang", name="王五")
    user.address = "10.1.2.3"
    agency = InstitutionFactory()

    event = trail.record(Verb.REGISTER, by=user, agency=agency, detail="名称：甲 → 乙")

    event.refresh_from_db()
    assert event.actor_name == "王五（wang）"
    assert (event.actor, event.agency, event.address) == (user, agency, "10.1.2.3")
    assert event.is_success
    assert event.at is not None


def test_the_longest_names_fit():
    user = UserFactory(username="u" * 150, name="名" * 40)

    trail.record(Verb.LOGIN, by=user)

    assert Event.objects.get().actor_name == f"{'名' * 40}（{'u' * 150}）"


@pytest.mark.parametrize("address", ["2001:db8::8a2e:370:7334", "::1", "255.255.255.255", None])
def test_every_address_reads_back_as_it_was_hashed(address):
    user = UserFactory()
    user.address = address

    trail.record(Verb.LOGIN, by=user)

    assert chain.first_fault() is None


def test_many_events_are_one_chain_at_the_cost_of_one():
    trail.record(Verb.LOAD, by=None)
    events = [trail.event(Verb.IMPORT, detail=str(number)) for number in range(1_000)]

    with CaptureQueriesContext(connection) as few:
        trail.record_many(events)

    assert len(few) < 30
    assert Event.objects.count() == 1_001
    assert chain.first_fault() is None


def test_a_failed_act_leaves_no_row():
    with transaction.atomic():
        trail.record(Verb.LOAD, by=None)
        transaction.set_rollback(True)

    assert Event.objects.count() == 0
    assert chain.first_fault() is None


@pytest.mark.parametrize("statement", ["UPDATE agencies_event SET detail = ''", "DELETE FROM agencies_event"])
def test_the_database_refuses_to_change_or_delete_a_row(statement):
    appended(2)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert chain.first_fault() is None
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("detail", "改过"),
        ("actor_name", "别人"),
        ("is_success", False),
        ("address", "10.0.0.1"),
        ("verb", "approve"),
        ("month", "2024-01-01"),
        ("at", "2020-01-01 00:00:00+00:00"),
    ],
)
def test_a_changed_column_is_found(column, value):
    appended(3)

    without_triggers(f"UPDATE agencies_event SET {column} = %s WHERE sequence = 2", [value])

    assert chain.first_fault() == "日志第 2 条内容与其哈希不符。"


def test_a_missing_row_is_found():
    appended(3)

    without_triggers("DELETE FROM agencies_event WHERE sequence = %s", [2])

    assert chain.first_fault() == "日志缺少第 2 条。"


def test_missing_last_rows_are_found():
    appended(3)

    without_triggers("DELETE FROM agencies_event WHERE sequence > %s", [1])

    assert chain.first_fault() == "日志链头为第 3 条，日志末条为第 1 条。"


def test_a_row_forged_with_its_own_hash_is_found():
    appended(3)
    forged = Event.objects.get(sequence=2)
    forged.detail = "改过"

    without_triggers(
        "UPDATE agencies_event SET detail = %s, hash = %s WHERE sequence = 2",
        [forged.detail, forged.expected_hash()],
    )

    assert chain.first_fault() == "日志第 3 条与前一条不相连。"
