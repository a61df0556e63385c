"""Units as offices write them."""

from decimal import Decimal

import pytest

from reporting import units


@pytest.mark.parametrize(
    ("code", "unit", "number", "name", "filed"),
    [
        ("110", "kWh", "1.2", "万kWh", "12000"),
        ("110", "kWh", "1.2", "万", "12000"),
        ("110", "kWh", "1.23456", "万kWh", "12345.6"),
        ("110", "kWh", "300", "度", "300"),
        ("110", "kWh", "3", "万度", "30000"),
        ("120", "m³", "25", "吨", "25"),
        ("120", "m³", "25", "m3", "25"),
        ("130", "t", "1500", "kg", "1.500"),
        ("105", "kg", "0.05", "吨", "50.00"),
        ("1501", "L", "0.73", "吨", "1000.0000"),
        ("1601", "L", "1", "吨", "1176.4706"),
        ("", "元", "0.5", "万元", "5000.0"),
        ("102", "m²", "1.5", "万m2", "15000.0"),
    ],
)
def test_a_number_becomes_that_of_the_filed_unit(code, unit, number, name, filed):
    assert units.converted(Decimal(number), name, units.of_item(code, unit)) == Decimal(filed)


def test_a_tonne_of_gas_is_not_known():
    assert units.converted(Decimal(1), "吨", units.of_item("140", "m³")) is None


def test_what_is_offered_beside_the_field_begins_with_the_filed_unit():
    assert units.offered("110", "kWh") == ["kWh", "万kWh"]
    assert units.offered("1501", "L") == ["L", "吨"]
    assert units.offered("103", "人") == ["人"]
    assert all(
        set(units.offered(code, unit)) <= set(units.of_item(code, unit))
        for code, unit in (("110", "kWh"), ("1501", "L"), ("130", "t"))
    )
