"""What the checks say of a file before it is written: told and counted, blocking nothing."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reporting import history, preview
from reporting.models import Revision, RuleHit
from tests.factories import InstitutionFactory

COLUMNS = ("agency", "year", "month", "item", "quantity", "cost_yuan")


def reading(*rows):
    return history.Reader().read([dict(zip(COLUMNS, map(str, row), strict=True)) for row in rows])


def rules(months):
    return [
        (month.month.isoformat(), [each.rule for each in found]) for month, found in preview.warnings(months)
    ]


@pytest.fixture
def key(district):
    return district.institution.key


def test_months_of_the_file_are_held_against_each_other(key):
    found = reading((key, 2023, 3, "110", 10000, 6000), (key, 2024, 3, "110", 15000, 9000))
    assert rules(found.months) == [("2023-03-01", []), ("2024-03-01", ["last-year"])]


def test_months_of_the_file_are_held_against_the_stored_ones(key):
    history.enter(reading((key, 2023, 3, "110", 10000, 6000)), document="2023年报", by=None)
    found = reading((key, 2024, 3, "110", 1, 6000))
    assert rules(found.months) == [("2024-03-01", ["unit-slip"])]


def test_a_file_that_copies_one_institution_to_another_is_told(district, key):
    other = InstitutionFactory(parent=district.department).key
    rows = [(each, 2024, 3, item, 900, 540) for each in (key, other) for item in ("110", "140")]
    assert {rule for _month, found in rules(reading(*rows).months) for rule in found} == {
        "same-as-another",
        "unit-price",
    }


def import_months(tmp_path, rows, *options):
    path, out = tmp_path / "months.csv", StringIO()
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    call_command("import_months", str(path), *options, stdout=out)
    return out.getvalue()


def test_the_dry_run_says_what_the_checks_find(district, key, tmp_path):
    rows = [(key, 2024, 3, "110", 1000, 2000)]
    told = import_months(tmp_path, rows)
    assert "检查提示（不影响导入）：单价异常 1" in told
    assert f"{district.institution} 2024-03 电单价 2 元，通常在 0.3—1.5 元" in told
    assert import_months(tmp_path, [(key, 2024, 3, "110", 1000, 600)]).count("检查提示：无。") == 1


def test_doubts_block_no_import(key, tmp_path):
    import_months(tmp_path, [(key, 2024, 3, "110", 1000, 2000)], "--yes")
    assert Revision.objects.get().status == "approved"
    assert not RuleHit.objects.exists()


def test_the_preview_costs_the_same_for_one_month_and_for_many(district, key):
    other = InstitutionFactory(parent=district.department).key
    rows = [(each, 2024, number, "110", 1000, 600) for each in (key, other) for number in range(1, 13)]
    history.enter(reading((key, 2023, 3, "110", 10000, 6000)), document="2023年报", by=None)
    counts = []
    for sent in (rows[2:3], rows):
        months = reading(*sent).months
        with CaptureQueriesContext(connection) as captured:
            list(preview.warnings(months))
        counts.append(len(captured))
    assert counts == [5, 5]
