"""Signing in: what the trail keeps of it, and the lock after five wrong passwords."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user
from django.contrib.auth.signals import user_login_failed
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from agencies import actions, chain
from agencies.access import Role
from agencies.addresses import client_address
from agencies.models import Event
from agencies.models.trail import Verb
from tests.factories import BureauFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def locking(settings):
    settings.AXES_ENABLED = True


@pytest.fixture
def user():
    return UserFactory(username="zhang", name="张三")


def sign_in(client, username="zhang", password=PASSWORD, **headers):
    return client.post(reverse("login"), {"username": username, "password": password}, **headers)


def is_signed_in(client):
    return get_user(client).is_authenticated


def fail(client, times, **headers):
    return [sign_in(client, password=f"wrong-{number}", **headers) for number in range(times)][-1]


def events(verb=None):
    rows = Event.objects.filter(verb=verb) if verb else Event.objects.all()
    return list(rows.order_by("sequence"))


# The trail


def test_a_sign_in_is_told_with_role_and_address(client, user):
    user.memberships.create(agency=BureauFactory(), role=Role.AUDITOR, valid_from=timezone.localdate())

    sign_in(client, REMOTE_ADDR="10.20.30.40")

    event = Event.objects.get()
    assert (event.verb, event.actor, event.actor_name) == (Verb.LOGIN, user, "张三（zhang）")
    assert (event.actor_roles, event.address, event.is_success) == ("审计员", "10.20.30.40", True)


def test_a_sign_out_is_told(client, user):
    sign_in(client)

    client.post(reverse("logout"), REMOTE_ADDR="10.20.30.40")

    event = events()[-1]
    assert (event.verb, event.actor, event.address) == (Verb.LOGOUT, user, "10.20.30.40")


def test_signing_out_without_having_signed_in_is_no_event(client):
    client.post(reverse("logout"))

    assert events() == []


def test_a_failure_names_the_address_but_no_account_as_its_doer(client, user):
    sign_in(client, password="wrong", REMOTE_ADDR="10.20.30.40")

    event = Event.objects.get()
    assert (event.verb, event.actor, event.actor_name) == (Verb.LOGIN_FAILED, None, "未登录")
    assert (event.detail, event.address, event.is_success) == ("账号：zhang", "10.20.30.40", False)


def test_an_unknown_account_fails_alike(client):
    sign_in(client, username="nobody")

    assert Event.objects.get().detail == "账号：nobody"


def test_the_password_stands_nowhere_in_the_trail(client, user):
    sign_in(client, password="my-secret-word")
    sign_in(client)

    assert not [event for event in events() if "my-secret-word" in event.detail or PASSWORD in event.detail]
    assert not AccessAttempt.objects.filter(post_data__contains="my-secret-word").exists()


def test_what_was_typed_is_cut_and_made_readable(rf, settings):
    settings.AXES_ENABLED = False
    typed = {"username": "甲\n2026 通过\0" + "x" * 300}
    user_login_failed.send(__name__, credentials=typed, request=rf.post("/login/"))

    detail = Event.objects.get().detail
    assert detail == "账号：" + ("甲?2026 通过?" + "x" * 300)[:150]
    assert chain.first_fault() is None


# The lock


def test_five_wrong_passwords_lock_the_account(client, user):
    fail(client, 4)
    assert events(Verb.LOCKED_OUT) == []

    answer = sign_in(client, password="wrong-5", REMOTE_ADDR="10.20.30.40")

    assert answer.status_code == 429
    [event] = events(Verb.LOCKED_OUT)
    assert (event.detail, event.address, event.is_success) == (
        "账号：zhang，连续失败 5 次",
        "10.20.30.40",
        False,
    )
    assert len(events(Verb.LOGIN_FAILED)) == 5


def test_the_lock_page_says_what_happened_and_what_to_do(client, user):
    text = strip_tags(fail(client, 5).content.decode())

    assert "账号已锁定" in text
    assert "账号“zhang”连续 5 次登录失败，已锁定 30 分钟。" in text
    assert "请联系区机关事务管理局系统管理员解锁、重置密码。" in text


def test_the_right_password_is_refused_while_locked(client, user):
    fail(client, 5)

    answer = sign_in(client)

    assert answer.status_code == 429
    assert not is_signed_in(client)
    assert events(Verb.LOGIN) == []
    assert [event.detail for event in events(Verb.LOCKED_OUT)] == [
        "账号：zhang，连续失败 5 次",
        "账号：zhang，锁定期间再次尝试",
    ]


def test_another_address_is_locked_out_too(client, user):
    fail(client, 5, REMOTE_ADDR="10.0.0.1")

    assert sign_in(client, REMOTE_ADDR="10.0.0.2").status_code == 429


def test_another_account_is_not_locked(client, user):
    UserFactory(username="li")
    fail(client, 5)

    sign_in(client, username="li")

    assert is_signed_in(client)


@pytest.mark.parametrize(("minutes", "gets_in"), [(29, False), (31, True)])
def test_the_lock_lasts_thirty_minutes(client, user, minutes, gets_in):
    fail(client, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=minutes))

    sign_in(client)

    assert is_signed_in(client) == gets_in


def test_knocking_on_does_not_prolong_the_lock(client, user):
    fail(client, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=29))
    before = AccessAttempt.objects.get().attempt_time
    fail(client, 2)
    assert AccessAttempt.objects.get().attempt_time == before


def test_a_right_password_starts_the_count_anew(client, user):
    fail(client, 4)
    sign_in(client)
    client.post(reverse("logout"))

    fail(client, 4)
    sign_in(client)

    assert is_signed_in(client)


def test_an_administrator_lifts_the_lock(client, user):
    administrator = user_with(Role.ADMINISTRATOR, BureauFactory())
    fail(client, 5)

    actions.unlock(user, by=administrator)

    sign_in(client)
    assert is_signed_in(client)
    assert events(Verb.GRANT)[0].detail == "账号 张三（zhang）：解除登录锁定"


def test_a_new_password_lifts_the_lock(client, user):
    administrator = user_with(Role.ADMINISTRATOR, BureauFactory())
    fail(client, 5)

    actions.set_password(user, "a-wholly-new-word", by=administrator)

    sign_in(client, password="a-wholly-new-word")
    assert is_signed_in(client)


def test_a_closed_account_does_not_get_in(client):
    UserFactory(username="gone", is_active=False)

    sign_in(client, username="gone")

    assert not is_signed_in(client)
    assert [event.verb for event in events()] == [Verb.LOGIN_FAILED]


def test_closing_an_account_ends_its_session(client, user):
    sign_in(client)
    user.is_active = False
    user.save()

    assert client.get(reverse("password_change")).status_code == 302


# The address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, None, "10.0.0.9", "10.0.0.9"),
        (0, "1.1.1.1", "10.0.0.9", "10.0.0.9"),
        (1, "192.168.1.7", "127.0.0.1", "192.168.1.7"),
        (1, "6.6.6.6, 192.168.1.7", "127.0.0.1", "192.168.1.7"),
        (2, "6.6.6.6, 192.168.1.7, 10.0.0.1", "127.0.0.1", "192.168.1.7"),
        (2, "192.168.1.7", "127.0.0.1", "127.0.0.1"),
        (1, "not-an-address", "127.0.0.1", None),
        (1, None, "", None),
        (0, None, "::ffff:10.0.0.9", "10.0.0.9"),
        (0, None, "FE80:0:0::1%eth0", "fe80::1"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxies_saw(rf, settings, proxies, forwarded, remote, address):
    settings.AXES_IPWARE_PROXY_COUNT = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    assert client_address(rf.get("/", REMOTE_ADDR=remote, **headers)) == address
