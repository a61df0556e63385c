"""Meters, readings and registers: what they suggest, who enters them, and that nothing is written silently."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies import actions as register
from agencies.access import Role
from agencies.models import (
    Building,
    ChargingStation,
    DataRoom,
    Event,
    Occupancy,
    PvPlant,
    Vehicle,
)
from agencies.models.trail import Verb
from reporting import register_actions, registered, shared_meters, suggestions
from reporting.models import Meter, MeterReading, PvReading, Report, RoomReading
from tests.factories import InstitutionFactory, user_with

MARCH = date(2025, 3, 1)
SINCE = date(2020, 1, 1)


def occupy(building, agency, share, **dates):
    dates = {"valid_from": SINCE} | dates
    return Occupancy.objects.create(building=building, agency=agency, share=Decimal(share), **dates)


def meter(building, number, occupant=None, item="110"):
    return Meter.objects.create(
        building=building, item_id=item, number=number, occupant=occupant, valid_from=SINCE
    )


def read(thing, quantity, cost=None, *, by, month=MARCH):
    values = {"quantity": Decimal(quantity), "cost_yuan": cost and Decimal(cost)}
    return register_actions.read(MeterReading, thing, month, values, by=by)


def read_room(room, total, it, cooling=None, *, by, month=MARCH):
    values = {"total_kwh": total, "it_kwh": it, "cooling_kwh": cooling}
    values = {name: value if value is None else Decimal(value) for name, value in values.items()}
    return register_actions.read(RoomReading, room, month, values, by=by)


def room(agency, name="机房"):
    return DataRoom.objects.create(
        agency=agency, name=name, area_m2=40, racks=6, installed_kw=30, in_use_from=SINCE
    )


def offers(report):
    return {
        code: [(each.title, each.quantity, each.cost_yuan) for each in found]
        for code, found in suggestions.beside(report).offers.items()
    }


def page(client, user, name, *arguments, **query):
    client.force_login(user)
    return client.get(reverse(f"reporting:{name}", args=arguments), query)


# A shared building


@pytest.fixture
def shared(district, building, neighbour):
    """A main meter, and a sub-meter of the neighbour, whose areas are 3/4 and 1/4."""
    occupy(building, district.institution, "0.75")
    occupy(building, neighbour, "0.25")
    return meter(building, "总1"), meter(building, "分1", neighbour)


def test_what_a_manager_enters_once_each_occupant_is_offered(district, shared, neighbour):
    main, sub = shared
    read(main, "1000.5", "600", by=district.filer)
    read(sub, "300", by=district.filer)
    assert offers(district.report(MARCH))["110"] == [("表计", Decimal("700.50"), Decimal("420.09"))]
    assert offers(district.report(MARCH, neighbour))["110"] == [
        ("表计", Decimal("300.00"), Decimal("179.91"))
    ]
    assert Report.objects.filter(latest__isnull=False).count() == 0


def test_costs_of_some_meters_are_not_offered_as_the_cost_of_all(district, building):
    occupy(building, district.institution, "1")
    first, second = meter(building, "总1"), meter(building, "总2")
    read(first, "100", "60", by=district.filer)
    read(second, "50", by=district.filer)
    assert offers(district.report(MARCH))["110"] == [("表计", 150, None)]
    read(second, "50", "30", by=district.filer)
    assert offers(district.report(MARCH))["110"] == [("表计", 150, 90)]


def test_costs_of_some_buildings_are_not_offered_as_the_cost_of_all(district, building):
    other = Building.objects.create(
        name="二号楼", manager=district.institution, floor_area_m2=9, in_use_from=SINCE
    )
    for each, cost in ((building, "60"), (other, None)):
        occupy(each, district.institution, "1")
        read(meter(each, "总1"), "100", cost, by=district.filer)
    assert offers(district.report(MARCH))["110"] == [("表计", 200, None)]


def test_the_derivation_is_told_in_words(district, shared, neighbour):
    for thing, quantity in zip(shared, ("1000.5", "300"), strict=True):
        read(thing, quantity, by=district.filer)
    [offer] = suggestions.beside(district.report(MARCH)).offers["110"]
    assert offer.steps[0].working == "总表 1000.5 kWh，扣除分表后 700.5 kWh × 面积占比·天 23.25 ÷ 23.25"
    [other] = suggestions.beside(district.report(MARCH, neighbour)).offers["110"]
    assert other.steps[0].working == "本单位分表 300 kWh"


def test_a_missing_reading_or_too_much_on_the_sub_meters_suggests_nothing_and_says_why(
    district, building, shared
):
    main, sub = shared
    read(main, "100", by=district.filer)
    [division] = shared_meters.of_agency(district.institution.pk, MARCH)
    assert (division.fault, division.parts) == ("电表 分1本月还没有读数", [])
    read(sub, "101", by=district.filer)
    [division] = shared_meters.of_agency(district.institution.pk, MARCH)
    assert "大于总表" in division.fault
    assert "110" not in offers(district.report(MARCH))


def test_an_occupant_of_half_a_month_is_divided_by_days(district, building, neighbour):
    occupy(building, district.institution, "0.5")
    occupy(building, neighbour, "0.5", valid_from=date(2025, 3, 17))
    read(meter(building, "总1"), "92", by=district.filer)
    # 31 × 0.5 and 15 × 0.5 days: 92 × 31/46 = 62, 92 × 15/46 = 30.
    [division] = shared_meters.of_agency(neighbour.pk, MARCH)
    assert [part.quantity for part in division.parts] == [62, 30]


def test_a_changed_reading_marks_the_difference_at_the_line(district, client, shared):
    main, sub = shared
    read(sub, "0", by=district.filer)
    read(main, "100", by=district.filer)
    report = district.submitted(MARCH, {"110": 100})
    address = ("report-detail", report.agency.key, MARCH)
    assert "与表计一致" in page(client, district.reviewer, *address).content.decode()
    read(main, "110", by=district.filer)
    assert "表计不同：110 kWh" in page(client, district.reviewer, *address).content.decode()
    assert Report.objects.get(pk=report.pk).latest.lines.get(item="110").quantity == 100


def test_an_occupant_reads_its_own_part_and_not_its_neighbours(district, client, building, shared, neighbour):
    for thing, quantity in zip(shared, ("1000", "300"), strict=True):
        read(thing, quantity, by=district.filer)
    filer = user_with(Role.FILER, neighbour)
    text = page(client, filer, "building-month", building.pk, MARCH).content.decode()
    assert "邻居" in text
    assert "其他使用单位" in text
    assert f">{district.institution.name}</th>" not in text
    whole = page(client, district.department_user, "building-month", building.pk, MARCH).content.decode()
    assert "其他使用单位" not in whole
    stranger = user_with(Role.FILER, InstitutionFactory(parent=district.department))
    assert page(client, stranger, "building-month", building.pk, MARCH).status_code == 404


def test_suggestions_cost_the_same_for_one_building_and_for_three(district, neighbour):
    report = Report.objects.with_state().get(pk=district.report(MARCH).pk)
    costs = []
    for number in (1, 2):
        for name in range(number):
            other = Building.objects.create(
                name=f"楼{number}{name}", manager=district.institution, floor_area_m2=9, in_use_from=SINCE
            )
            occupy(other, district.institution, "0.5")
            occupy(other, neighbour, "0.5")
            read(meter(other, "总"), "10", by=district.filer)
            read(meter(other, "水", item="120"), "10", by=district.filer)
        with CaptureQueriesContext(connection) as queries:
            suggestions.beside(report)
        costs.append(len(queries))
    assert costs[0] == costs[1]


# Readings


def test_a_reading_leaves_a_trace_with_before_and_after_and_the_same_again_none(district, building):
    main = meter(building, "总1")
    assert read(main, "100", "60", by=district.filer)
    assert not read(main, "100", "60", by=district.filer)
    assert read(main, "110", "60", by=district.manager)
    values = {"quantity": None, "cost_yuan": None}
    assert register_actions.read(MeterReading, main, MARCH, values, by=district.filer)
    events = Event.objects.filter(verb=Verb.READING).order_by("sequence")
    assert [event.detail for event in events] == [
        "表计 电表 总1：用量 100，费用（元） 60",
        "表计 电表 总1：用量：100.0000 → 110",
        "表计 电表 总1：删除读数",
    ]
    assert {event.month for event in events} == {MARCH}
    assert not MeterReading.objects.exists()


@pytest.mark.parametrize("person", ["department_user", "reviewer", "observer", "auditor", "administrator"])
def test_readings_and_rows_are_for_filers_and_managers(district, building, person):
    by = getattr(district, person)
    with pytest.raises(PermissionDenied):
        read(meter(building, "总1"), "100", by=by)
    with pytest.raises(PermissionDenied):
        register.register_own(room(district.institution), by=by)
    assert not MeterReading.objects.exists()


def test_a_filer_enters_nothing_for_a_neighbour(district, building, neighbour):
    filer = user_with(Role.FILER, neighbour)
    with pytest.raises(PermissionDenied):
        read(meter(building, "总1"), "100", by=filer)


def test_what_does_not_add_up_is_refused_with_a_sentence(district):
    plant = PvPlant.objects.create(
        agency=district.institution, name="屋顶", capacity_kw=10, in_use_from=SINCE
    )
    values = {"generated_kwh": Decimal(10), "self_used_kwh": Decimal(7), "exported_kwh": Decimal(2)}
    with pytest.raises(ValidationError, match="发电量应等于自用与上网之和"):
        register_actions.read(PvReading, plant, MARCH, values, by=district.filer)
    with pytest.raises(ValidationError, match="不能小于IT设备与空调用电之和"):
        read_room(room(district.institution), "100", "70", "31", by=district.filer)


# What the registers suggest


def test_vehicles_rooms_pv_and_piles_prefill_their_items(district):
    own = district.institution
    for plate, energy, retired in (
        ("渝A1", "petrol", None),
        ("渝A2", "diesel", None),
        ("渝A3", "hybrid", None),
        ("渝A4", "petrol", date(2025, 3, 31)),
    ):
        Vehicle.objects.create(
            agency=own, plate=plate, energy=energy, registered_on=SINCE, retired_on=retired
        )
    read_room(room(own, "甲"), "100", "60", "30", by=district.filer)
    read_room(room(own, "乙"), "50", "25", "20", by=district.filer)
    plant = PvPlant.objects.create(agency=own, name="屋顶", capacity_kw="12.5", in_use_from=SINCE)
    values = {"generated_kwh": Decimal(10), "self_used_kwh": Decimal(7), "exported_kwh": Decimal(3)}
    register_actions.read(PvReading, plant, MARCH, values, by=district.filer)
    ChargingStation.objects.create(agency=own, name="车库", piles=4, in_use_from=SINCE)
    found = {known.code: known.quantity for known in registered.of_month(own.pk, MARCH)}
    assert found == {
        "104": 3,
        "1041": 1,
        "1042": 1,
        "1043": 1,
        "200": 2,
        "201": 80,
        "210": 12,
        "220": 60,
        "240": 150,
        "2401": 85,
        "2402": 50,
        "2403": 15,
        "191": Decimal("12.5"),
        "PV": 10,
        "PV1": 7,
        "PV2": 3,
        "106": 4,
    }


def test_a_room_not_yet_read_leaves_the_electricity_unknown(district):
    read_room(room(district.institution, "甲"), "100", "60", by=district.filer)
    assert "2402" not in {known.code for known in registered.of_month(district.institution.pk, MARCH)}
    room(district.institution, "乙")
    assert "240" not in {known.code for known in registered.of_month(district.institution.pk, MARCH)}


def test_pue_takes_twelve_months_or_says_nothing(district):
    own = room(district.institution)
    for month in registered.year_of(MARCH)[1:]:
        read_room(own, "150", "100", by=district.filer, month=month)
    assert registered.pue_of([own], MARCH) == {own.pk: None}
    read_room(own, "250", "100", by=district.filer, month=date(2024, 4, 1))
    # (11 × 150 + 250) ÷ 1200
    assert registered.pue_of([own], MARCH) == {own.pk: Decimal(1900) / Decimal(1200)}


def test_an_item_the_edition_does_not_ask_for_is_not_taken_over(district, client):
    own, since = district.institution, date(2026, 1, 1)
    PvPlant.objects.create(agency=own, name="屋顶", capacity_kw=4, in_use_from=SINCE)
    for month, status in ((MARCH, 404), (date(2023, 3, 1), 200), (since, 404)):
        district.report(month)
        assert page(client, district.filer, "suggestion-detail", own.key, month, "191").status_code == status
