"""Figures as they were rendered, kept by the process under the state of everything that they were made from.

Figures change where a job writes them, not between two readers. What is kept is shown again only while the rows it was
made from, the register, the plan, the rule sets and the reader's own view are the same; another state is another key.
"""

import hashlib
from functools import lru_cache

from django.core.cache import caches
from django.db import connection
from django.db.models import Count, Max, Value
from django.utils import timezone

from agencies.models import Agency, Building, ChargingStation, DataRoom, Event, Occupancy, PvPlant, Vehicle
from reporting.models import Report

from .models import (
    BenchmarkRun,
    BoardRun,
    Decomposition,
    Figure,
    Forecast,
    GroupFigure,
    PeakResult,
)

# What a page asks for in its address.
ASKED = ("year", "rules", "indicator")


def page(request, owner, plan, rule_sets, make):
    """The dict that `make` returns, made anew where anything is another than when it was last made."""
    key = _key(request, owner, plan, rule_sets)
    found = caches["pages"].get(key)
    if found is None:
        found = make()
        caches["pages"].set(key, found)
    return found


def _key(request, owner, plan, rule_sets):
    """Read before the page is made: what changes meanwhile makes another key, never an old page under a new one."""
    asked = [request.GET.get(name) for name in ASKED]
    held = sorted((row.role, row.agency.path) for row in request.user.current_memberships)
    parts = (
        owner.kind,
        owner.key,
        asked,
        held,
        timezone.localdate(),
        plan.stamp,
        rule_sets.stamp,
        _state(owner),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _state(owner):
    """When each kind of row that a page reads was last written, and how many there are of the owner: one query."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement(owner))
        return sorted(map(str, cursor.fetchall()))


# Making the statement takes longer than answering it.
@lru_cache(maxsize=2_000)
def _statement(owner):
    first, *others = [*_figures(owner), *_register(), *_filed(owner)]
    return first.union(*others, all=True).query.sql_with_params()


def _figures(owner):
    if owner.is_institution:
        yield _last(Figure.objects.filter(agency=owner.agency))
    else:
        # An institution's figures are written together with those of all its groups.
        yield _last(GroupFigure.objects.filter(kind=owner.kind, key=owner.key))
    if owner.agency:
        for model in (Decomposition, Forecast, PeakResult):
            yield _last(model.objects.filter(agency=owner.agency))
    yield _last(BenchmarkRun.objects.all(), "made_at")
    yield _last(BoardRun.objects.all(), "made_at")


def _filed(owner):
    """What an institution's page says of its months: whatever happens to one leaves an event, or is a new report."""
    if owner.is_institution:
        yield _last(Report.objects.filter(agency=owner.agency), "latest__submitted_at")
        yield _last(Event.objects.filter(agency=owner.agency), "at")
        # Of the calendar: a month of nobody's.
        yield _last(Event.objects.filter(agency=None, month__isnull=False), "at")


REGISTERED = (Agency, Building, Occupancy, Vehicle, DataRoom, PvPlant, ChargingStation)


def _register():
    for model in REGISTERED:
        # Every change adds a row of history with the next key.
        named = model.history.order_by().values(table=Value(model.__name__))
        latest = named.annotate(last=Max("history_date"), rows=Max("history_id"))
        yield latest.values_list("table", "last", "rows")


def _last(rows, column="computed_at"):
    """(model, last moment, number of rows)."""
    named = rows.order_by().values(table=Value(rows.model.__name__))
    return named.annotate(last=Max(column), rows=Count("pk")).values_list("table", "last", "rows")
