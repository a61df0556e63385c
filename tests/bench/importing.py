"""A tidy file through the real import_months, against a plain COPY of the same lines into a copy of their table."""

import csv
import io
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from reporting.models import Line

from . import formula
from .approval import timed
from .data import key_of

YEAR = 2019
# What the earliest edition asks for; its quantities are those of the first year of the formula.
ITEMS = [item for item in formula.ITEMS if item.first == 0]


def measure(agencies, rows):
    """Rows, and the seconds of the command and of the floor."""
    path = Path(settings.VAR_DIR) / "months.csv"
    wanted = min(agencies, -(-rows // (12 * len(ITEMS))))
    written = _write_file(path, wanted)
    seconds = timed(lambda: call_command("import_months", path, yes=True, stdout=io.StringIO()))
    return {"rows": written, "seconds": seconds, "floor": _copy_again()}


def _write_file(path, agencies):
    with path.open("w", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("agency", "year", "month", "item", "quantity"))
        rows = [row for i in range(agencies) for row in _rows_of(i)]
        writer.writerows(rows)
    return len(rows)


def _rows_of(i):
    key, t = key_of(i), np.arange(12)
    for item in ITEMS:
        for month, quantity in enumerate(formula.quantity(item, np.int64(i), t).tolist(), start=1):
            yield key, YEAR, month, item.code, "未计量" if np.isnan(quantity) else f"{quantity:.2f}"


def _copy_again():
    """Seconds of the COPY of the lines that the import has written."""
    table = Line._meta.db_table
    content = io.StringIO()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_line")
        cursor.execute(f"CREATE TABLE bench_line (LIKE {table} INCLUDING ALL)")
        cursor.copy_expert(
            f"COPY (SELECT line.* FROM {table} line JOIN reporting_revision r ON r.id = revision_id"
            " WHERE document_reference <> '') TO STDOUT",
            content,
        )
        content.seek(0)
        return timed(lambda: cursor.copy_expert("COPY bench_line FROM STDIN", content))
