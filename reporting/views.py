"""Pages of months: the list of them, a month with its trail, what is decided about it."""

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from agencies.access import SEES_FIGURES
from agencies.models import Event

from . import access, actions, desk, hits, locks, returned, suggestions
from .forms import CorrectionForm, ReportFilters, ReturnForm
from .models import Report
from .sheet import Sheet
from .steps import act, permitted_report

PAGE_SIZE = 50
DECISIONS = ("endorse", "approve", "return")
FILING = {"save", "submit"}


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
    return _detail_page(request, permitted_report(request, key, month))


@require_POST
def report_submit(request, key, month):
    report = permitted_report(request, key, month, verb="submit")
    try:
        return act(request, report, actions.submit, "已提交，等待区机关事务管理局审核。")
    except actions.Refused as refused:
        messages.error(request, f"未能提交，请先改正或说明原因：{refused}")
        return redirect("reporting:report-edit", key, month)


@require_POST
def report_withdraw(request, key, month):
    report = permitted_report(request, key, month, verb="withdraw")
    return act(request, report, actions.withdraw, "已撤回，可以继续修改。")


@require_POST
def report_endorse(request, key, month):
    report = permitted_report(request, key, month, verb="endorse")
    verb = partial(actions.endorse, seen=request.POST.get("seen"))
    return act(request, report, verb, f"已初审 {report}，等待区机关事务管理局审定。")


@require_POST
def report_abandon(request, key, month):
    report = permitted_report(request, key, month, verb="abandon")
    return act(request, report, actions.abandon, "已放弃更正，已通过的版次继续有效。")


@require_POST
def report_approve(request, key, month):
    report = permitted_report(request, key, month, verb="approve")
    verb = partial(actions.approve, seen=request.POST.get("seen"))
    return act(request, report, verb, f"已通过 {report}。指标由后台任务计算，稍后更新。")


@require_POST
def report_return(request, key, month):
    report = permitted_report(request, key, month, verb="return")
    if not access.may_return(request.user, report):
        raise PermissionDenied
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, report, return_form=form)
    given = {"reason": form.cleaned_data["reason"], "cells": form.cells}
    verb = partial(actions.send_back, **given, seen=request.POST.get("seen"))
    what = f"的 {len(form.cells)} 项指标" if form.cells else ""
    return act(request, report, verb, f"已退回 {report}{what}，填报员会看到原因。")


@require_POST
def report_correct(request, key, month):
    report = permitted_report(request, key, month, verb="correct")
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, report, correction_form=form)
    verb = partial(actions.open_correction, reason=form.cleaned_data["reason"])
    return act(request, report, verb, "已发起更正。新版次通过之前，原版次继续有效。")


def _verbs(user, report):
    """What this user may do to the report as it stands."""
    allowed = {verb for verb in access.SETS_OUT_FROM if access.may_now(user, verb, report)}
    if report.is_editable and locks.of(report):
        allowed -= FILING
    is_own = report.latest is not None and report.latest.submitted_by_id == user.pk
    return allowed.difference(DECISIONS) if is_own else allowed


def _detail_page(request, report, return_form=None, correction_form=None):
    revisions = list(report.revisions.select_related("opened_by", "submitted_by", "decided_by", "edition"))
    revision = _chosen(request, report, revisions)
    verbs = _verbs(request.user, report)
    sheet = Sheet(report, revision) if revision else None
    verdict = sheet and sheet.verdict(sheet.lines)
    context = {
        "report": report,
        "revision": revision,
        "revisions": revisions,
        "sheet": sheet,
        "verdict": verdict,
        "doubts": hits.doubts(revision, verdict.warnings) if verdict else [],
        "events": Event.objects.about(report.agency, report.period.month),
        "verbs": verbs,
        "lock": locks.of(report),
        "may_extend": access.may(request.user, "extend", report.agency),
        "may_save": "save" in verbs,
        "answered": returned.answered(revision),
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
    """Where who reviews goes on after this report; None for everybody else and at the end of the queue."""
    if not desk.may_review(user):
        return None
    return desk.queue(user).exclude(pk=report.pk).first()


def _page(request, rows):
    return Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
