"""One step of the bench in a process of its own: `python -m tests.bench.steps NAME [ARGUMENT …]`.

Its last line is what it found, as JSON. The database is that of DATABASE_URL.
"""

import json
import sys
from dataclasses import asdict

import django

django.setup()

from django.core.management import call_command  # noqa: E402, after the setup

from tests.bench import (  # noqa: E402
    approval,
    autosave,
    board,
    contestants,
    data,
    equality,
    importing,
    pages,
    workbooks,
)


def migrate():
    call_command("migrate", verbosity=0)
    call_command("load_factors", verbosity=0)


def fill(agencies, contents):
    data.fill(int(agencies), contents)


def compare(rival):
    return asdict(equality.compare(rival))


def import_months(agencies, rows):
    return importing.measure(int(agencies), int(rows))


def make_workbook(agencies):
    return workbooks.prepare(int(agencies))


STEPS = {
    "migrate": migrate,
    "fill": fill,
    "contest": contestants.run,
    "compare": compare,
    "approve": approval.measure,
    "autosave": autosave.measure,
    "import": import_months,
    "workbook": make_workbook,
    "preview": workbooks.preview,
    "pages": pages.prepare,
    "board": board.measure,
}


def main(name, *arguments):
    sys.stdout.write(f"{json.dumps(STEPS[name](*arguments))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
