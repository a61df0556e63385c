"""Stored effects: worked by hand, adding up, for an institution, its system and the district."""

import pytest

from agencies.models import AgencyType
from targets import explaining, plan_library, refresh, tasks
from targets.decomposition import EFFECTS
from targets.models import Decomposition, Quantity
from tests.factories import District, InstitutionFactory

from .months import settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def district():
    plan_library.load()
    return District()


def of(agency, quantity, year=2025):
    return Decomposition.objects.get(agency=agency, quantity=quantity, year=year)


def effects(row):
    return {name: round(getattr(row, name), 6) for name in EFFECTS if abs(getattr(row, name)) > 1e-6}


def test_less_electricity_on_the_same_area_is_intensity_and_the_grid_factor_stands_apart(district):
    settle(district.institution, 2020, kwh=1000)
    settle(district.institution, 2023, kwh=950)
    refresh.refresh_all()
    explaining.explain_all()
    carbon = of(district.institution, Quantity.CARBON, 2023)
    assert effects(carbon) == {"intensity": pytest.approx(-12 * 50 * 0.4743)}
    inventory = of(district.institution, Quantity.CARBON_INVENTORY, 2023)
    assert set(effects(inventory)) == {"intensity", "factor"}
    assert inventory.value - inventory.base == pytest.approx(12 * (950 * 0.5581 - 1000 * 0.4743))
    assert inventory.factor > 0 > inventory.intensity


def test_more_area_at_the_same_intensity_is_size_and_more_people_drink_more(district):
    settle(district.institution, 2020, kwh=1000, area=100, m3=5, people=10)
    settle(district.institution, 2025, kwh=1100, area=110, m3=6, people=12)
    refresh.refresh_all()
    explaining.explain_all()
    assert effects(of(district.institution, Quantity.ENERGY)) == {"size": pytest.approx(12 * 100 * 0.1229)}
    assert effects(of(district.institution, Quantity.WATER)) == {"size": pytest.approx(12.0)}


def test_a_new_institution_is_more_institutions_and_the_shift_of_area_between_types_structure(district):
    school = InstitutionFactory(parent=district.department, type_code=AgencyType.EDUCATION)
    settle(district.institution, 2020, kwh=1000, area=100)
    settle(district.institution, 2025, kwh=1000, area=100)
    settle(school, 2025, kwh=100, area=100)
    refresh.refresh_all()
    explaining.explain_all()
    for node in (district.bureau, district.department):
        row = of(node, Quantity.ENERGY)
        assert row.value - row.base == pytest.approx(12 * 100 * 0.1229)
        assert sum(getattr(row, name) for name in EFFECTS) == pytest.approx(row.value - row.base)
        assert row.institutions > 0 > row.structure


def test_part_years_are_explained_over_the_months_of_both(district):
    settle(district.institution, 2020, kwh=1000)
    settle(district.institution, 2025, [1, 2], kwh=900)
    refresh.refresh_all()
    explaining.explain_all()
    row = of(district.institution, Quantity.ENERGY)
    assert (row.compared_months, row.base) == (0b11, pytest.approx(2 * 1000 * 0.1229))
    assert row.intensity == pytest.approx(-2 * 100 * 0.1229)


def test_the_sweep_explains_what_was_computed_since_and_nothing_twice(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=900)
    tasks.sweep_stale_marks()
    made = of(district.institution, Quantity.ENERGY).computed_at
    assert not explaining.is_due()
    tasks.sweep_stale_marks()
    assert of(district.institution, Quantity.ENERGY).computed_at == made
