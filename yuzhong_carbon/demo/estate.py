"""Buildings, vehicles and electricity accounts of the demo district."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from agencies.models import Agency, AgencyKind, Building, ElectricityAccount, Occupancy, Vehicle

from . import usage

SINCE = date(2015, 1, 1)
# By their place in the register: who has all its rooms in the first shared building, who has some in the second,
# who moves into the second in the middle of a month, and whose filed area is not the register's.
SHARING = (0, 1, 2, 3)
PARTLY_SHARING = (10, 11)
MOVING = 8
OUT_OF_DATE = 7
MOVED_ON = date(2025, 11, 17)
SHARED_PART, MOVED_SIZE, SURVEYED_SIZE = Decimal("0.4"), Decimal("0.94"), Decimal("0.95")
SHARE_STEP, WHOLE_M2 = Decimal("0.000001"), Decimal(1)


@dataclass(frozen=True)
class Rooms:
    """The area that an institution has in a building, and since when."""

    agency: Agency
    area_m2: Decimal
    since: date = SINCE


def fill(institutions):
    """One building an institution; some share two buildings of the bureau's whose shares add up to one."""
    agencies = {agency.key: agency for agency in Agency.objects.all()}
    shapes = [(agencies[each.key], usage.shape_of(each, number)) for number, each in enumerate(institutions)]
    bureau = next(agency for agency in agencies.values() if agency.kind == AgencyKind.BUREAU)
    areas = {number: Decimal(str(shape.area_m2)) for number, (_, shape) in enumerate(shapes)}
    first = [Rooms(shapes[number][0], areas[number]) for number in SHARING if number in areas]
    _share("示例集中办公区一号楼", bureau, first)
    _share("示例集中办公区二号楼", bureau, [*_second(shapes, areas)])
    alone = [
        _building(agency, _own_area(number, areas[number]), MOVED_ON if number == MOVING else None)
        for number, (agency, _) in enumerate(shapes)
        if number not in SHARING
    ]
    Occupancy.objects.bulk_create([_whole(building) for building in Building.objects.bulk_create(alone)])
    Vehicle.objects.bulk_create([car for agency, shape in shapes for car in _cars(agency, shape)])
    ElectricityAccount.objects.bulk_create(
        [ElectricityAccount(agency=agency, number=f"31{agency.pk:011d}") for agency, _ in shapes]
    )


def _second(shapes, areas):
    """Two have part of their rooms in the second building; somewhat less room there waits for the one who moves in."""
    for number in PARTLY_SHARING:
        if number in areas:
            yield Rooms(shapes[number][0], areas[number] - _own_area(number, areas[number]))
    if MOVING in areas:
        yield Rooms(shapes[MOVING][0], (areas[MOVING] * MOVED_SIZE).quantize(WHOLE_M2), MOVED_ON)


def _own_area(number, area_m2):
    size = {OUT_OF_DATE: SURVEYED_SIZE} | dict.fromkeys(PARTLY_SHARING, 1 - SHARED_PART)
    return (area_m2 * size.get(number, 1)).quantize(WHOLE_M2)


def _building(agency, area_m2, left_on):
    """left_on: the day on which nobody uses it any more, or None."""
    return Building(
        name=f"{agency.name}主楼",
        manager=agency,
        floor_area_m2=area_m2,
        built_year=1998,
        in_use_from=SINCE,
        in_use_to=left_on and left_on - timedelta(days=1),
    )


def _whole(building):
    return Occupancy(
        building=building,
        agency=building.manager,
        share=1,
        valid_from=SINCE,
        valid_to=building.in_use_to,
    )


def _share(name, manager, rooms):
    if not rooms:
        return
    total = sum(each.area_m2 for each in rooms)
    building = Building.objects.create(
        name=name, manager=manager, floor_area_m2=total, built_year=2006, in_use_from=SINCE
    )
    shares = [(each.area_m2 / total).quantize(SHARE_STEP) for each in rooms[:-1]]
    shares.append(1 - sum(shares))
    Occupancy.objects.bulk_create(
        [
            Occupancy(building=building, agency=each.agency, share=share, valid_from=each.since)
            for each, share in zip(rooms, shares, strict=True)
        ]
    )


def _cars(agency, shape):
    """As many as the newest month states; the electric ones came last."""
    energies = ["diesel"] * shape.diesel_cars + ["petrol"] * shape.cars
    electric = min(shape.cars - shape.diesel_cars, 1)
    for number in range(shape.cars):
        is_electric = number >= shape.cars - electric
        yield Vehicle(
            agency=agency,
            plate=f"演{agency.pk:05d}{number:02d}",
            energy="electric" if is_electric else energies[number],
            registered_on=date(2024, 1, 1) if is_electric else SINCE,
        )
