"""The file goes back as it was typed, row for row, each error in the cell it concerns."""

from decimal import Decimal
from pathlib import Path

from ..models import CellKind
from . import answers, layout, reading, writing
from .layout import Row


def write(upload, target):
    """Write the returned workbook to `target`; it is a template again, to be mended and uploaded."""
    with reading.opened(Path(upload.file.path)) as source:
        writing.write(target, source.stamp, _rows(source), _faults(upload))


def _rows(source):
    """What the file holds, in its own rows; nothing but values crosses over."""
    for row in source.rows():
        yield row.number, Row(**{code: _value(row.cells.get(code), code) for code in layout.CODES})


def _value(cell, code):
    is_number = cell is not None and code in layout.NUMBERS and cell.kind == "n"
    text = answers.shown(cell)
    return Decimal(text) if is_number and text else text[: reading.LONGEST_TEXT]


def _faults(upload):
    """(row number, column code) → ("refused" or "warned", sentence)."""
    found = {}
    for cell in upload.current_cells().exclude(kind=CellKind.SAME, doubt=""):
        sentence = "；".join(filter(None, (cell.message, cell.doubt)))
        if cell.kind == CellKind.REFUSED:
            found[cell.row_number, cell.column_code] = ("refused", sentence)
        elif sentence:
            found.setdefault((cell.row_number, cell.column_code), ("warned", sentence))
    return found
