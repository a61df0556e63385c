"""Reads a workbook row by row: sheets and columns are found by their hidden codes, wherever they stand now."""

import logging
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

import openpyxl
from celery.exceptions import SoftTimeLimitExceeded
from openpyxl.utils import get_column_letter

from . import guard, layout, stamp
from .guard import Unreadable
from .rows import Cell, Rows

logger = logging.getLogger(__name__)

MOST_SHEETS = 20
LONGEST_TEXT = guard.LONGEST_TEXT
# The codes stand in the first row; somebody may have put a row above.
CODES_WITHIN = 10
NEEDED = frozenset({"row", "seen", *layout.TYPED})
NOT_OURS = "不是本平台下载的填报模板，或隐藏的编码行已被删除：请重新下载模板，把填写内容复制过去再上传。"


class TypedRow(NamedTuple):
    """A row by its column codes."""

    number: int
    cells: dict[str, Cell]


class Source:
    """An opened workbook: its stamp, and the rows of its data sheet, which can be read once."""

    def __init__(self, book):
        sheets = book.worksheets[:MOST_SHEETS]
        self.stamp = _stamp(sheets)
        self.sheet, self._columns, self._rows = _data(sheets)

    def rows(self):
        """The rows below the headings that hold anything, as TypedRow."""
        codes = {place: code for code, place in self._columns.items()}
        for number, row in self._rows:
            cells = {codes[place]: cell for place, cell in row.items() if place in codes}
            if cells:
                yield TypedRow(number, cells)

    def place(self, number, code):
        """How a spreadsheet names the cell, with its sheet."""
        return f"{self.sheet}!{get_column_letter(self._columns.get(code, 0) + 1)}{number}"


@contextmanager
def opened(path):
    """The file as a Source, closed at the end. Raises Unreadable, also while its rows are read."""
    guard.inspect(path)
    with _parsing():
        book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
    try:
        yield Source(book)
    finally:
        book.close()


@contextmanager
def _parsing():
    try:
        yield
    # A worker's time is up: that says nothing of the file.
    except (Unreadable, SoftTimeLimitExceeded):
        raise
    # openpyxl meets a damaged file with whatever error comes up first.
    except Exception as fault:
        logger.info("Workbook refused: %r", fault)
        raise Unreadable(guard.NOT_A_WORKBOOK) from fault


def _stamp(sheets):
    for sheet in sheets:
        rows = _numbered(sheet)
        _, first = next(rows, (0, {}))
        if 0 in first and first[0].value == stamp.MAGIC:
            return _read_stamp([_texts(row) for row in (first, *(row for _, row in rows))])
    raise Unreadable(NOT_OURS)


def _read_stamp(rows):
    try:
        return stamp.read(rows)
    except stamp.NotOurs as fault:
        raise Unreadable(str(fault)) from fault


def _texts(row):
    return [str(row[place].value) if place in row else "" for place in range(max(row, default=-1) + 1)]


def _data(sheets):
    """The data sheet's name, the place of each code, and the rows below the headings."""
    for sheet in sheets:
        rows = _numbered(sheet)
        for number, row in islice(rows, CODES_WITHIN):
            places = {cell.value: place for place, cell in row.items() if cell.value in layout.CODES}
            if places.keys() >= NEEDED:
                head = number + layout.HEAD_ROW - layout.CODE_ROW
                return sheet.title, places, ((at, each) for at, each in rows if at > head)
    raise Unreadable(NOT_OURS)


def _numbered(sheet):
    """(row number, {column: Cell}) of a sheet that openpyxl found; the attributes are those of the pinned version."""
    book = sheet.parent
    with _parsing(), book._archive.open(sheet._worksheet_path) as stream:
        yield from Rows(stream, sheet._shared_strings, book._date_formats | book._timedelta_formats)
