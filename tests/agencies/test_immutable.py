"""Triggers: put back as often as one likes, and left out where a migration has not made the table yet."""

import pytest
from django.db import DatabaseError, connection, transaction

from agencies import immutable, trail
from agencies.apps import REFUSALS
from agencies.models import Event
from agencies.models.trail import Verb
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_installing_twice_is_harmless():
    trail.record(Verb.LOAD, by=None)

    immutable.install("default", REFUSALS)
    immutable.install("default", REFUSALS)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(detail="改过")


def test_a_table_that_is_not_there_yet_is_left_out():
    missing = immutable.Refusal("later_stays", "agencies_later", ("UPDATE",), "Not yet.")

    immutable.install("default", [missing])

    assert "agencies_later" not in connection.introspection.table_names()


def test_while_a_migration_runs_sqlite_has_no_triggers_and_afterwards_all_again():
    trail.record(Verb.LOAD, by=None)

    immutable.stand_aside("default")
    if connection.vendor == "sqlite":
        assert Event.objects.update(detail="x") == 1
    immutable.install("default", REFUSALS)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(detail="改过")


def test_a_condition_that_looks_into_a_table_that_is_not_there_yet_is_left_out():
    looks = (
        "NEW.name IS DISTINCT FROM OLD.name AND EXISTS (SELECT 1 FROM agencies_later l WHERE l.id = OLD.id)"
    )
    early = immutable.Refusal("name_stays", "agencies_user", ("UPDATE",), "Not yet.", looks)

    immutable.install("default", [early])

    user = UserFactory()
    user.name = "新名"
    user.save()
    assert immutable._tables_of(early) == {"agencies_user", "agencies_later"}


def test_a_condition_spares_the_rows_it_does_not_name():
    rule = immutable.Refusal("name_stays", "agencies_user", ("UPDATE",), "Kept.", "OLD.username = 'kept'")
    immutable.install("default", [rule])
    kept, free = UserFactory(username="kept"), UserFactory(username="free")
    free.name = "新名"
    free.save()

    kept.name = "新名"
    with pytest.raises(DatabaseError, match="Kept"), transaction.atomic():
        kept.save()
