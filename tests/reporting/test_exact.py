"""The Decimal account: published totals, and what it refuses."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from reporting.accounting.exact import Boundary, ItemRule, account

GRID = Decimal("0.4743")
RULES = {
    "110": ItemRule(Decimal("0.1229"), Decimal(0), is_grid_electricity=True),
    "140": ItemRule(Decimal("1.33"), Decimal("2.184")),
    "150": ItemRule(Decimal("1.074122"), Decimal("2.179"), is_vehicle_fuel=True),
    "1501": ItemRule(Decimal("1.074122"), Decimal("2.179"), is_vehicle_fuel=True),
    "1502": ItemRule(Decimal("1.074122"), Decimal("2.179")),
}


def two_decimals(value):
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_electricity_counts_at_its_coefficient_and_the_grid_factor():
    result = account({"110": Decimal(1000)}, RULES, GRID)
    assert (result.kgce, result.kg_co2) == (Decimal("122.9000"), Decimal("474.3000"))


def test_vehicle_fuel_leaves_energy_per_area_and_stays_in_carbon_and_per_person():
    quantities = {
        "140": Decimal(100),
        "1501": Decimal(10),
        "1502": Decimal(5),
        "102": Decimal(50),
        "103": Decimal(4),
    }
    result = account(quantities, RULES, GRID)
    petrol = Decimal("1.074122")
    assert result.kgce_vehicle_fuel == 10 * petrol
    assert result.intensities["kgce_per_m2"] == (133 + 5 * petrol) / 50
    assert result.intensities["kgce_per_person"] == (133 + 15 * petrol) / 4
    assert result.intensities["kg_co2_per_m2"] == (Decimal("218.4") + 15 * Decimal("2.179")) / 50


def test_the_boundary_is_a_switch_of_the_rule_set():
    quantities = {"1501": Decimal(10), "102": Decimal(50)}
    inside = account(quantities, RULES, GRID, Boundary(True, True)).intensities
    outside = account(quantities, RULES, GRID, Boundary(False, False)).intensities
    assert inside["kgce_per_m2"] == Decimal("10.74122") / 50
    assert (outside["kgce_per_m2"], outside["kg_co2_per_m2"]) == (0, 0)


def test_a_fuel_total_beside_its_parts_is_counted_once():
    result = account({"150": Decimal(15), "1501": Decimal(10), "1502": Decimal(5)}, RULES, GRID)
    assert result.kgce_by_item.keys() == {"1501", "1502"}


def test_a_fuel_total_that_contradicts_its_parts_is_refused_with_the_sum_it_should_be():
    with pytest.raises(ValueError, match=r"150.*即 15"):
        account({"150": Decimal(16), "1501": Decimal(10), "1502": Decimal(5)}, RULES, GRID)


def test_a_negative_quantity_is_refused_by_name():
    with pytest.raises(ValueError, match=r"110.*不能为负"):
        account({"110": Decimal(-1)}, RULES, GRID)


def test_an_intensity_without_its_denominator_is_not_given():
    assert account({"110": Decimal(1), "102": Decimal(0)}, RULES, GRID).intensities == {}
    assert account({"110": Decimal(1), "103": Decimal(2)}, RULES, GRID).intensities.keys() == {
        "kgce_per_person"
    }
