"""The pictures' figures are the stored ones: energy by carrier, steps of a change, intervals, worked by hand.

1000 kWh a month are 122.9 kgce, 100 m³ of gas 100 × 1.33 kgce (the coefficient of the rule set in force).
"""

import pytest

from targets import cards, charts, cockpit, explaining, forecasting, institution_page, pictures, refresh
from targets.lineage import of_node
from targets.models import Forecast, Indicator, PeakResult, Quantity
from tests.factories import InstitutionFactory

from .months import settle

pytestmark = pytest.mark.django_db

ENERGY = Indicator.ENERGY_PER_AREA


@pytest.fixture
def explained(two_years):
    explaining.explain_all()
    return two_years


def effects_of(node, quantity):
    return node.decompositions.get(year=2025, quantity=quantity)


def rows_of(district):
    return cockpit.Rows(district.manager, of_node(district.bureau), cards.RuleSets().chosen)


def test_the_mix_stands_in_tonnes_and_shares_beside_the_base_year(explained):
    chart = charts.mix_chart(effects_of(explained.bureau, Quantity.ENERGY))
    assert (chart["series"], chart["beside"], chart["unit"]) == ("2025年", "2020年", "tce")
    assert chart["points"] == [
        {
            "label": "电力",
            "value": pytest.approx(12 * 940 * 0.1229 / 1000),
            "share": 1.0,
            "beside": pytest.approx(12 * 1000 * 0.1229 / 1000),
            "beside_share": 1.0,
        }
    ]


def test_the_steps_of_a_waterfall_add_up_to_the_whole_change(explained):
    row = effects_of(explained.bureau, Quantity.ENERGY)
    chart = charts.waterfall_chart(row)
    assert [point["effect"] for point in chart["points"]] == row.effect_names
    assert [point["label"] for point in chart["points"]] == [
        "机构数",
        "单位规模",
        "类型结构",
        "强度",
        "用能结构",
    ]
    assert chart["total"] == pytest.approx(-12 * 60 * 0.1229 / 1000)
    assert sum(point["value"] for point in chart["points"]) == pytest.approx(chart["total"])


def test_without_effects_there_is_no_picture():
    assert (charts.mix_chart(None), charts.waterfall_chart(None)) == ({}, {})
    assert (charts.carbon_chart([], 0), charts.energy_chart([], 0)) == ({}, {})


def test_total_energy_stands_by_year_and_part_years_are_provisional(district):
    settle(district.institution, 2022)
    settle(district.institution, 2026, [1, 2])
    refresh.refresh_all()
    assert cockpit.energy_chart(rows_of(district))["points"] == [
        {"label": "2022", "value": pytest.approx(12 * 0.1229), "provisional": False},
        {"label": "2026\n1—2月", "value": pytest.approx(2 * 0.1229), "provisional": True},
    ]


def test_the_years_up_to_the_deadline_of_the_peak_stand_empty(district):
    settle(district.institution, 2025)
    refresh.refresh_all()
    chart = cockpit.carbon_chart(rows_of(district), peaks=[PeakResult(deadline=2027)])
    assert (chart["line_at"], chart["line_label"]) == ("2027", "2027年达峰期限")
    assert chart["points"][1:] == [
        {"label": "2026", "value": None, "is_ahead": True},
        {"label": "2027", "value": None, "is_ahead": True},
    ]


def test_past_the_deadline_no_year_is_added(district):
    settle(district.institution, 2025)
    refresh.refresh_all()
    chart = cockpit.carbon_chart(rows_of(district), peaks=[PeakResult(deadline=2025)])
    assert "line_at" not in chart
    assert [point["label"] for point in chart["points"]] == ["2025"]


def test_what_a_missing_month_could_make_of_a_year_is_drawn_as_an_interval(district):
    """December lies within ±30 % of the 1000 kWh of the year before: 9 900 + 700 … 1 300 against 12 000."""
    settle(district.institution, 2020)
    settle(district.institution, 2024)
    settle(district.institution, 2025, range(1, 12), kwh=900)
    # December is expected because somebody filed it.
    settle(InstitutionFactory(parent=district.department), 2025)
    refresh.refresh_all()
    rows = institution_page.under(institution_page.all_figures(district.institution), cards.RuleSets().chosen)
    chart = dict(institution_page.path_charts(rows, cards.Plan(), 2025))[ENERGY]
    last = chart["points"][-1]
    assert chart["has_bounds"]
    assert (last["low"], last["high"]) == (
        pytest.approx(100 * 10_600 / 12_000),
        pytest.approx(100 * 11_200 / 12_000),
    )
    assert [point["low"] for point in chart["points"][:-1]] == [None] * 5


def test_the_forecast_of_the_running_year_stands_in_the_same_index_with_its_interval(two_years):
    forecast = Forecast(year=2025, indicator=ENERGY, base=14.0, value=13.3, low=12.6, high=14.0)
    chart = dict(cockpit.path_charts(rows_of(two_years), cards.Plan(), 2025, [forecast]))[ENERGY]
    last = chart["points"][-1]
    assert chart["has_forecast"]
    assert (last["forecast"], last["forecast_low"], last["forecast_high"]) == pytest.approx((95, 90, 100))
    assert [point["forecast"] for point in chart["points"][:-1]] == [None] * 5


def test_a_forecast_without_a_whole_base_year_is_not_drawn(two_years):
    forecast = Forecast(year=2025, indicator=ENERGY, base=None, value=13.3)
    chart = dict(cockpit.path_charts(rows_of(two_years), cards.Plan(), 2025, [forecast]))[ENERGY]
    assert not chart["has_forecast"]


def test_a_card_tells_where_the_year_may_end(district):
    for year in (2021, 2022, 2023, 2024):
        settle(district.institution, year)
    settle(district.institution, 2020)
    settle(district.institution, 2025, range(1, 7), kwh=900)
    refresh.refresh_all()
    forecasting.forecast_all()
    forecasts = district.bureau.forecasts.filter(year=2025)
    energy = cockpit.target_cards(rows_of(district), cards.Plan(), 2025, forecasts)[0]
    assert energy.forecast == forecasts.get(indicator=ENERGY)
    assert energy.forecast.is_history_enough


def test_a_groups_months_stand_beside_last_years(two_years):
    """940 kWh a month of one institution and 500 of another, and of last year nothing."""
    more = InstitutionFactory(parent=two_years.department)
    settle(more, 2025, [1, 2], kwh=500)
    refresh.refresh_all()
    owner, rules = of_node(two_years.bureau), cards.RuleSets().chosen
    shown = pictures.of_group(owner, rows_of(two_years), cards.Plan(), 2025, [], rules)
    quantity, title, chart = shown["trends"][0]
    assert (quantity, title, chart["unit"]) == ("kgce", "综合能耗", "tce")
    # (940 + 500) × 0.1229 kgce, then 940 alone.
    assert [point["this"] for point in chart["points"]][:3] == pytest.approx([0.176976, 0.176976, 0.115526])
    assert chart["points"][0]["last"] is None
    assert chart["points"][2]["href"] == f"/why/node/{two_years.bureau.key}/2025/kgce/"
