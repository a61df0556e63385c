"""Stored forecasts and peak tests: worked by hand, equal to the kernels, for an institution and its nodes."""

import math
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency
from targets import actions, forecasting, plan_library, projection, refresh, tasks
from targets.models import Figure, Forecast, Indicator, PeakResult, PeakStatus, Target
from tests.factories import District

from .months import settle

pytestmark = pytest.mark.django_db
KGCE_PER_KWH = 0.1229
AREA_M2 = 100
FIRST_HALF, SECOND_HALF = range(1, 7), range(7, 13)


@pytest.fixture
def district():
    plan_library.load()
    return District()


def computed():
    refresh.refresh_all()
    return forecasting.forecast_all()


def energy(agency, year=2025):
    return Forecast.objects.get(agency=agency, indicator=Indicator.ENERGY_PER_AREA, year=year)


def seasonal(agency):
    """2020 even, 2024 with a dear second half, of 2025 a first half that is a fifth lower."""
    settle(agency, 2020, kwh=1000)
    settle(agency, 2024, FIRST_HALF, kwh=1000)
    settle(agency, 2024, SECOND_HALF, kwh=1500)
    settle(agency, 2025, FIRST_HALF, kwh=800)


def four_years(agency, running=(900,) * 6):
    """2022 to 2025 whole, and 2026 as far as it is known."""
    for year, kwh in ((2022, 1000), (2023, 1050), (2024, 980), (2025, 1000)):
        settle(agency, year, FIRST_HALF, kwh=kwh)
        settle(agency, year, SECOND_HALF, kwh=kwh * (1.2 if year % 2 else 1.1))
    for month, kwh in enumerate(running, start=1):
        settle(agency, 2026, [month], kwh=kwh)


def test_the_second_half_is_last_years_times_the_damped_ratio(district):
    seasonal(district.institution)
    computed()
    row = energy(district.institution)
    to_come = 1500 * math.sqrt(0.8)
    base = 12 * 1000 * KGCE_PER_KWH / AREA_M2
    assert row.known_months == 6
    assert row.value == pytest.approx((6 * 800 + 6 * to_come) * KGCE_PER_KWH / AREA_M2)
    assert (row.base, row.target) == (pytest.approx(base), pytest.approx(base * 0.95))
    assert row.allowed_per_month == pytest.approx((base * 0.95 * AREA_M2 - 6 * 800 * KGCE_PER_KWH) / 6)
    assert row.projected_per_month == pytest.approx(to_come * KGCE_PER_KWH)
    # 2023 is not known, so 2024 cannot be tested.
    assert (row.low, row.high, row.probability, row.tested) == (None, None, None, 0)


def test_a_node_of_one_institution_ends_where_the_institution_does(district):
    seasonal(district.institution)
    computed()
    assert Forecast.objects.count() == 3 * len(Indicator)
    for node in (district.bureau, district.department):
        assert energy(node).value == pytest.approx(energy(district.institution).value)


def test_less_than_24_months_are_no_history(district):
    settle(district.institution, 2025, SECOND_HALF)
    settle(district.institution, 2026, FIRST_HALF)
    computed()
    row = energy(district.institution, 2026)
    assert (row.is_history_enough, row.known_months, row.value, row.probability) == (False, 6, None, None)


def test_a_whole_year_and_a_closed_institution_have_no_forecast(district):
    settle(district.institution, 2024)
    settle(district.institution, 2025)
    computed()
    assert not Forecast.objects.exists()


def test_without_a_target_there_is_no_probability_and_with_one_there_is(client, district):
    four_years(district.institution)
    computed()
    row = energy(district.institution, 2026)
    assert (row.target, row.probability, row.allowed_per_month) == (None, None, None)
    assert row.low < row.value < row.high
    client.force_login(district.manager)
    assert "待下达" in client.get(reverse("targets:cockpit"), {"year": 2026}).content.decode()
    target = Target.objects.get(plan_period__slug="15-5", indicator=Indicator.ENERGY_PER_AREA)
    target.reduction_percent = 10
    actions.save_plan(target, by=district.manager)
    tasks.refresh_forecasts()
    row = energy(district.institution, 2026)
    assert row.target == pytest.approx(row.base * 0.98)
    assert 0 < row.probability < 1


def test_what_is_stored_is_what_the_kernel_says(district):
    four_years(district.institution)
    Target.objects.filter(plan_period__slug="15-5").update(reduction_percent=5)
    computed()
    figures = Figure.objects.filter(agency=district.institution).order_by("year")
    top = np.array([[row.monthly[0] for row in figures]])
    bottom = np.array([[row.monthly[6] for row in figures]])
    outlook, row = projection.project(top, bottom), energy(district.institution, 2026)
    tested = projection.backtest(top, bottom, 6)
    assert [row.value, row.low, row.high] == pytest.approx([*outlook.value, *outlook.low, *outlook.high])
    assert [row.probability] == pytest.approx(
        list(projection.probability_met(outlook, np.array([row.target])))
    )
    assert (row.mape, row.mape_last_year) == (
        pytest.approx(tested.mape),
        pytest.approx(tested.mape_last_year),
    )
    assert (row.tested, row.hit_rate) == (tested.tested, pytest.approx(tested.hit_rate))


def test_a_restated_base_year_asks_nothing_that_could_be_wrong(district):
    seasonal(district.institution)
    refresh.refresh_all()
    Figure.objects.filter(year=2025).update(kgce_per_m2_base=F("kgce_per_m2_base_filed") * 1.1)
    forecasting.forecast_all()
    row = energy(district.institution)
    assert (row.base, row.target, row.allowed_per_month) == (None, None, None)
    assert row.value is not None


def test_carbon_peaked_in_2021_and_a_part_of_a_year_does_not_count(district):
    for year, kwh in ((2020, 1000), (2021, 1200), (2022, 1100), (2023, 900)):
        settle(district.institution, year, kwh=kwh)
    settle(district.institution, 2024, FIRST_HALF, kwh=9000)
    computed()
    row = PeakResult.objects.get(agency=district.institution)
    assert (row.status, row.peak_year, row.last_whole_year) == (PeakStatus.PEAKED, 2021, 2023)
    assert row.recent_yearly_trend == pytest.approx((900 - 1200) / 2 / (3200 / 3))
    deadlines = PeakResult.objects.values_list("agency__key", "deadline")
    assert dict(deadlines) == {
        district.institution.key: 2025,
        district.department.key: 2030,
        district.bureau.key: 2030,
    }


def test_the_sweep_forecasts_what_was_computed_since_and_nothing_twice(district):
    seasonal(district.institution)
    # A register that changed just now has the groups summed again.
    Agency.history.update(history_date=timezone.now() - timedelta(days=1))
    tasks.sweep_stale_marks()
    made = energy(district.institution).computed_at
    assert not forecasting.is_due()
    tasks.sweep_stale_marks()
    assert energy(district.institution).computed_at == made


@pytest.mark.parametrize("page", ["node", "institution"])
def test_pages_say_what_the_year_will_end_at_and_what_no_thrift_can_reach(client, district, page):
    seasonal(district.institution)
    settle(district.institution, 2025, [7, 8], kwh=9000)
    computed()
    client.force_login(district.manager)
    address = {
        "node": reverse("targets:cockpit"),
        "institution": reverse("targets:institution-detail", args=[district.institution.key]),
    }[page]
    shown = client.get(address, {"year": 2025}).content.decode()
    for words in ("年末预测", "剩余月份即使不用也达不到", "碳达峰", "历史不足"):
        assert words in shown
    assert "年末预测" not in client.get(address, {"year": 2024}).content.decode()


def test_the_page_says_that_the_history_is_too_short(client, district):
    settle(district.institution, 2026, FIRST_HALF)
    computed()
    client.force_login(district.manager)
    shown = client.get(reverse("targets:cockpit"), {"year": 2026}).content.decode()
    assert "历史不足 24 个月，暂不预测" in shown


@pytest.mark.parametrize(
    ("kwh", "verdict"), [(990, "完成"), (960, "进度达标、年度未达")], ids=["better", "worse than last year"]
)
def test_the_card_judges_the_year_and_the_path(client, district, kwh, verdict):
    settle(district.institution, 2020, kwh=1000)
    settle(district.institution, 2022, kwh=kwh)
    settle(district.institution, 2023, kwh=965 if kwh == 960 else 940)
    refresh.refresh_all()
    client.force_login(district.manager)
    address = reverse("targets:institution-detail", args=[district.institution.key])
    card = client.get(address, {"year": 2023}).context["cards"][0]
    assert card.verdict_in_words == verdict
    assert client.get(address, {"year": 2020}).context["cards"][0].verdict_in_words is None
