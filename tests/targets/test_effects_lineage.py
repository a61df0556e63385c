"""Why an effect is what it is: by hand, adding up to the change, equal to what is stored, for page and API alike."""

import json
import math
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from agencies.models import AgencyType
from targets import explaining, refresh
from targets.lineage import explain_effects, find_agency
from targets.models import Decomposition, Figure, GroupFigure, Quantity
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
KGCE, KG_CO2 = 0.1229, 0.4743


@pytest.fixture
def grown(district):
    """10 % more electricity on 20 % more area, and in January gas that was not there before; beside it a school."""
    settle(district.institution, 2020, kwh=1000, area=100)
    settle(district.institution, 2025, range(2, 13), kwh=1100, area=120)
    january = {"110": 1100, "140": 50, "120": 5, "102": 120, "103": 10}
    district.approved(date(2025, 1, 1), january)
    district.school = InstitutionFactory(
        parent=DepartmentFactory(parent=district.bureau), type_code=AgencyType.EDUCATION
    )
    settle(district.school, 2020, kwh=3000, area=200)
    settle(district.school, 2025, kwh=2700, area=220)
    compute()
    return district


def compute():
    refresh.refresh_all()
    explaining.explain_all()


def of(district, agency, quantity=Quantity.ENERGY, year=2025):
    kind = "institution" if agency.kind == "institution" else "node"
    owner = find_agency(district.manager, kind, agency.key)
    return explain_effects(owner, year, quantity, {})


def address(agency, quantity="energy", page="why", year=2025):
    kind = "institution" if agency.kind == "institution" else "node"
    return reverse(f"targets:{page}-effects", args=[kind, agency.key, year, quantity])


def by_name(lineage):
    return {effect.slug: effect for effect in lineage.effects}


def test_size_and_intensity_are_the_log_mean_times_their_growth(grown):
    lineage = of(grown, grown.institution, Quantity.CARBON)
    electricity = by_name(lineage)["size"].terms[0]
    before, after = 12 * 1000 * KG_CO2, 12 * 1100 * KG_CO2
    log_mean = (after - before) / math.log(after / before)
    assert (electricity.type_name, electricity.carrier_name) == ("国家机关", "电力")
    assert (electricity.before, electricity.after) == (100.0, 120.0)
    assert (electricity.growth, electricity.log_mean) == pytest.approx((math.log(1.2), log_mean))
    assert electricity.effect == pytest.approx(log_mean * math.log(1.2))
    assert (lineage.institutions, lineage.activity) == ((1.0, 1.0), (100.0, 120.0))


def test_a_carrier_that_was_not_there_is_taken_whole(grown):
    gas = next(
        term
        for term in by_name(of(grown, grown.institution))["fuel_mix"].terms
        if term.carrier_name == "天然气"
    )
    gas_kgce = of(grown, grown.institution).terms[1]
    assert (gas.growth, gas.log_mean, gas.before) == (None, None, 0.0)
    assert gas.effect == gas_kgce.used_after > gas_kgce.used_before == 0.0


@pytest.mark.parametrize("quantity", Quantity)
def test_the_terms_make_the_effects_and_the_effects_the_change(grown, quantity):
    for agency in (grown.institution, grown.department, grown.bureau):
        lineage = of(grown, agency, quantity)
        row = Decomposition.objects.get(agency=agency, year=2025, quantity=quantity)
        for effect in lineage.effects:
            assert math.fsum(term.effect for term in effect.terms) == pytest.approx(effect.value, abs=1e-9)
            assert effect.value == pytest.approx(getattr(row, effect.slug), abs=1e-9)
        assert math.fsum(effect.value for effect in lineage.effects) == pytest.approx(row.value - row.base)
        assert (lineage.base, lineage.value, lineage.residual) == (row.base, row.value, 0.0)
        assert lineage.is_reproduced


def test_a_node_shows_the_types_and_carriers_of_both_years(grown):
    lineage = of(grown, grown.bureau, Quantity.CARBON_INVENTORY)
    assert [
        (each.type_name, each.activity_before, each.activity_after, pytest.approx(each.used_before))
        for each in lineage.types
    ] == [
        ("国家机关", 100.0, 120.0, 12 * 1000 * KGCE),
        ("教育事业单位", 200.0, 220.0, 12 * 3000 * KGCE),
    ]
    assert [(each.type_name, each.carrier_name) for each in lineage.terms] == [
        ("国家机关", "电力"),
        ("国家机关", "天然气"),
        ("教育事业单位", "电力"),
    ]
    school = lineage.terms[2]
    assert (school.used_before, school.used_after) == pytest.approx((12 * 3000 * KGCE, 12 * 2700 * KGCE))
    assert (school.carbon_before, school.carbon_after) == pytest.approx(
        (12 * 3000 * KG_CO2, 12 * 2700 * 0.5581)
    )
    assert (lineage.institutions, lineage.months) == ((2.0, 2.0), list(range(1, 13)))


def test_the_grid_factors_of_both_years_come_with_source_and_mark(client, grown):
    lineage = of(grown, grown.institution, Quantity.CARBON_INVENTORY)
    now = next(source for source in lineage.sources if source.data_year)
    (then,) = lineage.base_sources
    assert (float(now.value), float(then.value)) == (0.5581, 0.4743)
    assert now.is_provisional
    assert then.is_provisional
    html = text(client, grown.manager, address(grown.institution, "inventory"))
    for source in (now, then):
        assert source.document in html
        assert f"{source.mark} {source.mark_name}" in html
    assert "2020年另用" in html


def test_water_is_divided_by_people_and_has_no_carriers(client, grown):
    lineage = of(grown, grown.bureau, Quantity.WATER)
    assert list(by_name(lineage)) == ["institutions", "size", "structure", "intensity"]
    assert (lineage.activity_name, lineage.activity) == ("用能人数", (20.0, 20.0))
    assert lineage.formula == "用水量 W = Σᵢ N × (A ÷ N) × (Aᵢ ÷ A) × (Wᵢ ÷ Aᵢ)"
    assert "能源品种 j" not in text(client, grown.manager, address(grown.bureau, "water"))


def test_the_page_gives_each_effect_its_own_section_with_its_numbers(client, grown):
    html = squeezed(text(client, grown.manager, address(grown.institution)))
    lineage = of(grown, grown.institution)
    for effect in lineage.effects:
        assert f'<section class="panel" id="{effect.slug}">' in html
    assert "综合能耗 E = Σᵢⱼ N × (A ÷ N) × (Aᵢ ÷ A) × (Eᵢ ÷ Aᵢ) × (Eᵢⱼ ÷ Eᵢ)" in html
    assert "+0.182322" in html
    assert "只在一年有，整项计入" in html
    assert lineage.href in html
    assert lineage.base_href in html
    assert lineage.rule_set.document in html


def test_the_table_of_effects_leads_to_their_sections(client, grown):
    pages = {
        reverse("targets:institution-detail", args=[grown.institution.key]): grown.institution,
        reverse("targets:system-detail", args=[grown.department.key]): grown.department,
        reverse("targets:cockpit"): grown.bureau,
    }
    for page, agency in pages.items():
        html = text(client, grown.manager, f"{page}?year=2025")
        for quantity, part in (("energy", "size"), ("inventory", "factor"), ("water", "inputs")):
            assert f'href="{address(agency, quantity)}#{part}"' in html, (page, quantity)


def test_the_api_says_what_the_page_says(client, grown):
    client.force_login(grown.manager)
    stated = client.get(address(grown.bureau, "carbon", "api-lineage")).json()
    lineage = of(grown, grown.bureau, Quantity.CARBON)
    assert [effect["value"] for effect in stated["effects"]] == [str(each.value) for each in lineage.effects]
    assert stated["effects"][1]["terms"][0]["log_mean"] == str(lineage.effects[1].terms[0].log_mean)
    assert stated["terms"][0]["carbon_after"] == str(lineage.terms[0].carbon_after)
    assert (stated["months"], stated["is_reproduced"]) == (list(range(1, 13)), True)
    assert json.dumps(stated)


def test_what_is_asked_in_vain_is_not_there(client, grown):
    client.force_login(grown.manager)
    key = grown.institution.key
    for asked in (
        address(grown.institution, "heat"),
        address(grown.institution, year=2020),
        address(grown.institution) + "?rules=none",
        address(InstitutionFactory(parent=grown.department)),
        reverse("targets:why-effects", args=["type", "01", 2025, "energy"]),
        reverse("targets:why-effects", args=["node", key, 2025, "energy"]),
    ):
        assert client.get(asked).status_code == 404, asked


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_explained_and_no_strangers(client, grown, role):
    places = {Role.FILER: grown.institution, Role.DEPARTMENT: grown.department}
    client.force_login(user_with(role, places.get(role, grown.bureau)))
    sees = role not in (Role.AUDITOR, Role.ADMINISTRATOR)
    status = 403 if not sees else 404 if role in places else 200
    for page in ("why", "api-lineage"):
        own, stranger = (address(agency, page=page) for agency in (grown.institution, grown.school))
        assert client.get(own).status_code == (200 if sees else 403)
        assert client.get(stranger).status_code == status


def test_stored_effects_that_their_terms_do_not_make_are_reported(client, grown):
    Decomposition.objects.filter(agency=grown.institution, quantity="energy").update(size=1.0)
    assert not of(grown, grown.institution).is_reproduced
    assert "与此处各项之和不一致" in text(client, grown.manager, address(grown.institution))


def test_effects_older_than_the_figures_say_so(client, grown):
    assert of(grown, grown.institution).is_current
    for figures in (Figure, GroupFigure):
        figures.objects.update(computed_at=timezone.now())
    for agency in (grown.school, grown.bureau):
        assert not of(grown, agency).is_current
        assert "重新分解后更新" in text(client, grown.manager, address(agency))


def test_more_institutions_cost_no_more_queries(client, grown):
    client.force_login(grown.manager)
    addresses = [address(grown.bureau), address(grown.institution, "inventory")]
    before = [cost(client, each) for each in addresses]
    for code in (AgencyType.HEALTH, AgencyType.CULTURE, AgencyType.SPORT):
        more = InstitutionFactory(parent=grown.department, type_code=code)
        settle(more, 2020)
        settle(more, 2025)
    compute()
    assert [cost(client, each) for each in addresses] == before
