"""What the tests of filing and review start from."""

from datetime import date

import pytest

from agencies.models import Building
from tests.factories import District, InstitutionFactory


@pytest.fixture
def district(db):
    return District()


@pytest.fixture
def building(district):
    return Building.objects.create(
        name="一号楼", manager=district.institution, floor_area_m2=1000, in_use_from=date(2020, 1, 1)
    )


@pytest.fixture
def neighbour(district):
    return InstitutionFactory(parent=district.department, name="邻居")
