"""The register read for the areas: its dates, its managers, and one query for all."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies import occupied
from tests.factories import BuildingFactory, BureauFactory, InstitutionFactory, OccupancyFactory

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MARCH = date(2025, 3, 1)


def area(agency, month=MARCH):
    return occupied.by([agency.pk]).area(agency.pk, month)


def test_own_and_shared_buildings_stand_apart():
    agency, bureau = InstitutionFactory(), BureauFactory()
    own = BuildingFactory(manager=agency, floor_area_m2=Decimal("800.50"))
    shared = BuildingFactory(manager=bureau, floor_area_m2=Decimal(2000))
    OccupancyFactory(building=own)
    OccupancyFactory(building=shared, agency=agency, share=Decimal("0.1"))
    found = area(agency)
    assert (found.own_m2, found.shared_m2, found.area_m2) == (
        Decimal("800.50"),
        Decimal(200),
        Decimal("1000.50"),
    )
    assert [(part.building, part.manager, part.is_own) for part in found.parts] == [
        (own.name, agency.name, True),
        (shared.name, bureau.name, False),
    ]


def test_the_building_must_be_in_use_and_the_share_occupied():
    building = BuildingFactory(floor_area_m2=310, in_use_from=date(2025, 3, 11), in_use_to=date(2025, 3, 30))
    OccupancyFactory(building=building, valid_from=date(2025, 3, 1), valid_to=date(2025, 3, 15))
    OccupancyFactory(building=building, valid_from=date(2025, 3, 21), share=Decimal("0.5"))
    parts = area(building.manager).parts
    assert [(part.days, part.area_m2) for part in parts] == [(5, 50), (10, 50)]
    assert area(building.manager, date(2025, 4, 1)) is None


def test_the_cents_left_over_are_shared_out_among_all_occupants_whoever_is_asked_about():
    building = BuildingFactory(floor_area_m2=100, manager=BureauFactory())
    thirds = [
        OccupancyFactory(building=building, agency=InstitutionFactory(), share=Decimal(share)).agency
        for share in ("0.333333", "0.333333", "0.333334")
    ]
    assert [area(agency).area_m2 for agency in thirds] == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]


def test_who_occupies_nothing_has_no_area_even_of_the_building_it_manages():
    building = BuildingFactory()
    assert area(building.manager) is None


def test_one_query_reads_any_number_of_agencies_and_months():
    counts = []
    agencies = []
    for _ in range(2):
        agencies += [OccupancyFactory().agency for _ in range(3)]
        with CaptureQueriesContext(connection) as queries:
            register = occupied.by([agency.pk for agency in agencies])
            for agency in agencies:
                for month in range(1, 13):
                    assert register.area(agency.pk, date(2025, month, 1)).area_m2 == 1000
        counts.append(len(queries))
    assert counts == [1, 1]
