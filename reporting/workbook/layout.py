"""The layout of a workbook: its sheets, its columns by hidden codes, and the words that stand for states."""

from decimal import Decimal
from typing import NamedTuple

from ..models import KnownBy, Payment

DATA, GUIDE, STAMP, FAULTS = "数据", "填写说明", "_stamp", "错误清单"
# Rows as a spreadsheet counts them: the hidden codes, what the workbook is about, the headings, the first answer.
CODE_ROW, TITLE_ROW, HEAD_ROW, FIRST_ROW = 1, 2, 3, 4
# Marks an answer that the template offers for a month that nobody began.
OFFERED = "~"


class Column(NamedTuple):
    code: str
    label: str
    width: int
    is_typed: bool = False
    is_hidden: bool = False


COLUMNS = (
    Column("row", "行编码", 12, is_hidden=True),
    Column("seen", "原值标记", 12, is_hidden=True),
    Column("open", "可填", 6, is_hidden=True),
    Column("agency", "机构", 26),
    Column("month", "月份", 11),
    Column("section", "栏目", 7),
    Column("item", "指标", 22),
    Column("unit", "单位", 7),
    Column("quantity", "数量", 15, is_typed=True),
    Column("known_by", "获取方式", 10, is_typed=True),
    Column("cost", "费用（元）", 14, is_typed=True),
    Column("payment", "付费情况", 10, is_typed=True),
    Column("note", "说明", 26, is_typed=True),
    Column("reason", "疑问说明", 26, is_typed=True),
    Column("last_month", "上月", 13),
    Column("last_year", "上年同月", 13),
    Column("hint", "提示", 46),
)
CODES = tuple(column.code for column in COLUMNS)
# What the hidden column "open" says: the whole row may be typed into, or all but its cost.
OPEN, OPEN_WITHOUT_COST = "1", "0"
OF_COST = frozenset({"cost", "payment"})
TYPED = tuple(column.code for column in COLUMNS if column.is_typed)
NUMBERS = frozenset({"quantity", "cost", "last_month", "last_year"})

WAYS = {way.label: way for way in KnownBy}
PAYMENTS = {payment.label: payment for payment in Payment}


class Row(NamedTuple):
    """One answer as the sheet shows it, in the order of COLUMNS; a number is a Decimal, everything else a text."""

    row: str
    seen: str
    open: str
    agency: str
    month: str
    section: str
    item: str
    unit: str
    quantity: Decimal | str | None = None
    known_by: str = ""
    cost: Decimal | str | None = None
    payment: str = ""
    note: str = ""
    reason: str = ""
    last_month: Decimal | str | None = None
    last_year: Decimal | str | None = None
    hint: str = ""


def is_open(row, column):
    """Whether the cell may be typed into."""
    if row.open == OPEN_WITHOUT_COST and column.code in OF_COST:
        return False
    return column.is_typed and bool(row.open)


def row_key(agency_key, month, item_code):
    """The hidden code by which a row is found again, wherever it was sorted to."""
    return f"{agency_key}|{month:%Y-%m}|{item_code}"


def month_name(month):
    return f"{month.year}年{month.month}月"
