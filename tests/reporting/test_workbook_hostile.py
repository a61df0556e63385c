"""Hostile and broken files: a sentence, not a stack trace, in bounded memory."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings

from reporting.entries import Entry
from reporting.models import CellKind
from reporting.workbook import answers, layout
from reporting.workbook.answers import IS_FORMULA, Answer

from . import hostile
from .hostile import FILES, SHEET, repacked
from .workbooks import book_of, edited, row_of, saved, template_of, uploaded

MARCH = date(2025, 3, 1)
MOST_MIB = 300


@pytest.fixture
def content(district):
    district.report(MARCH)
    return template_of(district.institution, MARCH)


def test_each_gets_its_sentence_and_all_of_them_stay_within_bounded_memory(content, tmp_path):
    for name, (make, _) in FILES.items():
        (tmp_path / f"{name}.xlsx").write_bytes(make(content))
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", hostile.__name__, str(tmp_path)]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    answers = json.loads(done.stdout)
    assert {name: part for name, (_, part) in FILES.items() if part not in answers[name][0]} == {}
    assert max(mib for _, mib in answers.values()) < MOST_MIB


@pytest.mark.parametrize(
    "name", ["zip bomb", "entities", "damaged XML", "a stamp that was changed", "nothing"]
)
def test_an_upload_of_it_is_refused_and_leaves_no_cell(district, content, name):
    make, part = FILES[name]
    upload = uploaded(make(content), district.filer)
    assert (upload.state, part in upload.refusal, upload.cells.count()) == ("refused", True, 0)


def test_formulas_are_refused_in_their_cells_whatever_they_last_showed(district, content):
    book = book_of(content)
    row = row_of(book.active, "110")
    book.active.cell(row, 9).value = "=1+1"
    book.active.cell(row, 13).value = '=HYPERLINK("http://elsewhere.example","x")'
    upload = uploaded(saved(book), district.filer)
    cells = {cell.place: (cell.kind, cell.after, cell.message) for cell in upload.current_cells()}
    assert cells == {
        "数据!I4": ("refused", "=1+1", IS_FORMULA),
        "数据!M4": ("refused", '=HYPERLINK("http://elsewhere.example","x")', IS_FORMULA),
    }


def test_rows_that_do_not_belong_and_rows_twice_are_refused_by_name(district, content):
    book = book_of(content)
    sheet = book.active
    for place, value in ((1, sheet.cell(4, 1).value), (9, 5)):
        sheet.cell(40, place).value = value
    sheet.cell(41, 9).value = 6
    sheet.cell(42, 1).value, sheet.cell(42, 9).value = "OTHER|2025-03|110", 7
    upload = uploaded(saved(book), district.filer)
    messages = {cell.place: cell.message for cell in upload.current_cells().of_kind(CellKind.REFUSED)}
    assert messages == {
        "数据!I40": "与第 4 行是同一机构、月份和指标：请只保留一行。",
        "数据!I41": "此行没有隐藏的行编码，平台不认识：请在模板原有的行中填写，并删除此行。",
        "数据!I42": "此行不属于本模板：请删除此行，或改用相应机构、月份的模板。",
    }


@pytest.mark.parametrize(
    ("item", "column", "typed", "sentence"),
    [
        ("110", "quantity", "九千", "请填写数字，如 1234.5（kWh）。"),
        (
            "110",
            "quantity",
            "9000斤",
            "不认识单位“斤”。请用 kWh，或：kWh、度、千瓦时、MWh、万、万kWh、万度、万千瓦时、万MWh。",
        ),
        ("110", "quantity", -1, "不能为负，请填 0 或更大的数。"),
        ("110", "quantity", 1.23456, "最多 4 位小数。"),
        ("110", "quantity", 1e30, "数值过大，请核对单位是否为 kWh。"),
        ("104", "quantity", 2.5, "请填整数（辆）。"),
        ("110", "quantity", True, "此格被设成了日期或逻辑值：请把格式改为“常规”，再填写数字（kWh）。"),
        (
            "110",
            "quantity",
            date(2025, 3, 1),
            "此格被设成了日期或逻辑值：请把格式改为“常规”，再填写数字（kWh）。",
        ),
        ("110", "quantity", "#DIV/0!", "此格是错误值 #DIV/0!，请填写数字（kWh）。"),
        ("110", "known_by", "大概", "“大概”不在可选范围：请选计量、估算、不适用、未计量。"),
        ("110", "payment", "是", "“是”不在可选范围：请选付费、不付费。"),
        ("110", "note", "长" * 201, "请填写数量（kWh）；没有此项时选“不适用”，有而未装表时选“未计量”。"),
        ("110", "reason", "无数量", "此项没有填写：请先填数量，或清空疑问说明。"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_would_be_accepted(
    district, content, item, column, typed, sentence
):
    upload = uploaded(edited(content, {(item, column): typed}), district.filer)
    messages = [cell.message for cell in upload.current_cells().of_kind(CellKind.REFUSED)]
    assert sentence in messages


@pytest.mark.parametrize(
    ("cells", "place", "sentence"),
    [
        (
            {"quantity": 5, "known_by": "不适用"},
            "I",
            "选了“不适用”就不能有数量：请清空数量，或改选“计量”“估算”。",
        ),
        (
            {"cost": 5, "known_by": "不适用"},
            "K",
            "选了“不适用”就不能有费用：有此项而未装表时，请选“未计量”。",
        ),
        (
            {"quantity": 5, "cost": 5, "payment": "不付费"},
            "K",
            "选了“不付费”就不能有费用：请清空费用，或改选“付费”。",
        ),
        ({"known_by": "估算"}, "I", "请填写数量（kWh）；没有此项时选“不适用”，有而未装表时选“未计量”。"),
        ({"quantity": 5, "note": "长" * 201}, "M", "最多 200 个字，现为 201 个：请缩短。"),
        ({"quantity": 5, "note": "a\x0bb"}, "M", "含有看不见的控制字符：请删去此格内容，重新输入。"),
    ],
)
def test_what_contradicts_itself_within_a_row_is_named_at_its_cell(district, content, cells, place, sentence):
    typed = {("110", column): value for column, value in cells.items() if "\x0b" not in str(value)}
    book = edited(content, typed)
    if "note" in cells and "\x0b" in cells["note"]:
        # openpyxl does not write it; Excel does, escaped.
        book = edited(book, {("110", "note"): "a_x000B_b"})
    upload = uploaded(book, district.filer)
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (refused.place, refused.message) == (f"数据!{place}4", sentence)


@pytest.mark.both_databases
@pytest.mark.parametrize("escaped", ["a_x0000_b", "a_xD800_b", "a_x000B_b"])
@pytest.mark.parametrize("column", ["quantity", "known_by", "cost", "payment", "note", "reason"])
def test_a_character_that_no_database_takes_is_refused_at_its_cell_and_kept_nowhere(
    district, content, column, escaped
):
    typed = {("110", "quantity"): 5, ("110", column): escaped}
    upload = uploaded(edited(content, typed), district.filer)
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (upload.state, refused.column_code, refused.after) == ("checked", column, "ab")
    assert refused.message == answers.printable(refused.message)


@pytest.mark.both_databases
@pytest.mark.parametrize("escaped", ["a_x0000_b", "a_xD800_b"])
def test_such_a_character_in_a_row_of_no_month_is_dropped(district, content, escaped):
    book = book_of(content)
    book.active.cell(40, 1).value = book.active.cell(40, 13).value = escaped
    upload = uploaded(saved(book), district.filer)
    assert upload.current_cells().get(kind=CellKind.REFUSED).after == "ab"


@pytest.mark.both_databases
def test_such_a_character_does_not_pass_as_an_untouched_offer(district, content):
    token = Answer(Entry(Decimal(5), note="a\0b")).token
    typed = {("110", "quantity"): 5, ("110", "note"): "a_x0000_b", ("110", "seen"): layout.OFFERED + token}
    upload = uploaded(edited(content, typed), district.filer)
    refused = upload.current_cells().get(kind=CellKind.REFUSED)
    assert (refused.message, refused.after) == (answers.HAS_CONTROLS, "ab")


def test_what_is_right_is_read_whatever_way_offices_type_it(district, content):
    typed = {
        ("110", "quantity"): "９,０００",
        ("110", "cost"): "5,400.50",
        ("120", "quantity"): 0.1 + 0.2,
        ("102", "quantity"): "  1000 ",
        ("103", "quantity"): 50.0,
    }
    upload = uploaded(edited(content, typed), district.filer)
    cells = {cell.item_id: (cell.quantity, cell.cost_yuan) for cell in upload.current_cells()}
    assert {code: tuple(map(str, stated)) for code, stated in cells.items()} == {
        "110": ("9000.0000", "5400.50"),
        "120": ("0.3000", "None"),
        "102": ("1000.0000", "None"),
        "103": ("50.0000", "None"),
    }


def test_rows_that_go_on_empty_below_the_answers_do_no_harm(district, content):
    empty = b"".join(b'<row r="%d" ht="15"/>' % number for number in range(100, 100_000))
    content = repacked(content, {SHEET: lambda part: part.replace(b"</sheetData>", empty + b"</sheetData>")})
    assert uploaded(content, district.filer).state == "checked"
