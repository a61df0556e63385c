"""Telling people: once, as they wish, in a steady number of queries."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies import notices
from agencies.access import Role
from agencies.models import Membership, Message, MessageKind, MessageSwitch
from tests.factories import DepartmentFactory, District, InstitutionFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

GUARANTEED = {"overdue", "closed", "returned", "correction", "extended"}


@pytest.fixture
def mail_is_set_up(settings):
    settings.EMAIL_HOST = "mail.example"


def tell(*recipients, kind=MessageKind.APPROVED, key="approved:1", address="/"):
    notices.tell(recipients, kind, key, "已通过", "审核已通过。", address)


def told():
    return list(Message.objects.order_by("pk").values_list("recipient__username", "kind", "key"))


@pytest.mark.parametrize("kind", MessageKind)
def test_each_kind_is_told_once_however_often_it_is_said(kind):
    user = UserFactory(username="one")
    for _ in range(2):
        tell(user, kind=kind, key=f"{kind}:2026-10")
    assert told() == [("one", kind, f"{kind}:2026-10")]


def test_the_same_key_is_told_to_two_people_and_two_keys_to_one():
    one, two = UserFactory(username="one"), UserFactory(username="two")
    tell(one, two, key="a")
    tell(one, key="b")
    assert told() == [("one", "approved", "a"), ("two", "approved", "a"), ("one", "approved", "b")]


@pytest.mark.parametrize("kind", MessageKind)
def test_a_kind_that_is_switched_off_does_not_arrive_unless_it_is_guaranteed(kind, mail_is_set_up):
    user = UserFactory(email="one@yuzhong.example")
    MessageSwitch.objects.create(user=user, kind=kind, is_on=False)
    tell(user, kind=kind)
    arrived = list(Message.objects.values_list("email_due_at", flat=True))
    assert arrived == ([None] if kind.value in GUARANTEED else [])


def test_a_switch_is_of_one_kind_and_one_person():
    one, two = UserFactory(username="one"), UserFactory(username="two")
    MessageSwitch.objects.create(user=one, kind=MessageKind.APPROVED, is_on=False)
    MessageSwitch.objects.create(user=two, kind=MessageKind.OPENED, is_on=False)
    MessageSwitch.objects.create(user=two, kind=MessageKind.APPROVED, is_on=True)
    tell(one, two)
    assert told() == [("two", "approved", "approved:1")]


def test_an_email_is_due_only_to_who_has_an_address(mail_is_set_up):
    tell(UserFactory(username="with", email="one@yuzhong.example"), UserFactory(username="without"))
    due = Message.objects.filter(email_due_at__isnull=False)
    assert [message.recipient.username for message in due] == ["with"]


def test_without_a_mail_server_no_email_is_due(settings):
    settings.EMAIL_HOST = ""
    tell(UserFactory(email="one@yuzhong.example"))
    assert Message.objects.get().email_due_at is None


def test_the_job_is_asked_for_only_where_an_email_is_due(mail_is_set_up, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as asked:
        tell(UserFactory())
    assert asked == []
    with django_capture_on_commit_callbacks() as asked:
        tell(UserFactory(email="one@yuzhong.example"), UserFactory(email="two@yuzhong.example"))
    assert len(asked) == 1


@pytest.mark.parametrize("number", [1, 3, 300])
def test_telling_costs_two_queries_however_many_are_told(number):
    people = UserFactory.create_batch(number)
    with CaptureQueriesContext(connection) as queries:
        tell(*people)
    assert (len(queries), Message.objects.count()) == (2, number)


def test_an_act_that_fails_tells_nobody():
    user = UserFactory()

    @transaction.atomic
    def act():
        tell(user)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert told() == []


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "reports/"])
def test_a_message_leads_nowhere_but_into_the_portal(address):
    with pytest.raises(IntegrityError, match="message_leads_into_the_portal"):
        tell(UserFactory(), address=address)


def test_holders_are_those_at_the_agency_or_above_it_today():
    district = District()
    other = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    user_with(Role.FILER, other)
    left = user_with(Role.FILER, district.institution)
    yesterday = timezone.localdate() - timedelta(days=1)
    Membership.objects.filter(user=left).update(valid_to=yesterday)
    to_come = UserFactory()
    tomorrow = timezone.localdate() + timedelta(days=1)
    Membership.objects.create(user=to_come, agency=district.institution, role=Role.FILER, valid_from=tomorrow)
    user_with(Role.FILER, district.institution, is_active=False)

    def found(*roles):
        return set(notices.holders(roles, district.institution))

    assert found(Role.FILER) == {district.filer}
    assert found(Role.DEPARTMENT, Role.REVIEWER) == {district.department_user, district.reviewer}


def test_who_holds_a_role_twice_is_one_holder():
    district = District()
    Membership.objects.create(
        user=district.filer, agency=district.institution, role=Role.FILER, valid_from=date(2026, 1, 1)
    )
    assert list(notices.holders({Role.FILER}, district.institution)) == [district.filer]


def test_a_path_lies_below_itself_and_what_is_above():
    assert notices.paths_to("B/D/I/") == ["B/", "B/D/", "B/D/I/"]


def test_every_kind_concerns_some_role():
    assert all(kind.roles for kind in MessageKind)
