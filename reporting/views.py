"""Pages of filing and review: the list of months, a month's form, a month with its trail, the reviewer's queue."""

from functools import partial
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from agencies.access import SEES_FIGURES
from agencies.models import Agency, Event

from . import access, actions, findings, suggestions
from .forms import CorrectionForm, MonthForm, QueueFilters, ReportFilters, ReturnForm
from .models import Report, Status
from .sheet import Sheet

PAGE_SIZE = 50
DECISIONS = ("approve", "return")


def report_list(request):
    if not request.user.roles & SEES_FIGURES:
        raise PermissionDenied
    filters = ReportFilters(request.GET, user=request.user)
    reports = filters.narrow(Report.objects.visible_to(request.user)).with_state()
    return render(
        request,
        "reporting/report_list.html",
        {"filters": filters, "page_obj": _page(request, reports), "today": timezone.localdate()},
    )


def report_detail(request, key, month):
    return _detail_page(request, _report(request, key, month))


def report_edit(request, key, month):
    report = _report(request, key, month, verb="save")
    if request.method == "POST":
        return _take_form(request, report)
    if not report.is_editable:
        messages.warning(request, f"本月现为“{report.status_name}”，不能修改。{_way_out(report)}")
        return redirect("reporting:report-detail", key, month)
    sheet = Sheet(report, report.latest)
    return _form_page(request, report, MonthForm(sheet=sheet), actions.version(report))


@require_POST
def report_submit(request, key, month):
    report = _report(request, key, month, verb="submit")
    try:
        return _do(request, report, actions.submit, "已提交，等待区机关事务管理局审核。")
    except actions.Refused as refused:
        messages.error(request, f"未能提交：{refused}")
        return redirect("reporting:report-edit", key, month)


@require_POST
def report_withdraw(request, key, month):
    report = _report(request, key, month, verb="withdraw")
    return _do(request, report, actions.withdraw, "已撤回，可以继续修改。")


@require_POST
def report_approve(request, key, month):
    report = _report(request, key, month, verb="approve")
    return _do(request, report, actions.approve, f"已通过 {report}。指标由后台任务计算，稍后更新。")


@require_POST
def report_return(request, key, month):
    report = _report(request, key, month, verb="return")
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, report, return_form=form)
    verb = partial(actions.send_back, reason=form.cleaned_data["reason"])
    return _do(request, report, verb, f"已退回 {report}，填报员会看到原因。")


@require_POST
def report_correct(request, key, month):
    report = _report(request, key, month, verb="correct")
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, report, correction_form=form)
    verb = partial(actions.open_correction, reason=form.cleaned_data["reason"])
    return _do(request, report, verb, "已发起更正。新版次通过之前，原版次继续有效。")


def review_queue(request):
    if not request.user.paths_of(access.VERBS["approve"]):
        raise PermissionDenied
    filters = QueueFilters(request.GET, user=request.user)
    reports = filters.narrow(_queue(request.user)).prefetch_related("latest__lines")
    page = _page(request, reports)
    page.object_list = _queued(list(page.object_list))
    return render(request, "reporting/review_queue.html", {"filters": filters, "page_obj": page})


class Queued(NamedTuple):
    """A report awaiting review, and what is worth knowing before opening it."""

    report: Report
    outlook: findings.Outlook
    is_late: bool


def _queued(reports):
    outlooks = findings.outlooks(reports)
    return [Queued(report, outlooks[report.pk], _was_late(report)) for report in reports]


def _was_late(report):
    return report.period.is_overdue(timezone.localdate(report.latest.submitted_at))


def _queue(user):
    """What awaits this reviewer's decision, the longest waiting first."""
    within = Agency.objects.within(user.paths_of(access.VERBS["approve"]))
    reports = Report.objects.visible_to(user).filter(agency__in=within).awaiting_review().with_state()
    return reports.order_by("latest__submitted_at", "pk")


def _report(request, key, month, verb=None):
    """The report, 404 for strangers; with a verb, 403 for a colleague without the right to it."""
    reports = Report.objects.visible_to(request.user).with_state()
    report = get_object_or_404(reports, agency__key=key, period__month=month)
    if verb and not access.may(request.user, verb, report.agency):
        raise PermissionDenied
    return report


def _verbs(user, report):
    """What this user may do to the report as it stands."""
    verbs = {verb for verb, states in access.SETS_OUT_FROM.items() if report.status in states}
    allowed = {verb for verb in verbs if access.may(user, verb, report.agency)}
    is_own = report.latest is not None and report.latest.submitted_by_id == user.pk
    return allowed.difference(DECISIONS) if is_own else allowed


def _do(request, report, verb, sentence):
    """Let the verb act, say what came of it, and show the report."""
    try:
        verb(report, by=request.user)
    except actions.WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)
    return redirect("reporting:report-detail", report.agency.key, report.period.month)


def _take_form(request, report):
    sheet = Sheet(report, report.latest)
    form = MonthForm(request.POST, sheet=sheet)
    seen = request.POST.get("version", "")
    if "check" in request.POST or not form.is_valid():
        return _form_page(request, report, form, seen)
    try:
        actions.save_draft(report, form.entries(), by=request.user, seen=seen)
    except actions.Stale as stale:
        return _stale_page(request, report, form, stale)
    except actions.WrongStatus as refusal:
        messages.error(request, f"没有保存：{refusal}您填写的内容仍在下方。")
        return _form_page(request, report, form, seen)
    if "submit" in request.POST:
        return _submit_form(request, report, form)
    messages.success(request, f"草稿已保存（{timezone.localtime():%H:%M}）。")
    return redirect("reporting:report-edit", report.agency.key, report.period.month)


def _submit_form(request, report, form):
    """Submit what was just saved; what contradicts itself goes back to the fields, and stays saved as a draft."""
    try:
        return _do(request, report, actions.submit, "已提交，等待区机关事务管理局审核。")
    except actions.Refused as refused:
        form.refuse(refused.errors)
        messages.warning(request, "草稿已保存，尚未提交：请先改正下列问题。")
        report.refresh_from_db()
        return _form_page(request, report, form, actions.version(report))


def _stale_page(request, report, form, stale):
    """Nothing was written: both answers are shown, and a second save means it."""
    report.refresh_from_db()
    stored = {line.item_id: actions.Entry.of(line) for line in report.latest.lines.all()}
    context = {"stale": stale, "differences": form.differences(stored)}
    return _form_page(request, report, form, actions.version(report), **context)


def _form_page(request, report, form, version, **context):
    is_check = "check" in request.POST and request.htmx
    template = "reporting/includes/verdict.html" if is_check else "reporting/report_edit.html"
    context |= {
        "report": report,
        "form": form,
        "version": version,
        "verdict": form.verdict(),
        "today": timezone.localdate(),
    }
    return render(request, template, context)


def _detail_page(request, report, return_form=None, correction_form=None):
    revisions = list(report.revisions.select_related("opened_by", "submitted_by", "decided_by", "edition"))
    revision = _chosen(request, report, revisions)
    verbs = _verbs(request.user, report)
    sheet = Sheet(report, revision) if revision else None
    context = {
        "report": report,
        "revision": revision,
        "revisions": revisions,
        "sheet": sheet,
        "verdict": sheet and sheet.verdict(sheet.lines),
        "events": Event.objects.about(report.agency, report.period.month),
        "verbs": verbs,
        "may_save": "save" in verbs,
        "beside": suggestions.beside(report),
        "return_form": return_form or ReturnForm(),
        "correction_form": correction_form or CorrectionForm(),
        "next_report": _next_in_queue(request.user, report),
        "today": timezone.localdate(),
    }
    return render(request, "reporting/report_detail.html", context)


def _chosen(request, report, revisions):
    """The revision that ?revision= names, the latest without it."""
    number = request.GET.get("revision")
    if number is None:
        return next((revision for revision in revisions if revision.pk == report.latest_id), None)
    found = [revision for revision in revisions if str(revision.number) == number]
    if not found:
        raise Http404
    return found[0]


def _next_in_queue(user, report):
    """Where a reviewer goes on after this report; None for everybody else and at the end of the queue."""
    if not user.paths_of(access.VERBS["approve"]):
        return None
    return _queue(user).exclude(pk=report.pk).first()


def _way_out(report):
    return {Status.SUBMITTED: "如需修改，请先撤回。", Status.APPROVED: "如需修改，请发起更正。"}[
        report.status
    ]


def _page(request, rows):
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
