"""Types and streets have the pages that systems have: the same figures, cards, rankings and lists."""

import pytest

from agencies.models import AgencyType
from targets import cards, cockpit, lineage, refresh
from targets.models import GroupKind, GroupPanel, Indicator
from tests.factories import InstitutionFactory

from . import pages
from .months import settle

pytestmark = pytest.mark.django_db

TYPES, STREETS = "/groups/type/", "/groups/street/"


@pytest.fixture
def two_streets(district):
    """A school in one street, a hospital in another; the hospital saved more."""
    type(district.institution).objects.filter(pk=district.institution.pk).update(
        type_code=AgencyType.EDUCATION, street="解放碑街道"
    )
    district.institution.refresh_from_db()
    district.hospital = InstitutionFactory(
        parent=district.department, type_code=AgencyType.HEALTH, street="大坪街道"
    )
    for each, kwh in ((district.institution, 960), (district.hospital, 900)):
        settle(each, 2020)
        settle(each, 2025, kwh=kwh)
    refresh.refresh_all()
    return district


def ranked(kind):
    return cockpit.ranked_groups(
        kind, GroupPanel.ALL, cards.RuleSets().chosen, cards.Plan(), 2025, Indicator.ENERGY_PER_AREA
    )


def test_types_and_streets_are_ranked_by_their_change(two_streets):
    found = [(row.key, row.name, row.change, row.status.value) for row in ranked(GroupKind.TYPE)]
    assert found == [
        (AgencyType.HEALTH, AgencyType.HEALTH.label, pytest.approx(-0.1), "met"),
        (AgencyType.EDUCATION, AgencyType.EDUCATION.label, pytest.approx(-0.04), "missed"),
    ]
    assert [(row.key, row.name) for row in ranked(GroupKind.STREET)] == [
        ("大坪街道", "大坪街道"),
        ("解放碑街道", "解放碑街道"),
    ]


def test_the_list_leads_to_the_street_and_the_street_to_its_institutions(two_streets, client):
    html = pages.text(client, two_streets.manager, f"{STREETS}?year=2025")
    address = "/groups/street/%E5%A4%A7%E5%9D%AA%E8%A1%97%E9%81%93/"
    assert f'href="{address}?year=2025' in html
    html = pages.text(client, two_streets.manager, f"{address}?year=2025")
    assert "大坪街道 2025年" in html
    assert two_streets.hospital.name in html
    assert two_streets.institution.name not in html
    listed = "/institutions/?year=2025&street=%E5%A4%A7%E5%9D%AA%E8%A1%97%E9%81%93"
    html = pages.text(client, two_streets.manager, listed)
    assert two_streets.hospital.key in html
    assert two_streets.institution.key not in html


def test_a_types_page_shows_the_types_own_figures(two_streets, client):
    html = pages.squeezed(pages.text(client, two_streets.manager, f"{TYPES}{AgencyType.HEALTH}/?year=2025"))
    assert "−10.00 %" in html
    assert "按类型和街道计算" in html
    assert "数据机构 1 / 在册 1 个" in html


def test_what_is_no_group_is_not_found(two_streets, client):
    client.force_login(two_streets.manager)
    addresses = ("/groups/node/", "/groups/node/x/", "/groups/kind/", f"{TYPES}09/", f"{STREETS}别处/")
    assert [client.get(address).status_code for address in addresses] == [404] * 5


def test_an_explanation_of_a_group_leads_back_to_its_page(two_streets, client):
    owner = lineage.find_group(two_streets.manager, "street", "大坪街道")
    client.force_login(two_streets.manager)
    assert client.get(owner.page).status_code == 200


def test_the_list_costs_the_same_for_one_and_three_streets(two_streets, client):
    client.force_login(two_streets.manager)
    once = pages.cost(client, f"{STREETS}?year=2025")
    for street in ("朝天门街道", "两路口街道"):
        agency = InstitutionFactory(parent=two_streets.department, street=street)
        settle(agency, 2020)
        settle(agency, 2025)
    refresh.refresh_all()
    assert pages.cost(client, f"{STREETS}?year=2025") == once
    assert once <= 12


def test_without_figures_the_list_says_so(district, client):
    assert "该年没有已审核通过的数据" in pages.text(client, district.manager, TYPES)
