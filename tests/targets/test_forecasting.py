"""Stored forecasts and peak tests: worked by hand, equal to the kernels, for an institution and its nodes."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agency
from targets import (
    actions,
    forecasting,
    plan_library,
    projection,
    refresh,
    rehearsal,
    restatements,
    tasks,
)
from targets.models import (
    Figure,
    Forecast,
    GroupFigure,
    GroupPanel,
    Indicator,
    PeakBasis,
    PeakResult,
    PeakStatus,
    Target,
)
from tests.factories import District, InstitutionFactory

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


def resurveyed(district, applies_from, agency=None, **changed):
    """80 m² instead of 100 in 2020, signed; what follows is computed by nobody yet."""
    values = {"kind": "resurvey", "floor_area_m2": 80, "reason": "复测", "document": "测绘报告"} | changed
    draft = restatements.Draft(
        base_year=2020, applies_from=applies_from, agency=agency or district.institution, **values
    )
    row = restatements.propose(draft, by=district.manager)
    rehearsal.rehearse(row)
    restatements.sign(row, by=district.reviewer)


def test_the_base_is_the_restated_one_that_the_figure_is_compared_with(district):
    """12 × 122.9 kgce over 80 m² instead of 100; of the department over 180 m² instead of 200."""
    other = InstitutionFactory(parent=district.department)
    for agency in (district.institution, other):
        seasonal(agency)
    resurveyed(district, date(2024, 1, 1))
    computed()
    bases = [energy(owner) for owner in (district.institution, other, district.department, district.bureau)]
    year = 12 * 1000 * KGCE_PER_KWH
    assert [row.base for row in bases] == pytest.approx([year / 80, year / 100, year / 90, year / 90])
    assert [row.target for row in bases] == pytest.approx([row.base * 0.95 for row in bases])
    assert all(row.probability is None and row.allowed_per_month is not None for row in bases)
    # The whole year 2024 counts against the same base, and 2025 once it is whole.
    for agency in (district.institution, other):
        settle(agency, 2025, SECOND_HALF, kwh=800)
    refresh.refresh_all()
    for year in (2024, 2025):
        figure = Figure.objects.get(agency=district.institution, year=year)
        assert bases[0].base == pytest.approx(figure.kgce_per_m2_base, rel=1e-12)
        node = GroupFigure.objects.get(key=district.department.key, year=year, panel=GroupPanel.ALL)
        assert bases[2].base == pytest.approx(node.kgce_per_m2_base, rel=1e-12)


def test_months_before_the_restatement_applies_count_as_they_were_filed(district):
    """Six months over 100 m² and six over 80: the year's energy over the mean of 90."""
    seasonal(district.institution)
    resurveyed(district, date(2025, 7, 1))
    computed()
    base = 12 * 1000 * KGCE_PER_KWH / 90
    for owner in (district.institution, district.department):
        assert energy(owner).base == pytest.approx(base)
    settle(district.institution, 2025, SECOND_HALF, kwh=800)
    refresh.refresh_all()
    assert Figure.objects.get(year=2025).kgce_per_m2_base == pytest.approx(base)


def test_a_new_institution_has_the_base_that_a_split_gave_it_and_an_absorbed_one_none(district):
    new, absorbed = (InstitutionFactory(parent=district.department) for _ in range(2))
    seasonal(district.institution)
    settle(new, 2025, FIRST_HALF, kwh=200, area=25)
    settle(absorbed, 2020)
    settle(absorbed, 2025, FIRST_HALF)
    refresh.refresh_all()
    first = date(2025, 1, 1)
    resurveyed(district, first, kind="split", other=new, share=0.25, floor_area_m2=None)
    resurveyed(district, first, kind="merge", other=absorbed, floor_area_m2=None)
    computed()
    year = 12 * 1000 * KGCE_PER_KWH
    assert energy(new).base == pytest.approx(0.25 * year / 25)
    assert energy(district.institution).base == pytest.approx(1.75 * year / 175)
    assert energy(absorbed).base is None
    assert energy(district.department).base == pytest.approx(2 * year / 200)


def test_forecasts_are_due_where_a_signed_restatement_or_another_target_has_no_job_left(district):
    seasonal(district.institution)
    computed()
    assert not forecasting.is_due()
    resurveyed(district, date(2025, 1, 1))
    assert forecasting.is_due()
    computed()
    assert not forecasting.is_due()
    target = Target.objects.get(plan_period__slug="14-5", indicator=Indicator.ENERGY_PER_AREA)
    target.reduction_percent = 10
    actions.save_plan(target, by=district.manager)
    # The broker was down: no job came.
    assert forecasting.is_due()
    tasks.sweep_stale_marks()
    row = energy(district.institution)
    assert row.target == pytest.approx(row.base * 0.9)
    assert not forecasting.is_due()


def test_whether_forecasts_are_due_is_asked_with_few_rows_however_many_there_are(district):
    seasonal(district.institution)
    computed()
    with CaptureQueriesContext(connection) as queries:
        assert not forecasting.is_due()
    assert len(queries) == 6


def test_without_figures_nothing_is_due(district):
    assert not forecasting.is_due()


def test_carbon_peaked_in_2021_and_a_part_of_a_year_does_not_count(district):
    for year, kwh in ((2020, 1000), (2021, 1200), (2022, 1100), (2023, 900)):
        settle(district.institution, year, kwh=kwh)
    settle(district.institution, 2024, FIRST_HALF, kwh=9000)
    computed()
    row = PeakResult.objects.get(agency=district.institution, basis=PeakBasis.TARGET)
    assert (row.status, row.peak_year, row.last_whole_year) == (PeakStatus.PEAKED, 2021, 2023)
    assert row.recent_yearly_trend == pytest.approx((900 - 1200) / 2 / (3200 / 3))
    deadlines = PeakResult.objects.values_list("agency__key", "basis", "deadline")
    assert sorted(deadlines) == sorted(
        (owner.key, basis, deadline)
        for owner, deadline in (
            (district.institution, 2025),
            (district.department, 2030),
            (district.bureau, 2030),
        )
        for basis in ("target", "inventory")
    )


def test_the_same_electricity_has_peaked_on_one_basis_and_not_on_the_other(client, district):
    """1200, 1150, 1100 kWh fall; times 0.4743, 0.5227, 0.5581 they are 569, 601, 614 kgCO₂ a month and rise."""
    for year, kwh in ((2021, 1200), (2022, 1150), (2023, 1100)):
        settle(district.institution, year, kwh=kwh)
    computed()
    for owner in (district.institution, district.department, district.bureau):
        target, inventory = owner.peak_results.all()
        assert (target.basis, target.status, target.peak_year) == ("target", PeakStatus.PEAKED, 2021)
        assert (inventory.basis, inventory.status, inventory.peak_year) == (
            "inventory",
            PeakStatus.RISING,
            2023,
        )
        assert target.sen_slope == pytest.approx(-50 * 12 * 0.4743)
        slopes = sorted(
            [
                12 * (1150 * 0.5227 - 1200 * 0.4743),
                12 * (1100 * 0.5581 - 1150 * 0.5227),
                12 * (1100 * 0.5581 - 1200 * 0.4743) / 2,
            ]
        )
        assert inventory.sen_slope == pytest.approx(slopes[1])
        assert not inventory.is_provisional
    client.force_login(district.manager)
    for address, owner in (
        (reverse("targets:cockpit"), district.bureau),
        (reverse("targets:system-detail", args=[district.department.key]), district.department),
        (reverse("targets:institution-detail", args=[district.institution.key]), district.institution),
    ):
        shown = client.get(address, {"year": 2023}).content.decode()
        section = " ".join(shown.split("<h2>碳达峰")[1].split("</section>")[0].split())
        for words in (
            owner.name,
            "考核口径",
            "各年同一固定值",
            "已达峰",
            "清单口径",
            "各年当年值",
            "仍在上升",
        ):
            assert words in section


def test_a_year_on_another_years_factor_is_named_provisional(client, district):
    for year in (2022, 2023, 2024):
        settle(district.institution, year)
    computed()
    rows = district.institution.peak_results.values_list("basis", "is_provisional")
    assert list(rows) == [("target", False), ("inventory", True)]
    client.force_login(district.manager)
    assert "未发布的年度暂用最近值" in client.get(reverse("targets:cockpit")).content.decode()


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
