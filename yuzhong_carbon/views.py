"""Where each role starts, and what tells a load balancer that the portal works."""

from datetime import date
from typing import NamedTuple

from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from agencies.access import Role
from agencies.models import Agency
from reporting import locks
from reporting.models import Period, Report, Revision, Status
from targets.models import PlanPeriod, RecordVersion, VersionStatus
from targets.plan import pages as tasks

RECENT = 5
PAGE_SIZE = 50
BROKER_SECONDS = 1
# Where the roles without tasks of their own start, the wider view first.
STARTS = (
    (Role.REVIEWER, "reporting:review-queue"),
    (Role.MANAGER, "targets:cockpit"),
    (Role.OBSERVER, "targets:cockpit"),
    (Role.AUDITOR, "agencies:trail-list"),
    (Role.ADMINISTRATOR, "admin:index"),
)


class Owed(NamedTuple):
    """A month still to be filed, how many days are left (negative when it is late), and what keeps it locked."""

    report: Report
    due_day: date
    days_left: int
    lock: locks.Lock | None

    @property
    def days_late(self):
        return -self.days_left


def home(request):
    roles = request.user.roles
    if roles & {Role.FILER, Role.DEPARTMENT}:
        return _to_do(request)
    for role, address in STARTS:
        if role in roles:
            return redirect(address)
    return render(request, "home/no_role.html")


def _to_do(request):
    context = {}
    if Role.FILER in request.user.roles:
        context |= _own_months(_agencies(request.user, Role.FILER))
        context |= _own_tasks(request.user)
    if Role.DEPARTMENT in request.user.roles:
        context |= _subtree_state(request, _agencies(request.user, Role.DEPARTMENT))
    return render(request, "home/to_do.html", context)


def _agencies(user, role):
    return Agency.objects.within(user.paths_of({role}))


def _own_months(agencies):
    today = timezone.localdate()
    reports = Report.objects.filter(agency__in=agencies).with_state()
    reports = reports.prefetch_related("extensions", "revisions")
    owed = reports.to_file().order_by("period__month", "agency__path")
    decided = Revision.objects.filter(
        report__agency__in=agencies, status__in=(Status.APPROVED, Status.RETURNED)
    )
    return {
        "today": today,
        "owed": [_owed(report, today) for report in owed],
        "waiting": reports.waiting(),
        "decided": decided.select_related("report__agency", "report__period", "decided_by").order_by(
            "-decided_at"
        )[:RECENT],
    }


def _own_tasks(user):
    """The tasks of the plan that a filer's institution answers for, and the records that are open.

    Who files for several has the first one's here, and the board.
    """
    own = _agencies(user, Role.FILER).institutions()
    open_states = (VersionStatus.DRAFT, VersionStatus.RETURNED)
    versions = RecordVersion.objects.filter(record__agency__in=own, status__in=open_states)
    versions = versions.select_related("record__register", "record__agency").order_by("-pk")
    return _latest_standing(own.first()) | {"open_records": versions[:PAGE_SIZE]}


def _latest_standing(agency):
    """Its tasks of this year, or of the last one where no plan period with tasks runs."""
    this_year = timezone.localdate().year
    for year in (this_year, this_year - 1):
        if standing := tasks.standing_of(agency, year, PlanPeriod.objects.of_year(year)):
            return {"own_agency": agency, "tasks": standing, "year": year}
    return {}


def _owed(report, today):
    due_day = locks.due_day(report)
    return Owed(report, due_day, (due_day - today).days, locks.of(report, today))


def _subtree_state(request, agencies):
    """The latest period's reports of a department's institutions, and how many stand in each state."""
    period = Period.objects.filter(opens_on__lte=timezone.localdate()).first()
    reports = Report.objects.filter(agency__in=agencies, period=period)
    counted = dict(reports.order_by().values_list("latest__status").annotate(Count("pk")))
    rows = reports.with_state().order_by("agency__path")
    return {
        "period": period,
        "today": timezone.localdate(),
        "counts": [
            (label, state or "missing", counted.get(state, 0))
            for state, label in ((None, "未填报"), *Status.choices)
        ],
        "page_obj": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
    }


@login_not_required
def admin_login(request):
    """The portal has one sign-in page; who is signed in and comes here may not use the admin."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", ""))


@login_not_required
def healthz(request):
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request):
    """Whether pages can be served: they need the database. A broker that is down only delays the figures."""
    database = _database_answers()
    text = f"database: {_word(database)}\nbroker: {_word(_broker_answers())}\n"
    return HttpResponse(text, content_type="text/plain", status=200 if database else 503)


def _word(answers):
    return "ok" if answers else "down"


def _database_answers():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers():
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except Exception:
        return False
    return True
