"""Pages of the plan: the board of its tasks, and one task with what it rests on."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from agencies.models import Agency

from . import access, cockpit
from .models import BoardRun, PlanTask, RecordVersion
from .plan import pages
from .plan_forms import BoardFilters, YearOfPlan

PAGE_SIZE = 50
RECORDS = 20


def plan_board(request):
    """Every task as it stands for the district, a system or one institution (?node=key)."""
    access.permit(request.user, "see_plan")
    period, periods = _period(request)
    node = _node(request)
    filters = BoardFilters(request.GET, period=period, periods=periods, years=pages.years_of(period))
    year = filters.chosen_year
    below = None if node.is_institution else Agency.objects.within([node.path])
    every = pages.lines(period, node, year, below)
    context = {
        "period": period,
        "node": node,
        "year": year,
        "filters": filters,
        "has_late": not node.is_institution,
        "nodes": _nodes(request.user),
        "counted": pages.counted(every),
        "chapters": pages.by_chapter(filters.narrow(every)),
        "run": BoardRun.objects.filter(plan_period=period).first(),
    }
    return render(request, "targets/plan_board.html", context)


def plan_task(request, slug):
    """One task: what is asked, each measure with its parts, by year and by system, the institutions, the records."""
    access.permit(request.user, "see_plan")
    tasks = PlanTask.objects.select_related("plan_period").prefetch_related("measures")
    task = get_object_or_404(tasks, slug=slug)
    node, period = _node(request), task.plan_period
    filters = YearOfPlan(request.GET, period=period, periods=[period], years=pages.years_of(period))
    year = filters.chosen_year
    registers = pages.registers_of(task)
    rows = pages.institutions(task, node, year)
    context = {
        "task": task,
        "node": node,
        "year": year,
        "filters": filters,
        "measured": pages.measured(task, node, year),
        "registers": registers,
        "may_add": access.may(request.user, "keep_records"),
        "records": _records(request.user, node, registers),
        "page_obj": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "targets/plan_task.html", context)


def _period(request):
    """The period that ?period= names, else the one that runs, else the last one with tasks; 404 without any."""
    periods = [each for each in pages.periods() if pages.years_of(each)]
    if not periods:
        raise Http404
    asked = request.GET.get("period")
    return next((each for each in periods if each.slug == asked), periods[-1]), periods


def _node(request):
    """The node that ?node= names among those the user sees, else the highest of them."""
    seen = Agency.objects.visible_to(request.user)
    if asked := request.GET.get("node"):
        return get_object_or_404(seen, key=asked)
    found = cockpit.highest_node(request.user) or seen.order_by("path").first()
    if found is None:
        raise Http404
    return found


def _nodes(user):
    """The groups that the user may look at."""
    return Agency.objects.visible_to(user).exclude(kind="institution").order_by("path")


def _records(user, node, registers):
    versions = RecordVersion.objects.visible_to(user).in_force()
    of_node = versions.filter(record__register__in=registers, record__agency__path__startswith=node.path)
    return of_node.select_related("record__agency", "record__register").order_by("-happened_on", "-pk")[
        :RECORDS
    ]
