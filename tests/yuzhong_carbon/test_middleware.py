"""The headers that every answer of the portal carries."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory
from yuzhong_carbon.middleware import content_security_policy


def answer(**headers):
    return content_security_policy(lambda request: HttpResponse("", headers=headers))(None)


def test_pages_load_only_what_the_portal_serves_and_are_framed_by_nobody():
    policy = answer().headers["Content-Security-Policy"].split("; ")

    assert policy == [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]


def test_nothing_is_kept_in_a_cache_and_no_sensor_is_asked():
    response = answer()

    assert response.headers["Cache-Control"] == "no-store"
    assert "geolocation=()" in response.headers["Permissions-Policy"]


def test_a_view_may_set_its_own_header():
    assert answer(**{"Cache-Control": "max-age=60"}).headers["Cache-Control"] == "max-age=60"


@pytest.mark.django_db
def test_the_sign_in_page_carries_the_headers(client):
    response = client.get(reverse("login"))

    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def used_at(client, monkeypatch, now):
    monkeypatch.setattr("yuzhong_carbon.middleware.time.time", lambda: now)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("password_change")).status_code == 200
    is_moved = any("UPDATE" in query["sql"] for query in queries)
    return is_moved, Session.objects.get().expire_date


@pytest.mark.django_db
def test_the_end_of_a_session_moves_while_it_is_used_and_not_at_every_page(client, monkeypatch):
    client.force_login(UserFactory())
    start = time.time()
    is_moved, first = used_at(client, monkeypatch, start)
    assert is_moved
    assert used_at(client, monkeypatch, start + 59) == (False, first)
    is_moved, later = used_at(client, monkeypatch, start + 60)
    assert is_moved
    assert later > first


@pytest.mark.django_db
def test_a_visitor_without_an_account_gets_no_session(client):
    client.get(reverse("login"))
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_an_idle_session_has_ended(client):
    client.force_login(UserFactory())
    client.get(reverse("password_change"))
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(reverse("password_change")).status_code == 302
