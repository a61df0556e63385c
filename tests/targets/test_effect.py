"""The effect of an approval, told before: exactly what is stored once it was made and the job has run."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reporting import actions, history
from reporting.models import StaleMark
from targets import (
    cockpit,
    effect,
    effect_lines,
    institution_page,
    publications,
    refresh,
    rehearsal,
    restatements,
)
from targets.cards import Plan
from targets.effect_rows import Pair
from targets.lineage import of_node
from targets.models import Figure, GroupFigure, GroupPanel, LedgerEntry
from targets.progress import Standing
from tests.factories import DepartmentFactory, InstitutionFactory, entries, explain, user_with

from .months import settle

pytestmark = pytest.mark.django_db

JUNE, MAY = date(2025, 6, 1), date(2025, 5, 1)
FILED = {"110": 1100, "120": 6, "102": 100, "103": 10}
NOT_COMPARED = {"id", "packed", "computed_at"}


@pytest.fixture
def district(district):
    """Three institutions of one type, two of them in one department, the third in another."""
    district.institution.street = "七星岗街道"
    district.institution.save()
    district.second = InstitutionFactory(parent=district.department, street="解放碑街道")
    district.third = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), street="解放碑街道")
    for kwh, agency in ((1000, district.institution), (1500, district.second), (700, district.third)):
        settle(agency, 2020, kwh=kwh)
        settle(agency, 2024, kwh=kwh * 0.95)
        settle(agency, 2025, range(1, 6), kwh=kwh * 0.955)
    settle(district.second, 2025, [6], kwh=1400)
    refresh.refresh_all()
    return district


def filed(district, month=JUNE, quantities=FILED, agency=None):
    """A report that waits for review, its mark worked off."""
    report = district.submitted(
        month, quantities, agency, district.filer if agency is None else _filer(agency)
    )
    refresh.refresh_all()
    return report


def corrected(district, month, quantities, agency=None):
    """A correction that waits for review."""
    filer = district.filer if agency is None else _filer(agency)
    report = district.report(month, agency)
    actions.open_correction(report, by=filer, reason="抄错")
    report.refresh_from_db()
    actions.save_draft(report, entries(report, quantities), by=filer)
    explain(report, by=filer)
    actions.submit(report, by=filer)
    report.refresh_from_db()
    refresh.refresh_all()
    return report


def _filer(agency):
    return user_with("filer", agency)


def told(report, user):
    assert not StaleMark.objects.exists()
    return effect.of(report, user)


def approve(report, district):
    actions.approve(report, by=district.reviewer)
    refresh.refresh_all()
    report.refresh_from_db()


def approved_as_told(report, district):
    """Tell the effect, approve, and hold it against what is stored then; returns what was told."""
    found = told(report, district.reviewer)
    before = _everything_stored()
    approve(report, district)
    after = _everything_stored()
    for year in found.years:
        for owner in year.owners:
            for panel in GroupPanel:
                place = year.year, owner.owner.kind, owner.owner.key, panel.value
                for stored, side in ((before, owner.before), (after, owner.after)):
                    row = side.all if panel == GroupPanel.ALL else side.comparable
                    assert_same(row, stored.get(place), place)
        assert_judged(found, year, district)
        assert_ranked(year, report.agency)
    assert_nothing_else_changed(found, before, after)
    assert_ledger(found)
    return found


def _everything_stored():
    institutions = Figure.objects.select_related("agency")
    rows = {(row.year, "institution", row.agency.key, "all"): row for row in institutions}
    return rows | {(row.year, row.kind, row.key, row.panel): row for row in GroupFigure.objects.all()}


def assert_same(one, other, place):
    assert (one is None) == (other is None), place
    if one is None:
        return
    for field in one._meta.concrete_fields:
        if field.name not in NOT_COMPARED:
            mine, stored = getattr(one, field.attname), getattr(other, field.attname)
            assert mine == pytest.approx(stored, rel=1e-9, abs=1e-9), (place, field.name)
    np.testing.assert_allclose(one.monthly, other.monthly, rtol=1e-9)


def assert_judged(found, year, district):
    """Statuses as the pages of the institution and of the district have them now."""
    plan, rule_set = Plan(), found.rule_set
    own = institution_page.under(institution_page.all_figures(found.report.agency), rule_set)
    cards = institution_page.target_cards(own, plan, year.year)
    assert [each.after.status for each in year.own.indicators if each.after] == [
        card.status for card in cards
    ]
    rows = cockpit.Rows(district.reviewer, of_node(district.bureau), rule_set)
    cards = cockpit.target_cards(rows, plan, year.year)
    shown = [each.after for each in year.district.indicators if each.after]
    assert [(each.status, each.verdict) for each in shown] == [(card.status, card.verdict) for card in cards]


def assert_ranked(year, agency):
    for rank in year.ranks:
        rows = Figure.objects.filter(
            rank.scope.condition, year=year.year, **{f"{rank.column}__isnull": False}
        )
        order = list(rows.order_by(rank.column, "agency__path").values_list("agency", flat=True))
        place = order.index(agency.pk) + 1 if agency.pk in order else None
        assert (rank.after, rank.of_after) == (place, len(order)), (year.year, rank.column, rank.scope.title)


def assert_nothing_else_changed(found, before, after):
    """The stored rows of every year and owner that was not told of are what they were."""
    told_of = {
        (year.year, owner.owner.kind, owner.owner.key) for year in found.years for owner in year.owners
    }
    for place in before.keys() | after.keys():
        if place[:3] not in told_of:
            assert_same(before.get(place), after.get(place), place)


def assert_ledger(found):
    entered = {
        (row.publication_id, row.kind, row.key, row.panel, row.column): row.now
        for row in LedgerEntry.objects.all()
    }
    foretold = {
        (row.publication_id, row.kind, row.key, row.panel, row.column): row.now
        for seal in found.seals
        for row in seal.entries
    }
    assert foretold.keys() == entered.keys()
    for place, now in foretold.items():
        assert now == pytest.approx(entered[place], rel=1e-9, abs=1e-9), place


def indicator(owner, name):
    return next(each for each in owner.indicators if each.column == name)


def test_a_first_approval_is_told_exactly(district):
    found = approved_as_told(filed(district), district)
    assert [year.year for year in found.years] == [2025]
    value = indicator(found.of_month.own, "kgce_per_m2").value
    per_kwh = 0.1229 / 100
    assert (value.before, value.after) == pytest.approx((955 * 5 * per_kwh, (955 * 5 + 1100) * per_kwh))
    assert found.of_month.district.is_changed
    assert found.seals == []


def test_a_correction_is_told_exactly_and_what_it_flips(district):
    """5 % less than in the base year is enough for 2024; with one month of five times as much it is not."""
    report = corrected(district, date(2024, 6, 1), FILED | {"110": 5000, "120": 5})
    found = approved_as_told(report, district)
    assert [year.year for year in found.years] == [2025, 2024]
    flips = [each for owner, each in found.of_month.flips if owner.owner.title == "本机构"]
    assert [each.column for each in flips] == ["kgce_per_m2", "kg_co2_per_m2", "kgce_per_person"]
    assert {(each.before.status, each.after.status) for each in flips} == {
        (Standing.ON_PATH, Standing.BEHIND)
    }


def test_a_month_of_the_base_year_touches_every_year_that_is_compared_with_it(district):
    report = corrected(district, date(2020, 6, 1), FILED | {"110": 3000})
    found = approved_as_told(report, district)
    assert [year.year for year in found.years if year.is_changed] == [2025, 2024, 2020]
    assert indicator(found.years[-1].own, "kgce_per_m2").before.status == Standing.BASE


def test_an_institution_without_a_base_year_is_told_without_a_change(district):
    new = InstitutionFactory(parent=district.department, street="解放碑街道")
    found = approved_as_told(filed(district, agency=new), district)
    energy = indicator(found.of_month.own, "kgce_per_m2")
    assert (energy.value.before, energy.change.before, energy.change.after) == (None, None, None)
    assert energy.value.after == pytest.approx(1100 * 0.1229 / 100)
    assert (energy.before.status, energy.after.status) == (Standing.UNKNOWN, Standing.UNKNOWN)


def test_a_group_of_one_becomes_exactly_its_only_institution(district):
    found = approved_as_told(filed(district), district)
    street = next(group for group in found.of_month.groups if group.owner.title == "街道")
    own, group = (indicator(each, "kgce_per_m2").value.after for each in (found.of_month.own, street))
    assert own == group


def test_what_is_unknown_is_in_no_place(district):
    """An institution of the same type that states no people is ranked by area alone."""
    _without_people(InstitutionFactory(parent=district.department, street="解放碑街道"))
    found = approved_as_told(filed(district, quantities=FILED | {"110": 2500}), district)
    places = {
        (rank.scope.title, rank.column): (rank.before, rank.of_before, rank.after, rank.of_after)
        for rank in found.of_month.ranks
    }
    assert places["类型", "kgce_per_m2"] == (3, 4, 3, 4)
    assert places["类型", "kgce_per_person"] == (2, 3, 2, 3)
    assert places["系统", "kgce_per_m2_change"] == (2, 2, 2, 2)


def _without_people(agency):
    rows = [
        {"agency": agency.key, "year": "2025", "month": "1", "item": item, "quantity": quantity}
        for item, quantity in (("110", "700"), ("120", "5"), ("102", "100"))
    ]
    history.enter(history.Reader().read(rows), document="测试")
    refresh.refresh_all()


def test_a_signed_restatement_in_force_counts_before_and_after(district):
    draft = restatements.Draft(
        kind="resurvey",
        base_year=2020,
        applies_from=date(2025, 4, 1),
        agency=district.institution,
        reason="复测",
        document="测绘报告1号",
        floor_area_m2=80,
    )
    row = restatements.propose(draft, by=district.manager)
    rehearsal.rehearse(row)
    row.refresh_from_db()
    restatements.sign(row, by=district.reviewer)
    refresh.refresh_all()
    found = approved_as_told(filed(district), district)
    assert found.of_month.own.after.all.is_restated("kgce_per_m2")
    approved_as_told(corrected(district, date(2020, 6, 1), FILED), district)


def test_a_seal_stays_and_the_ledger_enters_what_was_told(district):
    approve(filed(district), district)
    for kind, year, number in (("month", 2025, 6), ("quarter", 2025, 1), ("year", 2024, 1)):
        publications.seal(kind, year, number, by=district.manager)
    report = corrected(district, JUNE, FILED | {"110": 1300})
    found = approved_as_told(report, district)
    assert [(str(seal.publication), seal.contains_month) for seal in found.seals] == [("2025年6月", True)]
    (shown,) = [
        each
        for each in found.seals[0].shown
        if (each.entry.kind, each.entry.column) == ("institution", "kgce")
    ]
    assert (shown.published, shown.pair.after) == pytest.approx((1100 * 0.1229, 1300 * 0.1229))
    again = corrected(district, JUNE, FILED | {"110": 1200})
    (shown,) = [
        each
        for each in effect.of(again, district.reviewer).seals[0].shown
        if (each.entry.kind, each.entry.column) == ("institution", "kgce")
    ]
    numbers = shown.published, shown.pair.before, shown.pair.after
    assert numbers == pytest.approx((1100 * 0.1229, 1300 * 0.1229, 1200 * 0.1229))


def test_a_base_month_touches_the_seals_of_later_years(district):
    publications.seal("year", 2024, 1, by=district.manager)
    found = approved_as_told(corrected(district, date(2020, 6, 1), FILED | {"110": 3000}), district)
    assert [(str(seal.publication), seal.contains_month) for seal in found.seals] == [("2024年", False)]


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "withdrawn"])
def test_whatever_the_state_of_the_latest_revision_it_is_told_as_if_approved(district, state):
    report = district.report(JUNE)
    actions.save_draft(report, entries(report, FILED), by=district.filer)
    explain(report, by=district.filer)
    if state != "draft":
        actions.submit(report, by=district.filer)
    if state == "returned":
        actions.send_back(report, by=district.reviewer, reason="请核对")
    if state == "withdrawn":
        actions.withdraw(report, by=district.filer)
    report.refresh_from_db()
    found = effect.of(report, district.filer)
    assert found.revision.status == state
    assert found.of_month.own.after.all.kgce == pytest.approx((955 * 5 + 1100) * 0.1229)


def test_nothing_is_told_where_nothing_waits_to_be_approved(district):
    report = district.report(JUNE)
    assert effect.of(report, district.reviewer) is None
    approve(filed(district), district)
    report.refresh_from_db()
    assert effect.of(report, district.reviewer) is None


def test_marks_that_wait_are_counted_for_who_may_see_them(district):
    report = filed(district)
    StaleMark.objects.create(agency=district.third, year=2025)
    assert effect.of(report, district.reviewer).waiting == 1
    assert effect.of(report, district.filer).waiting == 0


def test_everybody_is_told_of_the_groups_that_they_see_elsewhere(district):
    publications.seal("month", 2025, 5, by=district.manager)
    report = corrected(district, MAY, FILED)

    def seen(user):
        found = effect.of(report, user)
        year = found.of_month
        scopes = {rank.scope.title for rank in year.ranks}
        return [owner.owner.title for owner in year.owners], scopes, len(found.seals)

    assert seen(district.filer) == (["本机构"], set(), 0)
    assert seen(district.department_user) == (["本机构", "系统"], {"系统"}, 1)
    whole = (["本机构", "系统", "类型", "街道", "全区"], {"系统", "类型"}, 1)
    assert [seen(user) for user in (district.reviewer, district.manager, district.observer)] == [whole] * 3


def test_the_number_of_queries_does_not_grow_with_the_register(district):
    report = filed(district)
    few = _queries(report, district.reviewer)
    for _ in range(5):
        agency = InstitutionFactory(parent=district.department)
        settle(agency, 2020)
        settle(agency, 2025, range(1, 6))
    refresh.refresh_all()
    assert _queries(report, district.reviewer) == few <= 40


def _queries(report, user):
    report = (
        type(report)
        .objects.select_related("agency__parent", "period", "latest", "approved")
        .get(pk=report.pk)
    )
    user = type(user).objects.get(pk=user.pk)
    with CaptureQueriesContext(connection) as queries:
        found = effect.of(report, user)
        assert all(owner.is_known for year in found.years for owner in year.owners)
    return len(queries)


def test_a_correction_lists_the_lines_that_differ(district):
    approve(filed(district), district)
    report = corrected(district, JUNE, FILED | {"110": 1320, "140": 20})
    found = {line.item.code: line for line in effect_lines.changed(report)}
    assert sorted(found) == ["110", "140"]
    assert (found["110"].difference, found["110"].fraction) == (Decimal(220), Decimal("0.2"))
    assert (found["140"].in_force.quantity, found["140"].difference, found["140"].fraction) == (
        None,
        None,
        None,
    )
    assert found["140"].has_other_way


def test_decimals_tell_two_numbers_apart():
    assert [Pair(1.0, each).decimals for each in (2.0, 1.001, 1.000001, 1.0000000001)] == [2, 3, 6, 6]
    assert (Pair(11.744, 11.746).decimals, Pair(5.0, 5.0).decimals) == (3, 2)
    assert Pair(-0.05, -0.05001, per=100).decimals == 3
    assert (Pair(None, 1.0).decimals, Pair(None, 1.0).difference, Pair(None, None).is_changed) == (
        2,
        None,
        False,
    )
