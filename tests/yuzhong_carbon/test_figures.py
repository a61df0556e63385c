"""How figures are written: half up, separated, and a dash for the unknown."""

import math
from datetime import date
from decimal import Decimal

import pytest
from django.template import Context, Template

from yuzhong_carbon.templatetags.figures import change, known, month, number, percent, quantity, tce, tco2

NAN = float("nan")
FIGURE_FILTERS = [number, quantity, tce, tco2, percent, change]


@pytest.mark.parametrize("write", FIGURE_FILTERS)
@pytest.mark.parametrize("unknown", [None, "", NAN, math.inf, -math.inf, Decimal("NaN")])
def test_what_is_not_known_is_a_dash(write, unknown):
    assert write(unknown) == "—"


@pytest.mark.parametrize("write", FIGURE_FILTERS)
def test_words_are_no_figure(write):
    with pytest.raises(ValueError, match="'electricity' is not a number"):
        write("electricity")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00"),
        (1234567, "1,234,567.00"),
        (1.005, "1.01"),  # 1.00 for whoever rounds the binary value
        (2.675, "2.68"),
        (0.125, "0.13"),  # 0.12 for whoever rounds half to even
        (Decimal("0.125"), "0.13"),
        ("78.415", "78.42"),
        (-0.125, "−0.13"),
        (-0.004, "0.00"),
        (-1234.5, "−1,234.50"),
        (1e-9, "0.00"),
        (1e16, "10,000,000,000,000,000.00"),
    ],
)
def test_numbers_have_two_decimals_half_up(value, shown):
    assert number(value) == shown


def test_numbers_take_the_decimals_asked_for():
    assert number(1234.5, 0) == "1,235"
    assert number(Decimal("0.12285"), 4) == "0.1229"
    assert number(7, "1") == "7.0"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("1200.500000"), "1,200.5"),
        (Decimal("1200.000000"), "1,200"),
        (Decimal(1200), "1,200"),
        (Decimal("0.000"), "0"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("0.0004"), "0.0004"),
        (Decimal("-12.50"), "−12.5"),
        (0.1, "0.1"),
    ],
)
def test_quantities_stand_as_they_were_filed(value, shown):
    assert quantity(value) == shown


def test_kilograms_are_shown_in_tonnes():
    assert tce(78415) == "78.42"
    assert tco2(Decimal(1234565)) == "1,234.57"
    assert tce(4, 3) == "0.004"


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (0.0499, "4.99 %"),
        (0.04995, "5.00 %"),
        (Decimal("0.04994999"), "4.99 %"),
        (0, "0.00 %"),
        (-0.05, "−5.00 %"),
        (12.5, "1,250.00 %"),
    ],
)
def test_fractions_are_shown_in_percent(fraction, shown):
    assert percent(fraction) == shown


def test_beside_a_threshold_more_decimals_tell_the_truth():
    assert percent(0.04996, 3) == "4.996 %"
    assert change(-0.04996, 3) == "−4.996 %"


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [(-0.05, "−5.00 %"), (0.012, "+1.20 %"), (0, "0.00 %"), (0.00001, "0.00 %"), (-0.00001, "0.00 %")],
)
def test_changes_always_show_their_sign(fraction, shown):
    assert change(fraction) == shown


def test_months_are_written_out():
    assert month(date(2026, 10, 1)) == "2026年10月"
    assert month(date(2026, 1, 31)) == "2026年1月"
    assert month(None) == "—"


def test_nothing_that_json_cannot_carry_is_left():
    chart = {
        "kind": "path",
        "points": [{"year": 2020, "actual": NAN, "required": 7.1}, {"year": 2021, "actual": 0.0}],
    }

    assert known(chart) == {
        "kind": "path",
        "points": [{"year": 2020, "actual": None, "required": 7.1}, {"year": 2021, "actual": 0.0}],
    }


def test_every_template_has_the_filters_without_loading_them():
    assert Template("{{ x|number:1 }} {{ y|change }}").render(Context({"x": 2.25, "y": None})) == "2.3 —"
