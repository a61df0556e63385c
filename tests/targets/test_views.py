"""The pages of figures: who may see which, what stands on them, and what they cost."""

from datetime import date
from urllib.parse import quote

import pytest
from django.urls import reverse

from agencies.access import Role
from reporting.models import RuleSet, StaleMark
from targets import explaining, forecasting, recalculation, refresh
from targets.models import PlanPeriod, Target
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
# What a page costs whose figures were kept, and whose were not: whether they are is asked, and who is at both ends.
KEPT_QUERIES, MADE_QUERIES = 8, 15

# Role → status of cockpit, the department's system, the institution list, the institution; then of the explanations of
# a system's and an institution's figure, as pages and as JSON.
STATUS = {
    Role.FILER: (403, 403, 302, 200, 404, 200, 404, 200),
    Role.DEPARTMENT: (200,) * 8,
    Role.REVIEWER: (200,) * 8,
    Role.MANAGER: (200,) * 8,
    Role.OBSERVER: (200,) * 8,
    Role.AUDITOR: (403,) * 8,
    Role.ADMINISTRATOR: (403,) * 8,
}


def pages(department, institution):
    return (
        reverse("targets:cockpit"),
        reverse("targets:system-detail", args=[department.key]),
        reverse("targets:institution-list"),
        reverse("targets:institution-detail", args=[institution.key]),
        reverse("targets:why-group", args=["node", department.key, 2025, "kgce"]),
        reverse("targets:why-institution", args=[institution.key, 2025, "kgce"]),
        reverse("targets:api-lineage-group", args=["node", department.key, 2025, "kgce"]),
        reverse("targets:api-lineage-institution", args=[institution.key, 2025, "kgce"]),
    )


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_its_pages_and_no_other(client, two_years, role):
    place = {Role.FILER: two_years.institution, Role.DEPARTMENT: two_years.department}
    user = user_with(role, place.get(role, two_years.bureau))
    client.force_login(user)
    addresses = pages(two_years.department, two_years.institution)
    assert tuple(client.get(address).status_code for address in addresses) == STATUS[role]


def test_a_manager_asks_for_another_rule_set_and_sees_its_progress(client, two_years):
    client.force_login(two_years.manager)
    address = reverse("targets:recalculation-list")
    response = client.post(address, {"rule_set": "db37-2019"}, follow=True)
    assert "已交后台计算" in response.content.decode()
    run = recalculation.with_progress().get()
    recalculation.work_off(run)
    shown = squeezed(client.get(address, headers={"HX-Request": "true"}).content.decode())
    assert "1 / 1 区块" in shown
    assert "<html" not in shown
    page = text(client, two_years.manager, f"{reverse('targets:cockpit')}?year=2025&rules=db37-2019")
    assert "仅供对照；考核用现用口径“重庆2015口径”" in page
    assert "各核算口径对照" in page


def test_an_unknown_rule_set_is_named_and_the_one_in_force_shown(client, two_years):
    page = text(client, two_years.manager, f"{reverse('targets:cockpit')}?rules=nonsense")
    assert "没有口径“nonsense”的指标" in page
    assert "仅供对照" not in page


def test_nobody_sees_anything_without_signing_in(client, district):
    *shown, group, institution = pages(district.department, district.institution)
    assert [client.get(address).status_code for address in (group, institution)] == [403, 403]
    for address in shown:
        assert client.get(address).url == f"{reverse('login')}?next={quote(address)}"


def test_a_stranger_finds_no_such_system_and_no_such_institution(client, district):
    theirs = DepartmentFactory(parent=district.bureau)
    other = InstitutionFactory(parent=theirs)
    client.force_login(district.department_user)
    _, system, _, institution, *explained = pages(theirs, other)
    for address in (system, institution, *explained):
        assert client.get(address).status_code == 404
    client.force_login(district.filer)
    for address in (institution, *explained):
        assert client.get(address).status_code == 404


def test_an_institution_has_no_system_page_and_a_system_no_institution_page(client, district):
    client.force_login(district.manager)
    _, system, _, institution, *explained = pages(district.institution, district.department)
    for address in (system, institution, *explained):
        assert client.get(address).status_code == 404


def test_the_cockpit_costs_the_same_for_one_institution_and_for_three(client, two_years):
    client.force_login(two_years.manager)
    address = reverse("targets:cockpit")
    one = cost(client, address)
    assert cost(client, address) == KEPT_QUERIES
    for _ in range(2):
        more = InstitutionFactory(parent=DepartmentFactory(parent=two_years.bureau))
        settle(more, 2020)
        settle(more, 2025)
    refresh.refresh_all()
    assert cost(client, address) == one <= MADE_QUERIES


def test_no_rule_set_and_no_year_costs_the_cockpit_more_queries_than_another(client, two_years):
    settle(two_years.institution, 2024, range(1, 7))
    settle(two_years.institution, 2026, range(1, 7))
    for rule_set in RuleSet.objects.all():
        recalculation.work_off(recalculation.begin(rule_set.slug))
    refresh.refresh_all()
    explaining.explain_all()
    forecasting.forecast_all()
    client.force_login(two_years.manager)
    address = reverse("targets:cockpit")
    filters = client.get(address).context["filters"]
    years = [year for _, group in filters.fields["year"].choices for year, _ in group]
    slugs = [slug for slug, _ in filters.fields["rules"].choices]
    assert len(slugs) == RuleSet.objects.count() > 1
    assert {2020, 2024, 2025, 2026} <= set(years)
    costs = {
        (slug, year): cost(client, f"{address}?rules={slug}&year={year}") for slug in slugs for year in years
    }
    assert max(costs.values()) <= MADE_QUERIES, costs
    # A system's page has its node to find first.
    system = reverse("targets:system-detail", args=[two_years.department.key])
    assert max(cost(client, f"{system}?year={year}") for year in years) <= MADE_QUERIES + 1


def test_the_institution_page_costs_the_same_for_one_year_and_for_three(client, two_years):
    client.force_login(two_years.filer)
    address = reverse("targets:institution-detail", args=[two_years.institution.key])
    one = cost(client, address)
    assert cost(client, address) == KEPT_QUERIES
    settle(two_years.institution, 2023)
    settle(two_years.institution, 2024)
    refresh.refresh_all()
    assert cost(client, address) == one


def test_the_cockpit_shows_the_cards_as_worked_by_hand(client, two_years):
    html = squeezed(text(client, two_years.manager, reverse("targets:cockpit")))
    assert "区机关事务管理局 2025年" in html
    assert '13.86 <span class="unit">kgce/m²</span>' in html
    assert "<strong>−6.00 %</strong> 较2020年" in html
    assert '<dd class="num"> 14.75 <span class="unit">kgce/m²</span> </dd>' in html
    assert "53.50" in html
    assert '<dt>清单口径（因子暂用）</dt> <dd class="num"> +10.61 % </dd>' in html
    assert html.count("已达标") >= 3
    assert "重庆 2021 年度因子 0.4743" in html
    assert "须由局确认" in html
    assert "重庆2015口径（核实程度：由公布数推得）" in html


def test_a_running_year_says_that_only_the_same_months_are_compared(client, two_years):
    settle(two_years.institution, 2026, [1, 2, 3])
    refresh.refresh_all()
    html = squeezed(text(client, two_years.observer, reverse("targets:cockpit") + "?year=2026"))
    assert "2026年未满全年（已有月份：1—3月）：只与基准年的相同月份比较" in html
    assert "可比机构（1 个） · 1—3月同月份" in html
    assert "待下达" in html


def test_an_empty_district_says_so_instead_of_failing(client, district):
    html = text(client, district.manager, reverse("targets:cockpit"))
    assert "暂无已审核通过的数据，审核通过后自动显示。" in html
    assert "没有可与基准年比较的机构。" in html
    assert "没有符合条件的机构" not in text(client, district.manager, reverse("targets:institution-list"))


def test_figures_that_await_recomputation_are_announced(client, two_years):
    assert "个机构年待重算：" not in text(client, two_years.manager, reverse("targets:cockpit"))
    StaleMark.objects.create(agency=two_years.institution, year=2025)
    assert "有 1 个机构年待重算：" in text(client, two_years.manager, reverse("targets:cockpit"))


@pytest.mark.parametrize("sent", ["1999", "abc"])
def test_a_year_outside_the_plan_is_named_beside_its_field_and_the_last_whole_one_shown(
    client, two_years, sent
):
    html = text(client, two_years.manager, f"{reverse('targets:cockpit')}?year={sent}")
    assert f"没有“{sent}”年可选，请从列表中选择。" in html
    assert "区机关事务管理局 2025年" in html


def test_each_point_of_attention_leads_to_the_list_it_counts(client, district):
    district.submitted(date(2025, 1, 1), {"110": 1, "102": 1, "103": 1})
    district.report(date(2025, 2, 1))
    html = text(client, district.manager, reverse("targets:cockpit"))
    reports = reverse("reporting:report-list")
    for state in ("overdue", "waiting"):
        assert f'<a href="{reports}?state={state}">' in html
        assert client.get(reports, {"state": state}).context["page_obj"].paginator.count == 1


def test_a_departments_points_of_attention_stay_within_it(client, district):
    district.report(date(2025, 1, 1))
    InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
    district.report(date(2025, 2, 1))
    client.force_login(district.manager)
    response = client.get(reverse("targets:system-detail", args=[district.department.key]))
    link = f"{reverse('reporting:report-list')}?state=overdue&department={district.department.pk}"
    assert f'<a href="{link}">' in response.content.decode()
    assert response.context["waiting"]["overdue"] == client.get(link).context["page_obj"].paginator.count == 2


def test_the_institution_page_shows_its_own_figures_and_both_carbon_bases(client, two_years):
    address = reverse("targets:institution-detail", args=[two_years.institution.key])
    html = squeezed(text(client, two_years.filer, address))
    assert '13.86 <span class="unit">kgce/m²</span>' in html
    assert "已通过月份：全年 · 可比月份：全年" in html
    # 12 × 940 kWh on 0.4743 and on 0.5581, in tonnes.
    assert '<td class="num">5.35</td> <td class="num">6.30</td>' in html
    assert '<td class="num">−6.00 %</td> <td class="num">+10.61 %</td>' in html
    assert "名录中没有登记建筑" in html


def test_a_month_filed_and_approved_leads_from_the_page_to_its_report(client, district):
    district.approved(date(2025, 1, 1), {"110": 1000, "120": 5, "102": 100, "103": 10})
    district.report(date(2025, 2, 1))
    refresh.refresh_all()
    address = reverse("targets:institution-detail", args=[district.institution.key])
    html = squeezed(text(client, district.filer, address))
    january = reverse("reporting:report-detail", args=[district.institution.key, date(2025, 1, 1)])
    assert f'<a href="{january}">2025年1月</a>' in html
    assert '<td class="num">0.12</td> <td class="num">0.47</td> <td class="num">0.56</td>' in html
    assert "未填报" in html
    assert "已通过月份：1月 · 可比月份：无" in html


def test_an_institution_without_figures_has_a_page_of_unknowns(client, district):
    address = reverse("targets:institution-detail", args=[district.institution.key])
    html = squeezed(text(client, district.filer, address))
    assert html.count('<p class="stat-value">— ') == 4
    assert "该年还没有已通过的月报" in html


def test_a_year_whose_base_lacks_months_shows_its_value_over_the_same_months_too(client, district):
    settle(district.institution, 2020, range(1, 7), kwh=1000)
    settle(district.institution, 2025, kwh=900)
    refresh.refresh_all()
    client.force_login(district.manager)
    page = client.get(reverse("targets:institution-detail", args=[district.institution.key]), {"year": 2025})
    shown = squeezed(page.content.decode())
    # 12 × 900 × 0.1229 / 100 = 13.27; six months of it 6.64 against 7.37: −10 %.
    assert "13.27" in shown
    assert '本年同月份</dt> <dd class="num"> 6.64' in shown
    assert "−10.00 %" in shown


def test_a_year_outside_the_plan_shows_values_and_promises_nothing(client, district):
    settle(district.institution, 2018)
    refresh.refresh_all()
    client.force_login(district.manager)
    for address in (
        reverse("targets:cockpit"),
        reverse("targets:institution-detail", args=[district.institution.key]),
    ):
        shown = squeezed(client.get(address, {"year": 2018}).content.decode())
        assert "2018年不在规划期内：只显示数值，不与基准年比较，也没有目标。" in shown
        assert shown.count('<span class="tag tag-quiet">规划期外</span>') == 4
        assert '14.75 <span class="unit">kgce/m²</span>' in shown
        for false in (
            "待下达",
            "同月份",
            "可比月份",
            "> 年",
            ">年<",
            "暂无已审核通过",
            '<dl class="facts"> </dl>',
        ):
            assert false not in shown


def test_the_plan_without_targets_is_still_a_plan(client, two_years):
    Target.objects.all().delete()
    shown = text(client, two_years.manager, reverse("targets:cockpit") + "?year=2025")
    assert "规划期外</span>" not in shown
    assert "待下达" in shown


def test_the_cockpit_says_since_when_months_are_overdue_and_its_title_keeps_name_and_year_apart(
    client, two_years
):
    shown = squeezed(text(client, two_years.manager, reverse("targets:cockpit") + "?year=2025"))
    assert ">2020年以来逾期未报</a>" in shown
    assert f"{two_years.bureau.name} 2025年总览" in shown


def test_a_verdict_that_hangs_on_who_is_counted_is_undecided(client, district):
    """A heavy user left after 2020: −80 % for all institutions, no change for those that stayed."""
    leaver = InstitutionFactory(parent=district.department)
    settle(district.institution, 2020)
    settle(leaver, 2020, kwh=9000)
    settle(district.institution, 2025)
    refresh.refresh_all()
    client.force_login(district.manager)
    shown = client.get(reverse("targets:cockpit"), {"year": 2025}).content.decode()
    assert shown.count("未定") >= 2


def test_five_percent_less_electricity_is_less_on_the_target_basis_and_more_on_the_inventory_basis(
    client, district
):
    """The grid's factor rose by 17.7 % from 2021 to 2023: the page shows both."""
    PlanPeriod.objects.create(slug="test", name="试", base_year=2021, end_year=2023)
    PlanPeriod.objects.filter(slug="14-5").update(base_year=2023, end_year=2024)
    settle(district.institution, 2021, kwh=1000)
    settle(district.institution, 2023, kwh=950)
    refresh.refresh_all()
    address = reverse("targets:institution-detail", args=[district.institution.key])
    page = squeezed(text(client, district.manager, f"{address}?year=2023"))
    assert "−5.00 %" in page
    assert "+11.78 %" in page


def test_the_large_screen_shows_the_same_figures_and_renews_itself(two_years, client):
    html = squeezed(text(client, two_years.manager, "/cockpit/wall/?year=2025"))
    # 940 kWh a month instead of 1 000: six percent less of everything but water.
    assert html.count("−6.00 %") >= 3
    assert "要求 −5.00 %" in html
    assert 'hx-get="/cockpit/wall/?year=2025" hx-trigger="every 300s" hx-select="#wall"' in html
    assert cost(client, "/cockpit/wall/?year=2025") < MADE_QUERIES


def test_a_provisional_factor_needs_attention_and_leads_to_its_explanation(two_years, client):
    """2025 counts the grid factor of 2023, the latest published one; of 2022 its own is published."""
    html = text(client, two_years.manager, "/cockpit/?year=2025&rules=chongqing-2015")
    address = f"/why/node/{two_years.bureau.key}/2025/kg_co2_inventory/?rules=chongqing-2015"
    assert f'href="{address}"' in html.split("清单口径电网因子暂用")[0].rsplit("<li>", 1)[1]
    settle(two_years.institution, 2022)
    refresh.refresh_all()
    assert "清单口径电网因子暂用" not in text(client, two_years.manager, "/cockpit/?year=2022")
