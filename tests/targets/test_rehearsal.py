"""A draft factor, rule set or correction beside the active one: who flips, and that nothing is stored before."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from reporting import actions, history
from reporting.actions import WrongStatus
from reporting.models import EmissionFactor, RuleSet, StaleMark
from targets import ledger, plan_library, proposals, refresh, rehearsal
from targets.models import Figure, Proposal
from tests.factories import District, InstitutionFactory, entries, user_with

from .months import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    """One institution that uses electricity alone: no grid factor can flip it."""
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=940)
    district.second = user_with("manager", district.bureau)
    return district


def factor(district, value="0.5", year=None):
    rule_set = RuleSet.objects.active().get()
    return Proposal(
        kind="factor",
        factor_set=rule_set.grid_factors,
        carrier="electricity",
        unit="kWh",
        data_year=year or rule_set.target_grid_year,
        kg_co2_per_unit=Decimal(value),
        mark="A",
        reason="新公布",
        document="公告",
    )


def proposed(district, proposal):
    proposals.propose(proposal, by=district.manager)
    rehearsal.rehearse(proposal)
    proposal.refresh_from_db()
    return proposal


def stored():
    return list(Figure.objects.order_by("pk").values_list("pk", "kg_co2_per_m2", "computed_at"))


def with_gas(district):
    """An institution whose carbon hangs on the weight of electricity beside gas."""
    mixed = InstitutionFactory(parent=district.department)
    for year, kwh, m3 in ((2020, 1000, 20), (2025, 900, 22)):
        enter(mixed, year, {"110": kwh, "120": 5, "102": 100, "103": 10, "140": m3})
    refresh.refresh_all()
    return mixed


def enter(agency, year, quantities):
    rows = [
        {
            "agency": agency.key,
            "year": str(year),
            "month": str(month),
            "item": item,
            "quantity": str(quantity),
        }
        for month in range(1, 13)
        for item, quantity in quantities.items()
    ]
    history.enter(history.Reader().read(rows), document="测试")


def test_a_new_vintage_of_the_frozen_year_lists_exactly_the_institutions_that_flip(district):
    mixed = with_gas(district)
    before = stored()
    row = proposed(district, factor(district, "0.05"))
    flips = row.effects.filter(is_flip=True).exclude(agency=None)
    assert set(flips.values_list("agency", "year", "column")) == {(mixed.pk, 2025, "kg_co2_per_m2")}
    assert stored() == before
    assert not StaleMark.objects.exists()
    assert rehearsal.touched_publications([2025]) == []


def test_activating_gives_exactly_the_rehearsed_numbers(district):
    mixed = with_gas(district)
    row = proposed(district, factor(district, "0.05"))
    proposals.activate(row, by=district.second)
    refresh.refresh_all()
    effect = row.effects.get(agency=mixed, year=2025, column="kg_co2_per_m2")
    figure = Figure.objects.get(agency=mixed, year=2025)
    assert (effect.value_after, effect.change_after) == (figure.kg_co2_per_m2, figure.kg_co2_per_m2_change)
    assert EmissionFactor.objects.order_by("pk").last().kg_co2_per_unit == Decimal("0.05")
    assert ledger.differing_figure() is None


def test_an_unverified_factor_changes_nothing(district):
    refresh.refresh_all()
    draft = factor(district)
    draft.mark = "U"
    assert proposed(district, draft).effects.count() == 0


def test_four_eyes_and_a_finished_rehearsal(district):
    refresh.refresh_all()
    row = proposals.propose(factor(district), by=district.manager)
    factors = EmissionFactor.objects.count()
    with pytest.raises(WrongStatus, match="试算"):
        proposals.activate(row, by=district.second)
    rehearsal.rehearse(row)
    row.refresh_from_db()
    for user in (district.manager, district.reviewer, district.observer):
        with pytest.raises(PermissionDenied):
            proposals.activate(row, by=user)
    assert EmissionFactor.objects.count() == factors
    proposals.activate(row, by=district.second)
    with pytest.raises(WrongStatus):
        proposals.activate(row, by=district.second)
    assert EmissionFactor.objects.count() == factors + 1


def test_another_rule_set_is_rehearsed_and_activated(district):
    refresh.refresh_all()
    other = RuleSet.objects.exclude(pk=RuleSet.objects.active().get().pk).first()
    if other is None:
        other = RuleSet.objects.active().get()
        other.pk, other.slug = None, "other"
        other.has_vehicle_fuel_in_energy_per_m2 = True
        other.save()
    draft = Proposal(kind="rule-set", rule_set=other, reason="换口径", document="通知")
    row = proposed(district, draft)
    proposals.activate(row, by=district.second)
    refresh.refresh_all()
    assert RuleSet.objects.active().get() == other
    assert Figure.objects.filter(rule_set=other).count() == 2


def test_a_waiting_correction_is_rehearsed_and_not_activated(district):
    month = date(2025, 3, 1)
    other = InstitutionFactory(parent=district.department)
    filer = user_with("filer", other)
    district.approved(month, {"110": 1000, "102": 100, "103": 10}, agency=other, by=filer)
    settle(other, 2020, months=[3])
    refresh.refresh_all()
    report = district.report(month, other)
    actions.open_correction(report, by=filer, reason="抄错")
    report.refresh_from_db()
    actions.save_draft(report, entries(report, {"110": 900, "102": 100, "103": 10}), by=filer)
    draft = Proposal(kind="correction", report=report, reason="影响多大", document="更正单")
    row = proposed(district, draft)
    effect = row.effects.get(agency=other, year=2025, column="kgce_per_m2")
    assert (effect.change_before, effect.change_after) == pytest.approx((0.0, -0.1))
    with pytest.raises(WrongStatus, match="更正"):
        proposals.activate(row, by=district.second)
