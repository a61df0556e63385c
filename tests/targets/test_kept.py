"""Pages that are kept as rendered: whatever changes is seen at once, and nobody sees another one's."""

from datetime import date

import pytest
from django.core.cache import caches
from django.urls import reverse

from agencies.access import Role
from agencies.actions import register, register_agency
from agencies.models import DataRoom, Membership, Vehicle
from reporting import actions as reporting_actions
from reporting.models import RuleSet
from targets import actions, benchmarking, explaining, forecasting, recalculation, refresh
from targets.models import Target
from tests.factories import DepartmentFactory, InstitutionFactory, user_with

from .months import settle
from .pages import cost, squeezed, text

pytestmark = pytest.mark.django_db

QUANTITIES = {"110": 500, "120": 5, "102": 100, "103": 10}


def cockpit(year=2025):
    return f"{reverse('targets:cockpit')}?year={year}"


def own(institution, year=2025):
    return f"{reverse('targets:institution-detail', args=[institution.key])}?year={year}"


@pytest.fixture
def kept(client, two_years):
    """Both pages have been looked at."""
    district = two_years
    for make in (explaining.explain_all, forecasting.forecast_all, benchmarking.benchmark_all):
        make()
    for address in (cockpit(), own(district.institution), cockpit(2026), own(district.institution, 2026)):
        text(client, district.manager, address)
    return district


def seen(client, district, address):
    return squeezed(text(client, district.manager, address))


def test_a_page_is_made_once_while_nothing_changes(client, kept):
    client.force_login(kept.manager)
    assert (cost(client, cockpit()), cost(client, own(kept.institution))) == (8, 8)
    caches["pages"].clear()
    assert cost(client, cockpit()) > 8


def test_an_approval_is_seen_with_its_figures(client, kept):
    kept.approved(date(2026, 1, 1), QUANTITIES)
    assert "已通过</span>" in seen(client, kept, own(kept.institution, 2026))
    assert "个机构年待重算" in seen(client, kept, cockpit(2026))
    refresh.refresh_all()
    # 500 kWh × 0.1229 on 100 m²: half of the first month of a year with 1 000 kWh.
    assert "1月" in seen(client, kept, cockpit(2026))
    assert "0.61" in seen(client, kept, own(kept.institution, 2026))


def test_what_happens_to_a_month_is_seen_before_any_figure_changes(client, kept):
    report = kept.submitted(date(2026, 1, 1), QUANTITIES)
    assert "已提交</span>" in seen(client, kept, own(kept.institution, 2026))
    reporting_actions.send_back(report, by=kept.reviewer, reason="请核对")
    page = seen(client, kept, own(kept.institution, 2026))
    assert "已退回</span>" in page
    assert "已提交</span>" not in page


def test_another_target_is_seen_at_once(client, kept):
    assert "−7.00 %" not in seen(client, kept, cockpit())
    target = Target.objects.get(plan_period__slug="14-5", indicator="kgce_per_m2")
    target.reduction_percent = 7
    actions.save_plan(target, by=kept.manager)
    assert "−7.00 %" in seen(client, kept, cockpit())


def test_another_name_and_a_new_vehicle_are_seen_at_once(client, kept):
    institution = kept.institution
    institution.name = "改名后的机构"
    register_agency(institution, by=kept.manager)
    assert "改名后的机构" in seen(client, kept, cockpit())
    vehicle = Vehicle(
        agency=institution, plate="渝A00001", energy=Vehicle.Energy.PETROL, registered_on=date(2024, 1, 1)
    )
    register(vehicle, by=kept.manager)
    assert "没有登记在用车辆" not in seen(client, kept, own(institution))
    room = DataRoom(
        agency=institution,
        name="主楼机房",
        area_m2=20,
        racks=4,
        installed_kw=12,
        in_use_from=date(2024, 1, 1),
    )
    register(room, by=kept.manager)
    page = seen(client, kept, own(institution))
    assert '主楼机房 <span class="unit">机房，20.0 m²，机柜 4 个</span>' in page


def test_effects_forecasts_and_ranks_made_later_are_seen(client, two_years):
    client.force_login(two_years.manager)
    before = seen(client, two_years, own(two_years.institution))
    explaining.explain_all()
    explained = seen(client, two_years, own(two_years.institution))
    benchmarking.benchmark_all()
    ranked = seen(client, two_years, own(two_years.institution))
    assert len({before, explained, ranked}) == 3
    assert "不与同类比较" in explained
    assert "同类中位数" in ranked


def test_another_rule_set_is_offered_as_soon_as_it_has_figures(client, kept):
    other = RuleSet.objects.exclude(slug="chongqing-2015").first()
    assert other.title not in seen(client, kept, cockpit())
    recalculation.work_off(recalculation.begin(other.slug))
    assert other.title in seen(client, kept, cockpit())
    assert f"rules={other.slug}" in seen(client, kept, f"{cockpit()}&rules={other.slug}")


def test_a_system_that_grows_changes_the_page_above_it(client, kept):
    system = DepartmentFactory(parent=kept.bureau, name="新系统")
    assert "新系统" not in seen(client, kept, cockpit())
    member = InstitutionFactory(parent=system)
    settle(member, 2020)
    settle(member, 2025)
    refresh.refresh_all()
    assert "新系统" in seen(client, kept, cockpit())


def test_a_kept_page_is_refused_like_any_other(client, kept):
    department = user_with(Role.DEPARTMENT, kept.department)
    address = reverse("targets:system-detail", args=[kept.department.key])
    assert squeezed(text(client, department, address))
    Membership.objects.filter(user=department).update(valid_to=date(2020, 1, 1))
    assert client.get(address).status_code == 403


def test_a_page_says_the_same_made_anew(client, kept):
    for address in (cockpit(), own(kept.institution)):
        found = main_of(seen(client, kept, address))
        caches["pages"].clear()
        assert main_of(seen(client, kept, address)) == found


def main_of(page):
    """Without the token against forged requests, another one each time."""
    return page.split("<main", 1)[1]
