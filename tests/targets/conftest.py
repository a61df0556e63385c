"""The district that the tests of figures begin with; a file that needs another names its own."""

import pytest

from targets import plan_library, refresh
from tests.factories import DepartmentFactory, District, InstitutionFactory

from .months import settle


@pytest.fixture
def district():
    plan_library.load()
    return District()


@pytest.fixture
def two_years(district):
    settle(district.institution, 2020)
    settle(district.institution, 2025, kwh=940)
    refresh.refresh_all()
    return district


@pytest.fixture
def three(two_years):
    """Beside the first (−6 %): one that rose by 10 %, and one of another system and type without a base."""
    risen = InstitutionFactory(parent=two_years.department, name="上升小学", key="RISEN-1", type_code="021")
    new = InstitutionFactory(parent=DepartmentFactory(parent=two_years.bureau), name="新设中心")
    settle(risen, 2020)
    settle(risen, 2025, kwh=1100)
    settle(new, 2025, [1, 2])
    refresh.refresh_all()
    return two_years, risen, new
