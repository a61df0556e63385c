"""From approved months to figures, worked by hand."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies import actions as agencies_actions
from agencies.models import AgencyType
from reporting import actions, approved, factor_library, history
from reporting.models import Coefficient, EmissionFactor, Panel, StaleMark
from targets import plan_library, refresh, tasks
from targets.models import Figure, GroupFigure, GroupKind, GroupPanel, PlanPeriod
from tests.factories import DepartmentFactory, District, InstitutionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    return District()


def enter(rows):
    """Import (agency key, year, month, item, quantity) rows as settled history and refresh."""
    columns = ("agency", "year", "month", "item", "quantity")
    texts = [dict(zip(columns, map(str, row), strict=True)) for row in rows]
    history.enter(history.Reader().read(texts), document="测试")
    refresh.refresh_all()


def year_of(key, year, months=range(1, 13), **quantities):
    return [
        (key, year, month, item.strip("_"), value) for month in months for item, value in quantities.items()
    ]


def test_five_percent_less_electricity_in_2023_than_in_2021_is_more_carbon_on_the_inventory_basis(district):
    PlanPeriod.objects.create(slug="test", name="试", base_year=2021, end_year=2023)
    PlanPeriod.objects.filter(slug="14-5").update(base_year=2023, end_year=2024)
    key = district.institution.key
    enter(year_of(key, 2021, _110=1000, _102=100, _103=10) + year_of(key, 2023, _110=950, _102=100, _103=10))
    figure = Figure.objects.get(agency=district.institution, year=2023)
    assert figure.kg_co2_per_m2_change == pytest.approx(-0.05)
    assert figure.kg_co2_per_m2_inv_change == pytest.approx(0.95 * 0.5581 / 0.4743 - 1)
    assert round(figure.kg_co2_per_m2_inv_change, 3) == 0.118


def test_a_year_is_compared_with_the_same_months_of_its_base_year(district):
    key = district.institution.key
    summer = year_of(key, 2020, months=[7], _110=3000, _102=100, _103=10)
    rest = year_of(key, 2020, months=[1, 2], _110=1000, _102=100, _103=10)
    enter(summer + rest + year_of(key, 2021, months=[1, 2], _110=900, _102=100, _103=10))
    figure = Figure.objects.get(agency=district.institution, year=2021)
    assert figure.kgce_per_m2 == pytest.approx(2 * 900 * 0.1229 / 100)
    assert figure.kgce_per_m2_base == pytest.approx(2 * 1000 * 0.1229 / 100)
    assert figure.kgce_per_m2_change == pytest.approx(-0.1)
    assert (figure.approved_months, figure.compared_months) == (0b11, 0b11)


def test_unknown_people_leave_per_person_figures_unknown_and_the_others_known(district):
    key = district.institution.key
    enter(year_of(key, 2020, _110=1000, _120=50, _102=100))
    figure = Figure.objects.get(agency=district.institution, year=2020)
    assert (figure.kgce_per_person, figure.m3_per_person, figure.people) == (None, None, None)
    assert figure.kgce_per_m2 == pytest.approx(12 * 1000 * 0.1229 / 100)


def test_gas_that_is_not_metered_leaves_the_month_unknown_instead_of_low(district):
    key = district.institution.key
    rows = year_of(key, 2020, months=[1], _110=1000, _102=100, _140="未计量")
    enter(rows + year_of(key, 2020, months=[2], _110=1000, _102=100))
    figure = Figure.objects.get(agency=district.institution, year=2020)
    assert figure.kgce == pytest.approx(122.9)
    assert figure.approved_months == 0b11


def test_a_group_is_the_ratio_of_sums_over_its_institutions(district):
    other = InstitutionFactory(parent=district.department, type_code=AgencyType.EDUCATION, street="大坪街道")
    enter(
        year_of(district.institution.key, 2020, _110=1000, _102=100, _103=10)
        + year_of(other.key, 2020, _110=500, _102=400, _103=50)
    )
    ratio = 12 * 1500 * 0.1229 / 500
    node = GroupFigure.objects.filter(kind=GroupKind.NODE, panel=GroupPanel.ALL)
    assert {figure.key for figure in node} == {district.bureau.key, district.department.key}
    assert {round(figure.kgce_per_m2, 9) for figure in node} == {round(ratio, 9)}
    education = GroupFigure.objects.get(kind=GroupKind.TYPE, key="021", panel=GroupPanel.ALL)
    assert education.kgce_per_m2 == pytest.approx(12 * 500 * 0.1229 / 400)
    assert GroupFigure.objects.filter(kind=GroupKind.STREET, key="大坪街道").exists()


def test_the_comparable_panel_leaves_out_who_is_new(district):
    new = InstitutionFactory(parent=district.department)
    key = district.institution.key
    enter(
        year_of(key, 2020, _110=1000, _102=100, _103=10)
        + year_of(key, 2025, _110=900, _102=100, _103=10)
        + year_of(new.key, 2025, _110=9000, _102=100, _103=10)
    )
    found = {
        figure.panel: figure.kgce_per_m2_change
        for figure in GroupFigure.objects.filter(key=district.bureau.key, year=2025)
    }
    assert found[GroupPanel.COMPARABLE] == pytest.approx(-0.1)
    assert found[GroupPanel.ALL] == pytest.approx(9900 / 200 / 10 - 1)


def test_an_approval_marks_its_year_and_the_refresh_clears_the_mark(district):
    district.approved(date(2025, 3, 1), {"110": 1000, "102": 100, "103": 10})
    assert set(StaleMark.objects.values_list("agency", "year")) == {(district.institution.pk, 2025)}
    assert f"{district.institution} 2025-03 第1版通过" in set(
        StaleMark.objects.values_list("cause", flat=True)
    )
    refresh.refresh_all()
    assert not StaleMark.objects.exists()
    assert Figure.objects.get(year=2025).kgce == pytest.approx(122.9)


def test_a_changed_base_year_recomputes_the_years_compared_with_it(district):
    key = district.institution.key
    enter(year_of(key, 2025, _110=950, _102=100, _103=10))
    assert Figure.objects.get(year=2025).kgce_per_m2_change is None
    enter(year_of(key, 2020, _110=1000, _102=100, _103=10))
    assert Figure.objects.get(year=2025).kgce_per_m2_change == pytest.approx(-0.05)


def test_refreshing_twice_changes_nothing(district):
    key = district.institution.key
    enter(year_of(key, 2020, _110=1000, _102=100, _103=10) + year_of(key, 2025, _110=950, _102=100, _103=10))
    before = figures()
    years = {district.institution.pk: {2020, 2025}}
    approved.rebuild(years, cause="重建")
    refresh.refresh_all()
    assert figures() == before


def figures():
    skipped = {"id", "computed_at", "_state"}
    return [
        {
            field.name: getattr(figure, field.attname)
            for field in model._meta.concrete_fields
            if field.name not in skipped
        }
        for model in (Figure, GroupFigure)
        for figure in model.objects.order_by("year", "pk")
    ]


quantity = st.one_of(st.none(), st.integers(0, 10_000))
step = st.sampled_from(["submit", "withdraw", "return", "approve", "correct"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(1, 4), quantity, step), min_size=1, max_size=10))
def test_the_panel_kept_by_the_verbs_equals_the_panel_made_from_lines(steps):
    with transaction.atomic():
        district = District()
        for month, electricity, verb in steps:
            take_step(district, date(2025, month, 1), electricity, verb)
        kept = {(panel.agency_id, panel.year): panel for panel in Panel.objects.all()}
        made = dict(approved.from_lines({district.institution.pk: {2025}}))
        assert {place: facts(panel) for place, panel in kept.items()} == {
            place: facts(panel) for place, panel in made.items()
        }
        refresh.refresh_all()
        before = figures()
        approved.rebuild({district.institution.pk: {2025}}, cause="重建")
        refresh.refresh_all()
        assert figures() == before
        transaction.set_rollback(True)


def facts(panel):
    return bytes(panel.packed), panel.approved_months, panel.expected_months, panel.submitted_months


def take_step(district, month, electricity, verb):
    """One verb at a month, where it may follow; None files nothing metered."""
    report = district.report(month)
    if verb == "submit" and report.is_editable:
        district.submitted(
            month, {"102": 100, "103": 10} | ({} if electricity is None else {"110": electricity})
        )
    if verb == "correct" and report.status == "approved":
        actions.open_correction(report, by=district.filer, reason="更正")
    if report.status != "submitted":
        return
    if verb == "withdraw":
        actions.withdraw(report, by=district.filer)
    if verb == "return":
        actions.send_back(report, by=district.reviewer, reason="请核对")
    if verb == "approve":
        actions.approve(report, by=district.reviewer)


def test_an_institution_that_moves_is_counted_where_it_stands_now(district):
    other = DepartmentFactory(parent=district.bureau)
    enter(year_of(district.institution.key, 2020, _110=1000, _102=100, _103=10))
    agencies_actions.move(district.institution, other, by=district.manager)
    assert refresh.is_regrouping_due()
    tasks.sweep_stale_marks()
    nodes = GroupFigure.objects.filter(kind=GroupKind.NODE, year=2020, panel=GroupPanel.ALL)
    assert {figure.key for figure in nodes} == {district.bureau.key, other.key}
    assert not refresh.is_regrouping_due()


def test_equal_months_are_no_change_for_any_group_or_panel_whatever_is_missing(district):
    key = district.institution.key
    late = InstitutionFactory(parent=district.department)
    enter(
        year_of(key, 2020, months=range(7, 13), _110=1000, _102=100, _103=10)
        + year_of(key, 2025, _110=1000, _102=100, _103=10)
        + year_of(late.key, 2020, months=range(1, 7), _110=1000, _102=100, _103=10)
        + year_of(late.key, 2025, months=range(1, 7), _110=1000, _102=100, _103=10)
    )
    changes = GroupFigure.objects.filter(year=2025).values_list("kgce_per_m2_change", flat=True)
    assert all(change == pytest.approx(0.0) for change in changes)


def test_a_group_whose_base_lacks_months_is_compared_over_the_months_it_has(district):
    key = district.institution.key
    enter(
        year_of(key, 2020, months=range(7, 13), _110=1000, _102=100, _103=10)
        + year_of(key, 2025, _110=1000, _102=100, _103=10)
    )
    changes = set(GroupFigure.objects.filter(year=2025).values_list("kgce_per_m2_change", flat=True))
    assert changes == {0.0}


def of_yesterday(district):
    """Figures that were made yesterday; nothing has come into use since."""
    enter(year_of(district.institution.key, 2024, _110=1000, _102=100, _103=10))
    Figure.objects.update(computed_at=timezone.now() - timedelta(days=1))
    assert not refresh.is_factor_due()


def loaded(model, days):
    """A row beside the newest one, in use from today on or in some days."""
    row = model.objects.order_by("pk").last()
    row.pk, row.valid_from = None, timezone.localdate() + timedelta(days=days)
    row.save()


@pytest.mark.parametrize("model", [EmissionFactor, Coefficient])
def test_a_row_of_the_library_that_comes_into_use_today_makes_the_figures_due(district, model):
    of_yesterday(district)
    loaded(model, days=1)
    assert not refresh.is_factor_due()
    loaded(model, days=0)
    assert refresh.is_factor_due()
    tasks.sweep_stale_marks()
    assert not refresh.is_factor_due()
    assert not StaleMark.objects.exists()


def test_without_figures_no_factor_is_due(district):
    loaded(Coefficient, days=0)
    assert not refresh.is_factor_due()


def test_a_new_vintage_marks_every_year_stale(district, tmp_path):
    enter(year_of(district.institution.key, 2024, _110=1000, _102=100, _103=10))
    before = Figure.objects.get(year=2024)
    assert before.is_provisional
    header = "factor_set,carrier,unit,kg_co2_per_unit,region,data_year,published_on,valid_from,document,mark"
    row = "grid-chongqing,electricity,kWh,0.6,500000,2024,2026-12-31,2026-11-01,试,B"
    (tmp_path / "emission_factors.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    factor_library.load(tmp_path)
    refresh.refresh_all()
    after = Figure.objects.get(year=2024)
    assert not after.is_provisional
    assert after.kg_co2_inventory == pytest.approx(12 * 1000 * 0.6)
    assert after.kg_co2_target == before.kg_co2_target
