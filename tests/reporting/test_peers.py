"""How a month lies among its type: quartiles by hand, who counts, and what a page says where too few do."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from agencies.models import AgencyType
from reporting import peers, tasks
from reporting.models import PeerQuartiles
from reporting.models.peers import Measure
from reporting.sheet import Sheet
from tests.factories import InstitutionFactory, user_with

pytestmark = pytest.mark.django_db

MARCH, LAST_MARCH, LAST_APRIL = date(2025, 3, 1), date(2024, 3, 1), date(2024, 4, 1)


def approve_peers(district, month, kwh_per_m2, type_code=AgencyType.ORGAN):
    """Institutions of 100 m² and 10 persons, with these kWh/m² and twice as many m³ of water as persons."""
    for value in kwh_per_m2:
        agency = InstitutionFactory(parent=district.department, type_code=type_code)
        quantities = {"110": value * 100, "102": 100, "120": 20, "103": 10}
        district.approved(month, quantities, agency=agency, by=user_with(Role.FILER, agency))


def beside(report):
    sheet = Sheet(report, report.latest)
    return sheet.peers


def test_quartiles_are_those_of_the_approved_months_of_the_type(district):
    approve_peers(district, LAST_MARCH, [1, 2, 3, 4, 10])
    approve_peers(district, LAST_MARCH, [100], type_code=AgencyType.HEALTH)
    tasks.refresh_peers()
    row = PeerQuartiles.objects.get(measure=Measure.ELECTRICITY_PER_AREA)
    assert (row.type_code, row.month, row.institutions) == ("01", LAST_MARCH, 5)
    assert (row.low, row.median, row.high) == (2.0, 3.0, 4.0)
    water = PeerQuartiles.objects.get(measure=Measure.WATER_PER_PERSON)
    assert (water.low, water.median, water.high) == (2.0, 2.0, 2.0)


def test_what_waits_counts_for_nobody(district):
    approve_peers(district, LAST_MARCH, [1, 2, 3, 4])
    agency = InstitutionFactory(parent=district.department)
    district.submitted(LAST_MARCH, {"110": 500, "102": 100}, agency=agency, by=user_with(Role.FILER, agency))
    assert peers.refresh(2024) == 0


def test_making_them_anew_changes_nothing(district):
    approve_peers(district, LAST_MARCH, [1, 2, 3, 4, 10])
    assert (peers.refresh_newest(), peers.refresh_newest()) == (2, 2)
    assert PeerQuartiles.objects.count() == 2


def test_the_same_month_of_last_year_is_chosen_before_a_newer_one(district):
    approve_peers(district, LAST_MARCH, [1, 2, 3, 4, 10])
    approve_peers(district, LAST_APRIL, [5, 5, 5, 5, 5])
    peers.refresh_newest()
    report = district.submitted(MARCH, {"110": 900, "102": 100, "120": 30, "103": 10})
    found = beside(report)
    assert (found["110"].value, found["110"].quartiles.month, found["110"].quartiles.median) == (
        9.0,
        LAST_MARCH,
        3.0,
    )
    assert (found["120"].value, found["120"].unit) == (3.0, "m³/人")
    PeerQuartiles.objects.filter(month=LAST_MARCH).delete()
    assert beside(report)["110"].quartiles.month == LAST_APRIL


def test_fewer_than_five_are_said_so_and_an_unknown_value_stays_unknown(district):
    report = district.submitted(MARCH, {"110": 900})
    found = beside(report)
    assert (found["110"].value, found["110"].quartiles) == (None, None)
    assert str(found["102"].band.low) == "3.6733"


def test_the_report_shows_band_and_peers_at_no_more_queries_for_more_peers(district, client):
    approve_peers(district, LAST_MARCH, [1, 2, 3, 4, 10])
    peers.refresh_newest()
    district.approved(LAST_MARCH, {"110": 800, "102": 100, "120": 20, "103": 10})
    report = district.submitted(MARCH, {"110": 900, "102": 100, "120": 20, "103": 10})
    client.force_login(district.reviewer)
    address = reverse("reporting:report-detail", args=(report.agency.key, MARCH))
    page = " ".join(client.get(address).content.decode().split())
    assert "同类 5 家（2024年3月）中位 3.00，一半在 2.00—4.00" in page
    # Electricity is asked about beyond 30 %, but not below 800 kWh of change.
    assert "0—1,600" in page
    assert "全年 3.67—33.06 kgce/m²" in page
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    asked = [query for query in captured if "peerquartiles" in query["sql"]]
    assert len(asked) == 1


def test_without_peers_the_report_says_so(district, client):
    report = district.submitted(MARCH, {"110": 900, "102": 100})
    client.force_login(district.reviewer)
    address = reverse("reporting:report-detail", args=(report.agency.key, MARCH))
    assert "同类不足5家" in client.get(address).content.decode()
