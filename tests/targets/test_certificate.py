"""The year of an institution on one page: its figures as everywhere else, and beside what was sealed of them."""

from datetime import date

import pytest

from reporting import actions
from reporting.models import Report
from targets import cards, certificate, institution_page, publications, refresh
from targets.models import Indicator

from . import pages

pytestmark = pytest.mark.django_db


def sealed(district):
    rule_set = cards.RuleSets().chosen
    rows = institution_page.under(institution_page.all_figures(district.institution), rule_set)
    return certificate.sealed(district.institution, 2025, rule_set, rows.get(2025))


def address(district, year=2025):
    return f"/institutions/{district.institution.key}/{year}/certificate/"


def test_the_figures_of_the_year_stand_with_their_totals(two_years, client):
    html = pages.squeezed(pages.text(client, two_years.filer, address(two_years)))
    # 940 kWh a month: 12 × 940 × 0.1229 = 1 386.312 kgce on 100 m², six percent less than in 2020.
    assert "13.86" in html
    assert "−6.00 %" in html
    assert '1.39 <span class="unit">tce</span>' in html
    assert "该年度未封存发布" in html


def test_a_sealed_year_is_named_with_its_hash(two_years, client):
    publication = publications.seal("year", 2025, 1, by=two_years.manager)
    html = pages.text(client, two_years.filer, address(two_years))
    assert publication.content_hash in html
    assert "以上指标与封存值相同" in html
    assert not sealed(two_years).has_changed


def test_what_is_another_number_now_stands_beside_the_sealed_one(two_years, client):
    publications.seal("year", 2025, 1, by=two_years.manager)
    report = Report.objects.get(agency=two_years.institution, period__month=date(2025, 3, 1))
    actions.open_correction(report, by=two_years.filer, reason="电表倍率更正")
    two_years.approved(date(2025, 3, 1), {"110": 1940, "120": 5, "102": 100, "103": 10})
    refresh.refresh_all()
    found = {each: (then, now, is_same) for each, then, now, is_same in sealed(two_years).figures}
    # 1 000 kWh more: 122.9 kgce on 100 m².
    assert found[Indicator.ENERGY_PER_AREA] == (
        pytest.approx(13.86312),
        pytest.approx(13.86312 + 1.229),
        False,
    )
    assert found[Indicator.WATER_PER_PERSON][2]
    html = pages.squeezed(pages.text(client, two_years.filer, address(two_years)))
    assert "封存 13.8631，现为 15.0921" in html


def test_the_last_edition_counts(two_years):
    for _ in range(2):
        last = publications.seal("year", 2025, 1, by=two_years.manager)
    assert sealed(two_years).publication == last


def test_a_year_without_figures_has_no_certificate(two_years, client):
    client.force_login(two_years.manager)
    assert client.get(address(two_years, 2023)).status_code == 404


def test_a_strangers_certificate_is_not_found(two_years, client):
    stranger = type(two_years)()
    client.force_login(stranger.filer)
    assert client.get(address(two_years)).status_code == 404


def test_the_page_asks_for_little(two_years, client):
    publications.seal("year", 2025, 1, by=two_years.manager)
    client.force_login(two_years.filer)
    assert pages.cost(client, address(two_years)) <= 12
