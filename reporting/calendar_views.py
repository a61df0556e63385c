"""Pages of the calendar: the months with their days, moving them, setting one ahead, and more days for institutions."""

from collections import defaultdict
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from . import access, actions, calendar, locks, part_forms, periods
from .calendar import Days
from .calendar_forms import ExtensionForm, NewPeriodForm, OwingFilters, PeriodForm
from .models import Extension, Period, Report, Status

PAGE_SIZE = 24
OWING_PAGE_SIZE = 50
# How many institutions a sentence names one by one.
NAMED = 5
# A period's state → the tag that it looks like.
TAGS = {"未开放": "missing", "填报中": "submitted", "已截止": "correcting", "已关闭": "overdue"}
STATES = (("missing", "未填报"), *((str(status), status.label) for status in Status))


class Row(NamedTuple):
    """A month of the calendar: its state today, and its reports by state in the order of STATES."""

    period: Period
    state: str
    owed: int
    counts: list
    extended: int

    @property
    def tag(self):
        return TAGS[self.state]


@require_safe
def calendar_list(request):
    access.permit(request.user, "see_calendar")
    page = Paginator(Period.objects.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = _rows(request.user, list(page.object_list))
    context = {
        "page_obj": page,
        "states": [label for _, label in STATES],
        "may_set": access.may_tend(request.user, "set_calendar"),
        "tabs": part_forms.tabs_for(request.user, "reporting:calendar-list"),
    }
    return render(request, "reporting/calendar_list.html", context)


@require_http_methods(["GET", "POST"])
def calendar_edit(request, month):
    access.permit(request.user, "set_calendar")
    period = get_object_or_404(Period, month=month)
    before = Days.of(period)
    start = before._asdict() | {"seen": " ".join(map(str, before))}
    form = PeriodForm(request.POST or None, period=period, initial=start)
    if request.method == "POST" and form.is_valid() and _set_days(request, period, form):
        return redirect("reporting:calendar-list")
    return render(request, "reporting/calendar_form.html", {"form": form, "period": period, "before": before})


@require_http_methods(["GET", "POST"])
def calendar_new(request):
    access.permit(request.user, "set_calendar")
    newest = Period.objects.first()
    following = calendar.first_of_next(newest.month if newest else timezone.localdate().replace(day=1))
    start = calendar.days_of(following) | {"month": f"{following:%Y-%m}"}
    form = NewPeriodForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid() and _open_ahead(request, form):
        return redirect("reporting:calendar-list")
    return render(request, "reporting/calendar_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
def extension_new(request, month):
    if not access.may_somewhere(request.user, "extend"):
        raise PermissionDenied
    period = get_object_or_404(Period, month=month)
    filters = OwingFilters(request.GET, user=request.user)
    owing = filters.narrow(_owing(request.user, period))
    form = ExtensionForm(request.POST or None, owing=owing)
    if request.method == "POST" and form.is_valid() and _extend(request, period, form):
        return redirect("reporting:extension-list", month)
    page = Paginator(owing, OWING_PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = [(report, locks.last_day(report)) for report in page.object_list]
    context = {
        "period": period,
        "filters": filters,
        "form": form,
        "page_obj": page,
        "today": timezone.localdate(),
    }
    return render(request, "reporting/extension_form.html", context)


@require_safe
def extension_list(request, month):
    access.permit(request.user, "see_calendar")
    period = get_object_or_404(Period, month=month)
    granted = Extension.objects.filter(
        report__in=Report.objects.visible_to(request.user), report__period=period
    )
    rows = granted.select_related("report__agency__parent", "granted_by").order_by("-pk")
    context = {
        "period": period,
        "page_obj": Paginator(rows, OWING_PAGE_SIZE).get_page(request.GET.get("page")),
        "may_set": access.may_tend(request.user, "set_calendar"),
        "today": timezone.localdate(),
    }
    return render(request, "reporting/extension_list.html", context)


def state_on(period, today):
    """A period's state in a word."""
    if today < period.opens_on:
        return "未开放"
    if today <= period.due_on:
        return "填报中"
    return "已截止" if today <= period.closes_on else "已关闭"


def _rows(user, shown):
    """The Rows of these periods; two queries, however many."""
    reports, today = Report.objects.visible_to(user).filter(period__in=shown), timezone.localdate()
    counted = defaultdict(dict)
    for period, status, number in (
        reports.order_by().values_list("period", "latest__status").annotate(Count("pk"))
    ):
        counted[period][status or "missing"] = number
    extended = dict(
        reports.filter(extensions__isnull=False)
        .order_by()
        .values_list("period")
        .annotate(Count("pk", distinct=True))
    )
    return [
        Row(
            period,
            state_on(period, today),
            sum(counted[period.pk].values()),
            [(code, label, counted[period.pk].get(code, 0)) for code, label in STATES],
            extended.get(period.pk, 0),
        )
        for period in shown
    ]


def _owing(user, period):
    """The reports that were never approved and wait for their filer."""
    reports = Report.objects.visible_to(user).filter(period=period, approved__isnull=True).to_file()
    return (
        reports.select_related("agency__parent", "period", "latest")
        .prefetch_related("extensions", "revisions")
        .order_by("agency__path")
    )


def _set_days(request, period, form):
    """Whether it was done; what kept it from being done is said on the form."""
    found = form.cleaned_data
    try:
        periods.set_days(period, form.days, by=request.user, reason=found["reason"], seen=form.seen_days)
    except (actions.Stale, ValueError) as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"已调整{period}：{form.days}。")
    return True


def _open_ahead(request, form):
    found = form.cleaned_data
    try:
        period = periods.open_ahead(found["month"], form.days, by=request.user, reason=found["reason"])
    except (actions.WrongStatus, ValueError) as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"已设定{period}：{form.days}。到开放日自动为应报机构开放。")
    return True


def _extend(request, period, form):
    """Grant, and say for whom; who can file until then anyhow is named as well."""
    found, chosen = form.cleaned_data, form.chosen
    today = timezone.localdate()
    gains = [report for report in chosen if actions.gives_days(report, found["last_day"], today)]
    try:
        number = actions.extend(gains, by=request.user, last_day=found["last_day"], reason=found["reason"])
    except ValueError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"已为 {number} 个机构延期{period}至 {found['last_day']}：{_names(gains)}。")
    if left := [report for report in chosen if report not in gains]:
        messages.warning(request, f"{len(left)} 个机构本来就可填报到该日或更晚，未作延期：{_names(left)}。")
    return True


def _names(reports):
    names = "、".join(str(report.agency) for report in reports[:NAMED])
    return f"{names}等" if len(reports) > NAMED else names
