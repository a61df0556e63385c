"""The area of a month by shares and days: worked by hand, and what must hold on any dates."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies import areas
from agencies.areas import Holding

LONG_AGO = date(2015, 1, 1)
NOVEMBER, DECEMBER = date(2025, 11, 1), date(2025, 12, 1)
ME, BUREAU = 1, 9


def holding(agency=ME, building=1, area="1000", share="1", first=LONG_AGO, last=None, manager=ME):
    return Holding(
        agency,
        building,
        f"{building}号楼",
        manager,
        f"单位{manager}",
        Decimal(area),
        Decimal(share),
        first,
        last,
    )


def split(month, *holdings):
    return [str(area) for area in areas.split(holdings, month)]


def test_a_whole_month_is_the_share_of_the_building():
    area = areas.month_area(ME, [[holding(area="1234.56", share="0.25")]], NOVEMBER)
    assert [part.area_m2 for part in area.parts] == [Decimal("308.64")]
    assert area.parts[0].is_whole_month


def test_a_move_in_mid_month_counts_each_building_by_its_days():
    """16 of 30 days in 3 000 m² of one's own, 14 in a quarter of 8 000 m²: 1 600 + 933.33 (… 3 cut)."""
    old = holding(building=1, area="3000", last=date(2025, 11, 16))
    new = holding(building=2, area="8000", share="0.25", first=date(2025, 11, 17), manager=BUREAU)
    area = areas.month_area(ME, [[new], [old]], NOVEMBER)
    assert [(part.building, part.days, part.area_m2) for part in area.parts] == [
        ("1号楼", 16, Decimal("1600.00")),
        ("2号楼", 14, Decimal("933.33")),
    ]
    assert (area.own_m2, area.shared_m2, area.area_m2) == (
        Decimal("1600.00"),
        Decimal("933.33"),
        Decimal("2533.33"),
    )
    assert areas.month_area(ME, [[new], [old]], DECEMBER).area_m2 == 2000


def test_a_building_that_was_closed_counts_until_its_last_day_and_then_not_at_all():
    closed = holding(area="900", last=date(2025, 11, 10))
    assert areas.month_area(ME, [[closed]], NOVEMBER).area_m2 == 300
    assert areas.month_area(ME, [[closed]], DECEMBER) is None


def test_one_day_is_a_day():
    assert areas.month_area(ME, [[holding(first=date(2025, 11, 30), area="300")]], NOVEMBER).area_m2 == 10
    assert areas.month_area(ME, [[holding(first=DECEMBER)]], NOVEMBER) is None


def test_a_leap_february_has_29_days():
    first_half = holding(area="2900", last=date(2024, 2, 14))
    assert areas.month_area(ME, [[first_half]], date(2024, 2, 1)).area_m2 == 1400


def test_three_occupants_of_one_third_make_the_whole_building():
    """333.333, 333.333 and 333.334 of 1 000 m²: the cent that is left goes to the largest remainder."""
    thirds = [
        holding(agency, share=share) for agency, share in enumerate(("0.333333", "0.333333", "0.333334"))
    ]
    assert split(NOVEMBER, *thirds) == ["333.33", "333.33", "333.34"]


def test_of_equal_remainders_the_earlier_row_gets_the_cent():
    """0.015 m² each: the building's 0.03 m² are one cent more than both cut ones."""
    halves = [holding(agency, area="0.03", share="0.5") for agency in (1, 2)]
    assert split(NOVEMBER, *halves) == ["0.02", "0.01"]


def test_what_is_not_let_counts_for_nobody():
    assert split(NOVEMBER, holding(1, share="0.3"), holding(2, share="0.5")) == ["300.00", "500.00"]


def test_finer_than_a_cent_is_refused():
    with pytest.raises(ValueError, match="finer than a cent"):
        split(NOVEMBER, holding(area="10.001"))


def test_the_mean_counts_each_month_the_same():
    assert areas.mean({NOVEMBER: Decimal(100), DECEMBER: Decimal(200)}) == 150
    assert areas.mean({}) is None


MONTHS = st.dates(date(2019, 1, 1), date(2030, 12, 1)).map(lambda day: day.replace(day=1))


@st.composite
def shared_buildings(draw):
    """A building in use between two days, occupied in one era after another by shares that make 1."""
    area = draw(st.decimals("0.01", "200000", places=2))
    month = draw(MONTHS)
    first = month + timedelta(days=draw(st.integers(-40, 40)))
    last = draw(st.none() | st.integers(0, 60).map(lambda days: first + timedelta(days=days)))
    cuts = sorted(draw(st.sets(st.integers(1, 60), max_size=3)))
    starts = [first, *(first + timedelta(days=cut) for cut in cuts)]
    ends = [*(start - timedelta(days=1) for start in starts[1:]), None]
    rows = []
    for start, end in zip(starts, ends, strict=True):
        until = min((day for day in (end, last) if day), default=None)
        for agency, share in enumerate(draw(shares())):
            rows.append(holding(agency, area=str(area), share=str(share), first=start, last=until))
    return area, month, first, last, rows


@st.composite
def shares(draw):
    """One to seven shares of six decimals that add up to 1."""
    cuts = draw(st.sets(st.integers(1, 999_999), max_size=6))
    edges = [0, *sorted(cuts), 1_000_000]
    return [Decimal(high - low).scaleb(-6) for low, high in pairwise(edges)]


@given(shared_buildings())
def test_occupants_of_a_wholly_shared_building_add_up_to_it_on_any_dates(case):
    area, month, first, last, rows = case
    days_of_month = monthrange(month.year, month.month)[1]
    end_of_month = month.replace(day=days_of_month)
    used = (min(last or end_of_month, end_of_month) - max(first, month)).days + 1
    total = Fraction(area) * max(used, 0) / days_of_month
    cents = int(total * 100 + Fraction(1, 2))
    found = areas.split(rows, month)
    assert sum(found) == Decimal(cents).scaleb(-2)
    if used >= days_of_month:
        assert sum(found) == area
    assert sum(found) <= area


@given(shared_buildings())
def test_nobody_is_a_cent_away_from_its_exact_share(case):
    _, month, _, _, rows = case
    days_of_month = monthrange(month.year, month.month)[1]
    for row, found in zip(rows, areas.split(rows, month), strict=True):
        exact = Fraction(row.floor_area_m2) * Fraction(row.share) * areas.days_in(row, month) / days_of_month
        assert abs(Fraction(found) - exact) < Fraction(1, 100)


@given(MONTHS, st.decimals("0.01", "200000", places=2), shares())
def test_a_whole_month_is_the_same_in_every_month(month, area, parts):
    rows = [holding(agency, area=str(area), share=str(share)) for agency, share in enumerate(parts)]
    assert areas.split(rows, month) == areas.split(rows, NOVEMBER)
    assert sum(areas.split(rows, month)) == area.quantize(Decimal("0.01"), ROUND_HALF_UP)
