"""Why carbon counts as peaked or not: the tests by hand, equal to what is stored, on both bases."""

import json
import math

import pytest
from django.urls import reverse

from agencies.access import Role
from targets import forecasting, refresh
from targets.lineage import explain_peak, find_agency
from targets.models import PeakResult, PeakStatus
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
KWH = {2021: 1200, 2022: 1150, 2023: 1100}
FROZEN, OWN = 0.4743, {2021: 0.4743, 2022: 0.5227, 2023: 0.5581}


@pytest.fixture
def fallen(district):
    """Three years that fall on the frozen factor and rise on their own ones; of 2024 a quarter."""
    fill(district.institution)
    compute()
    return district


def fill(agency):
    for year, kwh in KWH.items():
        settle(agency, year, kwh=kwh)
    settle(agency, 2024, range(1, 4), kwh=9000)


def compute():
    refresh.refresh_all()
    forecasting.forecast_all()


def of(district, agency):
    kind = "institution" if agency.kind == "institution" else "node"
    return explain_peak(find_agency(district.manager, kind, agency.key), {})


def address(agency, page="why"):
    kind = "institution" if agency.kind == "institution" else "node"
    return reverse(f"targets:{page}-peak", args=[kind, agency.key])


def test_the_totals_of_whole_years_are_given_with_their_grid_factors(fallen):
    target, inventory = of(fallen, fallen.institution).tests
    assert [each.kg_co2 for each in target.years] == [
        *(pytest.approx(12 * kwh * FROZEN) for kwh in KWH.values()),
        None,
    ]
    assert [each.kg_co2 for each in inventory.years[:3]] == pytest.approx(
        [12 * kwh * OWN[year] for year, kwh in KWH.items()]
    )
    assert [(each.year, each.is_whole, each.is_peak) for each in target.years] == [
        (2021, True, True),
        (2022, True, False),
        (2023, True, False),
        (2024, False, False),
    ]
    assert {each.grid_year for each in target.years} == {2021}
    assert [float(each.grid_factor) for each in inventory.years[:3]] == list(OWN.values())


def test_mann_kendall_and_sen_are_worked_out_from_them(fallen):
    """Three falls: S = −3, the variance of three is 3 · 2 · 11 ÷ 18, Z = −2 ÷ √(11 ÷ 3)."""
    test = of(fallen, fallen.institution).tests[0]
    z = -2 / math.sqrt(11 / 3)
    assert (test.kendall_s, test.kendall_variance) == (-3, pytest.approx(11 / 3))
    assert (test.kendall_z, test.kendall_p) == pytest.approx((z, math.erfc(-z / math.sqrt(2))))
    fall = -50 * 12 * FROZEN
    assert [each.value for each in test.slopes] == pytest.approx([fall] * 3)
    assert test.sen_slope == pytest.approx(fall)
    assert test.trend.value == pytest.approx((1100 - 1200) / 2 / 1150)


def test_the_median_of_an_even_number_of_slopes_lies_between_two(district):
    for year, kwh in ((2020, 1000), (2021, 1300), (2022, 1200), (2023, 1250)):
        settle(district.institution, year, kwh=kwh)
    compute()
    test = of(district, district.institution).tests[0]
    unit = 12 * FROZEN
    slopes = [-100, -25, 50, 250 / 3, 100, 300]
    assert [each.value / unit for each in test.slopes] == pytest.approx(slopes)
    assert [each.is_median for each in test.slopes] == [False, False, True, True, False, False]
    assert test.sen_slope == pytest.approx(unit * (50 + 250 / 3) / 2)


def test_the_rule_says_what_decided_on_each_basis(fallen):
    target, inventory = of(fallen, fallen.institution).tests
    assert (target.status, target.peak_year, target.years_after_peak) == (PeakStatus.PEAKED, 2021, 2)
    assert "逐年下降" in target.rule
    assert (inventory.status, inventory.peak_year) == (PeakStatus.RISING, 2023)
    assert "上升超过 1 %" in inventory.rule


def test_every_stored_test_is_made_of_the_numbers_given(fallen):
    for agency, deadline in ((fallen.institution, 2025), (fallen.department, 2030), (fallen.bureau, 2030)):
        lineage = of(fallen, agency)
        assert (lineage.is_reproduced, lineage.deadline) == (True, deadline)
        for test, row in zip(lineage.tests, agency.peak_results.all(), strict=True):
            assert (test.status, test.sen_slope) == (row.status, pytest.approx(row.sen_slope))


def test_what_is_not_made_any_more_is_named(client, fallen):
    PeakResult.objects.filter(basis="target").update(sen_slope=1.0, status=PeakStatus.RISING)
    target, inventory = of(fallen, fallen.institution).tests
    assert [each.name for each in target.differences] == ["Sen 斜率", "状态"]
    assert inventory.is_reproduced
    assert "后台任务重新判定后自动一致" in text(client, fallen.manager, address(fallen.institution))


def test_too_few_years_say_so(client, district):
    settle(district.institution, 2024)
    compute()
    test = of(district, district.institution).tests[0]
    assert (test.status, test.kendall_s, test.trend, test.slopes) == (PeakStatus.TOO_SHORT, None, None, [])
    assert test.is_reproduced
    assert "最近没有连续三个全年，看不出趋势" in text(client, district.manager, address(district.institution))


def test_the_page_gives_both_bases_their_section(client, fallen):
    html = squeezed(text(client, fallen.manager, address(fallen.institution)))
    for words in (
        '<section class="panel" id="target">',
        '<section class="panel" id="inventory">',
        "S = −3；3 个全年的方差 3.6667",
        "Z =（S ∓ 1）÷ √方差 = −1.0445",
        "未满全年，不计",
    ):
        assert words in html
    assert of(fallen, fallen.institution).tests[0].years[0].href in text(
        client, fallen.manager, address(fallen.institution)
    )


def test_the_table_of_peaks_leads_there(client, fallen):
    for page, agency in (
        (reverse("targets:institution-detail", args=[fallen.institution.key]), fallen.institution),
        (reverse("targets:system-detail", args=[fallen.department.key]), fallen.department),
    ):
        html = text(client, fallen.manager, page)
        for part in ("target", "inventory"):
            assert f'href="{address(agency)}#{part}"' in html, (page, part)


def test_the_api_says_what_the_page_says(client, fallen):
    client.force_login(fallen.manager)
    stated = client.get(address(fallen.bureau, "api-lineage")).json()
    test = of(fallen, fallen.bureau).tests[0]
    assert stated["tests"][0]["kendall_p"] == str(test.kendall_p)
    assert stated["tests"][0]["years"][0]["kg_co2"] == str(test.years[0].kg_co2)
    assert stated["is_reproduced"]
    assert json.dumps(stated)


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_explained_and_no_strangers(client, fallen, role):
    school = InstitutionFactory(parent=DepartmentFactory(parent=fallen.bureau))
    settle(school, 2023)
    compute()
    places = {Role.FILER: fallen.institution, Role.DEPARTMENT: fallen.department}
    client.force_login(user_with(role, places.get(role, fallen.bureau)))
    sees = role not in (Role.AUDITOR, Role.ADMINISTRATOR)
    status = 403 if not sees else 404 if role in places else 200
    for page in ("why", "api-lineage"):
        assert client.get(address(fallen.institution, page)).status_code == (200 if sees else 403)
        assert client.get(address(school, page)).status_code == status


def test_what_is_asked_in_vain_is_not_there(client, fallen):
    client.force_login(fallen.manager)
    for asked in (
        address(InstitutionFactory(parent=fallen.department)),
        address(fallen.institution) + "?rules=none",
        reverse("targets:why-peak", args=["street", "解放碑"]),
    ):
        assert client.get(asked).status_code == 404, asked


def test_more_institutions_cost_no_more_queries(client, fallen):
    client.force_login(fallen.manager)
    addresses = [address(fallen.bureau), address(fallen.institution)]
    before = [cost(client, each) for each in addresses]
    for _ in range(2):
        fill(InstitutionFactory(parent=fallen.department))
    compute()
    assert [cost(client, each) for each in addresses] == before
