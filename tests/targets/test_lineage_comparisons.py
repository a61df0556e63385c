"""The other comparisons of a figure explained: year before, rolling year, parts of the change, bounds; by hand.

1000 kWh a month on 100 m² in 2020; 900 kWh in 2024; from January to September 2025 950 kWh on 110 m². The rest of
2025 is owed and missing. A kWh is 0.1229 kgce.
"""

import json
import math
from datetime import date

import numpy as np
import pytest
from django.urls import reverse

from reporting import checks
from targets import measures, recalculation, refresh
from targets.lineage import explain, find_group, find_institution
from targets.lineage.measure import MEASURES
from targets.models import Figure, GroupFigure
from tests.factories import DepartmentFactory, InstitutionFactory

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
KGCE = 0.1229


@pytest.fixture
def gap(district):
    """Beside the institution another one that files every month."""
    settle(district.institution, 2020)
    settle(district.institution, 2024, kwh=900)
    settle(district.institution, 2025, range(1, 10), kwh=950, area=110)
    district.other = InstitutionFactory(parent=district.department, name="第二小学")
    for year, kwh in ((2020, 2000), (2024, 1900), (2025, 1880)):
        settle(district.other, year, kwh=kwh)
    refresh.refresh_all()
    return district


def of_institution(district, measure="kgce_per_m2", year=2025):
    return explain(find_institution(district.manager, district.institution.key), year, measure, {})


def of_bureau(district, measure="kgce_per_m2", panel="all"):
    return explain(find_group(district.manager, "node", district.bureau.key), 2025, measure, {"panel": panel})


def address(district, page="why", measure="kgce_per_m2", year=2025):
    return reverse(f"targets:{page}-institution", args=[district.institution.key, year, measure])


def test_the_year_before_is_taken_over_the_same_months(gap):
    previous = of_institution(gap).comparison.previous
    assert previous.now.months == previous.base.months == list(range(1, 10))
    assert (previous.now.numerator, previous.now.denominator) == pytest.approx((9 * 950 * KGCE, 110))
    assert (previous.base.numerator, previous.base.denominator) == pytest.approx((9 * 900 * KGCE, 100))
    assert previous.change == pytest.approx((950 / 110) / (900 / 100) - 1)


def test_the_rolling_year_takes_the_missing_months_from_the_year_before(gap):
    rolling = of_institution(gap).comparison.rolling
    assert (rolling.this_year, rolling.last_year) == (list(range(1, 10)), [10, 11, 12])
    assert rolling.now.numerator == pytest.approx((9 * 950 + 3 * 900) * KGCE)
    assert rolling.now.denominator == pytest.approx((9 * 110 + 3 * 100) / 12)
    assert rolling.now.value == pytest.approx(11250 * KGCE / 107.5)
    assert rolling.base.value == pytest.approx(12000 * KGCE / 100)
    assert rolling.change == pytest.approx((11250 / 107.5) / 120 - 1)


def test_the_parts_of_the_change_follow_from_their_growths(gap):
    parts = of_institution(gap).comparison.parts
    ratio = (950 / 110) / (1000 / 100)
    log_mean = (ratio - 1) / math.log(ratio)
    assert (parts.ratio, parts.log_mean) == pytest.approx((ratio, log_mean))
    assert (parts.numerator_growth, parts.denominator_growth) == pytest.approx(
        (math.log(0.95), math.log(1.1))
    )
    assert parts.by_denominator == pytest.approx(-log_mean * math.log(1.1))
    assert parts.by_numerator == pytest.approx(log_mean * math.log(0.95))
    assert parts.by_numerator + parts.by_denominator == pytest.approx(ratio - 1)


def test_a_missing_month_lies_within_thirty_percent_of_the_year_before(gap):
    bounds = of_institution(gap).comparison.bounds
    assert (bounds.now.months, bounds.now.estimated) == (list(range(1, 13)), [10, 11, 12])
    assert (bounds.now.institution_months, bounds.now.unbounded, bounds.base.estimated) == (3, [], [])
    assert bounds.now.numerator_low == pytest.approx((9 * 950 + 3 * 0.7 * 900) * KGCE)
    assert bounds.now.numerator_high == pytest.approx((9 * 950 + 3 * 1.3 * 900) * KGCE)
    assert (bounds.now.denominator, bounds.base.denominator) == pytest.approx((107.5, 100))
    assert bounds.base.lowest == bounds.base.highest == pytest.approx(120 * KGCE)
    assert (bounds.low, bounds.high) == pytest.approx((10440 / 107.5 / 120 - 1, 12060 / 107.5 / 120 - 1))


def test_the_spread_is_the_one_at_which_the_checks_ask_for_a_reason(gap):
    shipped = checks.RULES["last-year"].shipped["110", ""]
    assert of_institution(gap).comparison.bounds.spread == float(shipped.high)


def test_a_month_that_nothing_bounds_leaves_the_bounds_unknown(gap):
    newcomer = InstitutionFactory(parent=gap.department)
    settle(newcomer, 2025, range(1, 10))
    gap.report(date(2025, 10, 1), newcomer)
    refresh.refresh_all()
    bounds = of_bureau(gap).comparison.bounds
    assert bounds.is_open
    assert (bounds.now.unbounded, bounds.low, bounds.high) == ([10], None, None)


def test_of_comparable_institutions_nothing_is_missing(gap):
    comparison = of_bureau(gap, panel="comparable").comparison
    assert not comparison.bounds.has_estimates
    assert comparison.bounds.low == comparison.bounds.high == comparison.change


def test_what_is_explained_is_what_is_stored(gap):
    row = Figure.objects.get(agency=gap.institution, year=2025)
    group = GroupFigure.objects.get(kind="node", key=gap.bureau.key, year=2025, panel="all")
    for stored, lineage in ((row, of_institution(gap)), (group, of_bureau(gap))):
        made = lineage.comparison.columns
        assert set(made) == set(measures.MEASURES)
        for ending, number in made.items():
            assert number == pytest.approx(getattr(stored, f"kgce_per_m2{ending}"), rel=1e-9), ending


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_of_every_figure_is_reproduced(gap, measure):
    for lineage in (
        of_institution(gap, measure),
        of_institution(gap, measure, 2020),
        of_institution(gap, measure, 2024),
        of_bureau(gap, measure),
        of_bureau(gap, measure, "comparable"),
    ):
        assert lineage.differences == []


def test_a_stored_number_that_is_not_made_is_named(client, gap):
    Figure.objects.filter(agency=gap.institution, year=2025).update(kgce_per_m2_yoy=-0.5)
    lineage = of_institution(gap)
    assert [(each.name, each.stored) for each in lineage.differences] == [("较上年变化率", -0.5)]
    assert not lineage.is_reproduced
    assert "不一致（较上年变化率）" in text(client, gap.manager, address(gap))


def test_a_numerator_gone_to_zero_is_the_whole_change(client, district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=0, area=200)
    refresh.refresh_all()
    parts = of_institution(district).comparison.parts
    assert (parts.by_numerator, parts.by_denominator, parts.log_mean) == (-1.0, 0.0, None)
    assert "变化全部来自用量" in text(client, district.manager, address(district))


def test_a_total_has_no_comparisons(client, gap):
    comparison = of_institution(gap, "kgce").comparison
    assert (comparison.previous, comparison.rolling, comparison.bounds) == (None, None, None)
    assert 'id="yoy"' not in text(client, gap.manager, address(gap, measure="kgce"))


def test_the_page_shows_each_formula_with_its_numbers(client, gap):
    html = squeezed(text(client, gap.manager, address(gap)))
    for sentence in (
        "较上年变化率 = 9.5527 ÷ 9.9549 − 1 = <strong>−4.04 %</strong>",
        "滚动12个月变化率 = 12.8616 ÷ 14.7480 − 1 = <strong>−12.79 %</strong>",
        "下限 = 11.9356 ÷ 14.7480 − 1 = <strong>−19.07 %</strong>",
        "2025年 1—9月，2024年 10—12月",
        "±30 %",
        "面积变化 = −L × ln(D<sub>1</sub> ÷ D<sub>0</sub>)",
        'id="denominator"',
        'id="rolling"',
        'id="bounds"',
    ):
        assert sentence in html, sentence


def test_a_rolling_year_with_a_gap_says_why_it_is_unknown(client, district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, [1, 2])
    refresh.refresh_all()
    assert "十二个月齐全才计算" in text(client, district.manager, address(district))


def test_cards_and_lists_lead_to_the_sections(client, gap):
    page = reverse("targets:institution-detail", args=[gap.institution.key]) + "?year=2025"
    html = text(client, gap.manager, page)
    for part in ("yoy", "rolling", "bounds", "denominator"):
        assert f'href="{address(gap)}#{part}"' in html, part
    cockpit = text(client, gap.manager, reverse("targets:cockpit") + "?year=2025")
    group = reverse("targets:why-group", args=["node", gap.bureau.key, 2025, "kgce_per_m2"])
    for part in ("yoy", "denominator"):
        assert f"{group}?panel=comparable#{part}" in cockpit or f"{group}#{part}" in cockpit, part


def test_another_rule_sets_figure_is_explained_by_that_rule_set(client, gap):
    recalculation.work_off(recalculation.begin("db37-2019"))
    node = reverse("targets:why-group", args=["node", gap.bureau.key, 2025, "kgce_per_m2"])
    pages = {
        reverse("targets:institution-detail", args=[gap.institution.key]): f"{address(gap)}?",
        reverse("targets:cockpit"): f"{node}?panel=comparable&amp;",
    }
    for page, start in pages.items():
        html = text(client, gap.manager, f"{page}?year=2025")
        assert f'href="{start}rules=db37-2019#change"' in html, page


def test_carbon_of_vehicle_fuel_is_made_of_it_alone(client, district):
    settle(district.institution, 2020)
    district.approved(date(2025, 1, 1), {"110": 940, "1501": 100, "120": 5, "102": 100, "103": 10})
    refresh.refresh_all()
    lineage = of_institution(district, "kg_co2_vehicle_fuel")
    (petrol,) = lineage.items
    assert (petrol.code, lineage.is_reproduced) == ("1501", True)
    assert petrol.contribution == pytest.approx(lineage.comparison.value.value)
    page = reverse("targets:institution-detail", args=[district.institution.key])
    html = text(client, district.manager, f"{page}?year=2025")
    assert f'href="{address(district, measure="kg_co2_vehicle_fuel")}"' in html


def test_the_api_gives_the_same_numbers(client, gap):
    client.force_login(gap.manager)
    stated = client.get(address(gap, "api-lineage")).json()["comparison"]
    made = of_institution(gap).comparison
    assert stated["previous"]["change"] == str(made.previous.change)
    assert stated["previous"]["base"]["months"] == list(range(1, 10))
    assert stated["rolling"]["last_year"] == [10, 11, 12]
    assert stated["rolling"]["now"]["denominator"] == str(made.rolling.now.denominator)
    assert stated["parts"]["by_denominator"] == str(made.parts.by_denominator)
    assert stated["bounds"]["now"]["numerator_low"] == str(made.bounds.now.numerator_low)
    assert (stated["bounds"]["now"]["estimated"], stated["bounds"]["spread"]) == ([10, 11, 12], "0.3")
    assert json.dumps(stated)


def test_more_gaps_cost_no_more_queries(client, gap):
    client.force_login(gap.manager)
    group = reverse("targets:why-group", args=["node", gap.bureau.key, 2025, "kgce_per_m2"])
    addresses = [address(gap), group]
    before = [cost(client, each) for each in addresses]
    for _ in range(3):
        more = InstitutionFactory(parent=DepartmentFactory(parent=gap.bureau))
        settle(more, 2020)
        settle(more, 2024)
        settle(more, 2025, [1, 2])
    refresh.refresh_all()
    assert [cost(client, each) for each in addresses] == before


def test_unknown_stays_unknown_in_the_kernels_terms():
    nothing = measures.term(np.zeros((1, 3, 5, 12)), np.zeros((1, 5, 12)))
    assert np.isnan(nothing.value).all()
