"""Rows of a CSV or XLSX as texts, and what is wrong with them by row and column."""

import csv
import io
import re
from dataclasses import dataclass
from decimal import Decimal
from zipfile import BadZipFile

from openpyxl import load_workbook

SHOWN_PROBLEMS = 30
FIRST_ROW = 2
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
# UTF-8 with or without its mark; GB18030 is what Excel writes on Chinese machines.
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True)
class Problem:
    """Why a cell is refused; `row` counts from 1 with the header, as a spreadsheet shows it."""

    row: int
    column: str
    sentence: str

    def __str__(self):
        return f"第 {self.row} 行 {self.column}：{self.sentence}"


class Unreadable(ValueError):
    """Nothing was written. `problems` names rows and columns."""

    def __init__(self, problems):
        self.problems = sorted(problems, key=lambda problem: problem.row)
        shown = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            shown.append(f"……另有 {len(self.problems) - SHOWN_PROBLEMS} 处")
        super().__init__("\n".join(shown))


def number(text):
    """The text as a Decimal, or None: plain digits with “.”, as a spreadsheet writes them; no sign, no separators."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def load(path, required, optional=()):
    """The rows below the header as dicts of trimmed texts, one key for each known column.

    Raises Unreadable where the file is neither CSV nor XLSX, lacks a column, has one that is not
    known, or holds a formula.
    """
    lines = _workbook_lines(path) if path.suffix.lower() == ".xlsx" else _text_lines(path)
    header = [name.strip() for name in lines[0]] if lines else []
    _check_header(header, required, optional)
    _refuse_beyond(header, lines)
    known = dict.fromkeys((*required, *optional), "")
    return [known | dict(zip(header, _padded(line, header), strict=True)) for line in lines[1:]]


def _check_header(header, required, optional):
    accepted = "、".join((*required, *optional))
    problems = [Problem(1, name, f"缺少此列；应有 {accepted}。") for name in required if name not in header]
    for place, name in enumerate(header, start=1):
        if name not in (*required, *optional):
            problems.append(Problem(1, name or f"第 {place} 列", f"不认识此列；可用 {accepted}。"))
        elif name in header[: place - 1]:
            problems.append(Problem(1, name, "此列重复出现。"))
    if problems:
        raise Unreadable(problems)


def _refuse_beyond(header, lines):
    """A cell without a heading would be lost unseen: mostly a comma too many."""
    problems = [
        Problem(number, f"第 {len(header) + 1} 列", f"表头只有 {len(header)} 列，此行多出内容。")
        for number, line in enumerate(lines[1:], start=FIRST_ROW)
        if any(cell.strip() for cell in line[len(header) :])
    ]
    if problems:
        raise Unreadable(problems)


def _padded(line, header):
    cells = [cell.strip() for cell in line[: len(header)]]
    return cells + [""] * (len(header) - len(cells))


def _text_lines(path):
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise Unreadable([Problem(1, "文件", "不是可读的 CSV（UTF-8 或 GB18030 编码）或 XLSX。")])


def _workbook_lines(path):
    try:
        sheet = load_workbook(path, read_only=True).active
        sheet.reset_dimensions()
        rows = list(sheet.iter_rows())
    except (BadZipFile, KeyError, ValueError, OSError) as fault:
        raise Unreadable([Problem(1, "文件", "不是可读的 XLSX 工作簿。")]) from fault
    header = [_text(cell) for cell in rows[0]] if rows else []
    formulas = [
        Problem(
            number,
            header[place] if place < len(header) else f"第 {place + 1} 列",
            "不能是公式，请粘贴为数值。",
        )
        for number, row in enumerate(rows, start=1)
        for place, cell in enumerate(row)
        if cell.data_type == "f"
    ]
    if formulas:
        raise Unreadable(formulas)
    return [[_text(cell) for cell in row] for row in rows]


def _text(cell):
    """A cell as somebody would have typed it: whole numbers without “.0”, dates without a time."""
    value = cell.value
    if value is None:
        return ""
    if hasattr(value, "date"):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
