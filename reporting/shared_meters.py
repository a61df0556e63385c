"""The edge between buildings' meters and the division among occupants: what falls on an agency in a month.

A suggestion, never a line by itself: docs/adr/0012-documents-and-meters-suggest.md.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Prefetch, Q

from agencies.models import Agency, Building, Occupancy

from . import calendar
from .apportion import decimals_of
from .models import Item, Meter, MeterReading
from .sharing import Occupant, Part, divide, rest_weights, whole_cost


@dataclass(frozen=True)
class Division:
    """A building's month of one item; `fault` says why it cannot be divided yet, then there are no parts."""

    building: Building
    item: Item
    total: Decimal | None
    cost_yuan: Decimal | None
    occupants: list[Occupant]
    agencies: dict[int, Agency]
    parts: list[Part]
    fault: str

    @property
    def rows(self):
        """(agency, occupant, part) for each occupant, once divided."""
        return [
            (self.agencies[part.key], occupant, part)
            for occupant, part in zip(self.occupants, self.parts, strict=bool(self.parts))
        ]

    def part_of(self, agency_id):
        return next((part for part in self.parts if part.key == agency_id), None)

    def working(self, agency_id):
        """The agency's part as a formula in words."""
        part, unit = self.part_of(agency_id), self.item.unit
        own = f"本单位分表 {_plain(part.sub_metered)} {unit}" if part.sub_metered else ""
        weights = dict(zip((each.key for each in self.occupants), rest_weights(self.occupants), strict=True))
        if not weights[agency_id]:
            return own or "没有用量"
        rest = sum((each.of_the_rest for each in self.parts), Decimal(0))
        deducted = "" if rest == self.total else f"，扣除分表后 {_plain(rest)} {unit}"
        share, whole = _rounded(weights[agency_id]), _rounded(sum(weights.values()))
        words = f"总表 {_plain(self.total)} {unit}{deducted} × 面积占比·天 {share} ÷ {whole}"
        return f"{words} + {own}" if own else words


def of_agency(agency_id, month):
    """The Divisions in which the agency has a part: four queries however many buildings."""
    last_day = calendar.first_of_next(month) - timedelta(days=1)
    shared = Q(occupancies__in=_occupancies(month, last_day).filter(agency=agency_id))
    metered = Q(meters__in=Meter.objects.in_use_in(month, last_day).filter(occupant=agency_id))
    found = of_buildings(Building.objects.filter(shared | metered).distinct(), month)
    return [division for division in found if division.fault or division.part_of(agency_id)]


def of_buildings(buildings, month):
    """The Divisions of every item that the buildings have meters for."""
    last_day = calendar.first_of_next(month) - timedelta(days=1)
    meters = Meter.objects.in_use_in(month, last_day).select_related("item", "occupant")
    readings = MeterReading.objects.filter(month=month)
    occupancies = _occupancies(month, last_day).select_related("agency")
    loaded = buildings.prefetch_related(
        Prefetch("meters", meters.prefetch_related(Prefetch("readings", readings))),
        Prefetch("occupancies", occupancies),
    )
    return [
        _division(building, item_meters, month, last_day)
        for building in loaded
        for item_meters in _by_item(building.meters.all())
    ]


def _occupancies(month, last_day):
    return Occupancy.objects.filter(valid_from__lte=last_day).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=month)
    )


def _by_item(meters):
    found = defaultdict(list)
    for meter in meters:
        found[meter.item_id].append(meter)
    return list(found.values())


def _division(building, meters, month, last_day):
    readings = {meter: next(iter(meter.readings.all()), None) for meter in meters}
    subs = _sub_metered(readings)
    occupants, agencies = _occupants(building, readings, subs, month, last_day)
    item = meters[0].item
    unread = [str(meter) for meter, reading in readings.items() if reading is None]
    fault = f"{'、'.join(unread)}本月还没有读数" if unread else ""
    total, cost_yuan = (None, None) if fault else _total(readings, subs)
    parts = []
    if not fault:
        places = decimals_of(total, max(item.decimals, *(decimals_of(sub) for sub in subs.values()), 0))
        try:
            parts = divide(total, cost_yuan, occupants, places)
        except ValueError:
            over = sum(subs.values()) > total
            fault = "分表读数之和大于总表，请核对读数" if over else "建筑本月没有使用单位，无法分摊"
    return Division(building, item, total, cost_yuan, occupants, agencies, parts, fault)


def _sub_metered(readings):
    """Agency id → what its sub-meters read; those not yet read count as nothing here, and are named as the fault."""
    found = defaultdict(Decimal)
    for meter, reading in readings.items():
        if not meter.is_main:
            found[meter.occupant_id] += reading.quantity if reading else 0
    return dict(found)


def _total(readings, subs):
    """(quantity, cost) of the main meters; a building that has only sub-meters is their sum."""
    main = [reading for meter, reading in readings.items() if meter.is_main]
    quantity = sum((reading.quantity for reading in main), Decimal(0)) if main else sum(subs.values())
    return quantity, whole_cost(reading.cost_yuan for reading in main or readings.values())


def _occupants(building, readings, subs, month, last_day):
    agencies, share_days = {}, defaultdict(Fraction)
    for occupancy in building.occupancies.all():
        agencies[occupancy.agency_id] = occupancy.agency
        share_days[occupancy.agency_id] += Fraction(occupancy.share) * _days(occupancy, month, last_day)
    for meter in readings:
        if not meter.is_main:
            agencies[meter.occupant_id] = meter.occupant
    ordered = sorted(agencies, key=lambda key: agencies[key].path)
    return [Occupant(key, share_days[key], subs.get(key)) for key in ordered], agencies


def _days(occupancy, month: date, last_day: date):
    first, last = max(occupancy.valid_from, month), min(occupancy.valid_to or last_day, last_day)
    return (last - first).days + 1


def _rounded(fraction):
    return f"{Decimal(fraction.numerator) / fraction.denominator:.2f}"


def _plain(number):
    return f"{number.normalize():f}"
