"""Who computes the same stored figures: the product, one SQL statement, pandas, and the floor."""

import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from reporting.accounting import rules
from targets import recalculation
from targets.models import Figure, GroupFigure, PartialSums, Recalculation

from .rivals import floor, sql, tables

MIB = 1024


@dataclass(frozen=True)
class Contestant:
    prepare: Callable
    run: Callable


def run(name):
    """From empty tables of results to full ones: seconds, and the greatest memory of this process in MiB."""
    contestant = CONTESTANTS[name]
    contestant.prepare()
    gc.collect()
    started = time.perf_counter()
    contestant.run()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB}


def _empty_product():
    names = [model._meta.db_table for model in (Figure, GroupFigure, PartialSums, Recalculation)]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(names)} CASCADE")
        cursor.execute("DELETE FROM reporting_stalemark")


def _recompute():
    recalculation.work_off(recalculation.begin(rules.active_slug(), cause="bench"))


def _prepare_sql():
    tables.create_inputs()
    tables.create_results("sql", packed="float8[]")


def _prepare_pandas():
    """Importing pandas is no part of the race."""
    from .rivals import frames  # noqa: PLC0415, F401

    tables.create_results("pandas")


def _run_pandas():
    from .rivals import frames  # noqa: PLC0415

    frames.run()


CONTESTANTS = {
    "ours": Contestant(_empty_product, _recompute),
    "ours-again": Contestant(lambda: None, _recompute),
    "sql": Contestant(_prepare_sql, sql.run),
    "pandas": Contestant(_prepare_pandas, _run_pandas),
    "floor": Contestant(floor.prepare, floor.run),
}
