"""Each call of /api/v1/ stands in the trail: who, what, with which status; never what was asked about whom."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from agencies import chain
from agencies.models import Event
from agencies.models.trail import Verb
from tests.factories import District

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    return District()


def lineage(agency):
    return reverse("targets:api-lineage-institution", args=[agency.key, 2025, "kgce"])


def effects():
    return reverse("targets:api-lineage-rehearsed", args=[1])


def calls():
    return list(Event.objects.filter(verb=Verb.API).values_list("actor", "detail", "is_success"))


def test_a_call_names_path_and_parameters_but_not_their_values(client, district):
    client.force_login(district.reviewer)
    path = lineage(district.institution)

    client.get(path, {"month": "2025-03", "person": "张三"}, REMOTE_ADDR="10.1.2.3")

    assert calls() == [(district.reviewer.pk, f"GET {path}?month,person → 200", True)]
    event = Event.objects.get(verb=Verb.API)
    assert (event.address, event.actor_roles) == ("10.1.2.3", "局审核员")
    assert chain.first_fault() is None


@pytest.mark.parametrize(("role", "status"), [("filer", 403), ("auditor", 403), ("manager", 404)])
def test_a_refused_call_is_told(client, district, role, status):
    client.force_login(getattr(district, role))

    assert client.get(effects()).status_code == status

    assert calls() == [(getattr(district, role).pk, f"GET {effects()} → {status}", False)]


def test_a_call_without_a_session_is_told_without_an_account(client, district):
    assert client.get(effects(), REMOTE_ADDR="10.9.9.9").status_code == 403

    event = Event.objects.get(verb=Verb.API)
    assert (event.actor, event.actor_name, event.address) == (None, "未登录", "10.9.9.9")
    assert (event.detail, event.is_success) == (f"GET {effects()} → 403", False)


def test_a_call_of_nothing_is_told_too_in_one_readable_line(client, district):
    client.force_login(district.manager)

    assert client.post("/api/v1/no\u2028where/" + "x" * 400).status_code == 404

    [(_, detail, is_success)] = calls()
    assert detail == f"POST /api/v1/no?where/{'x' * (300 - 17)} → 404"
    assert not is_success


def test_pages_are_no_calls(client, district):
    client.force_login(district.manager)

    client.get("/")

    assert calls() == []


@pytest.mark.needs_postgresql
def test_nothing_is_answered_that_cannot_be_told(client, district):
    client.force_login(district.manager)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE agencies_event ADD CONSTRAINT full_disk CHECK (verb <> 'api')")

    with pytest.raises(DatabaseError), transaction.atomic():
        client.get(effects())
