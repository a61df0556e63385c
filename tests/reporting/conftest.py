"""What the tests of filing and review start from."""

import pytest

from tests.factories import District


@pytest.fixture
def district(db):
    return District()
