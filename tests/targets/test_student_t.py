"""Student's t against printed tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.student_t import cdf, two_sided_quantile

# Two-sided 80, 95 and 99 %: Abramowitz and Stegun, table 26.10.
TABLE = {
    1: (3.078, 12.706, 63.657),
    2: (1.886, 4.303, 9.925),
    3: (1.638, 3.182, 5.841),
    4: (1.533, 2.776, 4.604),
    5: (1.476, 2.571, 4.032),
    10: (1.372, 2.228, 3.169),
    30: (1.310, 2.042, 2.750),
}


@pytest.mark.parametrize("degrees", TABLE)
def test_the_quantiles_are_the_printed_ones(degrees):
    found = tuple(round(two_sided_quantile(level, degrees), 3) for level in (0.80, 0.95, 0.99))
    assert found == TABLE[degrees]


def test_with_many_degrees_it_is_the_normal_distribution():
    normal = (1 + math.erf(1.5 / math.sqrt(2))) / 2
    assert cdf(np.array([1.5]), 20_000) == pytest.approx([normal], abs=1e-4)


def test_the_ends_and_the_unknown():
    values = cdf(np.array([-np.inf, 0.0, np.inf, np.nan]), 3)
    assert values == pytest.approx([0.0, 0.5, 1.0, np.nan], nan_ok=True)


@given(st.floats(-50, 50), st.integers(1, 40))
def test_it_is_symmetric(t, degrees):
    assert cdf(np.array(t), degrees) + cdf(np.array(-t), degrees) == pytest.approx(1.0)


@given(st.floats(0.01, 0.99), st.integers(1, 40))
def test_the_quantile_inverts_the_distribution(level, degrees):
    t = two_sided_quantile(level, degrees)
    assert 2 * cdf(np.array(t), degrees) - 1 == pytest.approx(level, abs=1e-9)


def test_no_degrees_and_no_level_are_refused():
    with pytest.raises(ValueError, match="degrees of freedom"):
        cdf(np.array(0.0), 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        two_sided_quantile(1.0, 3)
