"""A table as a CSV file that Excel reads, with nothing in it that a spreadsheet would run."""

import csv
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from django.http import StreamingHttpResponse
from django.utils import timezone

from agencies.cells import harmless

# Excel takes a CSV for UTF-8 only with this mark.
BYTE_ORDER_MARK = "\ufeff"


def response(name, columns, rows, cover=()):
    """The file as a download; `name` goes before the time, each row is texts and numbers in the order of columns.

    `cover`: rows that stand above the columns, with an empty line between.
    """
    above = [*cover, ()] if cover else []
    lines = lines_of(chain(above, [columns], rows))
    found = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    file_name = f"{name}-{timezone.localtime():%Y%m%d-%H%M%S}.csv"
    found["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return found


def lines_of(rows):
    """The lines of the file, the mark of its encoding first."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    for row in rows:
        yield writer.writerow(map(_cell, row))


def _cell(value):
    """A text without formulas; a float unrounded, in plain decimals."""
    if isinstance(value, str):
        return harmless(value)
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else value


class _Echo:
    """A file that hands each line straight back."""

    def write(self, line):
        return line


def percent(rate):
    """A rate as a percentage with two decimals, rounded half up as the pages round."""
    return f"{(Decimal(repr(rate)) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)} %"
