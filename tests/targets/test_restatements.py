"""Baseline restatements: proposed, their effect listed, signed by another; the filed base stays beside."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from agencies.access import Role
from agencies.models import Event
from reporting.actions import WrongStatus
from reporting.models import StaleMark
from targets import ledger, plan_library, refresh, rehearsal, restatements
from targets.models import Figure, GroupFigure, GroupPanel, ProposalEffect, RestatedPanel, Restatement
from tests.factories import District, InstitutionFactory, user_with

from .months import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    settle(district.institution, 2023, kwh=950)
    settle(district.institution, 2024, kwh=950)
    refresh.refresh_all()
    return district


def resurvey(district, **changed):
    values = {
        "kind": "resurvey",
        "base_year": 2020,
        "applies_from": date(2024, 1, 1),
        "agency": district.institution,
        "reason": "2024年复测",
        "document": "测绘报告1号",
        "floor_area_m2": 80,
    }
    return restatements.Draft(**values | changed)


def proposed(district, **changed):
    row = restatements.propose(resurvey(district, **changed), by=district.manager)
    rehearsal.rehearse(row)
    row.refresh_from_db()
    return row


def change(year, agency=None, name="change"):
    rows = Figure.objects.filter(year=year)
    return (rows.get(agency=agency) if agency else rows.get()).measure("kgce_per_m2", name)


def test_a_signed_resurvey_changes_later_years_only_and_keeps_the_filed_change_beside(district):
    row = proposed(district)
    restatements.sign(row, by=district.reviewer)
    refresh.refresh_all()
    # 1000 kWh over 80 m² before, 950 kWh over 100 m² now.
    assert change(2024) == pytest.approx(950 / 100 / (1000 / 80) - 1)
    assert change(2024, name="change_filed") == pytest.approx(-0.05)
    assert change(2023) == pytest.approx(-0.05)
    assert ledger.differing_figure() is None
    assert ledger.differing_group_figure() is None


def test_the_rehearsed_numbers_are_those_that_signing_makes_and_nothing_is_stored_before(district):
    row = proposed(district)
    assert change(2024) == pytest.approx(-0.05)
    effect = row.effects.get(agency=district.institution, year=2024, column="kgce_per_m2")
    assert (effect.change_before, row.effects.filter(year=2023).count()) == (change(2024), 0)
    restatements.sign(row, by=district.reviewer)
    refresh.refresh_all()
    assert effect.change_after == change(2024)
    group = GroupFigure.objects.get(year=2024, key=district.bureau.key, panel=GroupPanel.ALL)
    told = row.effects.get(group_key=district.bureau.key, year=2024, column="kgce_per_m2")
    assert told.change_after == group.kgce_per_m2_change


def test_the_merged_base_is_that_of_both_and_the_absorbed_has_none(district):
    other = InstitutionFactory(parent=district.department)
    settle(other, 2020, kwh=500, area=50)
    settle(other, 2024, kwh=500, area=50)
    refresh.refresh_all()
    row = proposed(district, kind="merge", other=other, floor_area_m2=None)
    restatements.sign(row, by=district.reviewer)
    refresh.refresh_all()
    figure = Figure.objects.get(agency=district.institution, year=2024)
    assert figure.kgce_per_m2_base == pytest.approx(12 * 1500 * 0.1229 / 150)
    assert Figure.objects.get(agency=other, year=2024).kgce_per_m2_change is None


def test_a_split_takes_its_share_from_the_base_of_the_source(district):
    new = InstitutionFactory(parent=district.department)
    settle(new, 2024, kwh=200, area=25, people=2)
    row = proposed(district, kind="split", other=new, share=0.25, floor_area_m2=None)
    restatements.sign(row, by=district.reviewer)
    refresh.refresh_all()
    # The new one had no months of 2020 itself: a quarter of 1000 kWh over 25 m².
    assert change(2024, new) == pytest.approx(200 / 250 - 1)


def test_nobody_signs_what_they_proposed(district):
    row = proposed(district)
    with pytest.raises(PermissionDenied):
        restatements.sign(row, by=district.manager)
    row.refresh_from_db()
    assert (row.status, StaleMark.objects.count()) == ("proposed", 0)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER}))
def test_only_a_manager_proposes(district, role):
    with pytest.raises(PermissionDenied):
        restatements.propose(resurvey(district), by=user_with(role, district.bureau))
    assert not Restatement.objects.exists()


def test_nothing_is_signed_before_its_effect_is_listed(district):
    row = restatements.propose(resurvey(district), by=district.manager)
    with pytest.raises(WrongStatus, match="试算"):
        restatements.sign(row, by=district.reviewer)


def test_the_second_signature_comes_too_late(district):
    row = proposed(district)
    restatements.sign(row, by=district.reviewer)
    with pytest.raises(WrongStatus):
        restatements.reject(row, by=district.reviewer, note="晚了")
    told = list(Event.objects.filter(verb="restate").values_list("agency", "detail"))
    assert len(told) == 2
    assert "签署" in told[1][1]


def test_of_two_proposals_for_one_base_the_other_has_to_be_made_anew(district):
    one, two = proposed(district), proposed(district, floor_area_m2=90)
    restatements.sign(one, by=district.reviewer)
    with pytest.raises(WrongStatus, match="重新提出"):
        restatements.sign(two, by=district.reviewer)


def test_a_rejected_one_changes_nothing_and_says_why(district):
    row = proposed(district)
    with pytest.raises(ValidationError, match="理由"):
        restatements.reject(row, by=district.reviewer, note="")
    restatements.reject(row, by=district.reviewer, note="无测绘报告")
    assert not StaleMark.objects.exists()


def test_a_base_year_without_months_cannot_be_restated(district):
    other = InstitutionFactory(parent=district.department)
    with pytest.raises(ValidationError, match="没有 2020 年的数据"):
        restatements.propose(resurvey(district, agency=other), by=district.manager)


@pytest.mark.both_databases
def test_the_database_keeps_what_was_signed(district):
    row = proposed(district)
    restatements.sign(row, by=district.reviewer)
    for change_of in (
        lambda: Restatement.objects.update(reason="改"),
        lambda: RestatedPanel.objects.update(expected_months=0),
        lambda: RestatedPanel.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change_of()


def test_rehearsing_twice_leaves_the_same_effects(district):
    row = proposed(district)
    before = ProposalEffect.objects.count()
    assert rehearsal.rehearse(row) == before > 0
    assert ProposalEffect.objects.count() == before
