"""What the cockpit reads for a node, from approved months, with figures worked by hand.

1000 kWh a month on 100 m² and 10 people is 12 × 122.9 kgce: 14.748 kgce/m², 147.48 kgce/人; on the frozen factor
12 000 × 0.4743 / 100 = 56.916 kgCO₂/m².
"""

from datetime import date

import pytest
from django.urls import reverse

from agencies import actions as register_actions
from reporting import actions
from reporting.models import StaleMark
from targets import cards, cockpit, plan_library, refresh
from targets.lineage import of_node
from targets.models import Indicator, PlanPeriod, PlanTask, Target
from targets.progress import Standing
from tests.factories import DepartmentFactory, District, InstitutionFactory

from .months import settle
from .pages import squeezed, text

pytestmark = pytest.mark.django_db

ENERGY, CARBON, PER_PERSON, WATER = Indicator


@pytest.fixture
def district():
    plan_library.load()
    return District()


def rows_of(district, node=None):
    refresh.refresh_all()
    return cockpit.Rows(district.manager, of_node(node or district.bureau), cards.RuleSets().chosen)


def cards_of(district, year):
    return cockpit.target_cards(rows_of(district), cards.Plan(), year)


def test_a_whole_year_beside_its_targets(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=940, m3=4.8)
    energy, carbon, per_person, water = cards_of(district, 2025)
    assert (energy.base, energy.value) == (pytest.approx(14.748), pytest.approx(13.86312))
    assert (carbon.base, carbon.value) == (pytest.approx(56.916), pytest.approx(53.50104))
    assert (per_person.base, per_person.value) == (pytest.approx(147.48), pytest.approx(138.6312))
    assert (water.base, water.value) == (pytest.approx(6.0), pytest.approx(5.76))
    shown = [
        (card.change, card.required, card.target, card.status) for card in (energy, carbon, per_person, water)
    ]
    assert shown == [
        (pytest.approx(-0.06), pytest.approx(-0.05), -0.05, Standing.MET),
        (pytest.approx(-0.06), pytest.approx(-0.06), -0.06, Standing.MET),
        (pytest.approx(-0.06), pytest.approx(-0.06), -0.06, Standing.MET),
        (pytest.approx(-0.04), pytest.approx(-0.04), -0.04, Standing.MET),
    ]


def test_on_each_years_own_grid_factor_the_same_institution_emits_more(district):
    """2025 counts 0.5581 (2023, the latest published), 2020 counts 0.4743 (2021, the earliest): both provisional."""
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=940)
    carbon = cards_of(district, 2025)[1]
    assert carbon.inventory_change == pytest.approx(0.94 * 0.5581 / 0.4743 - 1)
    assert carbon.is_inventory_provisional


def test_a_reduction_that_only_rounds_to_its_target_misses_it_and_shows_why(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=950.04)
    energy = cards_of(district, 2025)[0]
    assert (energy.status, energy.decimals) == (Standing.MISSED, 4)


def test_nine_months_of_the_last_year_decide_nothing(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, range(1, 10), kwh=900)
    rows = rows_of(district)
    energy, _, _, water = cockpit.target_cards(rows, cards.Plan(), 2025)
    assert energy.base == pytest.approx(9 * 122.9 / 100)
    assert (energy.change, energy.status) == (pytest.approx(-0.1), Standing.ON_PATH)
    assert (water.change, water.status) == (pytest.approx(0.0), Standing.BEHIND)
    head = cockpit.head(rows, 2025)
    assert (head.months, head.panel, head.is_whole) == ("1—9月", "可比机构（1 个）", False)


def test_the_base_year_and_a_plan_without_targets_judge_nothing(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025)
    settle(district.institution, 2026, [1], kwh=900)
    assert {card.status for card in cards_of(district, 2020)} == {Standing.BASE}
    running = cards_of(district, 2026)
    assert {card.status for card in running} == {Standing.NO_TARGET}
    assert running[0].change == pytest.approx(-0.1)
    assert (running[0].base_year, running[0].required, running[0].end_year) == (2025, None, 2030)


def test_without_a_base_the_status_is_unknown(district):
    settle(district.institution, 2025)
    energy = cards_of(district, 2025)[0]
    assert (energy.value, energy.base, energy.change) == (pytest.approx(14.748), None, None)
    assert energy.status == Standing.UNKNOWN


def test_a_whole_year_counts_all_institutions_and_names_the_comparable_beside(district):
    new = InstitutionFactory(parent=district.department)
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=900)
    settle(new, 2025, kwh=2000)
    rows = rows_of(district)
    energy = cockpit.target_cards(rows, cards.Plan(), 2025)[0]
    assert energy.value == pytest.approx(12 * 2900 * 0.1229 / 200)
    assert energy.other_change == pytest.approx(-0.1)
    head = cockpit.head(rows, 2025)
    assert (head.panel, head.other_panel) == ("全部机构（2 个）", "可比机构（1 个）")


def test_the_page_opens_on_the_last_whole_year(district):
    settle(district.institution, 2024)
    settle(district.institution, 2025, [1])
    assert cards.default_year(rows_of(district).whole_years, 2026) == 2024


def test_one_early_december_does_not_end_the_year(district):
    other = InstitutionFactory(parent=district.department)
    settle(district.institution, 2024, area=900)
    settle(district.institution, 2025, range(1, 12), area=900)
    settle(other, 2025, area=100)
    rows = rows_of(district)
    assert cards.default_year(rows.whole_years, 2026) == 2024
    assert (cockpit.head(rows, 2025).months, cockpit.head(rows, 2025).is_whole) == ("部分月份未齐", False)


def test_without_a_whole_year_it_opens_on_the_last_with_figures(district):
    settle(district.institution, 2024, [1])
    assert cards.default_year(rows_of(district).whole_years, 2026) == 2024


def test_without_figures_it_opens_on_this_year(district):
    assert cards.default_year(rows_of(district).whole_years, 2026) == 2026


def test_the_path_chart_is_an_index_of_the_base_year_with_gaps_and_hollow_part_years(district):
    settle(district.institution, 2020)
    settle(district.institution, 2024, [1, 2], kwh=980)
    settle(district.institution, 2025, kwh=900)
    charts = dict(cockpit.path_charts(rows_of(district), cards.Plan(), 2025))
    points = charts[ENERGY]["points"]
    assert [point["year"] for point in points] == [2020, 2021, 2022, 2023, 2024, 2025]
    assert [point["required"] for point in points] == pytest.approx([100, 99, 98, 97, 96, 95])
    assert [point["actual"] for point in points][:4] == [100, None, None, None]
    assert [point["actual"] for point in points][4:] == pytest.approx([98, 90])
    assert [point["provisional"] for point in points] == [False, False, False, False, True, False]
    assert points[5]["value"] == pytest.approx(12 * 900 * 0.1229 / 100)


def test_a_path_without_a_target_has_no_required_line(district):
    settle(district.institution, 2025)
    chart = dict(cockpit.path_charts(rows_of(district), cards.Plan(), 2026))[ENERGY]
    assert {point["required"] for point in chart["points"]} == {None}
    assert chart["target"] is None


def test_total_carbon_stands_on_both_bases_with_part_years_named(district):
    settle(district.institution, 2022)
    settle(district.institution, 2026, [1, 2, 4])
    chart = cockpit.carbon_chart(rows_of(district))
    assert chart["points"] == [
        {
            "label": "2022",
            "value": pytest.approx(12 * 0.4743),
            "provisional": False,
            "beside": pytest.approx(12 * 0.5227),
            "beside_provisional": False,
        },
        {
            "label": "2026\n1—2、4月",
            "value": pytest.approx(3 * 0.4743),
            "provisional": True,
            "beside": pytest.approx(3 * 0.5581),
            "beside_provisional": True,
        },
    ]


def test_systems_are_ranked_by_the_chosen_indicator(district):
    other = DepartmentFactory(parent=district.bureau)
    theirs = InstitutionFactory(parent=other)
    for agency, kwh in ((district.institution, 990), (theirs, 900)):
        settle(agency, 2020)
        settle(agency, 2025, kwh=kwh)
    ranked = cockpit.ranked_systems(rows_of(district), cards.Plan(), 2025, ENERGY)
    assert [(row.key, row.status, row.extent) for row in ranked] == [
        (other.key, Standing.MET, 1),
        (district.department.key, Standing.MISSED, 1),
    ]
    assert [row.change for row in ranked] == pytest.approx([-0.1, -0.01])


def test_institutions_stand_at_one_end_of_the_ranking_only(district, monkeypatch):
    monkeypatch.setattr(cockpit, "RANKED", 1)
    second, third = (InstitutionFactory(parent=district.department) for _ in range(2))
    for agency, kwh in ((district.institution, 990), (second, 900), (third, 1100)):
        settle(agency, 2020, [1])
        settle(agency, 2025, [1], kwh=kwh)
    refresh.refresh_all()
    ranking = cockpit.ranked_institutions(
        district.manager, of_node(district.bureau), cards.RuleSets().chosen, cards.Plan(), 2025, ENERGY
    )
    assert [(row.key, row.status) for row in ranking.best] == [(second.key, Standing.ON_PATH)]
    assert [(row.key, row.status) for row in ranking.worst] == [(third.key, Standing.BEHIND)]
    assert (ranking.behind, ranking.compared) == (2, 3)


def test_without_a_target_nobody_is_behind(district):
    settle(district.institution, 2025, [1])
    settle(district.institution, 2026, [1])
    refresh.refresh_all()
    ranking = cockpit.ranked_institutions(
        district.manager, of_node(district.bureau), cards.RuleSets().chosen, cards.Plan(), 2026, ENERGY
    )
    assert (ranking.behind, ranking.compared) == (None, 1)


def waiting(node, since=2020):
    return cockpit.waiting(of_node(node), since, year=2025, rule_set=None, indicator=ENERGY)


def test_what_waits_is_counted_as_it_is_now(district):
    InstitutionFactory(parent=district.department)
    for month in (1, 2):
        district.approved(date(2025, month, 1), {"110": 1, "102": 1, "103": 1})
    district.submitted(date(2025, 3, 1), {"110": 1, "102": 1, "103": 1})
    assert waiting(district.bureau) == {
        "to_review": 1,
        "doubted": 1,
        "returned": 0,
        "not_begun": 3,
        "not_handed_in": 0,
        "overdue": 3,
        "stale": 2,
        "judged": 0,
        "over": 0,
    }


def test_a_returned_month_is_late_too_and_no_longer_waits(district):
    report = district.submitted(date(2025, 3, 1), {"110": 1, "102": 1, "103": 1})
    actions.send_back(report, by=district.reviewer, reason="请核对")
    counts = waiting(district.bureau)
    assert (counts["to_review"], counts["doubted"], counts["returned"]) == (0, 0, 1)
    assert (counts["not_begun"], counts["not_handed_in"], counts["overdue"]) == (0, 1, 1)


def test_what_waits_in_a_system_that_moves_goes_with_it(district):
    district.submitted(date(2025, 3, 1), {"110": 1, "102": 1, "103": 1})
    assert waiting(district.department)["to_review"] == 1
    above = DepartmentFactory(parent=district.bureau)
    register_actions.move(district.department, above, by=district.manager)
    district.department.refresh_from_db()
    assert waiting(district.department)["to_review"] == 1
    assert waiting(above)["to_review"] == 1


def test_a_page_says_what_its_year_covers(client, district):
    InstitutionFactory(parent=district.department)
    for month in (1, 2):
        district.approved(date(2025, month, 1), {"110": 1, "102": 1, "103": 1})
    district.submitted(date(2025, 3, 1), {"110": 1, "102": 1, "103": 1})
    refresh.refresh_all()
    page = squeezed(text(client, district.manager, f"{reverse('targets:cockpit')}?year=2025"))
    assert "有数据机构 1 / 在册 2 个；机构月应报 6，已通过 2，待审核 1，未报 3" in page


def test_months_from_before_the_base_year_are_not_overdue(district):
    plan = cards.Plan()
    for year in (2018, 2019, 2020, 2025):
        district.report(date(year, 3, 1))
    counts = {year: waiting(district.bureau, plan.first_year(year))["overdue"] for year in (2018, 2025, 2026)}
    assert [plan.first_year(year) for year in counts] == [2018, 2020, 2025]
    assert counts == {2018: 4, 2025: 2, 2026: 1}


def test_an_institution_year_is_stale_once_however_often_it_was_marked(district):
    for year in (2024, 2025, 2025):
        StaleMark.objects.create(agency=district.institution, year=year)
    nodes = (district.bureau, district.department, DepartmentFactory(parent=district.bureau))
    assert [waiting(node)["stale"] for node in nodes] == [2, 2, 0]


def test_a_department_sees_its_own_system_as_the_highest_node(district):
    assert cockpit.highest_node(district.department_user) == district.department
    assert cockpit.highest_node(district.observer) == district.bureau
    assert cockpit.highest_node(district.filer) is None


def test_the_years_stand_under_the_plan_period_that_judges_them(district):
    groups = dict(cards.Plan().year_choices([2015, 2026], this_year=2027))
    assert [[year for year, _ in years] for years in groups.values()] == [
        [2015],
        [2020, 2021, 2022, 2023, 2024, 2025],
        [2026, 2027],
    ]
    assert next(iter(groups)) == "规划期外"


def test_a_period_without_targets_still_names_its_years(district):
    Target.objects.filter(plan_period__slug="15-5").delete()
    plan = cards.Plan()
    assert (plan.period(2026).slug, plan.target(ENERGY, 2026)) == ("15-5", None)
    assert plan.target(ENERGY, 2025).reduction == 0.05


def test_without_a_plan_there_is_no_period_and_no_target(district):
    for model in (Target, PlanTask, PlanPeriod):
        model.objects.all().delete()
    plan = cards.Plan()
    assert (plan.period(2025), plan.target(ENERGY, 2025), plan.year_choices([], 2026)) == (None, None, [])


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ([], "无"),
        ([3], "3月"),
        ([1, 2, 3, 5], "1—3、5月"),
        (list(range(1, 13)), "全年"),
        ([1, 12], "1、12月"),
    ],
)
def test_months_are_written_as_spans(months, words):
    assert cards.months_in_words(months) == words
