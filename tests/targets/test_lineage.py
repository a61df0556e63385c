"""Why a number is what it is: by hand, equal to what is stored, and down to the filed line."""

import json
import math
import re
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.access import Role
from reporting import actions, evidence_actions, panels
from reporting.accounting import rules
from reporting.entries import Entry
from reporting.models import KnownBy
from targets import plan_library, recalculation, refresh
from targets.lineage import explain, find_group, find_institution
from targets.lineage.measure import MEASURES
from targets.models import Figure, GroupFigure, Restatement
from tests.factories import DepartmentFactory, District, InstitutionFactory, entries, user_with
from tests.factories import explain as explain_doubts
from tests.reporting import documents

from .months import settle

pytestmark = pytest.mark.django_db
JANUARY = date(2025, 1, 1)


@pytest.fixture
def district():
    """One institution with electricity, and in January petrol for its cars; another with twice the electricity."""
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    district.approved(JANUARY, {"110": 940, "1501": 100, "120": 5, "102": 100, "103": 10})
    district.other = InstitutionFactory(parent=district.department, name="第二小学", key="OTHER-2")
    settle(district.other, 2020, kwh=2000)
    settle(district.other, 2025, kwh=1880)
    refresh.refresh_all()
    return district


def institution_address(agency, year=2025, measure="kgce_per_m2"):
    return reverse("targets:why-institution", args=[agency.key, year, measure])


def node_address(node, year=2025, measure="kgce_per_m2"):
    return reverse("targets:why-group", args=["node", node.key, year, measure])


def of_institution(district, measure="kgce_per_m2", year=2025):
    return explain(find_institution(district.manager, district.institution.key), year, measure, {})


def of_bureau(district, measure="kgce_per_m2", year=2025, **parameters):
    return explain(find_group(district.manager, "node", district.bureau.key), year, measure, parameters)


def read(client, user, address):
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_an_institutions_energy_per_area_leaves_its_cars_out(district):
    lineage = of_institution(district)
    value = lineage.comparison.value
    # 940 kWh × 0.1229 = 115.526 kgce over 100 m².
    assert (value.months, value.denominator) == ([1], 100.0)
    assert value.numerator == pytest.approx(115.526, rel=1e-12)
    assert value.value == pytest.approx(1.15526, rel=1e-12)
    assert "不含车辆用油" in lineage.formula
    electricity, petrol = lineage.items
    assert (electricity.code, electricity.quantity) == ("110", 940.0)
    assert str(electricity.weight.per_unit.normalize()) == "0.1229"
    assert (petrol.code, petrol.quantity, petrol.contribution) == ("1501", 100.0, None)
    assert petrol.note == "车辆用油，按口径不计入"


def test_the_base_year_is_taken_over_the_same_month_and_explained_with_its_numbers(district):
    comparison = of_institution(district).comparison
    assert comparison.base.months == comparison.compared.months == [1]
    assert comparison.base.numerator == pytest.approx(122.9, rel=1e-12)
    assert comparison.change == pytest.approx(-0.06, rel=1e-9)
    assert not comparison.is_restated
    assert comparison.base.months_in_words == "1月"


@pytest.mark.parametrize("measure", MEASURES)
def test_the_numbers_make_exactly_what_is_stored(district, measure):
    for lineage in (of_institution(district, measure), of_bureau(district, measure)):
        assert lineage.stored is not None
        assert lineage.is_reproduced
        term = lineage.comparison.value
        made = term.numerator / term.denominator if term.denominator else None
        if MEASURES[measure].is_stock:
            made = term.numerator / len(term.months)
        made = term.numerator if made is None else made
        assert math.isclose(made, lineage.stored, rel_tol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_items_add_up_to_the_numerator(district, measure):
    lineage = of_institution(district, measure)
    total = sum(item.contribution or 0.0 for item in lineage.items)
    assert total == pytest.approx(lineage.comparison.value.numerator, rel=1e-9)
    if MEASURES[measure].is_indicator:
        total = sum(item.contribution or 0.0 for item in lineage.base_items)
        assert total == pytest.approx(lineage.comparison.base.numerator, rel=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("panel", ["all", "comparable"])
def test_the_children_add_up_to_the_groups_numerator(district, measure, panel):
    lineage = of_bureau(district, measure, panel=panel)
    assert lineage.is_reproduced
    for children in (lineage.systems, lineage.institutions):
        total = sum(child.term.numerator for child in children.rows)
        assert total == pytest.approx(lineage.comparison.value.numerator, rel=1e-9)
        assert sum(child.share for child in children.rows) == pytest.approx(1.0)


def test_a_district_is_the_ratio_of_its_institutions_sums(district):
    lineage = of_bureau(district)
    # (115.526 + 12 × 1880 × 0.1229) × 12 ÷ (100 + 12 × 100).
    assert lineage.comparison.value.value == pytest.approx((115.526 + 2772.624) * 12 / 1300, rel=1e-12)
    assert [child.name for child in lineage.institutions.rows] == ["第二小学", district.institution.name]
    assert lineage.coverage.approved == 13


def test_every_stored_figure_is_the_one_that_is_explained(district):
    row = Figure.objects.get(agency=district.institution, year=2025)
    assert of_institution(district, "kg_co2_per_m2").stored == row.kg_co2_per_m2
    group = GroupFigure.objects.get(kind="node", key=district.bureau.key, year=2025, panel="comparable")
    assert of_bureau(district, panel="comparable").stored_change == group.kgce_per_m2_change


def test_three_clicks_lead_from_the_district_to_the_filed_line(client, district):
    def links(html, start):
        return [link.replace("&amp;", "&") for link in re.findall(rf'href="({start}[^"]*)"', html)]

    manager, bureau, agency = district.manager, district.bureau, district.institution
    cockpit = read(client, manager, reverse("targets:cockpit") + "?year=2025")
    first = links(cockpit, node_address(bureau))[0]
    second = links(read(client, manager, first), institution_address(agency))[0]
    page = read(client, manager, second)
    third = next(link for link in links(page, "/reports/") if link.endswith("#item-110"))
    assert third == f"{reverse('reporting:report-detail', args=[agency.key, JANUARY])}?revision=1#item-110"
    assert 'id="item-110"' in read(client, manager, third)


def test_a_line_says_who_filed_it_and_who_approved_it(client, district):
    month = of_institution(district).months[0]
    assert (month.revision, month.filed_by, month.approved_by) == (
        1,
        str(district.filer),
        str(district.reviewer),
    )
    assert month.filed_at is not None
    assert month.approved_at is not None
    html = read(client, district.manager, institution_address(district.institution))
    assert str(district.filer) in html
    assert str(district.reviewer) in html
    assert "系统导入" in read(client, district.manager, institution_address(district.institution, 2020))


def test_a_line_leads_to_the_documents_behind_it(client, district, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    bill = documents.bill(quantity="880", first=date(2024, 12, 31), last=date(2025, 2, 14))
    evidence = evidence_actions.attach(district.institution, bill, by=district.filer)
    january = of_institution(district).months[0]
    [cell] = [cell for cell in january.cells if cell.code == "110"]
    [document] = cell.evidence
    # 31 of 46 days: 880 × 31/46 = 593.043…
    assert (document.quantity, document.days) == (Decimal("593.04"), 31)
    assert document.href == reverse("reporting:evidence-detail", args=[evidence.pk])
    assert f'href="{document.href}"' in read(
        client, district.manager, institution_address(district.institution)
    )


def test_each_factor_comes_with_its_document_and_mark(client, district):
    lineage = of_institution(district, "kg_co2_per_m2")
    grid = next(item for item in lineage.items if item.code == "110").weight.source
    assert (grid.data_year, grid.is_provisional) == (lineage.rule_set.target_grid_year, False)
    html = read(client, district.manager, institution_address(district.institution, measure="kg_co2_per_m2"))
    assert grid.document in html
    assert f"{grid.mark} {grid.mark_name}" in html
    assert lineage.rule_set.target_grid_note in html


def test_a_month_that_was_not_metered_shows_a_dash_and_says_so(client, district):
    february = district.report(date(2025, 2, 1))
    stated = entries(february, {"120": 5, "102": 100, "103": 10})
    stated["110"] = Entry(None, KnownBy.NOT_METERED, note="电表故障，正在检修")
    actions.save_draft(february, stated, by=district.filer)
    explain_doubts(february, by=district.filer)
    actions.submit(february, by=district.filer)
    actions.approve(february, by=district.reviewer)
    refresh.refresh_all()
    month = of_institution(district).months[1]
    assert not month.is_counted
    assert (month.cells[0].quantity, month.cells[0].state) == (None, "未计量")
    html = read(client, district.manager, institution_address(district.institution))
    assert '">—</a> <p class="help">未计量</p>' in html


def test_an_institution_without_figures_explains_nothing_known(client, district):
    empty = InstitutionFactory(parent=district.department)
    assert "—" in read(client, district.manager, institution_address(empty))


def test_a_restated_base_stands_beside_the_filed_one_with_the_act_that_changed_it(client, district):
    values = np.zeros((12, len(panels.PANEL_ITEMS)))
    for code, quantity in {"110": 500, "120": 5, "102": 100, "103": 10}.items():
        values[:, panels.COLUMN[code]] = quantity
    act = Restatement.objects.create(
        kind=Restatement.Kind.MOVE,
        base_year=2020,
        applies_from=date(2021, 1, 1),
        reason="迁出旧址",
        document="渝中机管〔2021〕5号",
    )
    act.panels.create(agency=district.institution, packed=panels.pack(values), expected_months=4095)
    signed = {
        "status": Restatement.Status.SIGNED,
        "signed_at": timezone.now(),
        "signed_by": district.reviewer,
    }
    Restatement.objects.filter(pk=act.pk).update(**signed)
    recalculation.work_off(recalculation.begin(rules.active_slug()))
    for lineage in (of_institution(district), of_bureau(district)):
        assert lineage.is_reproduced
        assert lineage.is_restated
        assert [each.document for each in lineage.restatements] == ["渝中机管〔2021〕5号"]
    comparison = of_institution(district).comparison
    assert [item.quantity for item in of_institution(district).base_items] == [500.0]
    assert comparison.base.value == pytest.approx(0.6145, rel=1e-9)
    assert comparison.base_filed.value == pytest.approx(1.229, rel=1e-9)
    assert (comparison.change, comparison.change_filed) == pytest.approx((0.88, -0.06), rel=1e-9)
    html = read(client, district.manager, institution_address(district.institution))
    assert "基准年原报" in html
    assert "迁出旧址（渝中机管〔2021〕5号）" in html


def test_figures_on_the_pages_lead_to_their_explanations(client, district):
    agency, bureau = district.institution, district.bureau
    pages = {
        reverse("targets:cockpit") + "?year=2025": [
            node_address(bureau),
            node_address(bureau) + "#base",
            node_address(bureau) + "#change",
            node_address(bureau, measure="kgce"),
            node_address(bureau, 2020, "kg_co2_target"),
            node_address(district.department),
            institution_address(district.other),
        ],
        reverse("targets:institution-detail", args=[agency.key]) + "?year=2025": [
            institution_address(agency),
            institution_address(agency) + "#base",
            institution_address(agency, measure="kg_co2_per_m2_inv"),
            institution_address(agency, measure="people") + "#month-01",
            institution_address(agency, 2020, "kg_co2_target"),
        ],
        reverse("targets:institution-list") + "?year=2025": [
            institution_address(agency, measure="m3_per_person"),
            institution_address(agency, measure="m3_per_person") + "#change",
        ],
    }
    for page, addresses in pages.items():
        html = read(client, district.manager, page)
        plain = html.replace("?panel=comparable", "")
        missing = [address for address in addresses if f'href="{address}"' not in plain]
        assert missing == [], page


def test_a_stale_figure_says_that_it_is_recomputed_soon(client, district):
    settle(district.institution, 2025, [3], kwh=500)
    html = read(client, district.manager, institution_address(district.institution))
    assert "与此处按现有数据算出的不一致" in html


def test_the_api_says_what_the_page_says(client, district):
    html = read(client, district.manager, institution_address(district.institution))
    stated = client.get(
        reverse("targets:api-lineage-institution", args=[district.institution.key, 2025, "kgce_per_m2"])
    ).json()
    assert stated["comparison"]["value"]["value"] == str(of_institution(district).comparison.value.value)
    assert stated["formula"] in html
    assert stated["sources"][0]["document"] in html
    assert stated["months"][0]["cells"][0]["href"] in html.replace("&amp;", "&")
    assert stated["items"][1]["contribution"] is None
    group = client.get(
        reverse("targets:api-lineage-group", args=["node", district.bureau.key, 2025, "kgce_per_m2"])
    ).json()
    assert [row["name"] for row in group["institutions"]["rows"]] == [
        row.name for row in of_bureau(district).institutions.rows
    ]
    assert "page" not in group["institutions"]
    assert json.dumps(group)


def test_types_and_streets_are_explained_too(client, district):
    address = reverse("targets:why-group", args=["type", district.other.type_code, 2025, "kgce"])
    assert "第二小学" in read(client, district.manager, address)
    client.force_login(district.department_user)
    assert client.get(address).status_code == 404


def test_institutions_are_found_by_name_or_key(district):
    assert [row.key for row in of_bureau(district, words="OTHER").institutions.rows] == ["OTHER-2"]
    assert of_bureau(district, words="没有").institutions.rows == []


def test_what_is_asked_in_vain_is_not_there(client, district):
    client.force_login(district.manager)
    for address in (
        institution_address(district.institution, measure="password"),
        institution_address(district.institution) + "?rules=none",
        node_address(district.bureau) + "?panel=none",
        reverse("targets:why-group", args=["planet", "earth", 2025, "kgce"]),
        reverse("targets:why-group", args=["street", "无名街道", 2025, "kgce"]),
    ):
        assert client.get(address).status_code == 404


def test_the_chosen_rule_set_and_panel_are_carried_on(client, district):
    slug = of_bureau(district).rule_set.slug
    query = f"?rules={slug}&panel=comparable"
    html = read(client, district.manager, node_address(district.bureau) + query)
    assert f"{institution_address(district.institution)}{query}".replace("&", "&amp;") in html


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_explained_and_no_strangers(client, district, role):
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    place = {Role.FILER: district.institution, Role.DEPARTMENT: district.department}.get(
        role, district.bureau
    )
    client.force_login(user_with(role, place))
    sees = role not in (Role.AUDITOR, Role.ADMINISTRATOR)
    sees_all = sees and role not in (Role.FILER, Role.DEPARTMENT)
    expected = {
        district.institution: 200 if sees else 403,
        stranger: 403 if not sees else 200 if sees_all else 404,
    }
    for agency, status in expected.items():
        assert client.get(institution_address(agency)).status_code == status
        api = reverse("targets:api-lineage-institution", args=[agency.key, 2025, "kgce"])
        assert client.get(api).status_code == status
    status = 403 if not sees else 200 if sees_all else 404
    assert client.get(node_address(district.bureau)).status_code == status


def test_the_api_refuses_whoever_has_not_signed_in(client, district):
    api = reverse("targets:api-lineage-institution", args=[district.institution.key, 2025, "kgce"])
    assert client.get(api).status_code == 403


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_more_children_and_months_cost_no_more_queries(client, district):
    client.force_login(district.manager)
    addresses = [node_address(district.bureau), institution_address(district.institution)]
    before = [cost(client, address) for address in addresses]
    for _ in range(3):
        more = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
        settle(more, 2020)
        settle(more, 2025)
    settle(district.institution, 2025, [3, 4])
    refresh.refresh_all()
    assert [cost(client, address) for address in addresses] == before
