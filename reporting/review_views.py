"""Pages of the review desk: the queue by risk, approving quiet months together, and the second look."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from . import access, bulk_approvals, desk, looks, quiet, risk
from .forms import CorrectionForm
from .models import BulkApproval, Report, SecondLook
from .models.looking import Outcome
from .refusals import WrongStatus
from .review_forms import BulkForm, DeskFilters, LookForm

PAGE_SIZE = 50
CONDITIONS = [condition.words for condition in quiet.CONDITIONS]
OWN = "由您提交或初审，须由另一名审核员办理"


@require_safe
def review_queue(request):
    if not desk.may_review(request.user):
        raise PermissionDenied
    filters = DeskFilters(request.GET, user=request.user)
    page = _page(request, filters.queue().prefetch_related("latest__lines"))
    page.object_list = desk.queued(list(page.object_list))
    may_bulk = _approves(request.user) and filters.state_shown == desk.BUREAU
    context = {
        "filters": filters,
        "page_obj": page,
        "sort": filters.sort_shown,
        "state": dict(desk.STATES)[filters.state_shown],
        "may_bulk": may_bulk,
        "quiet_count": _quiet(filters).count() if may_bulk else 0,
        "conditions": CONDITIONS,
        "limit": risk.QUIET_BELOW,
    }
    return render(request, "reporting/review_queue.html", context)


@require_http_methods(["GET", "POST"])
def bulk_new(request):
    """What would be approved together, with its sums; a POST with its ground lets a worker do it."""
    _permit(request.user, "bulk_approve")
    form = BulkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            bulk = bulk_approvals.begin(
                form.cleaned_data["seen"], by=request.user, ground=form.cleaned_data["ground"]
            )
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return redirect("reporting:review-queue")
        return redirect("reporting:bulk-detail", bulk.pk)
    chosen, left = _chosen(request, form)
    if request.method == "GET":
        form = BulkForm(
            initial={"seen": "\n".join(f"{each.pk}:{each.latest.content_hash}" for each in chosen)}
        )
    context = {
        "form": form,
        "chosen": chosen,
        "left": left,
        "totals": desk.totals(Report.objects.filter(pk__in=[report.pk for report in chosen])),
        "most": bulk_approvals.MOST,
        "conditions": CONDITIONS,
    }
    return render(request, "reporting/bulk_new.html", context)


@require_safe
def bulk_detail(request, pk):
    _permit(request.user, "see_looks")
    bulk = get_object_or_404(BulkApproval.objects.select_related("made_by", "draw"), pk=pk)
    entries = bulk.entries.filter(report__in=Report.objects.visible_to(request.user))
    if not entries.exists():
        raise Http404
    counts = {outcome: entries.filter(outcome=outcome).count() for outcome in Outcome}
    context = {"bulk": bulk, "counts": counts, "done": sum(counts.values()) - counts[Outcome.WAITING]}
    context["total"] = sum(counts.values())
    if request.htmx:
        is_under_way = render(request, "reporting/includes/bulk_progress.html", context)
        return is_under_way if bulk.is_under_way else HttpResponseClientRefresh()
    beside = ("report__agency", "report__period", "revision__second_look")
    context["page_obj"] = _page(request, entries.select_related(*beside).order_by("-outcome", "pk"))
    return render(request, "reporting/bulk_detail.html", context)


@require_safe
def look_list(request):
    _permit(request.user, "see_looks")
    years = looks.years()
    asked = request.GET.get("year", "")
    year = (
        int(asked)
        if asked.isdecimal() and int(asked) in years
        else max(years, default=timezone.localdate().year)
    )
    found = SecondLook.objects.visible_to(request.user).of_year(year).for_list()
    context = {
        "year": year,
        "years": years,
        "coverage": looks.coverage(year),
        "page_obj": _page(request, found),
        "may_draw": access.may_somewhere(request.user, "draw"),
        "bulks": BulkApproval.objects.select_related("made_by", "draw")[:10],
    }
    return render(request, "reporting/look_list.html", context)


@require_POST
def look_draw(request, year):
    _permit(request.user, "draw")
    try:
        drawn = looks.draw_more(year, by=request.user)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{year}年补抽了 {drawn} 个机构，各一份已通过的月报。")
    return redirect(f"{reverse('reporting:look-list')}?year={year}")


@require_http_methods(["GET", "POST"])
def look_detail(request, pk):
    _permit(request.user, "see_looks")
    beside = ("revision__report__agency", "revision__report__period", "revision__report__latest")
    people = ("revision__decided_by", "revision__submitted_by", "draw__bulk", "draw__drawn_by", "looked_by")
    found = SecondLook.objects.visible_to(request.user).select_related(*beside, *people)
    look = get_object_or_404(found, pk=pk)
    form = LookForm(request.POST or None)
    if request.method == "POST":
        _permit_look(request.user, look)
        if form.is_valid():
            return _decided(request, look, form.cleaned_data)
    report = look.revision.report
    context = {
        "look": look,
        "report": report,
        "form": form,
        "may_look": look.is_waiting and access.may(request.user, "look", report.agency),
        "is_involved": looks.is_involved(request.user, look.revision),
        "may_correct": look.is_wrong and access.may_now(request.user, "correct", report),
        "correction_form": CorrectionForm(initial={"reason": f"抽查复核有误：{look.note}"[:200]}),
    }
    return render(request, "reporting/look_detail.html", context)


def _decided(request, look, facts):
    try:
        looks.decide(look, by=request.user, **facts)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "复核结果已记录。")
    return redirect("reporting:look-detail", look.pk)


def _chosen(request, form):
    """The quiet months that were chosen, and those left out as (report, why)."""
    asked = quiet.judged(desk.to_approve(request.user))
    if request.method == "POST":
        reports = asked.filter(pk__in=form.cleaned_data.get("seen") or ())
    elif request.GET.get("all") == "quiet":
        reports = _quiet(DeskFilters(request.GET, user=request.user))
    else:
        reports = asked.filter(pk__in=[key for key in request.GET.getlist("report") if key.isdecimal()])
    user, chosen, left = request.user, [], []
    for report in reports[: bulk_approvals.MOST]:
        is_own = user.pk in (report.latest.submitted_by_id, report.latest.endorsed_by_id)
        why = OWN if is_own else report.fault
        if why:
            left.append((report, why))
        else:
            chosen.append(report)
    return chosen, left


def _quiet(filters):
    """What of the filters' part of the queue is quiet and may be approved together."""
    filters.is_valid()
    return quiet.narrow(filters.narrow(desk.to_approve(filters.user)))


def _approves(user):
    return access.may_somewhere(user, "bulk_approve")


def _permit(user, verb):
    if not access.may_somewhere(user, verb):
        raise PermissionDenied


def _permit_look(user, look):
    """Asked before the form is read: what a refused person typed says nothing."""
    may = access.may(user, "look", look.revision.report.agency)
    if not may or looks.is_involved(user, look.revision):
        raise PermissionDenied("抽查复核须由未经办该月报的另一名审核员进行。")


def _page(request, rows):
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
