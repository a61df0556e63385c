"""Workbooks for tests: taken from the portal, edited as a person would, uploaded and worked on."""

import io

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from reporting import tasks
from reporting.models import Upload
from reporting.workbook import actions, layout, template, writing


def template_of(agency, *months, stated=None):
    """The workbook as bytes; `stated`: item → Answer that stands there instead of the stored one."""
    made, target = template.of_node(agency, list(months)), io.BytesIO()
    writing.write(target, made.stamp, (_restated(row, stated or {}) for row in made.rows()))
    return target.getvalue()


def _restated(numbered, stated):
    number, row = numbered
    item = row.row.rpartition("|")[2]
    if item not in stated:
        return numbered
    blank = dict.fromkeys(layout.TYPED, "")
    return number, row._replace(**blank | template.stated(stated[item]))


def book_of(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def saved(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def row_of(sheet, item, month="", agency=""):
    """The row number of an item, by its hidden code."""
    for number in range(layout.FIRST_ROW, sheet.max_row + 1):
        key = str(sheet.cell(number, 1).value)
        if key.endswith(f"{month}|{item}") and key.startswith(agency):
            return number
    raise KeyError(item)


def edited(content, cells):
    """The workbook with other values: (item, column code) or (item, month, column code) → value."""
    book = book_of(content)
    sheet = book[layout.DATA]
    for (item, *month, code), value in cells.items():
        number = row_of(sheet, item, *month)
        sheet.cell(number, layout.CODES.index(code) + 1).value = value
    return saved(book)


def uploaded(content, by, name="填报.xlsx"):
    """An Upload of the content, checked."""
    upload = actions.upload(SimpleUploadedFile(name, content), by=by)
    return worked(upload)


def worked(upload):
    tasks.work_on_upload(upload.pk)
    return Upload.objects.get(pk=upload.pk)


def counts(upload):
    """The counts that are not zero."""
    kinds = ("new", "changed", "same", "conflict", "refused")
    return {kind: getattr(upload, kind) for kind in kinds if getattr(upload, kind)}
