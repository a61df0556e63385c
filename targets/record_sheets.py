"""A register's records as a workbook: taken out, and read back in as drafts, all or none, faults named by cell."""

import tempfile
from pathlib import Path

import xlsxwriter
from django.core.exceptions import ValidationError
from django.db import transaction

from agencies import tables
from agencies.cells import harmless
from agencies.tables import FIRST_ROW, Problem, Unreadable
from reporting.workbook import guard

from . import access, record_actions
from .models import RecordVersion, RegisterField
from .record_forms import RecordForm

KEY, AGENCY, NAME, STATUS = "机构编码", "机构", "名称", "状态"
MOST_ROWS = 2_000
DATE_FORMAT = "yyyy-mm-dd"


def heads(register, fields):
    """Column head → the form's field; what is only shown has none."""
    days = {register.date_name: "happened_on"}
    if register.end_name:
        days[register.end_name] = "ended_on"
    return {
        KEY: None,
        AGENCY: None,
        NAME: "name",
        **days,
        **{each.label: each.code for each in fields},
        STATUS: None,
    }


def write(register, versions, file):
    """The records, one a row, with the columns that `read` takes; without any it is the empty form."""
    fields = list(register.fields.all())
    with xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False}) as book:
        sheet = book.add_worksheet(register.name[:31])
        head, day = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": DATE_FORMAT})
        sheet.set_column(0, len(fields) + 4, 18)
        sheet.freeze_panes(1, 3)
        for place, text in enumerate(heads(register, fields)):
            sheet.write_string(0, place, text, head)
        for number, version in enumerate(versions, start=1):
            for place, value in enumerate(_cells(register, fields, version)):
                _put(sheet, number, place, value, day)


def _cells(register, fields, version):
    agency = version.record.agency
    days = [version.happened_on, *([version.ended_on] if register.end_name else [])]
    return [
        agency.key,
        agency.name,
        version.name,
        *days,
        *_values(fields, version),
        version.get_status_display(),
    ]


def _values(fields, version):
    """Numbers as numbers; one of more digits than a spreadsheet keeps stays a text."""
    for field in fields:
        text = version.values.get(field.code, "")
        is_number = field.kind == RegisterField.Kind.NUMBER and text and len(text.replace(".", "")) <= 15
        yield float(text) if is_number else text


def _put(sheet, row, place, value, day):
    if value in (None, ""):
        return
    if hasattr(value, "isoformat"):
        sheet.write_datetime(row, place, value, day)
    elif isinstance(value, float):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, harmless(value))


@transaction.atomic
def read(register, content, *, by):
    """Enter every row of a workbook as a draft; returns (new, already there).

    A row that says what a record of the institution says already (name and day) enters nothing, so the file can be
    sent twice. Raises Unreadable with every fault by row and column; then nothing is stored.
    """
    fields = list(register.fields.all())
    columns = heads(register, fields)
    rows = _rows(content, columns)
    keys = {row[KEY] for row in rows}
    kept = {agency.key: agency for agency in access.kept_agencies(by, register).filter(key__in=keys)}
    wanted, problems = [], []
    for number, row in enumerate(rows, start=FIRST_ROW):
        if any(row.values()):
            agency, form, faults = _checked(number, row, register, fields, columns, kept)
            problems += faults
            wanted.append((number, agency, form))
    if problems:
        raise Unreadable(problems)
    return _entered(register, wanted, by)


def _rows(content, columns):
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        try:
            guard.inspect(Path(file.name))
        except guard.Unreadable as refusal:
            raise Unreadable([Problem(1, "文件", str(refusal))]) from refusal
        required = [head for head in columns if head not in (AGENCY, STATUS)]
        rows = tables.load(Path(file.name), required, (AGENCY, STATUS))
    if len(rows) > MOST_ROWS:
        raise Unreadable([Problem(MOST_ROWS + FIRST_ROW, KEY, f"一次最多 {MOST_ROWS} 行，请分开上传。")])
    return rows


def _checked(number, row, register, fields, columns, kept):
    """(agency, form, problems) of a row."""
    typed = {name: row[head].lstrip("'") for head, name in columns.items() if name}
    form = RecordForm(typed, register=register, fields=fields)
    by_name = {name: head for head, name in columns.items() if name}
    faults = [
        Problem(number, by_name.get(name, "行"), "；".join(errors)) for name, errors in form.errors.items()
    ]
    agency = kept.get(row[KEY])
    if agency is None:
        faults.append(Problem(number, KEY, f"“{row[KEY]}”不是您可以登记的机构编码。"))
    return agency, form, faults


def _entered(register, wanted, by):
    there = set(
        RecordVersion.objects.filter(record__register=register).values_list(
            "record__agency", "name", "happened_on"
        )
    )
    new, problems = 0, []
    for number, agency, form in wanted:
        said = form.said
        named = (agency.pk, said["name"], said["happened_on"])
        if named not in there:
            there.add(named)
            new += 1
            try:
                record_actions.enter(register, agency, said, by=by)
            except ValidationError as refusal:
                problems.append(Problem(number, NAME, "；".join(refusal.messages)))
    if problems:
        raise Unreadable(problems)
    return new, len(wanted) - new
