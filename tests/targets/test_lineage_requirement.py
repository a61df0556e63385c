"""Why a year has to bring what it has to: worked by hand on both paths, with the target's own row and the verdict."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse

from agencies.access import Role
from targets import actions, cards, refresh
from targets.lineage import explain_requirement, find_owner
from targets.models import Figure, GroupFigure, Indicator, Target
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
ENERGY = "kgce_per_m2"


@pytest.fixture
def three_years(district):
    """2024 five percent below 2020 and one percent below 2023: enough for the path, and for the year."""
    for year, kwh in ((2020, 1000), (2023, 960), (2024, 950)):
        settle(district.institution, year, kwh=kwh)
    refresh.refresh_all()
    return district


def of(district, agency, year=2024, indicator=ENERGY, **parameters):
    kind = "institution" if agency.kind == "institution" else "node"
    owner = find_owner(district.manager, kind, agency.key)
    return explain_requirement(owner, year, indicator, parameters)


def address(agency, page="why", year=2024, indicator=ENERGY):
    kind = "institution" if agency.kind == "institution" else "node"
    return reverse(f"targets:{page}-requirement", args=[kind, agency.key, year, indicator])


def target(slug="14-5"):
    return Target.objects.get(plan_period__slug=slug, indicator=ENERGY)


def test_the_linear_path_asks_four_fifths_of_five_percent_in_the_fourth_year(three_years):
    lineage = of(three_years, three_years.institution)
    assert (lineage.target.base_year, lineage.target.end_year) == (2020, 2025)
    assert (lineage.target.reduction_percent, lineage.target.path) == (Decimal(5), "linear")
    assert (lineage.passed, lineage.target.length) == (4, 5)
    assert (lineage.required, lineage.yearly) == (pytest.approx(0.05 * 4 / 5), pytest.approx(0.01))
    assert lineage.base == pytest.approx(12 * 1000 * 0.1229 / 100)
    assert lineage.value == pytest.approx(12 * 1000 * 0.1229 / 100 * 0.96)
    assert [each.required for each in lineage.path_years] == pytest.approx([0, 0.01, 0.02, 0.03, 0.04, 0.05])
    assert [each.year for each in lineage.path_years if each.is_asked] == [2024]


def test_the_compound_path_takes_the_same_rate_every_year(three_years):
    Target.objects.update(path="compound")
    lineage = of(three_years, three_years.institution)
    assert lineage.required == pytest.approx(1 - 0.95 ** (4 / 5))
    assert lineage.yearly == pytest.approx(1 - 0.95 ** (1 / 5))
    assert "等比路径" in lineage.formula


@pytest.mark.parametrize(
    ("kwh_2023", "kwh_2024", "enough", "verdict"),
    [
        (980, 950, (True, True), "完成"),
        (951, 950, (True, False), "进度达标、年度未达"),
        (1000, 970, (False, True), "年度达标、进度滞后"),
        (975, 970, (False, False), "未完成"),
    ],
)
def test_the_verdict_comes_of_the_two_comparisons(district, kwh_2023, kwh_2024, enough, verdict):
    """Asked are 4 % against 2020 and 1 % against 2023."""
    for year, kwh in ((2020, 1000), (2023, kwh_2023), (2024, kwh_2024)):
        settle(district.institution, year, kwh=kwh)
    refresh.refresh_all()
    for agency in (district.institution, district.department):
        lineage = of(district, agency)
        cumulative, yearly = lineage.comparisons[:2]
        assert (cumulative.change, cumulative.asked) == pytest.approx((kwh_2024 / 1000 - 1, -0.04))
        assert (yearly.change, yearly.asked) == pytest.approx((kwh_2024 / kwh_2023 - 1, -0.01))
        assert (cumulative.is_enough, yearly.is_enough) == enough
        assert lineage.verdict == verdict


def test_in_the_end_year_the_target_alone_decides(two_years):
    lineage = of(two_years, two_years.institution, year=2025)
    assert (lineage.status, lineage.verdict, lineage.comparisons[0].is_enough) == ("met", "", True)


def test_the_status_is_the_one_that_the_card_shows(three_years):
    plan = cards.Plan()
    for agency in (three_years.institution, three_years.bureau):
        for indicator in Indicator:
            rows = (
                agency.figures.all()
                if agency.kind == "institution"
                else GroupFigure.objects.filter(kind="node", key=agency.key, panel="all")
            )
            shown = cards.card(indicator, rows.get(year=2024), plan, 2024)
            lineage = of(three_years, agency, indicator=indicator.value)
            assert (lineage.status, -lineage.required) == (shown.status, shown.required)


def test_who_changed_the_target_and_when_stands_in_the_trail(client, three_years):
    assert of(three_years, three_years.institution).target.edits == []
    row = target()
    row.reduction_percent = Decimal(10)
    actions.save_plan(row, by=three_years.manager)
    (edit,) = of(three_years, three_years.institution).target.edits
    assert edit.by == f"{three_years.manager.name}（{three_years.manager.username}）"
    html = text(client, three_years.manager, address(three_years.institution))
    assert edit.detail in html
    assert of(three_years, three_years.institution).required == pytest.approx(0.08)


def test_a_target_that_is_not_handed_down_says_so(client, three_years):
    settle(three_years.institution, 2026, range(1, 7))
    refresh.refresh_all()
    lineage = of(three_years, three_years.institution, year=2026)
    assert (lineage.required, lineage.yearly, lineage.value, lineage.status) == (
        None,
        None,
        None,
        "no-target",
    )
    assert "目标待下达，没有要求" in text(
        client, three_years.manager, address(three_years.institution, year=2026)
    )


def test_the_page_shows_formula_numbers_document_and_mark(client, three_years):
    html = squeezed(text(client, three_years.manager, address(three_years.institution)))
    lineage = of(three_years, three_years.institution)
    assert lineage.formula in html
    assert "5.00 % ×（2024 − 2020）÷（2025 − 2020）= 5.00 % × 4 ÷ 5" in html
    assert "<strong>4.0000 %</strong>" in html
    assert lineage.target.document in html
    assert f"{lineage.target.mark} {lineage.target.mark_name}" in html
    assert "判定为<strong>完成</strong>" in html


def test_the_cards_lead_there(client, three_years):
    for page, agency in (
        (
            reverse("targets:institution-detail", args=[three_years.institution.key]),
            three_years.institution,
        ),
        (reverse("targets:system-detail", args=[three_years.department.key]), three_years.department),
    ):
        html = text(client, three_years.manager, f"{page}?year=2024")
        for part in ("", "#target", "#verdict"):
            assert f'href="{address(agency)}{part}"' in html, (page, part)
        # The path's table, of a year that no card is about; its base year asks for nothing.
        assert f'href="{address(agency, year=2023)}"' in html
        assert f'href="{address(agency, year=2020)}"' not in html


def test_the_api_says_what_the_page_says(client, three_years):
    client.force_login(three_years.manager)
    stated = client.get(address(three_years.bureau, "api-lineage")).json()
    lineage = of(three_years, three_years.bureau)
    assert (stated["required"], stated["value"]) == (str(lineage.required), str(lineage.value))
    assert stated["comparisons"][1]["change"] == str(lineage.comparisons[1].change)
    assert (stated["verdict"], stated["target"]["mark"]) == ("完成", "A")
    assert json.dumps(stated)


def test_what_is_asked_in_vain_is_not_there(client, three_years):
    client.force_login(three_years.manager)
    key = three_years.institution.key
    for asked in (
        address(three_years.institution, indicator="kgce"),
        address(three_years.institution, year=2001),
        address(three_years.institution) + "?rules=none",
        address(three_years.bureau) + "?panel=none",
        reverse("targets:why-requirement", args=["node", key, 2024, ENERGY]),
    ):
        assert client.get(asked).status_code == 404, asked


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_explained_and_no_strangers(client, three_years, role):
    school = InstitutionFactory(parent=DepartmentFactory(parent=three_years.bureau))
    places = {Role.FILER: three_years.institution, Role.DEPARTMENT: three_years.department}
    client.force_login(user_with(role, places.get(role, three_years.bureau)))
    sees = role not in (Role.AUDITOR, Role.ADMINISTRATOR)
    status = 403 if not sees else 404 if role in places else 200
    for page in ("why", "api-lineage"):
        assert client.get(address(three_years.institution, page)).status_code == (200 if sees else 403)
        assert client.get(address(school, page)).status_code == status


def test_more_institutions_cost_no_more_queries(client, three_years):
    client.force_login(three_years.manager)
    addresses = [address(three_years.bureau), address(three_years.institution)]
    before = [cost(client, each) for each in addresses]
    for _ in range(3):
        more = InstitutionFactory(parent=three_years.department)
        settle(more, 2020)
        settle(more, 2024)
    refresh.refresh_all()
    assert Figure.objects.filter(year=2024).count() == 4
    assert [cost(client, each) for each in addresses] == before
