"""Why a year may end where its forecast says: worked by hand, equal to what is stored, for page and API alike."""

import json
import math

import pytest
from django.urls import reverse

from agencies.access import Role
from targets import forecasting, refresh
from targets.lineage import explain_forecast, find_agency
from targets.models import Forecast, Indicator, Target
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db
KGCE, AREA_M2 = 0.1229, 100
FIRST_HALF, SECOND_HALF = range(1, 7), range(7, 13)
# Year → kWh a month of its two halves.
KWH = {2020: (1000, 1000), 2022: (1000, 1100), 2023: (1050, 1260), 2024: (980, 1078)}
T_ONE_DEGREE = math.tan(0.8 * math.pi / 2)


@pytest.fixture
def running(district):
    """2022 to 2024 whole, of 2025 a first half a tenth below that of 2024; 2020 is the base year."""
    fill(district.institution)
    compute()
    return district


def fill(agency):
    for year, halves in KWH.items():
        for months, kwh in zip((FIRST_HALF, SECOND_HALF), halves, strict=True):
            settle(agency, year, months, kwh=kwh)
    settle(agency, 2025, FIRST_HALF, kwh=882)


def compute():
    refresh.refresh_all()
    forecasting.forecast_all()


def of(district, agency, indicator="kgce_per_m2"):
    kind = "institution" if agency.kind == "institution" else "node"
    return explain_forecast(find_agency(district.manager, kind, agency.key), 2025, indicator, {})


def address(agency, page="why", indicator="kgce_per_m2", year=2025):
    kind = "institution" if agency.kind == "institution" else "node"
    return reverse(f"targets:{page}-forecast", args=[kind, agency.key, year, indicator])


def test_the_months_to_come_are_last_years_times_the_damped_ratio(running):
    """r = 882 ÷ 980 = 0.9, with six known months to the power of 6 ÷ 12."""
    lineage = of(running, running.institution)
    assert (lineage.numerators.ratio, lineage.numerators.weight) == pytest.approx((0.9, 0.5))
    assert lineage.numerators.factor == pytest.approx(math.sqrt(0.9))
    assert (lineage.denominators.ratio, lineage.denominators.weight) == (1.0, 1.0)
    known, to_come = lineage.months[5], lineage.months[6]
    assert (known.is_known, known.last, known.this) == (
        True,
        pytest.approx(980 * KGCE),
        pytest.approx(882 * KGCE),
    )
    assert (to_come.is_known, to_come.last) == (False, pytest.approx(1078 * KGCE))
    assert to_come.this == pytest.approx(1078 * math.sqrt(0.9) * KGCE)
    assert lineage.value == pytest.approx(6 * (882 + 1078 * math.sqrt(0.9)) * KGCE / AREA_M2)
    assert lineage.known_in_words == "1—6月"


def test_the_errors_of_earlier_years_make_the_interval(running):
    """2023 from 2022 and 2024 from 2023; 2022 has no year before it."""
    interval = of(running, running.institution).interval
    errors = [
        math.log((1050 + 1260) / (1050 + 1100 * math.sqrt(1050 / 1000))),
        math.log((980 + 1078) / (980 + 1260 * math.sqrt(980 / 1050))),
    ]
    assert [(each.year, pytest.approx(each.log_error)) for each in interval.errors] == [
        (2023, errors[0]),
        (2024, errors[1]),
    ]
    typical = math.sqrt((errors[0] ** 2 + errors[1] ** 2) / 2)
    assert interval.typical_error == pytest.approx(typical) == interval.spread
    assert interval.least_error == pytest.approx(0.005 * math.sqrt(0.5))
    # Two degrees of freedom: P(|T| ≤ t) = t ÷ √(2 + t²), 0.8 at t = √(2 · 0.64 ÷ 0.36).
    t = math.sqrt(2 * 0.64 / 0.36)
    assert (interval.degrees, interval.t) == (2, pytest.approx(t))
    value = of(running, running.institution).value
    assert (interval.low, interval.high) == pytest.approx(
        (value * math.exp(-t * typical), value * math.exp(t * typical))
    )


def test_the_probability_is_that_of_ending_below_the_required_value(running):
    """2025 asks for 5 % less than the 12 000 kWh of 2020; with two degrees P(T ≤ x) = ½ + x ÷ (2√(2 + x²))."""
    lineage = of(running, running.institution)
    base, goal = 12 * 1000 * KGCE / AREA_M2, lineage.goal
    assert (goal.base, goal.reduction, goal.target) == pytest.approx((base, 0.05, 0.95 * base))
    distance = math.log(0.95 * base / lineage.value) / lineage.interval.spread
    assert goal.distance == pytest.approx(distance)
    assert goal.probability == pytest.approx(0.5 + distance / (2 * math.sqrt(2 + distance**2)))


def test_the_remaining_months_share_what_the_requirement_leaves(running):
    allowance = of(running, running.institution).allowance
    base, used = 12 * 1000 * KGCE, 6 * 882 * KGCE
    assert (allowance.used, allowance.remaining) == (pytest.approx(used), 6)
    assert allowance.allowed == pytest.approx((0.95 * base - used) / 6)
    assert allowance.projected == pytest.approx(1078 * math.sqrt(0.9) * KGCE)


def test_the_back_test_holds_2024_against_what_2023_would_have_said(running):
    """Only the first half is taken as known; before 2023 there is no year whose error would give an interval."""
    lineage = of(running, running.institution)
    before, tested = lineage.tested_years
    assert (before.year, before.low, before.is_hit) == (2023, None, None)
    actual = 6 * (980 + 1078) * KGCE / AREA_M2
    projected = 6 * (980 + 1260 * math.sqrt(980 / 1050)) * KGCE / AREA_M2
    assert (tested.year, tested.actual, tested.projected) == pytest.approx((2024, actual, projected))
    assert tested.error == pytest.approx(abs(projected / actual - 1))
    assert lineage.mape == pytest.approx((before.error + tested.error) / 2)
    assert tested.last_year == pytest.approx(6 * (1050 + 1260) * KGCE / AREA_M2)
    # One earlier error, so one degree of freedom.
    spread = abs(math.log((1050 + 1260) / (1050 + 1100 * math.sqrt(1.05))))
    assert tested.high == pytest.approx(projected * math.exp(T_ONE_DEGREE * spread))
    assert (tested.is_hit, lineage.hit_rate) == (tested.low <= actual <= tested.high, 1.0)


def test_every_stored_forecast_is_made_of_the_numbers_given(running):
    for agency in (running.institution, running.department, running.bureau):
        for indicator in Indicator:
            lineage = of(running, agency, indicator)
            assert (lineage.is_reproduced, lineage.differences) == (True, []), (agency, indicator)
            row = Forecast.objects.get(agency=agency, indicator=indicator)
            shown = (lineage.value, lineage.interval.low, lineage.interval.high, lineage.goal.target)
            assert shown == pytest.approx((row.value, row.low, row.high, row.target))


def test_what_is_not_made_any_more_is_named(client, running):
    Forecast.objects.update(probability=0.5)
    Target.objects.update(reduction_percent=10)
    lineage = of(running, running.institution)
    assert not lineage.is_reproduced
    names = {each.name for each in lineage.differences}
    assert names == {"本年要求", "达标概率", "剩余月均可用量"}
    assert "后台任务重新预测后自动一致" in text(client, running.manager, address(running.institution))


def test_the_page_gives_the_method_and_its_numbers(client, running):
    html = squeezed(text(client, running.manager, address(running.institution)))
    lineage = of(running, running.institution)
    for part in ("value", "interval", "goal", "allowance", "backtest"):
        assert f'<section class="panel" id="{part}">' in html
    assert "r = 650.39 ÷ 722.65 = 0.900000，k = 6，r^0.5000 = 0.948683" in html
    assert "t 分布（自由度 2）的 t = 1.8856" in html
    linked = text(client, running.manager, address(running.institution))
    for href in (lineage.href, lineage.previous_href, lineage.base_href, lineage.goal.href):
        assert f'href="{href}"' in linked


def test_the_table_of_forecasts_leads_there(client, running):
    for page, agency in (
        (reverse("targets:institution-detail", args=[running.institution.key]), running.institution),
        (reverse("targets:system-detail", args=[running.department.key]), running.department),
    ):
        html = text(client, running.manager, f"{page}?year=2025")
        for part in ("value", "interval", "goal", "allowance", "backtest"):
            assert f'href="{address(agency)}#{part}"' in html, (page, part)


def test_the_api_says_what_the_page_says(client, running):
    client.force_login(running.manager)
    stated = client.get(address(running.bureau, "api-lineage")).json()
    lineage = of(running, running.bureau)
    assert (stated["value"], stated["goal"]["probability"]) == (
        str(lineage.value),
        str(lineage.goal.probability),
    )
    assert stated["interval"]["errors"][0]["log_error"] == str(lineage.interval.errors[0].log_error)
    assert stated["months"][6]["this"] == str(lineage.months[6].this)
    assert (stated["is_reproduced"], stated["known_months"]) == (True, 6)
    assert json.dumps(stated)


def test_a_short_history_says_so(client, district):
    settle(district.institution, 2025, FIRST_HALF)
    compute()
    lineage = of(district, district.institution)
    assert (lineage.is_history_enough, lineage.value, lineage.is_reproduced) == (False, None, True)
    assert "历史不足 24 个月" in text(client, district.manager, address(district.institution))


def test_what_is_asked_in_vain_is_not_there(client, running):
    client.force_login(running.manager)
    for asked in (
        address(running.institution, indicator="kgce"),
        address(running.institution, year=2024),
        address(running.institution) + "?rules=none",
        reverse("targets:why-forecast", args=["type", "01", 2025, "kgce_per_m2"]),
    ):
        assert client.get(asked).status_code == 404, asked


@pytest.mark.parametrize("role", Role)
def test_each_role_has_its_own_explained_and_no_strangers(client, running, role):
    school = InstitutionFactory(parent=DepartmentFactory(parent=running.bureau))
    settle(school, 2025, FIRST_HALF)
    compute()
    places = {Role.FILER: running.institution, Role.DEPARTMENT: running.department}
    client.force_login(user_with(role, places.get(role, running.bureau)))
    sees = role not in (Role.AUDITOR, Role.ADMINISTRATOR)
    status = 403 if not sees else 404 if role in places else 200
    for page in ("why", "api-lineage"):
        assert client.get(address(running.institution, page)).status_code == (200 if sees else 403)
        assert client.get(address(school, page)).status_code == status


def test_more_institutions_cost_no_more_queries(client, running):
    client.force_login(running.manager)
    addresses = [address(running.bureau), address(running.institution)]
    before = [cost(client, each) for each in addresses]
    for _ in range(2):
        fill(InstitutionFactory(parent=running.department))
    compute()
    assert [cost(client, each) for each in addresses] == before
