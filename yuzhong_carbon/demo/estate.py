"""Buildings, vehicles and electricity accounts of the demo district."""

from datetime import date
from decimal import Decimal

from agencies.models import Agency, AgencyKind, Building, ElectricityAccount, Occupancy, Vehicle

from . import usage

SINCE = date(2015, 1, 1)
SHARING = 4


def fill(institutions):
    """One building an institution; the first few share a 集中办公区 whose shares add up to one."""
    agencies = {agency.key: agency for agency in Agency.objects.all()}
    shapes = [(agencies[each.key], usage.shape_of(each, number)) for number, each in enumerate(institutions)]
    sharing, alone = shapes[:SHARING], shapes[SHARING:]
    _shared_building(agencies, sharing)
    buildings = Building.objects.bulk_create([_building(agency, shape) for agency, shape in alone])
    Occupancy.objects.bulk_create(
        [Occupancy(building=each, agency=each.manager, share=1, valid_from=SINCE) for each in buildings]
    )
    Vehicle.objects.bulk_create([car for agency, shape in shapes for car in _cars(agency, shape)])
    ElectricityAccount.objects.bulk_create(
        [ElectricityAccount(agency=agency, number=f"31{agency.pk:011d}") for agency, _ in shapes]
    )


def _building(agency, shape):
    area_m2 = Decimal(str(shape.area_m2))
    return Building(
        name=f"{agency.name}主楼", manager=agency, floor_area_m2=area_m2, built_year=1998, in_use_from=SINCE
    )


def _shared_building(agencies, sharing):
    bureau = next(agency for agency in agencies.values() if agency.kind == AgencyKind.BUREAU)
    total = sum(Decimal(str(shape.area_m2)) for _, shape in sharing)
    building = Building.objects.create(
        name="示例集中办公区一号楼", manager=bureau, floor_area_m2=total, built_year=2006, in_use_from=SINCE
    )
    shares = [
        (Decimal(str(shape.area_m2)) / total).quantize(Decimal("0.000001")) for _, shape in sharing[:-1]
    ]
    shares.append(1 - sum(shares))
    Occupancy.objects.bulk_create(
        [
            Occupancy(building=building, agency=agency, share=share, valid_from=SINCE)
            for (agency, _), share in zip(sharing, shares, strict=True)
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
