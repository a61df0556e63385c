"""What the end of a plan period says, with figures worked by hand.

1000 kWh a month on 100 m² and 10 people is 12 × 122.9 kgce: 14.748 kgce/m².
"""

import pytest
from django.urls import reverse

from targets import assessment, cards, cockpit, plan_library, refresh
from targets.lineage import of_node
from targets.models import Indicator, PlanPeriod
from targets.progress import Standing
from tests.factories import DepartmentFactory, District, InstitutionFactory

from . import pages
from .months import settle

pytestmark = pytest.mark.django_db

ADDRESS = "/assessment/2025/"


@pytest.fixture
def district():
    plan_library.load()
    return District()


def plan_and_rows(district):
    refresh.refresh_all()
    plan = cards.Plan()
    rows = cockpit.Rows(district.manager, of_node(district.bureau), cards.RuleSets().chosen)
    return plan, rows, next(period for period in plan.periods if period.end_year == 2025)


def outcomes(district):
    plan, rows, period = plan_and_rows(district)
    return assessment.outcomes(rows, plan, period)


def test_each_indicator_is_met_or_missed_and_by_how_much(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=945, m3=4.9)
    found = [(each.verdict, each.tag, each.reason, each.beyond) for each in outcomes(district)]
    assert found == [
        ("达标", Standing.MET, None, pytest.approx(0.005)),
        ("未达标", Standing.MISSED, None, pytest.approx(-0.005)),
        ("未达标", Standing.MISSED, None, pytest.approx(-0.005)),
        ("未达标", Standing.MISSED, None, pytest.approx(-0.02)),
    ]


def test_what_a_missing_month_could_turn_is_undecided(district):
    """23 months of 940 kWh and a December of 700 … 1300 against 24 000: −7.0 % to −4.5 % around the −5 % asked."""
    other = InstitutionFactory(parent=district.department)
    for each in (district.institution, other):
        settle(each, 2020)
        settle(each, 2024)
    settle(district.institution, 2025, range(1, 12), kwh=940)
    settle(other, 2025, kwh=940)
    energy = outcomes(district)[0]
    assert (energy.verdict, energy.tag) == ("未定", Standing.UNDECIDED)
    assert energy.reason == "缺报或可比范围不同，足以改变结论"


def test_a_part_of_the_end_year_decides_nothing(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, range(1, 10), kwh=900)
    energy = outcomes(district)[0]
    assert (energy.verdict, energy.tag) == ("未定", Standing.UNDECIDED)
    assert energy.reason == "目标年尚未满全年"


def test_without_a_base_year_nothing_is_said_of_the_margin(district):
    settle(district.institution, 2025)
    energy = outcomes(district)[0]
    assert (energy.verdict, energy.reason, energy.beyond) == ("未定", "没有可与基准年比较的数据", None)


def test_each_system_has_its_own_verdict(district):
    other = DepartmentFactory(parent=district.bureau)
    theirs = InstitutionFactory(parent=other)
    for each, kwh in ((district.institution, 900), (theirs, 1100)):
        settle(each, 2020)
        settle(each, 2025, kwh=kwh)
    plan, rows, period = plan_and_rows(district)
    found = {system.key: system.outcomes[0].verdict for system in assessment.systems(rows, plan, period)}
    assert found == {district.department.key: "达标", other.key: "未达标"}


def test_the_next_period_opens_from_the_end_years_own_value(district):
    settle(district.institution, 2025, kwh=900)
    plan, rows, period = plan_and_rows(district)
    energy = assessment.openings(rows, plan, period)[0]
    assert energy == assessment.Opening(
        Indicator.ENERGY_PER_AREA, pytest.approx(12 * 900 * 0.1229 / 100), None
    )


def test_only_periods_that_are_over_are_assessed(district, client):
    assert [period.end_year for period in assessment.ended(cards.Plan(), 2026)] == [2025]
    assert [period.end_year for period in assessment.ended(cards.Plan(), 2031)] == [2030, 2025]
    client.force_login(district.manager)
    assert client.get(reverse("targets:assessment", args=[2024])).status_code == 404


def test_without_a_next_period_nothing_opens(district):
    after = PlanPeriod.objects.get(base_year=2025)
    after.targets.all().delete()
    after.delete()
    plan, rows, period = plan_and_rows(district)
    assert (assessment.following(plan, period), assessment.openings(rows, plan, period)) == (None, [])


def test_the_page_says_so_in_words_and_points(district, client):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=945, m3=4.9)
    refresh.refresh_all()
    html = pages.squeezed(pages.text(client, district.manager, ADDRESS))
    assert "−5.50 %" in html
    assert '+0.50 <span class="unit">个百分点</span>' in html
    assert "目标待下达" not in html.split("开局")[0]
    assert "待下达" in html.split("开局")[-1]


def test_without_figures_the_page_says_why(district, client):
    html = pages.text(client, district.manager, ADDRESS)
    assert "没有该年已审核通过的数据，暂不能考核。" in html


def test_the_page_costs_the_same_for_one_and_three_systems(district, client):
    settle(district.institution, 2020)
    settle(district.institution, 2025)
    refresh.refresh_all()
    client.force_login(district.manager)
    once = pages.cost(client, ADDRESS)
    for _ in range(2):
        theirs = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau))
        settle(theirs, 2020)
        settle(theirs, 2025)
    refresh.refresh_all()
    assert pages.cost(client, ADDRESS) == once <= 12
