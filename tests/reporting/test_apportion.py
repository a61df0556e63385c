"""A whole and its parts: worked by hand, and adding up exactly whatever the days and shares."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.apportion import apportion, days_by_month, decimals_of


def decimals(*texts):
    return [Decimal(text) for text in texts]


def test_a_bill_of_two_months_is_divided_by_days():
    # 16 March to 14 May: 16 + 30 + 14 = 60 days; 1000 × 16/60 = 266.666…, × 30/60 = 500, × 14/60 = 233.333….
    assert days_by_month(date(2025, 3, 16), date(2025, 5, 14)) == [
        (date(2025, 3, 1), 16),
        (date(2025, 4, 1), 30),
        (date(2025, 5, 1), 14),
    ]
    assert apportion(Decimal(1000), [16, 30, 14], 2) == decimals("266.67", "500.00", "233.33")


def test_the_step_left_over_goes_to_who_lost_most_and_of_equals_to_the_earlier():
    assert apportion(Decimal("0.02"), [1, 1, 1], 2) == decimals("0.01", "0.01", "0.00")
    assert apportion(Decimal(10), [1, 1, 1], 0) == decimals("4", "3", "3")
    # 100 × 1/6, 2/6, 3/6 = 16.67, 33.33, 50: the first lost 0.67, the second 0.33.
    assert apportion(Decimal(100), [1, 2, 3], 0) == decimals("17", "33", "50")


def test_one_month_takes_all_and_a_leap_february_has_29_days():
    assert days_by_month(date(2024, 2, 1), date(2024, 2, 29)) == [(date(2024, 2, 1), 29)]
    assert apportion(Decimal("12.5"), [29], 2) == decimals("12.50")
    assert days_by_month(date(2024, 12, 31), date(2025, 1, 1)) == [
        (date(2024, 12, 1), 1),
        (date(2025, 1, 1), 1),
    ]


@pytest.mark.parametrize(
    ("total", "weights", "places"),
    [("-1", [1], 0), ("1.005", [1], 2), ("1", [0, 0], 0), ("1", [], 0), ("1", [2, -1], 0)],
)
def test_what_cannot_be_divided_is_refused(total, weights, places):
    with pytest.raises(ValueError, match=r"."):
        apportion(Decimal(total), weights, places)


def test_days_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="before"):
        days_by_month(date(2025, 3, 2), date(2025, 3, 1))


def test_a_total_keeps_the_decimals_that_it_needs():
    assert [decimals_of(Decimal(text), 2) for text in ("12", "1200", "12.500", "0.1234")] == [2, 2, 2, 4]


@given(
    steps=st.integers(0, 10**15),
    weights=st.lists(st.fractions(0, 1) | st.integers(0, 400), min_size=1, max_size=30).filter(sum),
    places=st.integers(0, 4),
)
def test_the_parts_add_up_and_none_is_a_step_away_from_its_share(steps, weights, places):
    total = Decimal(steps).scaleb(-places)
    parts = apportion(total, weights, places)
    assert sum(parts) == total
    step = Fraction(1, 10**places)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * weight / sum(weights)) < step
        assert part >= 0


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 800))
def test_every_day_of_a_bill_is_in_one_month(first, length):
    last = date.fromordinal(first.toordinal() + length)
    months = days_by_month(first, last)
    assert sum(days for _month, days in months) == length + 1
    assert [month for month, _days in months] == sorted({month for month, _days in months})
