"""Writes a workbook row by row, in memory that does not grow with it: locked but for the answers, with drop-downs."""

from decimal import Decimal
from functools import partial
from itertools import product

import xlsxwriter

from agencies.cells import TRIGGERS

from . import layout
from .answers import TEXT_LENGTH
from .layout import COLUMNS, DATA, FAULTS, FIRST_ROW, GUIDE, STAMP

# A comment is a drawing of its own; beyond this many the list of errors says the rest.
MOST_COMMENTS = 2_000
FILLS = {"open": None, "locked": "#F2F4F6", "refused": "#FFC7CE", "warned": "#FFEB9C"}
GUIDE_TEXT = (
    "1. 只有白色单元格可以填写；灰色的是编号、往期数据和提示。请勿插入、删除行列，可以筛选。",
    "2. 数量和费用填数字，不带单位、不用公式。没有此项选“不适用”；有此项而未装表选“未计量”；实测为零填 0。",
    "3. 估算得来的数量，获取方式选“估算”。获取方式留空而有数量的，按“计量”。整行留空表示尚未填报。",
    "4. 提示中有疑问的，请核对数量；确认无误的，在“疑问说明”中写明原因。",
    "5. 填好后在平台“Excel 填报”上传。平台先列出新增、修改、相同和不能接受的单元格，确认之后才一次写入。",
    "6. 不能接受的单元格会在退回的文件中标红并附批注，改好后上传退回的文件即可。",
)


class _Formats:
    """The formats of the sheet, each made once."""

    def __init__(self, book):
        self.book = book
        self.made = {key: self._make(*key) for key in product(FILLS, (False, True), (False, True))}
        self.head = book.add_format({"bold": True, "bg_color": "#E8F0FB", "border": 1, "text_wrap": True})
        self.title = book.add_format({"bold": True, "font_size": 13})

    def _make(self, fill, is_number, is_quoted):
        facts = {"border": 1, "border_color": "#C6CCD4", "valign": "top", "quote_prefix": is_quoted}
        if FILLS[fill]:
            facts["bg_color"] = FILLS[fill]
        # Numbers keep the general format: any other would show a typed 9000.5 as something else.
        facts |= {} if is_number else {"text_wrap": True}
        return self.book.add_format(facts | {"locked": fill == "locked"})

    def of(self, fill, value, code):
        """`value` decides: a text that could start a formula is marked as a text, as a typed apostrophe does."""
        is_quoted = isinstance(value, str) and bool(value) and value[0] in TRIGGERS
        return self.made[fill, code in layout.NUMBERS, is_quoted]


def write(target, stamp, rows, faults=None):
    """Write the workbook to `target`, a path or a binary file.

    `rows`: (row number, layout.Row), by rising number. `faults`: (row number, column code) → ("refused" or "warned",
    sentence); such a cell is coloured, carries the sentence as a comment, and stands in the list of errors.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options | {"strings_to_numbers": False}) as book:
        formats = _Formats(book)
        sheet = book.add_worksheet(DATA)
        listed = _write_data(sheet, formats, stamp, rows, faults or {})
        if faults:
            _write_faults(book.add_worksheet(FAULTS), formats, listed)
        _write_lines(book.add_worksheet(GUIDE), GUIDE_TEXT)
        _write_stamp(book.add_worksheet(STAMP), stamp)


def _write_data(sheet, formats, stamp, rows, faults):
    _write_head(sheet, formats, stamp)
    last, listed = FIRST_ROW, []
    for number, row in rows:
        last = number
        for place, (column, value) in enumerate(zip(COLUMNS, row, strict=True)):
            fault = faults.get((number, column.code))
            fill = fault[0] if fault else ("open" if layout.is_open(row, column) else "locked")
            _write_cell(sheet, number - 1, place, value, formats.of(fill, value, column.code))
            if fault:
                listed.append((number, place, row, fault))
                if len(listed) <= MOST_COMMENTS:
                    sheet.write_comment(number - 1, place, fault[1], {"x_scale": 2.5, "author": "平台"})
    _write_rules(sheet, last)
    return listed


def _write_head(sheet, formats, stamp):
    agencies, months = {each.agency for each in stamp.months}, {each.month for each in stamp.months}
    needless = ({"agency"} if len(agencies) < 2 else set()) | ({"month"} if len(months) < 2 else set())
    for place, column in enumerate(COLUMNS):
        is_hidden = column.is_hidden or column.code in needless
        sheet.set_column(place, place, column.width, None, {"hidden": is_hidden})
        sheet.write_string(layout.CODE_ROW - 1, place, column.code)
    sheet.set_row(layout.CODE_ROW - 1, None, None, {"hidden": True})
    sheet.write_string(layout.TITLE_ROW - 1, layout.CODES.index("section"), stamp.title, formats.title)
    for place, column in enumerate(COLUMNS):
        sheet.write_string(layout.HEAD_ROW - 1, place, column.label, formats.head)
    sheet.freeze_panes(layout.HEAD_ROW, layout.CODES.index("quantity"))
    allowed = {"autofilter": True, "format_columns": True, "format_rows": True}
    sheet.protect("", allowed)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(layout.HEAD_ROW - 1)


def _write_rules(sheet, last):
    """Drop-downs and limits of the typed columns, and the filter."""
    validate = {
        "quantity": _number_rule("数量"),
        "cost": _number_rule("费用"),
        "known_by": _list_rule("获取方式", layout.WAYS),
        "payment": _list_rule("付费情况", layout.PAYMENTS),
        "note": _length_rule("说明"),
        "reason": _length_rule("疑问说明"),
    }
    for code, rule in validate.items():
        place = layout.CODES.index(code)
        sheet.data_validation(FIRST_ROW - 1, place, last - 1, place, rule)
    sheet.autofilter(layout.HEAD_ROW - 1, 0, last - 1, len(COLUMNS) - 1)


def _number_rule(title):
    message = "请填 0 或更大的数字，不带单位。没有此项或未装表时留空，并选获取方式。"
    return {
        "validate": "decimal",
        "criteria": ">=",
        "value": 0,
        "error_title": title,
        "error_message": message,
    }


def _list_rule(title, words):
    message = f"请从列表中选：{'、'.join(words)}。"
    return {"validate": "list", "source": list(words), "error_title": title, "error_message": message}


def _length_rule(title):
    message = f"最多 {TEXT_LENGTH} 个字。"
    return {
        "validate": "length", "criteria": "<=", "value": TEXT_LENGTH,
        "error_title": title, "error_message": message,
    }  # fmt: skip


def _write_faults(sheet, formats, listed):
    labels = ("单元格", "机构", "月份", "指标", "栏", "填写内容", "问题与可填内容")
    for place, (label, width) in enumerate(zip(labels, (12, 26, 11, 22, 10, 20, 90), strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, label, formats.head)
    sheet.freeze_panes(1, 0)
    for line, (number, place, row, (_, sentence)) in enumerate(listed, start=1):
        cell = f"{layout.DATA}!{xlsxwriter.utility.xl_rowcol_to_cell(number - 1, place)}"
        column = COLUMNS[place]
        texts = (row.agency, row.month, row.item, column.label, _text_of(row[place]), sentence)
        sheet.write_url(line, 0, f"internal:'{layout.DATA}'!{cell.partition('!')[2]}", string=cell)
        for at, text in enumerate(texts, start=1):
            _write_cell(sheet, line, at, text, formats.of("locked", text, "note"))


def _text_of(value):
    return f"{value:f}" if isinstance(value, Decimal) else str(value or "")


def _write_lines(sheet, lines):
    sheet.set_column(0, 0, 110)
    for number, text in enumerate(lines):
        sheet.write_string(number, 0, text)
    sheet.protect()


def _write_stamp(sheet, stamp):
    write = partial(_write_cell, sheet, cell_format=None)
    for number, texts in enumerate(stamp.cells()):
        for place, text in enumerate(texts):
            write(number, place, text)
    sheet.protect()
    sheet.very_hidden()


def _write_cell(sheet, row, place, value, cell_format):
    if value is None or value == "":
        sheet.write_blank(row, place, None, cell_format)
    elif isinstance(value, Decimal):
        sheet.write_number(row, place, value, cell_format)
    else:
        sheet.write_string(row, place, value, cell_format)
