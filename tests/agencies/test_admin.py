"""The admin pages: who gets in where, what saving does, and what each list costs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import (
    Agency,
    Building,
    ElectricityAccount,
    Event,
    Membership,
    Occupancy,
    User,
    Vehicle,
)
from agencies.models.trail import Verb
from tests.factories import DepartmentFactory, District, InstitutionFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

DAY = date(2024, 1, 1)
REGISTER, ACCOUNTS = ("agency", "building", "vehicle"), ("user", "membership")
EDITORS = {Role.MANAGER: REGISTER, Role.ADMINISTRATOR: ACCOUNTS}
PEOPLE = {
    Role.FILER: "filer",
    Role.DEPARTMENT: "department_user",
    Role.REVIEWER: "reviewer",
    Role.MANAGER: "manager",
    Role.OBSERVER: "observer",
    Role.AUDITOR: "auditor",
    Role.ADMINISTRATOR: "administrator",
}


@pytest.fixture
def district():
    return District()


@pytest.fixture
def manager(client, district):
    client.force_login(district.manager)
    return client


@pytest.fixture
def administrator(client, district):
    client.force_login(district.administrator)
    return client


def url(name, page, *args):
    return reverse(f"admin:agencies_{name}_{page}", args=args)


def building(agency, name="办公楼"):
    return Building.objects.create(name=name, manager=agency, floor_area_m2=Decimal(1000), in_use_from=DAY)


def vehicle(agency, plate="渝A00001"):
    return Vehicle.objects.create(agency=agency, plate=plate, energy="petrol", registered_on=DAY)


def rows_of(district):
    return {
        "agency": district.institution,
        "building": building(district.bureau),
        "vehicle": vehicle(district.institution),
        "user": district.filer,
        "membership": district.filer.memberships.get(),
    }


def pages_of(name, row):
    yield url(name, "changelist")
    yield url(name, "add")
    yield url(name, "change", row.pk)
    yield url(name, "history", row.pk)
    if name == "user":
        yield reverse("admin:auth_user_password_change", args=(row.pk,))


def details(verb):
    return list(Event.objects.filter(verb=verb).order_by("sequence").values_list("detail", flat=True))


# Who gets in


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_own_pages_and_no_other(client, district, role):
    rows = rows_of(district)
    client.force_login(getattr(district, PEOPLE[role]))
    is_editor = role in EDITORS

    assert client.get(reverse("admin:index"), follow=True).status_code == (200 if is_editor else 403)
    for name, row in rows.items():
        for page in pages_of(name, row):
            expected = 200 if name in EDITORS.get(role, ()) else 403
            assert client.get(page, follow=True).status_code == expected, (role, page)


def test_the_matrix_covers_every_model_of_this_app_that_is_registered():
    registered = {
        model._meta.model_name for model in admin.site._registry if model._meta.app_label == "agencies"
    }

    assert registered == {*REGISTER, *ACCOUNTS}


def test_djangos_own_flags_open_nothing(client, district):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))

    assert client.get(reverse("admin:index"), follow=True).status_code == 403


@pytest.mark.parametrize("name", [*REGISTER, *ACCOUNTS])
def test_nothing_is_deleted(client, district, name):
    row = rows_of(district)[name]
    client.force_login(district.manager if name in REGISTER else district.administrator)

    assert client.post(url(name, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(
        url(name, "changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    )
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", ["agency", "building", "vehicle", "membership"])
def test_history_is_read_not_restored(client, district, name):
    row = rows_of(district)[name]
    client.force_login(district.manager if name in REGISTER else district.administrator)
    version = url(name, "simple_history", row.pk, row.history.latest().pk)

    assert client.get(version).status_code == 200
    assert client.post(version, {}).status_code == 403


def test_the_index_shows_each_editor_their_part(client, district):
    client.force_login(district.manager)
    page = client.get(reverse("admin:index")).content.decode()
    assert url("agency", "changelist") in page
    assert url("user", "changelist") not in page

    client.force_login(district.administrator)
    page = client.get(reverse("admin:index")).content.decode()
    assert url("agency", "changelist") not in page
    assert url("membership", "changelist") in page


def test_administrators_pick_agencies_by_name_but_do_not_open_them(administrator, district):
    query = {
        "app_label": "agencies",
        "model_name": "membership",
        "field_name": "agency",
        "term": district.institution.name,
    }

    found = administrator.get(reverse("admin:autocomplete"), query).json()["results"]

    assert found == [{"id": str(district.institution.pk), "text": district.institution.name}]
    assert administrator.get(url("agency", "change", district.institution.pk)).status_code == 403


@pytest.mark.parametrize("role", ["filer", "reviewer", "auditor"])
def test_nobody_else_picks_agencies(client, district, role):
    client.force_login(getattr(district, role))
    query = {"app_label": "agencies", "model_name": "membership", "field_name": "agency", "term": ""}

    assert client.get(reverse("admin:autocomplete"), query, follow=True).status_code == 403


# Agencies


def inline(prefix, rows=(), initial=0):
    form = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        form |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return form


def agency_form(agency=None, meters=(), initial=0, **cells):
    facts = {
        "key": "NEW-01",
        "credit_code": "",
        "name": "新机构",
        "kind": "institution",
        "type_code": "021",
        "street": "",
        "registered_from": "2024-01-01",
        "registered_to": "",
    }
    if agency:
        facts |= {name: getattr(agency, name) or "" for name in ("name", "kind", "type_code", "street")}
        facts |= {"parent": agency.parent_id or "", "registered_from": agency.registered_from.isoformat()}
    return facts | inline("electricity_accounts", meters, initial) | cells


def test_an_agency_is_entered_with_path_history_and_trail(manager, district):
    manager.post(
        url("agency", "add"), agency_form(parent=district.department.pk, meters=[{"number": "3100000001"}])
    )

    agency = Agency.objects.get(key="NEW-01")
    assert agency.path == f"{district.department.path}NEW-01/"
    assert agency.history.get().history_user == district.manager
    assert ElectricityAccount.objects.get().agency == agency
    event = Event.objects.get(verb=Verb.REGISTER, detail="新登记机构 新机构")
    assert (event.actor, event.address) == (district.manager, "127.0.0.1")
    assert details(Verb.REGISTER) == ["新登记机构 新机构", "新登记用电户号 3100000001"]


def test_a_change_moves_the_agency_and_tells_before_and_after(manager, district):
    other = DepartmentFactory(parent=district.bureau)
    form = agency_form(district.institution, parent=other.pk, name="新名")

    manager.post(url("agency", "change", district.institution.pk), form)

    district.institution.refresh_from_db()
    assert district.institution.path == f"{other.path}{district.institution.key}/"
    assert details(Verb.REGISTER) == [
        f"机构 新名：名称：机构{district.institution.key} → 新名；主管单位：{district.department} → {other}"
    ]


def test_a_manager_learns_that_sums_follow_later(manager, district):
    form = agency_form(district.institution, street="大坪街道")

    page = manager.post(url("agency", "change", district.institution.pk), form, follow=True).content.decode()

    assert "汇总指标在重算（recalculate --all）后更新。" in page


def test_the_key_is_not_on_the_form_of_a_registered_agency(manager, district):
    key = district.institution.key

    manager.post(
        url("agency", "change", district.institution.pk), agency_form(district.institution, key="OTHER")
    )

    district.institution.refresh_from_db()
    assert district.institution.key == key


def test_a_circle_is_an_error_at_its_field(manager, district):
    below = DepartmentFactory(parent=district.department)
    form = agency_form(district.department, parent=below.pk)

    answer = manager.post(url("agency", "change", district.department.pk), form)

    assert answer.context["adminform"].errors == {"parent": [f"“{below}”是本机构或其下属，不能作主管单位。"]}
    assert details(Verb.REGISTER) == []


def test_a_wrong_credit_code_is_an_error_at_its_field(manager, district):
    form = agency_form(parent=district.department.pk, credit_code="12100000400002697D")

    answer = manager.post(url("agency", "add"), form)

    assert list(answer.context["adminform"].errors) == ["credit_code"]
    assert not Agency.objects.filter(key="NEW-01").exists()


def test_the_older_check_of_a_code_is_a_reminder(manager, district):
    form = agency_form(parent=district.department.pk, credit_code="12100000400000678Y")

    page = manager.post(url("agency", "add"), form, follow=True).content.decode()

    assert "（组织机构代码）校验不符。已保存，请核对证书原件。" in page
    assert Agency.objects.filter(key="NEW-01").exists()


def test_a_meter_is_taken_out_with_a_trace(manager, district):
    meter = ElectricityAccount.objects.create(agency=district.institution, number="3100000001")
    rows = [{"id": meter.pk, "agency": district.institution.pk, "number": meter.number, "DELETE": "on"}]

    manager.post(
        url("agency", "change", district.institution.pk), agency_form(district.institution, rows, initial=1)
    )

    assert not ElectricityAccount.objects.exists()
    assert details(Verb.REGISTER) == ["删除用电户号 3100000001"]
    assert ElectricityAccount.history.latest().history_user == district.manager


def test_saving_an_unchanged_agency_leaves_no_trace(manager, district):
    manager.post(url("agency", "change", district.institution.pk), agency_form(district.institution))

    assert details(Verb.REGISTER) == []


def test_the_history_page_tells_what_changed(manager, district):
    form = agency_form(district.institution, name="新名")
    manager.post(url("agency", "change", district.institution.pk), form)

    page = manager.get(url("agency", "history", district.institution.pk)).content.decode()

    assert f"名称：机构{district.institution.key} → 新名" in page
    assert district.manager.name in page


# Buildings


def building_form(house, shares, initial=0):
    facts = {
        "name": house.name,
        "address": "",
        "manager": house.manager_id,
        "floor_area_m2": "1000",
        "built_year": "",
        "in_use_from": "2024-01-01",
        "in_use_to": "",
    }
    rows = [{"building": house.pk, "valid_from": "2024-01-01", "valid_to": "", **share} for share in shares]
    return facts | inline("occupancies", rows, initial)


def shares_of(house):
    return [
        str(share.normalize()) for share in house.occupancies.order_by("pk").values_list("share", flat=True)
    ]


def test_shares_entered_together_may_fill_the_building(manager, district):
    house = building(district.bureau)
    shares = [
        {"agency": district.institution.pk, "share": "0.6"},
        {"agency": district.department.pk, "share": "0.4"},
    ]

    manager.post(url("building", "change", house.pk), building_form(house, shares))

    assert shares_of(house) == ["0.6", "0.4"]
    assert len(details(Verb.REGISTER)) == 2


def test_shares_entered_together_do_not_exceed_the_building(manager, district):
    house = building(district.bureau)
    shares = [
        {"agency": district.institution.pk, "share": "0.6"},
        {"agency": district.department.pk, "share": "0.5"},
    ]

    answer = manager.post(url("building", "change", house.pk), building_form(house, shares))

    [formset] = answer.context["inline_admin_formsets"]
    assert formset.formset.errors == [
        {"share": ["同一时期该建筑已分配 0.5，最多还可填 0.5。"]},
        {"share": ["同一时期该建筑已分配 0.6，最多还可填 0.4。"]},
    ]
    assert shares_of(house) == []


def test_two_shares_change_places_in_one_go(manager, district):
    house = building(district.bureau)
    stored = [
        Occupancy.objects.create(building=house, agency=agency, share=Decimal(part), valid_from=DAY)
        for agency, part in ((district.institution, "0.7"), (district.department, "0.3"))
    ]
    shares = [
        {"id": stored[0].pk, "agency": district.institution.pk, "share": "0.3"},
        {"id": stored[1].pk, "agency": district.department.pk, "share": "0.7"},
    ]

    manager.post(url("building", "change", house.pk), building_form(house, shares, initial=2))

    assert shares_of(house) == ["0.3", "0.7"]


def test_a_new_building_is_entered_with_its_shares(manager, district):
    house = Building(name="新楼", manager=district.bureau)
    form = building_form(house, [{"building": "", "agency": district.institution.pk, "share": "1"}])

    manager.post(url("building", "add"), form)

    assert shares_of(Building.objects.get(name="新楼")) == ["1"]


def test_a_plate_in_use_is_an_error_on_the_form(manager, district):
    vehicle(district.institution, "渝A12345")
    form = {
        "agency": district.department.pk,
        "plate": "渝A12345",
        "energy": "petrol",
        "purpose": "other",
        "registered_on": "2024-01-01",
        "retired_on": "",
    }

    answer = manager.post(url("vehicle", "add"), form)

    assert "该号牌已登记在用。" in answer.content.decode()
    assert Vehicle.objects.count() == 1


# Accounts and roles


def account_form(**cells):
    facts = {"username": "lisi", "name": "李四", "office_phone": "", "is_active": "on"}
    return facts | {"password1": "long-enough-and-odd", "password2": "long-enough-and-odd"} | cells


def test_an_account_is_opened_with_its_first_password(administrator, district):
    administrator.post(url("user", "add"), account_form())

    user = User.objects.get(username="lisi")
    assert user.check_password("long-enough-and-odd")
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert details(Verb.GRANT) == ["账号 李四（lisi）：新开账号"]


@pytest.mark.parametrize("password", ["short", "password1234", "12345678901"])
def test_a_weak_first_password_is_refused(administrator, password):
    answer = administrator.post(url("user", "add"), account_form(password1=password, password2=password))

    assert list(answer.context["adminform"].errors) == ["password2"]
    assert not User.objects.filter(username="lisi").exists()


def test_flags_smuggled_into_the_form_are_ignored(administrator, district):
    forged = account_form(is_superuser="on", is_staff="on", username="other")

    administrator.post(url("user", "change", district.filer.pk), forged)

    district.filer.refresh_from_db()
    assert (district.filer.is_superuser, district.filer.is_staff) == (False, False)
    assert district.filer.username != "other"


def test_a_password_is_reset_with_a_trace(administrator, district):
    address = reverse("admin:auth_user_password_change", args=(district.filer.pk,))

    answer = administrator.post(
        address, {"new_password1": "a-wholly-new-word", "new_password2": "a-wholly-new-word"}
    )

    assert answer.url == url("user", "change", district.filer.pk)
    district.filer.refresh_from_db()
    assert district.filer.check_password("a-wholly-new-word")
    assert details(Verb.GRANT) == [f"账号 {district.filer}（{district.filer.username}）：重置密码"]


def test_a_weak_new_password_is_refused(administrator, district):
    address = reverse("admin:auth_user_password_change", args=(district.filer.pk,))

    answer = administrator.post(address, {"new_password1": "short", "new_password2": "short"})

    assert "10" in answer.content.decode()
    district.filer.refresh_from_db()
    assert district.filer.check_password("correct-horse-battery")


def test_an_account_is_closed_but_not_ones_own(administrator, district):
    administrator.post(url("user", "change", district.filer.pk), {"name": "甲", "office_phone": ""})
    administrator.post(url("user", "change", district.administrator.pk), {"name": "乙", "office_phone": ""})

    active = dict(User.objects.values_list("pk", "is_active"))
    assert (active[district.filer.pk], active[district.administrator.pk]) == (False, True)


def membership_form(user, agency, **cells):
    facts = {
        "user": user.pk,
        "agency": agency.pk,
        "role": "filer",
        "valid_from": "2024-01-01",
        "valid_to": "",
    }
    return facts | cells


def test_a_role_is_granted_with_a_trace(administrator, district):
    user = UserFactory(username="zhang", name="张三")

    administrator.post(url("membership", "add"), membership_form(user, district.institution))

    assert user.roles == {Role.FILER}
    assert details(Verb.GRANT) == ["账号 张三（zhang）：授予填报员，自 2024-01-01 起"]


def test_nobody_grants_to_themselves(administrator, district):
    form = membership_form(district.administrator, district.bureau, role="observer")

    answer = administrator.post(url("membership", "add"), form)

    assert answer.context["adminform"].errors == {"user": ["不能给自己授权，请由另一位系统管理员办理。"]}
    assert district.administrator.memberships.count() == 1


def test_duties_that_must_stay_apart_are_an_error_on_the_form(administrator, district):
    answer = administrator.post(
        url("membership", "add"), membership_form(district.reviewer, district.bureau, role="administrator")
    )

    assert "须由不同的人担任" in answer.content.decode()
    assert district.reviewer.memberships.count() == 1


def test_a_role_at_the_wrong_level_is_an_error_beside_the_agency(administrator, district):
    user = UserFactory()

    answer = administrator.post(
        url("membership", "add"), membership_form(user, district.institution, role="reviewer")
    )

    sentence = f"局审核员须在“机关事务管理局”一级授予，“{district.institution}”是公共机构。请改选机构或角色。"
    assert answer.context["adminform"].errors == {"agency": [sentence]}
    assert not user.memberships.exists()


def test_a_granted_role_gets_a_last_day_and_nothing_else(administrator, district):
    held = district.filer.memberships.get()
    forged = membership_form(district.reviewer, district.bureau, role="manager", valid_to="2030-12-31")

    administrator.post(url("membership", "change", held.pk), forged)

    held.refresh_from_db()
    assert (held.user, held.agency, held.role) == (district.filer, district.institution, Role.FILER)
    assert held.valid_to == date(2030, 12, 31)
    assert details(Verb.GRANT) == [
        f"账号 {district.filer}（{district.filer.username}）：填报员：至：无 → 2030-12-31"
    ]


def test_prolonging_into_a_clash_is_an_error_on_the_form(administrator, district):
    user = user_with(Role.ADMINISTRATOR, district.bureau)
    ended = Membership.objects.create(
        user=user, agency=district.bureau, role=Role.REVIEWER, valid_from=DAY, valid_to=date(2025, 1, 1)
    )

    answer = administrator.post(url("membership", "change", ended.pk), {"valid_to": ""})

    assert "须由不同的人担任" in answer.content.decode()
    ended.refresh_from_db()
    assert ended.valid_to == date(2025, 1, 1)


def test_ones_own_role_is_read_only(administrator, district):
    own = district.administrator.memberships.get()

    assert (
        administrator.post(url("membership", "change", own.pk), {"valid_to": "2030-12-31"}).status_code == 403
    )
    administrator.post(url("membership", "changelist"), {"action": "end_now", "_selected_action": own.pk})

    own.refresh_from_db()
    assert own.valid_to is None


def test_roles_are_ended_at_once_from_the_list(administrator, district):
    held = district.filer.memberships.get()

    administrator.post(url("membership", "changelist"), {"action": "end_now", "_selected_action": held.pk})

    held.refresh_from_db()
    assert held.valid_to == timezone.localdate() - timedelta(1)


def test_a_lock_out_is_lifted_from_the_list(administrator, district):
    answer = administrator.post(
        url("user", "changelist"),
        {"action": "lift_lock_out", "_selected_action": district.filer.pk},
        follow=True,
    )

    assert "已解除 1 个账号的登录锁定。" in answer.content.decode()


# Lists


def one_more(name, district, number):
    agency = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    if name == "building":
        building(agency, f"楼{number}")
    if name == "vehicle":
        vehicle(agency, f"渝B{number:05d}")
    if name in ("user", "membership"):
        user_with(Role.FILER, agency)


@pytest.mark.parametrize("name", [*REGISTER, *ACCOUNTS])
def test_each_list_costs_the_same_at_one_row_and_at_three(client, district, name):
    client.force_login(district.manager if name in REGISTER else district.administrator)
    costs = []
    for rows in (1, 2):
        for number in range(rows):
            one_more(name, district, len(costs) * 10 + number)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(name, "changelist")).status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    ("state", "expected"), [("current", ["在册"]), ("ended", ["退出"]), ("", ["在册", "退出"])]
)
def test_agencies_are_filtered_by_whether_they_left(manager, district, state, expected):
    Agency.objects.filter(pk=district.institution.pk).update(name="退出", registered_to=date(2024, 12, 31))
    InstitutionFactory(name="在册", parent=district.department)

    query = {"kind__exact": "institution", **({"state": state} if state else {})}
    rows = manager.get(url("agency", "changelist"), query).context["cl"].result_list

    assert sorted(agency.name for agency in rows) == sorted(expected)


def test_agencies_are_filtered_by_the_streets_that_some_of_them_name(manager, district):
    here = InstitutionFactory(parent=district.department, street="七星岗街道")

    page = manager.get(url("agency", "changelist"), {"street": "七星岗街道"})

    assert list(page.context["cl"].result_list) == [here]
    assert 'href="?street="' not in page.content.decode()


def test_every_cell_of_the_rows_below_a_page_is_named(manager, district):
    ElectricityAccount.objects.create(agency=district.institution, number="1")
    house = building(district.bureau)
    Occupancy.objects.create(building=house, agency=district.institution, share=1, valid_from=DAY)

    for page in (url("agency", "change", district.institution.pk), url("building", "change", house.pk)):
        formset = manager.get(page).context["inline_admin_formsets"][0].formset
        shown = [field for form in (*formset, formset.empty_form) for field in form.visible_fields()]
        assert shown
        assert all(f'aria-label="{field.label}"' in str(field) for field in shown)


def test_an_empty_search_box_for_an_agency_says_what_to_choose(administrator):
    page = administrator.get(url("membership", "add")).content.decode()
    assert 'data-placeholder="选择账号"' in page
    assert 'data-placeholder="选择机构"' in page


@pytest.mark.parametrize(
    ("name", "term"),
    [("agency", "甲局"), ("building", "甲局"), ("vehicle", "甲局"), ("user", "li"), ("membership", "甲局")],
)
def test_each_list_is_searched(client, district, name, term):
    agency = InstitutionFactory(name="甲局", parent=district.department)
    building(agency)
    vehicle(agency)
    user_with(Role.FILER, agency, username="lisi")
    client.force_login(district.manager if name in REGISTER else district.administrator)

    found = client.get(url(name, "changelist"), {"q": term}).context["cl"].result_list

    assert len(found) == 1
