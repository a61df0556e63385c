"""What an agency's registers say of a month's items: vehicles, data rooms, PV plants and charging piles."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Prefetch, Q

from agencies.models import ChargingStation, DataRoom, PvPlant, Vehicle

from . import calendar
from .models import ChargingReading, PvReading, RoomReading
from .sharing import pue

YEAR = 12
ELECTRIC = (Vehicle.Energy.ELECTRIC, Vehicle.Energy.HYBRID)


@dataclass(frozen=True)
class Known:
    """A number that a register gives for an item, and how it was worked out."""

    code: str
    quantity: Decimal
    working: str


def of_month(agency_id, month):
    """The Knowns of an agency's month; an item of which a reading lacks is not among them. Eight queries."""
    last_day = calendar.first_of_next(month) - timedelta(days=1)
    return [
        *_vehicles(agency_id, last_day),
        *_rooms(agency_id, month, last_day),
        *_pv(agency_id, month, last_day),
        *_piles(agency_id, last_day),
    ]


def _vehicles(agency_id, last_day):
    """Cars in service on the last day of the month; plug-in hybrids count as new-energy vehicles."""
    in_service = Vehicle.objects.filter(agency=agency_id, registered_on__lte=last_day).filter(
        Q(retired_on__isnull=True) | Q(retired_on__gt=last_day)
    )
    counted = Counter(in_service.values_list("energy", flat=True))
    if not counted:
        return
    words = f"{last_day:%Y-%m-%d} 在用"
    kinds = {
        "104": counted.total(),
        "1041": counted[Vehicle.Energy.PETROL],
        "1042": counted[Vehicle.Energy.DIESEL],
        "1043": sum(counted[energy] for energy in ELECTRIC),
    }
    for code, count in kinds.items():
        yield Known(code, Decimal(count), f"{words} {count} 辆")


def _rooms(agency_id, month, last_day):
    readings = RoomReading.objects.filter(month=month)
    rooms = DataRoom.objects.filter(agency=agency_id).in_use_in(month, last_day)
    rooms = list(rooms.prefetch_related(Prefetch("readings", readings)))
    if not rooms:
        return
    words = f"{len(rooms)} 个机房合计"
    yield Known("200", Decimal(len(rooms)), f"在用机房 {len(rooms)} 个")
    yield Known("201", sum(room.area_m2 for room in rooms), words)
    yield Known("210", Decimal(sum(room.racks for room in rooms)), words)
    yield Known("220", sum(room.installed_kw for room in rooms), words)
    yield from _room_electricity([next(iter(room.readings.all()), None) for room in rooms], words)


def _room_electricity(readings, words):
    if None in readings:
        return
    total, it_kwh = sum(each.total_kwh for each in readings), sum(each.it_kwh for each in readings)
    yield Known("240", total, words)
    yield Known("2401", it_kwh, words)
    if all(each.cooling_kwh is not None for each in readings):
        cooling = sum(each.cooling_kwh for each in readings)
        yield Known("2402", cooling, words)
        yield Known("2403", total - it_kwh - cooling, f"{words}：总用电减IT设备与空调")


def _pv(agency_id, month, last_day):
    readings = PvReading.objects.filter(month=month)
    plants = PvPlant.objects.filter(agency=agency_id).in_use_in(month, last_day)
    plants = list(plants.prefetch_related(Prefetch("readings", readings)))
    if not plants:
        return
    yield Known("191", sum(plant.capacity_kw for plant in plants), f"{len(plants)} 处光伏合计")
    found = [next(iter(plant.readings.all()), None) for plant in plants]
    if None not in found:
        for code, field in (("PV", "generated_kwh"), ("PV1", "self_used_kwh"), ("PV2", "exported_kwh")):
            yield Known(code, sum(getattr(each, field) for each in found), f"{len(found)} 处光伏合计")


def _piles(agency_id, last_day):
    stations = list(ChargingStation.objects.filter(agency=agency_id).in_use_in(last_day, last_day))
    if stations:
        yield Known("106", Decimal(sum(each.piles for each in stations)), f"{len(stations)} 处充电设施合计")


def year_of(month: date) -> list[date]:
    """The twelve months that end with this one."""
    months = [month]
    while len(months) < YEAR:
        months.insert(0, calendar.first_of_previous(months[0]))
    return months


def pue_of(rooms, month):
    """Room id → PUE over the twelve months that end with this one; None where a month lacks. One query."""
    months = year_of(month)
    rows = RoomReading.objects.filter(room__in=rooms, month__in=months)
    found = {(row.room_id, row.month): (row.total_kwh, row.it_kwh) for row in rows}
    return {room.pk: pue([found.get((room.pk, each)) for each in months]) for room in rooms}


def charged_kwh(stations, month):
    """Charging kWh over the twelve months that end with this one, as far as it was read; None where nothing was."""
    rows = ChargingReading.objects.filter(station__in=stations, month__in=year_of(month))
    read = [row.kwh for row in rows]
    return sum(read) if read else None
