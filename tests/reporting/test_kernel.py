"""The NumPy kernel against the Decimal oracle, and what it does with the unknown."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.accounting import exact, kernel

ITEMS = ("110", "140", "1501", "1502", "170", "102")
RULES = {
    "110": exact.ItemRule(Decimal("0.1229"), Decimal(0), is_grid_electricity=True),
    "140": exact.ItemRule(Decimal("1.33"), Decimal("2.184")),
    "1501": exact.ItemRule(Decimal("1.074122"), Decimal("2.179"), is_vehicle_fuel=True),
    "1502": exact.ItemRule(Decimal("1.074122"), Decimal("2.179")),
    "170": exact.ItemRule(Decimal("34.12"), Decimal(110)),
}
NOTHING = exact.ItemRule(Decimal(0), Decimal(0))
GRID = Decimal("0.4743")


def weights():
    rows = [RULES.get(code, NOTHING) for code in ITEMS]
    return kernel.Weights(
        np.array([float(row.kgce_per_unit) for row in rows]),
        np.array([float(row.kg_co2_per_unit) for row in rows]),
        np.array([row.is_vehicle_fuel for row in rows]),
        np.array([row.is_grid_electricity for row in rows]),
    )


quantities = st.one_of(st.none(), st.decimals(min_value=0, max_value=10**9, places=4))
panels = st.lists(st.lists(quantities, min_size=len(ITEMS), max_size=len(ITEMS)), min_size=1, max_size=24)


@given(panels)
def test_the_kernel_equals_the_decimal_oracle_over_panels_with_gaps(rows):
    values = np.array([[np.nan if cell is None else float(cell) for cell in row] for row in rows])
    result = kernel.account(values, weights())
    for number, row in enumerate(rows):
        counted = dict(zip(ITEMS[:-1], row[:-1], strict=True))
        if None in counted.values():
            assert np.isnan(result.kgce[number])
            continue
        oracle = exact.account(counted, RULES, GRID)
        assert result.kgce[number] == pytest.approx(float(oracle.kgce), rel=1e-9)
        assert result.kgce_vehicle_fuel[number] == pytest.approx(float(oracle.kgce_vehicle_fuel), rel=1e-9)
        assert result.kg_co2(float(GRID))[number] == pytest.approx(float(oracle.kg_co2), rel=1e-9)


def test_an_unknown_item_that_counts_nothing_leaves_the_sum_known():
    row = np.array([1000.0, 0.0, 0.0, 0.0, 0.0, np.nan])
    assert kernel.account(row, weights()).kgce == pytest.approx(122.9)


def test_each_month_takes_its_own_grid_factor():
    months = np.tile([1000.0, 0, 0, 0, 0, 0], (2, 1))
    carbon = kernel.account(months, weights()).kg_co2(np.array([0.4743, 0.5581]))
    assert carbon == pytest.approx([474.3, 558.1])


def test_quantities_that_do_not_fit_the_weights_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        kernel.account(np.zeros(3), weights())


def test_a_negative_quantity_is_refused():
    with pytest.raises(ValueError, match="negative"):
        kernel.account(np.array([-1.0, 0, 0, 0, 0, 0]), weights())
