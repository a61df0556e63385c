"""The pages of figures on a telephone: nothing stands out beyond its edge, whatever sentence or hash a page holds."""

import pytest
from django.urls import reverse

from targets import benchmarking, explaining, forecasting, plan_library, publications, recalculation, refresh
from tests.factories import District
from tests.targets.months import settle

pytestmark = pytest.mark.django_db(transaction=True)

RUNNING = 2026
PASSWORD = "correct-horse-battery"
TELEPHONE = {"width": 375, "height": 800}


@pytest.fixture
def district(transactional_db):
    """Five whole years and a running one, two rule sets, effects, a forecast and a seal."""
    plan_library.load()
    district = District()
    for year in range(2020, RUNNING):
        settle(district.institution, year, kwh=1000 - 10 * (year - 2020))
    settle(district.institution, RUNNING, range(1, 7))
    refresh.refresh_all()
    recalculation.work_off(recalculation.begin("db37-2019"))
    explaining.explain_all()
    forecasting.forecast_all()
    benchmarking.benchmark_all()
    publications.seal("year", 2025, 1, by=district.manager)
    return district


def test_no_page_of_figures_is_wider_than_a_telephone(new_page, district):
    page = new_page(**TELEPHONE)
    page.goto("/login/")
    page.locator("[name=username]").fill(district.manager.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    too_wide = {}
    for address in addresses(district):
        assert page.goto(address).status == 200
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if excess > 0:
            too_wide[address] = excess
    assert too_wide == {}


def addresses(district):
    key, node, (seal,) = (
        district.institution.key,
        district.department.key,
        publications.Publication.objects.all(),
    )
    yield reverse("targets:assessment", args=[2025])
    for year in (2025, RUNNING):
        yield f"{reverse('targets:cockpit')}?year={year}"
        yield f"{reverse('targets:system-detail', args=[node])}?year={year}&rules=db37-2019"
        yield f"{reverse('targets:institution-list')}?year={year}"
        yield f"{reverse('targets:group-list', args=['type'])}?year={year}"
        yield f"{reverse('targets:group-detail', args=['type', district.institution.type_code])}?year={year}"
        yield reverse("targets:certificate", args=[key, year])
        yield f"{reverse('targets:leader-list', args=['energy'])}?year={year}&verdict=all"
        yield f"{reverse('targets:institution-detail', args=[key])}?year={year}"
        yield reverse("targets:why-institution", args=[key, year, "kg_co2_per_m2"])
        yield reverse("targets:why-group", args=["node", node, year, "kgce_per_m2"])
        yield reverse("targets:why-requirement", args=["node", node, year, "kgce_per_m2"])
        yield reverse("targets:why-effects", args=["node", node, year, "energy"])
        yield reverse("targets:why-effects", args=["institution", key, year, "inventory"])
    for kind, owner in (("node", node), ("institution", key)):
        yield reverse("targets:why-forecast", args=[kind, owner, RUNNING, "kgce_per_m2"])
        yield reverse("targets:why-peak", args=[kind, owner])
        yield reverse("targets:why-published", args=[seal.pk, kind, owner, "all", "kgce_per_m2_change"])
    yield from (
        "/plan/?year=2025",
        "/plan/14-5-3-2-1/",
        "/plan/14-5-5-4-4/",
        "/records/",
        "/records/new/roster/",
    )
    yield f"/records/new/project/?agency={key}"
    yield reverse("targets:publication-list")
    yield reverse("targets:publication-detail", args=[seal.pk])
    for name in (
        "restatement-list",
        "restatement-new",
        "proposal-list",
        "proposal-new",
        "recalculation-list",
    ):
        yield reverse(f"targets:{name}")
