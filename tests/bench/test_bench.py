"""The bench cannot rot: its rivals still compute what the product stores, and its steps still run."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.management import call_command
from django.db import connection

from targets.models import Benchmark, Decomposition, Figure, GroupFigure, TaskProgress
from tests.ports import free_port

from . import approval, autosave, board, contestants, data, equality, importing, pages, visits, workbooks, wrk
from .__main__ import chosen, measure, table
from .equality import NotEqual
from .lines import LINES, Bench, Line
from .rivals import tables
from .server import StepFailed

AGENCIES = 30


@pytest.fixture
def register(transactional_db):
    call_command("load_factors", verbosity=0)
    data.fill(AGENCIES, data.LINES)
    yield
    # Their foreign keys keep the test database from being emptied.
    tables.drop_all()


@pytest.mark.needs_postgresql
def test_sql_and_pandas_store_what_the_product_stores(register):
    for name in ("ours", "sql", "pandas", "floor"):
        assert contestants.run(name)["seconds"] > 0
    stored = Figure.objects.count() + GroupFigure.objects.count()
    assert [equality.compare(rival).rows for rival in ("sql", "pandas", "floor")] == [stored] * 3
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bench_sql_figure SET kgce_per_m2_yoy = 0 WHERE year = 2023")
    with pytest.raises(NotEqual, match="sql Figure 2023 .* kgce_per_m2_yoy: 0.0 instead of"):
        equality.compare("sql")


@pytest.mark.needs_postgresql
def test_approvals_and_an_import_are_measured_on_the_same_data(register):
    contestants.run("ours")
    assert approval.measure().keys() == {"institution", "groups", "floor"}
    assert importing.measure(AGENCIES, 500)["rows"] == 3 * 12 * 19
    assert autosave.measure().keys() == {"cell", "empty", "bare"}


@pytest.mark.needs_postgresql
def test_the_board_is_measured_with_its_records(register):
    taken = board.measure()

    assert taken["rows"] == TaskProgress.objects.count() > 5 * 106
    assert (
        TaskProgress.objects.get(agency__parent=None, year=2025, measure__task__slug="14-5-3-2-1").numerator
        == AGENCIES * board.RECORDS * 120
    )


@pytest.mark.needs_postgresql
def test_a_departments_workbook_is_previewed(transactional_db, settings, tmp_path):
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    call_command("load_factors", verbosity=0)
    made = workbooks.prepare(2)
    taken = workbooks.preview()
    assert (made["rows"], taken["changed"] + taken["same"]) == (2 * 12 * 30, 2 * 12 * 30)
    assert taken["changed"] > 0


@pytest.mark.needs_postgresql
def test_one_line_is_measured_on_a_server_of_its_own():
    with TemporaryDirectory(prefix="yc-", dir="/tmp") as folder:
        lines = measure([LINES["recompute-memory"]], 5, Path(folder))
    assert [line.name for line in lines] == ["recompute-memory"]
    assert lines[0].holds


@pytest.mark.needs_postgresql
def test_the_pages_find_all_that_they_read(register):
    made = pages.prepare()
    names = {"empty", "cockpit", "institution"}
    assert made["pages"].keys() == made["queries"].keys() == made["queries_anew"].keys() == names
    assert Decomposition.objects.exists()
    assert Benchmark.objects.exists()


def test_latencies_are_read_in_every_unit_that_wrk_prints():
    printed = """
  Latency Distribution
     50%  912.00us
     75%    1.10ms
     90%    2.00ms
     99%    1.20s
  1000 requests in 5.00s, 1MB read
"""
    # wrk ends these lines with a space.
    printed = printed.replace("s\n", "s \n")
    assert wrk.read(printed) == wrk.Latency(0.912, 1200.0)
    with pytest.raises(wrk.WrkFailed, match="Non-2xx or 3xx responses: 7"):
        wrk.read(f"{printed}  Non-2xx or 3xx responses: 7\n")
    with pytest.raises(wrk.WrkFailed, match="no latencies"):
        wrk.read("unable to connect")


def test_a_server_that_does_not_answer_is_no_latency():
    with pytest.raises(TimeoutError):
        visits.wait_for(f"http://127.0.0.1:{free_port()}", seconds=0.1)


def test_an_answer_that_is_no_page_is_no_latency(live_server):
    visits.require_page(live_server.url, "/healthz", "")
    with pytest.raises(wrk.WrkFailed, match="/ answered 302"):
        visits.require_page(live_server.url, "/", "")


def test_without_wrk_nothing_is_computed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StepFailed, match="apt-get install wrk"):
        LINES["cockpit-page"](Bench(server=None, agencies=1, with_lines=False))


def test_a_line_holds_when_its_ratio_clears_the_bar():
    assert Line("a", 5.0, "", at_least=5).holds
    assert not Line("a", 4.9, "", at_least=5).holds
    assert Line("a", 3.0, "", at_most=3).holds
    assert not Line("a", 3.1, "", at_most=3).holds
    assert Line("a", 99.0, "").as_json() == {
        "name": "a",
        "ratio": 99.0,
        "bar": "",
        "holds": True,
        "detail": "",
    }


def test_the_table_says_which_bar_does_not_hold():
    lines = [
        Line("fast", 6.0, "why", at_least=5),
        Line("slow", 4.0, "why", at_least=5),
        Line("told", 1.0, "why"),
    ]
    assert [row.split()[:5] for row in table(lines).splitlines()[1:]] == [
        ["fast", "6.00", ">=", "5", "yes"],
        ["slow", "4.00", ">=", "5", "NO"],
        ["told", "1.00", "why"],
    ]


def test_one_line_can_be_chosen_and_the_largest_register_only_on_demand():
    assert chosen({}) == list(LINES.values())
    assert chosen({"ONLY": "import-months"}) == [LINES["import-months"]]
    assert len(chosen({"SCALE": "1"})) == len(LINES) + 1
    with pytest.raises(SystemExit):
        chosen({"ONLY": "no-such-line"})
