"""The district that the tests of figures begin with; a file that needs another names its own."""

import pytest

from targets import plan_library, refresh
from tests.factories import District

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
