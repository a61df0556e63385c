"""A building's consumption among its occupants: by hand, and adding up exactly whatever the shares."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.sharing import Occupant, divide, pue


def occupant(key, share, days=30, sub=None):
    return Occupant(key, Fraction(share) * days, None if sub is None else Decimal(sub))


def quantities(parts):
    return [part.quantity for part in parts]


def test_without_sub_meters_the_area_divides():
    # 1000 kWh and 700.01 yuan: shares 1/2, 1/4, 1/4.
    parts = divide(
        Decimal(1000), Decimal("700.01"), [occupant(1, "1/2"), occupant(2, "1/4"), occupant(3, "1/4")], 2
    )
    assert quantities(parts) == [500, 250, 250]
    assert [part.cost_yuan for part in parts] == [Decimal("350.01"), Decimal("175.00"), Decimal("175.00")]


def test_a_sub_meter_is_deducted_and_its_occupant_bears_nothing_of_the_rest():
    # 1000 − 300 = 700 among shares 1/2 and 1/4: 466.67 and 233.33.
    parts = divide(
        Decimal(1000), None, [occupant(1, "1/2"), occupant(2, "1/4"), occupant(3, "1/4", sub="300")], 2
    )
    assert quantities(parts) == [Decimal("466.67"), Decimal("233.33"), Decimal("300.00")]
    assert [part.cost_yuan for part in parts] == [None] * 3


def test_where_each_has_a_sub_meter_the_common_rest_is_everybodys():
    parts = divide(Decimal(100), None, [occupant(1, "3/4", sub="60"), occupant(2, "1/4", sub="20")], 0)
    assert quantities(parts) == [75, 25]


def test_who_moves_in_on_the_16th_bears_half_a_month():
    # 15 of 30 days at 1/2 against 30 days at 1/2: one third and two thirds.
    parts = divide(Decimal(90), None, [occupant(1, "1/2"), occupant(2, "1/2", days=15)], 0)
    assert quantities(parts) == [60, 30]


def test_a_vacant_share_is_borne_by_those_who_are_there():
    parts = divide(Decimal(100), None, [occupant(1, "1/4"), occupant(2, "1/4")], 0)
    assert quantities(parts) == [50, 50]


def test_a_basic_fee_without_consumption_is_borne_by_area():
    parts = divide(Decimal(0), Decimal(10), [occupant(1, "3/4"), occupant(2, "1/4")], 2)
    assert [part.cost_yuan for part in parts] == [Decimal("7.50"), Decimal("2.50")]


@pytest.mark.parametrize(
    ("total", "occupants"),
    [("100", [occupant(1, "1/2", sub="101")]), ("100", []), ("100", [Occupant(1, Fraction(0), None)])],
)
def test_what_cannot_be_divided_is_refused(total, occupants):
    with pytest.raises(ValueError, match=r"."):
        divide(Decimal(total), None, occupants, 2)


@given(
    rest=st.integers(0, 10**12),
    cost=st.integers(0, 10**10) | st.none(),
    shares=st.lists(
        st.tuples(
            st.fractions(0, 1, max_denominator=10**6), st.integers(1, 31), st.none() | st.integers(0, 10**9)
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_the_parts_add_up_to_the_total_and_the_cost(rest, cost, shares):
    occupants = [
        Occupant(key, share * days, None if sub is None else Decimal(sub).scaleb(-2))
        for key, (share, days, sub) in enumerate(shares)
    ]
    total = Decimal(rest).scaleb(-2) + sum(each.sub_metered or 0 for each in occupants)
    cost_yuan = None if cost is None else Decimal(cost).scaleb(-2)
    if not any(each.share_days for each in occupants):
        return
    parts = divide(total, cost_yuan, occupants, 2)
    assert sum(quantities(parts)) == total
    assert all(part.quantity >= (each.sub_metered or 0) for part, each in zip(parts, occupants, strict=True))
    if cost_yuan is not None:
        assert sum(part.cost_yuan for part in parts) == cost_yuan


def test_pue_is_a_ratio_of_sums_and_unknown_where_a_month_lacks():
    months = [(Decimal(160), Decimal(100)), (Decimal(30), Decimal(10))]
    assert pue(months) == Decimal(190) / Decimal(110)
    assert pue([*months, None]) is None
    assert pue([(Decimal(5), Decimal(0))]) is None
    assert pue([]) is None
