"""Sessions end when they are idle, and a page that is only read writes nothing."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def used_at(client, monkeypatch, now):
    monkeypatch.setattr("agencies.middleware.time.time", lambda: now)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("password_change")).status_code == 200
    is_moved = any("UPDATE" in query["sql"] for query in queries)
    return is_moved, Session.objects.get().expire_date


def test_the_end_of_a_session_moves_while_it_is_used_and_not_at_every_page(client, monkeypatch):
    client.force_login(UserFactory())
    start = time.time()
    first = Session.objects.get().expire_date
    assert used_at(client, monkeypatch, start + 58) == (False, first)
    is_moved, later = used_at(client, monkeypatch, start + 60)
    assert is_moved
    assert later > first
    assert used_at(client, monkeypatch, start + 61) == (False, later)


def test_a_visitor_without_an_account_gets_no_session(client):
    client.get(reverse("login"))
    assert not Session.objects.exists()


def test_an_idle_session_has_ended(client):
    client.force_login(UserFactory())
    client.get(reverse("password_change"))
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(reverse("password_change")).status_code == 302
