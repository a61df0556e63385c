"""Files as other programs save them: codes are found wherever they stand, and values read however they are packed.

saved_by_libreoffice.xlsx was written by LibreOffice Calc 7.4 (headless) from a template of FIXTURE-01 with some cells
filled in. What Excel and WPS do otherwise is imitated byte by byte: no such program runs here.
"""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agencies.access import Role
from reporting import actions
from reporting.entries import Entry
from reporting.workbook import layout
from reporting.workbook.answers import Answer
from tests.factories import InstitutionFactory, user_with

from .hostile import SHEET, repacked
from .workbooks import book_of, counts, saved, template_of, uploaded

MARCH = date(2025, 3, 1)
STATED = {
    "110": Entry(Decimal(100), "estimated", Decimal("5.25"), "=1+1", "paid"),
    "120": Entry(None, "not_metered", Decimal("12.5"), "+86 未装表"),
    "130": Entry(None, "not_applicable"),
}
EDIT = {"102": Answer(Entry(Decimal("1000.5"), note="新测"))}


@pytest.fixture
def content(district):
    actions.save_draft(district.report(MARCH), STATED, by=district.filer)
    return template_of(district.institution, MARCH, stated=EDIT)


def edits(upload):
    return {cell.item_id: (cell.kind, cell.after) for cell in upload.current_cells().exclude(kind="same")}


def assert_read(content, district):
    """The one edit is found, and what was stored is found unchanged."""
    upload = uploaded(content, district.filer)
    assert (upload.refusal, counts(upload)) == ("", {"new": 1, "same": 3})
    assert edits(upload) == {"102": ("new", "1000.5，说明“新测”")}


def test_a_file_saved_by_libreoffice(district, settings):
    # The stamp of the stored file was signed with the quick start's key.
    settings.SECRET_KEY = "quick-start-only-not-for-production-0123456789abcdef"
    own = InstitutionFactory(key="FIXTURE-01", name="样例小学", parent=district.department)
    filer = user_with(Role.FILER, own)
    stated = {
        "110": Entry(Decimal(100)),
        "120": Entry(None, "not_metered", Decimal("12.5"), "+86 未装表"),
        "130": Entry(None, "not_applicable"),
    }
    actions.save_draft(district.report(MARCH, own), stated, by=filer)
    file = Path(__file__).with_name("saved_by_libreoffice.xlsx")
    upload = uploaded(file.read_bytes(), filer)
    assert (upload.refusal, counts(upload)) == ("", {"new": 1, "changed": 1, "same": 2})
    assert edits(upload) == {
        "110": ("changed", "9000.5，估算，费用5400.25元，付费"),
        "102": ("new", "1000"),
    }


def test_as_the_portal_writes_it(content, district):
    assert_read(content, district)


def test_with_shared_strings_and_other_styles(content, district):
    assert_read(saved(book_of(content)), district)


def test_without_cell_references_and_row_numbers(content, district):
    def bare(part):
        return re.sub(rb' (r|spans)="[A-Z0-9:]+"', b"", part)

    assert_read(repacked(content, {SHEET: bare}), district)


def test_with_a_prefix_before_every_element(content, district):
    def prefixed(part):
        part = re.sub(rb"<(/?)([a-zA-Z]+)", rb"<\1x:\2", part.replace(b"<?xml", b"<!xml"))
        return part.replace(b"<!xml", b"<?xml").replace(b"xmlns=", b"xmlns:x=")

    assert_read(repacked(content, {SHEET: prefixed}), district)


def test_with_absolute_targets(content, district):
    def absolute(part):
        return part.replace(b'Target="worksheets/', b'Target="/xl/worksheets/')

    assert_read(repacked(content, {"xl/_rels/workbook.xml.rels": absolute}), district)


def test_with_a_size_that_is_not_so(content, district):
    def wrong(part):
        return re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1"/>', part)

    assert_read(repacked(content, {SHEET: wrong}), district)


def test_with_columns_moved_rows_sorted_and_labels_and_sheet_renamed(content, district):
    book = book_of(content)
    sheet = book[layout.DATA]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head, body = rows[: layout.FIRST_ROW - 1], sorted(rows[layout.FIRST_ROW - 1 :], key=lambda row: row[0])
    head[layout.HEAD_ROW - 1] = ["费用"] * len(head[0])
    moved = book.create_sheet("我的表", 0)
    for row in head + body[::-1]:
        moved.append([None, *reversed(row)])
    for cell in (cell for row in moved.iter_rows() for cell in row if cell.data_type == "f"):
        # openpyxl takes a text for a formula where a person's copy does not.
        cell.data_type = "s"
    del book[layout.DATA]
    upload = uploaded(saved(book), district.filer)
    assert (counts(upload), edits(upload)) == (
        {"new": 1, "same": 3},
        {"102": ("new", "1000.5，说明“新测”")},
    )
    assert upload.current_cells().get(item="102").place.startswith("我的表!J")


def test_a_row_that_was_deleted_is_no_edit(content, district):
    book = book_of(content)
    book[layout.DATA].delete_rows(4)
    upload = uploaded(saved(book), district.filer)
    assert counts(upload) == {"new": 1, "same": 2}
