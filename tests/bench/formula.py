"""What the bench's institutions use: one formula in whole numbers, which NumPy and SQL work out alike.

An institution is a number i from 0, a month a number t from 0 (2020-01). SQL that is made here expects columns i and t.
"""

from dataclasses import astuple, dataclass, fields
from datetime import date

import numpy as np

FIRST_YEAR, MONTHS = 2020, 82
YEARS = range(FIRST_YEAR, 2027)
LAST = MONTHS - 1
# Month numbers: who files what changes with the edition of 2022.
BEFORE_2022, FROM_2022 = 23, 24

FIXED, WAVING = (100, 1, 1), (80, 41, 0)


@dataclass(frozen=True)
class ItemPlan:
    """An item: quantity in hundredths = per_size × (size + grows × growth) × (floor + wave of the span).

    used_by: every how manieth institution has it at all; unmetered: every how manieth has no meter for it, by half
    years, 0 for none; price_yuan per unit, 0 where no cost is filed; first, last: the months that ask for it.
    """

    code: str
    unit: str
    per_size: int
    floor: int
    span: int
    grows: int
    used_by: int = 1
    unmetered: int = 0
    price_yuan: float = 0.0
    first: int = 0
    last: int = LAST


def _flow(code, unit, per_size, **rest):
    return ItemPlan(code, unit, per_size, *WAVING, **rest)


def _stock(code, unit, per_size, **rest):
    return ItemPlan(code, unit, per_size, *FIXED, **rest)


# 19 in every month.
ITEMS = (
    _flow("110", "kWh", 3200, price_yuan=0.8),
    _flow("130", "t", 1, used_by=10, price_yuan=900),
    _flow("140", "m³", 300, used_by=2, unmetered=23, price_yuan=3),
    _flow("105", "kg", 10, used_by=4, price_yuan=7),
    _flow("1502", "L", 1, used_by=6, price_yuan=8),
    _flow("1602", "L", 2, used_by=3, price_yuan=7.5),
    _flow("170", "GJ", 5, used_by=20, price_yuan=80),
    _flow("180", "tce", 1, used_by=50, price_yuan=1000),
    _flow("120", "m³", 24, unmetered=31, price_yuan=4),
    _stock("104", "辆", 4),
    _flow("1501", "L", 60, price_yuan=8),
    _flow("1601", "L", 20, used_by=3, price_yuan=7.5),
    _stock("102", "m²", 400),
    _stock("103", "人", 16, unmetered=41),
    _stock("1031", "人", 12),
    _flow("240", "kWh", 300, used_by=3),
    _stock("1041", "辆", 2, last=BEFORE_2022),
    _stock("1042", "辆", 1, last=BEFORE_2022),
    _stock("1043", "辆", 1, last=BEFORE_2022),
    _flow("PV", "kWh", 100, used_by=5, first=FROM_2022),
    _flow("PV1", "kWh", 70, used_by=5, first=FROM_2022),
    _flow("PV2", "kWh", 30, used_by=5, first=FROM_2022),
)


def month(t):
    return date(FIRST_YEAR + t // 12, t % 12 + 1, 1)


def joined(i):
    """The first month that an institution owes; some join later."""
    return np.where(i % 29 == 3, 12 + i % 24, 0)


def left(i):
    """The last month that it owes; some leave."""
    return np.where(i % 37 == 5, 60 + i % 12, LAST)


def is_expected(i, t):
    return (joined(i) <= t) & (t <= left(i))


def is_filed(i, t):
    """Some months of most institutions are missing."""
    return is_expected(i, t) & ((i * 31 + t * 17) % 53 != 0)


def is_approved(i, t):
    """Of the last month some still wait for review."""
    return is_filed(i, t) & ~is_waiting(i, t)


def is_waiting(i, t):
    return is_filed(i, t) & (t == LAST) & (i % 11 == 0)


def quantity(item, i, t):
    """The filed number, 0 where the item does not apply, NaN where it is not metered."""
    growth = np.where(i % 7 == 0, t // 30, 0)
    wave = (i * 7 + t * 13 + t % 12 * 5) % item.span
    number = item.per_size * (1 + i * 37 % 20 + item.grows * growth) * (item.floor + wave) / 100
    number = np.where(i % item.used_by == 0, number, 0.0)
    return np.where(_is_unmetered(item, i, t), np.nan, number)


def _is_unmetered(item, i, t):
    return (i % item.used_by == 0) & (item.unmetered > 0) & ((i * 5 + t // 6) % max(item.unmetered, 1) == 1)


# The same, as SQL.
EXPECTED_SQL = f"""
    t >= CASE WHEN i % 29 = 3 THEN 12 + i % 24 ELSE 0 END AND
    t <= CASE WHEN i % 37 = 5 THEN 60 + i % 12 ELSE {LAST} END"""
FILED_SQL = "(i * 31 + t * 17) % 53 <> 0"
WAITING_SQL = f"(t = {LAST} AND i % 11 = 0)"
KNOWN_BY_SQL = """
    CASE WHEN i % used_by <> 0 THEN 'not_applicable'
         WHEN unmetered > 0 AND (i * 5 + t / 6) % greatest(unmetered, 1) = 1 THEN 'not_metered'
         ELSE 'metered' END"""
QUANTITY_SQL = """
    (per_size * (1 + i * 37 % 20 + grows * CASE WHEN i % 7 = 0 THEN t / 30 ELSE 0 END)
     * (floor + (i * 7 + t * 13 + t % 12 * 5) % span))::numeric / 100"""
ITEM_COLUMNS = tuple(field.name for field in fields(ItemPlan))
ITEM_ROWS = tuple(astuple(item) for item in ITEMS)
