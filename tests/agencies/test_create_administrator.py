"""The first account of a production system."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agencies.access import Role
from agencies.models import Event, User
from agencies.models.trail import Verb
from tests.factories import BureauFactory, user_with

pytestmark = pytest.mark.django_db

PASSWORD = "long-enough-and-odd"


@pytest.fixture
def bureau():
    return BureauFactory(key="B")


@pytest.fixture(autouse=True)
def given_password(monkeypatch):
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)


def run(*options, username="xitong", agency="B"):
    out = StringIO()
    call_command(
        "create_administrator", username, "--name", "系统管理员甲", "--agency", agency, *options, stdout=out
    )
    return out.getvalue()


def test_the_first_administrator_is_opened_and_told_of(bureau):
    assert run() == "已开通系统管理员 系统管理员甲（xitong）。\n"

    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert (user.roles, user.is_superuser, user.is_staff) == ({Role.ADMINISTRATOR}, False, False)
    assert [
        event.detail.partition("：")[2]
        for event in Event.objects.filter(verb=Verb.GRANT).order_by("sequence")
    ] == [
        "新开账号",
        f"授予系统管理员，自 {user.memberships.get().valid_from} 起",
    ]
    assert PASSWORD not in "".join(Event.objects.values_list("detail", flat=True))


def test_a_second_one_is_opened_only_on_purpose(bureau):
    user_with(Role.ADMINISTRATOR, bureau)

    with pytest.raises(CommandError, match="已有系统管理员"):
        run()
    run("--another")

    assert User.objects.count() == 2


def test_a_closed_administrator_is_none(bureau):
    user_with(Role.ADMINISTRATOR, bureau, is_active=False)

    run()

    assert User.objects.filter(username="xitong").exists()


def test_an_unknown_agency_is_named():
    with pytest.raises(CommandError, match="名录中没有机构“B”。请先用 import_agencies 登记。"):
        run()

    assert not User.objects.exists()


def test_a_name_already_taken_is_refused(bureau):
    user_with(Role.FILER, bureau, username="xitong")

    with pytest.raises(CommandError, match="已存在一位使用该名字的用户"):
        run()


@pytest.mark.parametrize("password", ["short", "1234567890123", "xitong-xitong"])
def test_a_weak_password_is_refused(bureau, monkeypatch, password):
    monkeypatch.setenv("ADMIN_PASSWORD", password)

    with pytest.raises(CommandError, match="密码不合要求"):
        run(username="xitong-xitong")

    assert not User.objects.exists()


def test_the_password_is_asked_for_twice(bureau, monkeypatch):
    monkeypatch.delenv("ADMIN_PASSWORD")
    answers = iter([PASSWORD, "something-else-odd"])
    monkeypatch.setattr(
        "agencies.management.commands.create_administrator.getpass", lambda prompt: next(answers)
    )

    with pytest.raises(CommandError, match="两次输入的密码不一致"):
        run()
