"""The tree of agencies: placed, moved and seen; buildings, shares and vehicles."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from agencies import actions
from agencies.models import Agency, AgencyKind, Building, ElectricityAccount, Event, Occupancy, Vehicle
from agencies.models.trail import Verb
from tests.factories import BureauFactory, DepartmentFactory, District, InstitutionFactory

pytestmark = pytest.mark.django_db

DAY = date(2024, 1, 1)


@pytest.fixture
def district():
    return District()


def new_agency(parent, key="NEW-01", **fields):
    facts = {"name": "新机构", "type_code": "021", "registered_from": DAY} | fields
    return Agency(key=key, parent=parent, **facts)


def trail_of(verb):
    return list(Event.objects.filter(verb=verb).values_list("actor", "agency", "detail"))


def refusal(error):
    return error.value.message_dict


# The tree


def test_a_new_agency_gets_its_path_history_and_trail(district):
    agency = new_agency(district.department)

    actions.register_agency(agency, by=district.manager)

    agency.refresh_from_db()
    assert agency.path == f"{district.department.path}NEW-01/"
    assert agency.history.get().history_user == district.manager
    assert trail_of(Verb.REGISTER) == [(district.manager.pk, agency.pk, "新登记机构 新机构")]


def test_changed_fields_stand_in_the_trail_before_and_after(district):
    agency = district.institution
    agency.name, agency.type_code, agency.is_party_government_organ = "渝中区某局", "026", True
    agency.registered_to = date(2025, 6, 30)

    actions.register_agency(agency, by=district.manager)

    assert trail_of(Verb.REGISTER) == [
        (
            district.manager.pk,
            agency.pk,
            f"机构 渝中区某局：名称：机构{agency.key} → 渝中区某局；机构类型：国家机关 → 其他事业单位；"
            "党政机关：否 → 是；退出名录日期：无 → 2025-06-30",
        )
    ]


def test_saving_what_is_already_so_leaves_no_trace(district):
    before = district.institution.history.count()

    actions.register_agency(district.institution, by=district.manager)

    assert trail_of(Verb.REGISTER) == []
    assert district.institution.history.count() == before


def test_moving_an_agency_rewrites_every_path_below_it(district):
    below = InstitutionFactory(parent=district.department)
    other = DepartmentFactory(parent=district.bureau)

    actions.move(district.department, other, by=district.manager)

    paths = dict(Agency.objects.values_list("pk", "path"))
    assert paths[district.department.pk] == f"{other.path}{district.department.key}/"
    assert paths[below.pk] == f"{other.path}{district.department.key}/{below.key}/"
    assert (
        paths[district.institution.pk] == f"{other.path}{district.department.key}/{district.institution.key}/"
    )
    assert paths[other.pk] == other.path
    assert [detail for _, _, detail in trail_of(Verb.REGISTER)] == [
        f"机构 {district.department}：主管单位：{district.bureau} → {other}"
    ]


def test_a_move_leaves_an_agency_whose_key_begins_alike_where_it_is(district):
    short = DepartmentFactory(parent=district.bureau, key="DEPT-A")
    longer = DepartmentFactory(parent=district.bureau, key="DEPT-AB")
    other = DepartmentFactory(parent=district.bureau)

    actions.move(short, other, by=district.manager)

    assert Agency.objects.get(pk=longer.pk).path == longer.path


@pytest.mark.parametrize("place", ["itself", "child", "grandchild"])
def test_a_circle_is_refused(district, place):
    child = DepartmentFactory(parent=district.department)
    grandchild = DepartmentFactory(parent=child)
    parent = {"itself": district.department, "child": child, "grandchild": grandchild}[place]
    paths = list(Agency.objects.values_list("path", flat=True))

    with pytest.raises(ValidationError) as error:
        actions.move(district.department, parent, by=district.manager)

    assert refusal(error) == {"parent": [f"“{parent}”是本机构或其下属，不能作主管单位。"]}
    assert list(Agency.objects.values_list("path", flat=True)) == paths
    assert trail_of(Verb.REGISTER) == []


def test_an_institution_is_nobodys_parent(district):
    with pytest.raises(ValidationError) as error:
        actions.register_agency(new_agency(district.institution), by=district.manager)

    assert list(refusal(error)) == ["parent"]


def test_an_agency_with_others_below_it_does_not_become_an_institution(district):
    district.department.kind = AgencyKind.INSTITUTION

    with pytest.raises(ValidationError) as error:
        actions.register_agency(district.department, by=district.manager)

    assert refusal(error) == {"kind": ["本机构有下属机构，不能改为公共机构。"]}


def test_only_the_bureau_stands_without_a_parent(district):
    with pytest.raises(ValidationError) as error:
        actions.register_agency(new_agency(None), by=district.manager)

    assert "除机关事务管理局外，每个机构都要选择主管单位。" in str(error.value)


def test_a_tree_too_deep_for_its_paths_is_refused(district):
    deepest = district.department
    for level in range(6):
        deepest = DepartmentFactory(parent=deepest, key=f"LEVEL-{level}-{'X' * 21}")
    other = DepartmentFactory(parent=district.bureau, key="OTHER-" + "Y" * 20)
    InstitutionFactory(parent=other, key="INST-" + "Z" * 20)

    with pytest.raises(ValidationError):
        actions.move(other, deepest, by=district.manager)

    other.refresh_from_db()
    assert other.path == f"{district.bureau.path}{other.key}/"


def test_the_key_stays(district):
    key = district.institution.key
    district.institution.key = "OTHER-1"

    with pytest.raises(ValidationError) as error:
        actions.register_agency(district.institution, by=district.manager)

    assert refusal(error) == {"key": [f"机构编码登记后不改，原为 {key}。"]}


def test_leaving_before_joining_is_refused(district):
    district.institution.registered_to = date(2014, 12, 31)

    with pytest.raises(ValidationError) as error:
        actions.register_agency(district.institution, by=district.manager)

    assert "退出名录日期不能早于纳入名录日期。" in str(error.value)


@pytest.mark.parametrize(
    "role", ["filer", "department_user", "reviewer", "observer", "auditor", "administrator"]
)
def test_only_managers_change_the_register(district, role):
    user = getattr(district, role)

    with pytest.raises(PermissionDenied):
        actions.register_agency(new_agency(district.department), by=user)
    with pytest.raises(PermissionDenied):
        actions.move(district.institution, district.bureau, by=user)

    assert not Agency.objects.filter(key="NEW-01").exists()
    assert trail_of(Verb.REGISTER) == []


# Who sees which agency


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("filer", ["institution"]),
        ("department_user", ["department", "institution"]),
        ("reviewer", ["bureau", "department", "institution", "elsewhere"]),
        ("manager", ["bureau", "department", "institution", "elsewhere"]),
        ("observer", ["bureau", "department", "institution", "elsewhere"]),
        ("auditor", []),
        ("administrator", []),
    ],
)
def test_each_role_sees_its_own_part_of_the_tree(district, role, seen):
    district.elsewhere = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))

    visible = set(Agency.objects.visible_to(getattr(district, role)))

    assert {district.bureau, district.department, district.institution, district.elsewhere} & visible == {
        getattr(district, name) for name in seen
    }


def test_another_bureau_stays_out_of_sight(district):
    stranger = BureauFactory()

    assert stranger not in Agency.objects.visible_to(district.reviewer)


def test_a_moved_institution_is_seen_by_its_new_department(district):
    other = DepartmentFactory(parent=district.bureau)

    actions.move(district.institution, other, by=district.manager)

    assert list(Agency.objects.visible_to(district.department_user)) == [district.department]


def test_an_institution_owes_only_the_months_it_is_registered_in():
    InstitutionFactory(key="IN-ALL", registered_from=date(2020, 1, 1))
    InstitutionFactory(key="LEFT", registered_from=date(2020, 1, 1), registered_to=date(2024, 6, 30))
    InstitutionFactory(key="JOINED", registered_from=date(2024, 7, 1))

    def owing(month):
        return set(Agency.objects.institutions().registered_in(month).values_list("key", flat=True))

    assert owing(date(2024, 6, 1)) == {"IN-ALL", "LEFT"}
    assert owing(date(2024, 7, 1)) == {"IN-ALL", "JOINED"}


# Buildings, shares, vehicles, meters


def building(agency, **fields):
    return Building.objects.create(
        name="办公楼", manager=agency, floor_area_m2=Decimal(1000), in_use_from=DAY, **fields
    )


def share(house, agency, part, valid_from=DAY, valid_to=None):
    return Occupancy(
        building=house, agency=agency, share=Decimal(part), valid_from=valid_from, valid_to=valid_to
    )


def test_shares_of_a_building_add_up_to_one_at_most(district):
    house = building(district.bureau)
    actions.register(share(house, district.institution, "0.6"), by=district.manager)

    with pytest.raises(ValidationError) as error:
        actions.register(share(house, district.department, "0.5"), by=district.manager)

    assert refusal(error) == {"share": ["同一时期该建筑已分配 0.6，最多还可填 0.4。"]}


def test_shares_that_follow_each_other_do_not_add_up(district):
    house = building(district.bureau)
    share(house, district.institution, "1", date(2020, 1, 1), date(2023, 12, 31)).save()

    actions.register(share(house, district.department, "1"), by=district.manager)

    assert house.occupancies.count() == 2


def test_two_shares_apart_in_time_leave_room_beside_each(district):
    house = building(district.bureau)
    share(house, district.institution, "0.6", date(2020, 1, 1), date(2020, 12, 31)).save()
    share(house, district.institution, "0.5", date(2022, 1, 1), date(2022, 12, 31)).save()

    actions.register(share(house, district.department, "0.4", date(2020, 1, 1)), by=district.manager)

    assert house.occupancies.count() == 3


def test_a_share_that_begins_later_counts_too(district):
    house = building(district.bureau)
    share(house, district.institution, "0.8", date(2022, 1, 1)).save()

    with pytest.raises(ValidationError) as error:
        actions.register(share(house, district.department, "0.4", date(2020, 1, 1)), by=district.manager)

    assert refusal(error) == {"share": ["同一时期该建筑已分配 0.8，最多还可填 0.2。"]}


def test_a_share_is_more_than_nothing_and_at_most_all(district):
    house = building(district.bureau)

    for part, sentence in (("0", "面积占比应大于 0 且不超过 1。"), ("1.01", "最多还可填 1。")):
        with pytest.raises(ValidationError, match=sentence):
            actions.register(share(house, district.institution, part), by=district.manager)


def vehicle(agency, plate="渝A12345", **fields):
    facts = {"energy": "petrol", "registered_on": DAY} | fields
    return Vehicle(agency=agency, plate=plate, **facts)


def test_a_plate_in_use_is_registered_once(district):
    actions.register(vehicle(district.institution), by=district.manager)

    with pytest.raises(ValidationError) as error:
        actions.register(vehicle(district.department), by=district.manager)

    assert "该号牌已登记在用。请先登记原车辆的报废或调出日期。" in str(error.value)


def test_a_plate_comes_back_after_the_first_car_is_gone(district):
    first = vehicle(district.institution)
    actions.register(first, by=district.manager)
    first.retired_on = date(2025, 1, 1)
    actions.register(first, by=district.manager)

    actions.register(vehicle(district.department), by=district.manager)

    assert Vehicle.objects.count() == 2
    assert [detail for _, _, detail in trail_of(Verb.REGISTER)] == [
        "新登记车辆 渝A12345",
        "车辆 渝A12345：报废或调出日期：无 → 2025-01-01",
        "新登记车辆 渝A12345",
    ]


def test_a_struck_meter_stays_in_history_and_trail(district):
    meter = ElectricityAccount(agency=district.institution, number="3100000001")
    actions.register(meter, by=district.manager)

    actions.strike(meter, by=district.manager)

    assert not ElectricityAccount.objects.exists()
    assert ElectricityAccount.history.first().history_type == "-"
    assert trail_of(Verb.REGISTER)[-1][2] == "删除用电户号 3100000001"
