"""The headers that every answer of the portal carries."""

import pytest
from django.http import HttpResponse
from django.urls import reverse

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
