"""Roles: which verb each carries, who grants them, and which never meet in one person."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from agencies import access, actions
from agencies.access import Role
from agencies.models import Event, Membership, User
from agencies.models.trail import Verb
from tests.factories import DepartmentFactory, District, InstitutionFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

MATRIX = {
    Role.FILER: {"keep_own_register"},
    Role.DEPARTMENT: set(),
    Role.REVIEWER: set(),
    Role.MANAGER: {"edit_register", "keep_own_register"},
    Role.OBSERVER: set(),
    Role.AUDITOR: {"see_trail"},
    Role.ADMINISTRATOR: {"edit_accounts"},
}


@pytest.fixture
def district():
    return District()


@pytest.fixture
def today():
    return timezone.localdate()


def membership(user, role, agency, valid_from=date(2024, 1, 1), valid_to=None):
    return Membership(user=user, role=role, agency=agency, valid_from=valid_from, valid_to=valid_to)


def place(district, role):
    """Where the role is held."""
    places = {Role.FILER: district.institution, Role.DEPARTMENT: district.department}
    return places.get(role, district.bureau)


def details():
    return list(Event.objects.filter(verb=Verb.GRANT).order_by("sequence").values_list("detail", flat=True))


def test_the_matrix_covers_every_role_and_verb():
    assert set(MATRIX) == set(Role)
    assert set().union(*MATRIX.values()) == set(access.VERBS)
    assert [name for name in vars(access) if name.endswith("VERBS")] == ["VERBS"]


@pytest.mark.parametrize("role", Role)
def test_each_role_carries_its_verbs_and_no_other(district, role):
    user = user_with(role, district.bureau)

    assert {verb for verb in access.VERBS if access.may(user, verb)} == MATRIX[role]


@pytest.mark.parametrize("place", ["institution", "department", "bureau", "sibling", "other", "below_other"])
@pytest.mark.parametrize("role", Role)
def test_a_verb_reaches_the_agency_of_the_role_and_what_is_below_it(district, role, place):
    other = DepartmentFactory(parent=district.bureau)
    places = {
        "sibling": InstitutionFactory(parent=district.department),
        "other": other,
        "below_other": InstitutionFactory(parent=other),
    }
    user = user_with(role, places.get(place) or getattr(district, place))

    may = {verb for verb in access.VERBS if access.may_at(user, verb, district.institution)}

    assert may == (set() if place in places else MATRIX[role])


@pytest.mark.parametrize("role", Role)
def test_a_verb_never_reaches_upwards(district, role):
    user = user_with(role, district.institution)

    for above in (district.department, district.bureau):
        assert not any(access.may_at(user, verb, above) for verb in access.VERBS)


@pytest.mark.parametrize("flag", ["is_superuser", "is_staff"])
def test_djangos_own_flags_carry_nothing(flag):
    user = UserFactory(**{flag: True})

    assert not any(access.may(user, verb) for verb in access.VERBS)


@pytest.mark.parametrize(
    ("starts", "ends", "is_held"),
    [(-10, None, True), (0, 0, True), (-10, -1, False), (1, None, False)],
)
def test_a_role_is_held_on_its_own_days(district, today, starts, ends, is_held):
    user = UserFactory()
    valid_to = None if ends is None else today + timedelta(ends)
    membership(user, Role.MANAGER, district.bureau, today + timedelta(starts), valid_to).save()

    assert access.may(user, "edit_register") == is_held


# Granting


def test_a_grant_leaves_history_and_trail(district):
    user = UserFactory(username="zhang", name="张三")

    granted = actions.grant_role(
        membership(user, Role.FILER, district.institution), by=district.administrator
    )

    assert granted.history.get().history_user == district.administrator
    event = Event.objects.get(verb=Verb.GRANT)
    assert (event.actor, event.agency) == (district.administrator, district.institution)
    assert event.detail == "账号 张三（zhang）：授予填报员，自 2024-01-01 起"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_grant_end_and_keep_accounts(district, role):
    by = user_with(role, district.bureau)
    held = district.filer.memberships.get()
    refused = (
        lambda: actions.grant_role(membership(UserFactory(), Role.FILER, district.institution), by=by),
        lambda: actions.end_role(held, by=by),
        lambda: actions.date_role(held, by=by, last_day=date(2025, 1, 1)),
        lambda: actions.save_account(User(username="new", name="新"), by=by),
        lambda: actions.set_password(district.filer, "another-long-word", by=by),
        lambda: actions.unlock(district.filer, by=by),
    )

    for act in refused:
        with pytest.raises(PermissionDenied):
            act()

    assert details() == []
    assert not User.objects.filter(username="new").exists()


def test_nobody_grants_to_themselves(district):
    administrator = district.administrator

    with pytest.raises(PermissionDenied):
        actions.grant_role(membership(administrator, Role.OBSERVER, district.bureau), by=administrator)
    with pytest.raises(PermissionDenied):
        actions.end_role(administrator.memberships.get(), by=administrator)

    assert administrator.memberships.get().valid_to is None
    assert details() == []


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        *((Role.ADMINISTRATOR, role) for role in (Role.FILER, Role.DEPARTMENT, Role.REVIEWER, Role.MANAGER)),
        (Role.ADMINISTRATOR, Role.AUDITOR),
        (Role.AUDITOR, Role.REVIEWER),
        (Role.REVIEWER, Role.ADMINISTRATOR),
    ],
)
def test_granting_deciding_and_auditing_never_meet_in_one_person(district, held, wanted):
    user = user_with(held, district.bureau)

    with pytest.raises(ValidationError, match="须由不同的人担任"):
        actions.grant_role(membership(user, wanted, place(district, wanted)), by=district.administrator)

    assert user.memberships.count() == 1


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(Role.FILER, Role.DEPARTMENT), (Role.REVIEWER, Role.MANAGER), (Role.AUDITOR, Role.OBSERVER)],
)
def test_roles_of_one_duty_go_together(district, held, wanted):
    user = user_with(held, place(district, held))

    actions.grant_role(membership(user, wanted, place(district, wanted)), by=district.administrator)

    assert user.memberships.count() == 2


@pytest.mark.parametrize("role", Role)
def test_a_role_is_granted_at_its_own_level_and_nowhere_else(district, role):
    own = place(district, role)
    for agency in (district.bureau, district.department, district.institution):
        if agency != own:
            with pytest.raises(ValidationError, match=f"{role.label}须在“{own.get_kind_display()}”一级授予"):
                actions.grant_role(membership(UserFactory(), role, agency), by=district.administrator)
    assert details() == []

    actions.grant_role(membership(UserFactory(), role, own), by=district.administrator)

    assert len(details()) == 1


def test_a_role_once_granted_at_another_level_can_still_be_ended(district, today):
    user = user_with(Role.REVIEWER, district.institution)

    actions.end_role(user.memberships.get(), by=district.administrator)

    assert user.memberships.get().valid_to == today - timedelta(1)


def test_duties_that_would_meet_later_are_refused_now(district, today):
    user = user_with(Role.ADMINISTRATOR, district.bureau)
    next_month = today + timedelta(30)

    with pytest.raises(ValidationError):
        actions.grant_role(
            membership(user, Role.REVIEWER, district.bureau, next_month), by=district.administrator
        )


def test_duties_that_follow_each_other_are_granted(district, today):
    user = UserFactory()
    membership(user, Role.REVIEWER, district.bureau, date(2020, 1, 1), today + timedelta(5)).save()

    actions.grant_role(
        membership(user, Role.ADMINISTRATOR, district.bureau, today + timedelta(6)), by=district.administrator
    )

    assert user.memberships.count() == 2


def test_duties_that_met_can_be_parted(district, today):
    user = user_with(Role.REVIEWER, district.bureau)
    membership(user, Role.ADMINISTRATOR, district.bureau).save()

    actions.end_role(user.memberships.get(role=Role.REVIEWER), by=district.administrator)

    assert User.objects.get(pk=user.pk).roles == {Role.ADMINISTRATOR}


# Ending


def test_an_ended_role_is_gone_at_once(district, today):
    held = district.filer.memberships.get()

    actions.end_role(held, by=district.administrator)

    assert held.valid_to == today - timedelta(1)
    assert User.objects.get(pk=district.filer.pk).roles == set()
    assert details() == [
        f"账号 {district.filer}（{district.filer.username}）：填报员：至：无 → {today - timedelta(1)}"
    ]


def test_a_role_of_today_ends_by_going(district, today):
    held = actions.grant_role(
        membership(UserFactory(), Role.FILER, district.institution, today), by=district.administrator
    )

    actions.end_role(held, by=district.administrator)

    assert not Membership.objects.filter(user=held.user).exists()
    assert Membership.history.filter(user=held.user).first().history_type == "-"
    assert details()[-1] == f"账号 {held.user}（{held.user.username}）：撤销填报员（自 {today} 起）"


def test_a_last_day_is_set_and_taken_back(district):
    held = district.filer.memberships.get()

    actions.date_role(held, by=district.administrator, last_day=date(2030, 12, 31))
    actions.date_role(held, by=district.administrator, last_day=None)

    assert Membership.objects.get(pk=held.pk).valid_to is None
    assert [detail.rpartition("：")[2] for detail in details()] == ["无 → 2030-12-31", "2030-12-31 → 无"]


def test_a_role_does_not_end_before_it_begins(district):
    with pytest.raises(ValidationError, match="授权结束日期不能早于开始日期"):
        actions.date_role(
            district.filer.memberships.get(), by=district.administrator, last_day=date(2000, 1, 1)
        )


# Accounts


def test_account_changes_stand_in_the_trail(district):
    user = User(username="lisi", name="李四")
    actions.save_account(user, by=district.administrator)
    user.name, user.is_active = "李思", False
    actions.save_account(user, by=district.administrator)
    actions.save_account(user, by=district.administrator)

    assert details() == [
        "账号 李四（lisi）：新开账号",
        "账号 李思（lisi）：有效：是 → 否；姓名：李四 → 李思",
    ]


def test_a_new_password_stands_in_no_trail(district):
    actions.set_password(district.filer, "quite-another-word", by=district.administrator)

    district.filer.refresh_from_db()
    assert district.filer.check_password("quite-another-word")
    assert details() == [f"账号 {district.filer}（{district.filer.username}）：重置密码"]


def test_a_password_of_ones_own_choice_leaves_a_trace_and_keeps_the_session(client, district):
    client.force_login(district.filer)
    typed = dict.fromkeys(("new_password1", "new_password2"), "quite-another-word")

    answer = client.post(reverse("password_change"), typed | {"old_password": "correct-horse-battery"})

    assert answer.url == reverse("password_change_done")
    assert client.get(answer.url).status_code == 200
    event = Event.objects.get(verb=Verb.GRANT)
    assert (event.actor, event.address) == (district.filer, "127.0.0.1")
    assert event.detail == f"账号 {district.filer}（{district.filer.username}）：修改本人密码"
    district.filer.refresh_from_db()
    assert district.filer.check_password("quite-another-word")


def test_a_wrong_old_password_changes_nothing(client, district):
    client.force_login(district.filer)
    typed = dict.fromkeys(("new_password1", "new_password2"), "quite-another-word")

    client.post(reverse("password_change"), typed | {"old_password": "guessed"})

    assert details() == []
    district.filer.refresh_from_db()
    assert district.filer.check_password("correct-horse-battery")


def test_nobody_closes_their_own_account(district):
    district.administrator.is_active = False

    with pytest.raises(ValidationError):
        actions.save_account(district.administrator, by=district.administrator)

    assert User.objects.get(pk=district.administrator.pk).is_active
