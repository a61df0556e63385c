"""What managers do to the plan."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from agencies.access import Role
from agencies.models import Event
from reporting.models import StaleMark
from targets import actions, plan_library, refresh
from targets.models import Figure, PlanPeriod, Target
from tests.factories import District, user_with

from .months import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    return District()


def running_target():
    return Target.objects.get(plan_period__slug="15-5", indicator="kgce_per_m2")


def test_a_target_handed_down_is_stored_and_told(district):
    target = running_target()
    target.reduction_percent = Decimal("4.5")
    actions.save_plan(target, by=district.manager)
    assert running_target().reduction == 0.045
    event = Event.objects.latest("sequence")
    assert event.actor == district.manager
    assert event.detail == "目标 “十五五”（2026—2030年） 单位建筑面积能耗：下降率(%)：无 → 4.5"
    assert not StaleMark.objects.exists()


def test_a_target_that_is_as_it_was_leaves_no_trace(district):
    before = Event.objects.count()
    actions.save_plan(running_target(), by=district.manager)
    assert Event.objects.count() == before


def test_another_base_year_has_the_figures_computed_anew(district):
    settle(district.institution, 2024, [1])
    settle(district.institution, 2025, [1], kwh=900)
    refresh.refresh_all()
    period = PlanPeriod.objects.get(slug="14-5")
    period.base_year = 2024
    actions.save_plan(period, by=district.manager)
    assert set(StaleMark.objects.values_list("agency", "year")) == {
        (district.institution.pk, 2024),
        (district.institution.pk, 2025),
    }
    refresh.refresh_all()
    assert Figure.objects.get(year=2025).kgce_per_m2_change == pytest.approx(-0.1)


def test_a_target_that_is_no_reduction_is_refused_in_words(district):
    target = running_target()
    target.reduction_percent = Decimal(0)
    with pytest.raises(ValidationError, match="下降率应在 0 与 100 之间"):
        actions.save_plan(target, by=district.manager)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER}))
def test_nobody_but_a_manager_changes_the_plan(client, district, role):
    user = user_with(role, district.bureau)
    target = running_target()
    target.reduction_percent = Decimal(5)
    with pytest.raises(PermissionDenied):
        actions.save_plan(target, by=user)
    assert running_target().reduction_percent is None
    client.force_login(user)
    assert client.get(reverse("admin:targets_planperiod_changelist")).status_code in (302, 403)


def test_a_manager_hands_down_a_target_in_the_admin(client, district):
    client.force_login(district.manager)
    period = PlanPeriod.objects.get(slug="15-5")
    address = reverse("admin:targets_planperiod_change", args=[period.pk])
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    formset = client.get(address).context["inline_admin_formsets"][0].formset
    for row in (formset.management_form, *formset.forms):
        sent |= {
            row.add_prefix(name): "" if row[name].value() is None else row[name].value()
            for name in row.fields
        }
    sent["targets-0-reduction_percent"] = "4.5"
    assert client.post(address, sent).url == reverse("admin:targets_planperiod_changelist")
    assert period.targets.order_by("pk").first().reduction_percent == Decimal("4.5")
