"""One approval after the other, through the real verbs: what the worker then does, against the floor of it."""

import statistics
import time
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from agencies.access import Role
from agencies.models import Agency, Membership, User
from reporting import actions
from reporting.entries import Entry
from reporting.models import EditionItem, KnownBy, Period, Report, StaleMark
from targets import refresh
from tests.factories import explain

from .data import REGISTERED

APPROVALS, WARM_UP = 20, 3
YEAR = 2026
QUANTITIES = {"110": 30_000, "120": 900, "102": 5_000, "103": 200, "140": 2_000, "1501": 300}


def measure():
    """Medians in ms: the institution's figures, the floor of the one-row update, and the sums of its groups."""
    refresh.refresh_all()
    # Whatever day it is, a missing month of the year can be filed.
    Period.objects.filter(month__year=YEAR).update(closes_on=date.max)
    reviewer = user_with_role("reviewer", Role.REVIEWER, Agency.objects.get(parent=None))
    with _clocked(refresh, "refresh_groups") as clock:
        taken = [_one_approval(report, reviewer, clock) for report in _missing(APPROVALS + WARM_UP)]
    columns = zip(*taken[WARM_UP:], strict=True)
    names = ("institution", "groups", "floor")
    return {name: 1000 * statistics.median(times) for name, times in zip(names, columns, strict=True)}


def _one_approval(report, reviewer, clock):
    """Seconds of the institution's figures, of its groups, and of the floor."""
    _submit(report)
    # The submission has marked the year as well; its refresh is not the one that is timed.
    refresh.refresh_all()
    actions.approve(report, by=reviewer)
    clock.seconds = 0.0
    whole, groups = timed(refresh.refresh_marked), clock.seconds
    _check(report)
    return whole - groups, groups, timed(lambda: _one_row(report.agency_id, report.period.month.year))


class _Clock:
    """Calls what it stands for and adds up how long that took."""

    def __init__(self, function):
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments):
        started = time.perf_counter()
        found = self.function(*arguments)
        self.seconds += time.perf_counter() - started
        return found


@contextmanager
def _clocked(module, name):
    """The module's function with a clock around it."""
    function = getattr(module, name)
    clock = _Clock(function)
    setattr(module, name, clock)
    try:
        yield clock
    finally:
        setattr(module, name, function)


def timed(function):
    """How many seconds it takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _missing(wanted):
    """Reports of the newest year that nobody has begun, far apart in the register."""
    reports = Report.objects.filter(latest=None, period__month__year=YEAR, agency__registered_to=None)
    found = list(reports.select_related("agency", "period").order_by("agency", "period"))
    return found[:: max(1, len(found) // wanted)][:wanted]


def _submit(report):
    filer = user_with_role(f"filer-{report.pk}", Role.FILER, report.agency)
    asked = EditionItem.objects.filter(is_required=True, edition__slug="2025").values_list(
        "item_id", flat=True
    )
    entries = {code: Entry(None, KnownBy.NOT_APPLICABLE) for code in asked}
    entries |= {code: Entry(Decimal(quantity)) for code, quantity in QUANTITIES.items()}
    actions.save_draft(report, entries, by=filer)
    explain(report, by=filer)
    actions.submit(report, by=filer)


def user_with_role(username, role, agency):
    user = User.objects.create(username=username, name=username)
    Membership.objects.create(user=user, agency=agency, role=role, valid_from=REGISTERED)
    return user


@transaction.atomic
def _one_row(agency, year):
    """Reading one panel row and updating one row of figures."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reporting_panel WHERE agency_id = %s AND year = %s", [agency, year])
        cursor.fetchall()
        cursor.execute(
            "UPDATE targets_figure SET kgce = kgce, packed = packed WHERE agency_id = %s AND year = %s",
            [agency, year],
        )


def _check(report):
    """The figures do follow: no mark is left, and the month is approved in them."""
    figure = report.agency.figures.get(year=report.period.month.year)
    if StaleMark.objects.exists() or not figure.approved_months & 1 << (report.period.month.month - 1):
        raise ValueError(f"The figures of {report} do not follow its approval.")
