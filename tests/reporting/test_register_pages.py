"""The registers' pages: what is entered together, what a colleague did meanwhile, and who sees which."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from agencies.models import (
    Event,
    PvPlant,
    Vehicle,
)
from agencies.models.trail import Verb
from reporting.models import Meter, MeterReading, PvReading, VehicleMileage
from tests.factories import InstitutionFactory, user_with

from .test_registers import SINCE, meter, occupy, page, read, room


def test_a_filer_is_led_to_the_own_register_and_a_manager_chooses(district, client):
    response = page(client, district.filer, "register-list")
    assert response.url == reverse("reporting:register-detail", args=[district.institution.key])
    found = page(client, district.manager, "register-list", words=district.institution.key)
    assert [agency.pk for agency in found.context["page_obj"]] == [district.institution.pk]


def test_a_vehicle_is_entered_changed_and_its_history_shown(district, client):
    key = district.institution.key
    client.force_login(district.filer)
    address = reverse("reporting:register-new", args=[key, "vehicle"])
    typed = {"plate": "渝A12345", "energy": "petrol", "purpose": "law", "registered_on": "2025-01-02"}
    assert client.post(address, typed).status_code == 302
    car = Vehicle.objects.get()
    assert (car.agency, car.purpose) == (district.institution, "law")
    row = reverse("reporting:register-row", args=[key, "vehicle", car.pk])
    wrong = client.post(row, typed | {"retired_on": "2024-01-01"}).content.decode()
    assert "报废或调出日期不能早于登记日期" in wrong
    client.post(row, typed | {"retired_on": "2025-06-30"})
    assert "报废或调出日期：无 → 2025-06-30" in client.get(row).content.decode()
    assert Event.objects.filter(verb=Verb.REGISTER, actor=district.filer).count() == 2


def test_readings_of_a_tab_are_stored_together_or_not_at_all(district, client):
    cars = [
        Vehicle.objects.create(agency=district.institution, plate=plate, energy="petrol", registered_on=SINCE)
        for plate in ("渝A1", "渝A2")
    ]
    client.force_login(district.filer)
    address = reverse("reporting:register-detail", args=[district.institution.key])
    names = [f"vehicle-{car.pk}-kilometres" for car in cars]
    query = "?tab=vehicles&month=2025-03"
    wrong = client.post(address + query, dict(zip(names, ("1,200.5", "很远"), strict=True)))
    assert "请填写数字" in wrong.content.decode()
    assert not VehicleMileage.objects.exists()
    done = client.post(address + query, {names[0]: "1,200.5", names[1]: ""}, follow=True)
    assert "已保存 1 项读数" in done.content.decode()
    assert VehicleMileage.objects.get().kilometres == Decimal("1200.5")
    future = client.post(address + "?tab=vehicles&month=2999-03", {names[0]: "1"})
    assert "这个月还没有到" in future.content.decode()


def typed_into(response, **changed):
    """What a browser sends of the page's form: each field with what it showed, and what was typed instead."""
    form = response.context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    return shown | {f"initial-{name}": value for name, value in shown.items()} | changed


def test_a_reading_that_a_colleague_entered_meanwhile_is_left_alone(district, client, building):
    first, second = meter(building, "甲"), meter(building, "乙")
    client.force_login(district.filer)
    address = reverse("reporting:register-detail", args=[district.institution.key]) + "?month=2025-03"
    opened = client.get(address)
    assert f'name="initial-meter-{second.pk}-quantity"' in opened.content.decode()
    read(second, "500", by=district.manager)
    done = client.post(
        address, typed_into(opened, **{f"meter-{first.pk}-quantity": "300"}), follow=True
    ).content.decode()
    assert "已保存 1 项读数" in done
    stored = {reading.meter: reading.quantity for reading in MeterReading.objects.all()}
    assert stored == {first: 300, second: 500}


def test_a_reading_that_two_changed_is_not_overwritten_and_named(district, client, building):
    first, second = meter(building, "甲"), meter(building, "乙")
    read(first, "100", by=district.filer)
    client.force_login(district.filer)
    address = reverse("reporting:register-detail", args=[district.institution.key]) + "?month=2025-03"
    opened = client.get(address)
    read(first, "110", "60", by=district.manager)
    names = {f"meter-{first.pk}-quantity": "300", f"meter-{second.pk}-quantity": "7"}
    done = client.post(address, typed_into(opened, **names), follow=True).content.decode()
    assert "电表 甲 的读数在您打开本页之后已被他人修改，现为“用量 110，费用（元） 60”" in done
    assert "您填写的“用量 300”没有保存" in done
    stored = {reading.meter: reading.quantity for reading in MeterReading.objects.all()}
    assert stored == {first: 110, second: 7}


def test_a_reading_is_taken_back_by_who_saw_it(district, client, building):
    main = meter(building, "甲")
    read(main, "100", by=district.manager)
    client.force_login(district.filer)
    address = reverse("reporting:register-detail", args=[district.institution.key]) + "?month=2025-03"
    typed = typed_into(client.get(address), **{f"meter-{main.pk}-quantity": ""})
    assert "已保存 1 项读数" in client.post(address, typed, follow=True).content.decode()
    assert not MeterReading.objects.exists()


def test_a_contradiction_is_named_at_its_row_and_half_a_reading_is_asked_for(district, client):
    plant = PvPlant.objects.create(
        agency=district.institution, name="屋顶", capacity_kw=10, in_use_from=SINCE
    )
    client.force_login(district.filer)
    address = (
        reverse("reporting:register-detail", args=[district.institution.key]) + "?tab=power&month=2025-03"
    )
    names = [f"plant-{plant.pk}-{field}" for field in ("generated_kwh", "self_used_kwh", "exported_kwh")]
    text = client.post(address, dict(zip(names, ("10", "7", "2"), strict=True))).content.decode()
    assert "屋顶：发电量应等于自用与上网之和" in text
    half = client.post(address, dict(zip(names, ("10", "", ""), strict=True))).content.decode()
    assert "请填写自用" in half
    assert not PvReading.objects.exists()


def test_a_manager_of_a_building_enters_its_meters(district, client, building, neighbour):
    occupy(building, neighbour, "0.25")
    stranger = InstitutionFactory(parent=district.department)
    client.force_login(district.filer)
    address = reverse("reporting:register-new", args=[district.institution.key, "meter"])
    typed = {"building": building.pk, "item": "110", "number": "D-1", "valid_from": "2025-01-01"}
    refused = client.post(address, typed | {"occupant": stranger.pk})
    assert refused.status_code == 200
    assert client.post(address, typed | {"occupant": neighbour.pk}).status_code == 302
    assert Meter.objects.get().occupant == neighbour


@pytest.mark.parametrize("tab", ["buildings", "vehicles", "rooms", "power"])
def test_a_tab_costs_the_same_at_one_row_and_at_three(district, client, building, tab):
    own = district.institution
    client.force_login(district.filer)
    address = reverse("reporting:register-detail", args=[own.key])
    costs = []
    for names in ("a", "bc"):
        for name in names:
            meter(building, name)
            room(own, name)
            Vehicle.objects.create(agency=own, plate=name, energy="petrol", registered_on=SINCE)
            PvPlant.objects.create(agency=own, name=name, capacity_kw=1, in_use_from=SINCE)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, {"tab": tab, "month": "2025-03"}).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_colleagues_read_a_register_and_strangers_find_none(district, client):
    key = district.institution.key
    text = page(client, district.reviewer, "register-detail", key).content.decode()
    assert "保存读数" not in text
    assert page(client, district.reviewer, "register-new", key, "vehicle").status_code == 403
    client.force_login(district.reviewer)
    assert client.post(reverse("reporting:register-detail", args=[key])).status_code == 403
    stranger = user_with(Role.FILER, InstitutionFactory(parent=district.department))
    assert page(client, stranger, "register-detail", key).status_code == 404
    assert page(client, district.filer, "register-detail", key, tab="nothing").status_code == 404
    assert page(client, district.filer, "register-detail", key, month="soon").status_code == 404
    assert page(client, district.filer, "register-new", key, "nothing").status_code == 404
