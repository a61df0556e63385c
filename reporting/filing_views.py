"""The month's form: as a whole, one cell at a time, what the checks say of it, and the guide to it."""

from contextlib import suppress

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from . import actions, locks, sheet, suggestions
from .cells import CellForm, plain
from .entries import Entry
from .forms import REASON_LENGTH, MonthForm
from .models import Edition, Item
from .sheet import Sheet
from .steps import act, permitted_report

SUBMITTED = "已提交，等待区机关事务管理局审核。"


def report_edit(request, key, month):
    report = permitted_report(request, key, month, verb="save")
    if request.method == "POST":
        return _take_form(request, report)
    if lock := locks.of(report):
        messages.warning(request, str(lock))
        return redirect("reporting:report-detail", key, month)
    if report.latest:
        # Read once for the rows and for the version.
        prefetch_related_objects([report.latest], "lines")
    shown = Sheet(report, report.latest)
    return _form_page(request, report, MonthForm(sheet=shown), actions.version(report))


@require_POST
def cell_save(request, key, month, code):
    """One item, saved as its fields are left; the answer is JSON for the form's script."""
    report = permitted_report(request, key, month, verb="save", beside=("agency", "period"))
    item = get_object_or_404(Item, pk=code)
    form = CellForm(request.POST, item=item)
    if not form.is_valid():
        return JsonResponse({"sentences": form.sentences}, status=422)
    start = sheet.carried(report) if report.latest_id is None else None
    try:
        saved = actions.save_cell(
            report, item, form.entry, by=request.user, seen=request.POST.get("seen", ""), start=start
        )
    except actions.CellTaken as taken:
        return JsonResponse(_conflict(code, taken), status=409)
    except actions.NotAsked as stranger:
        raise Http404 from stranger
    except actions.WrongStatus as refusal:
        return JsonResponse({"sentence": str(refusal)}, status=423)
    return JsonResponse(
        {
            "at": f"{timezone.localtime():%H:%M}",
            "cells": {each: _cell(each, entry) for each, entry in saved.items()},
        }
    )


@require_POST
def report_check(request, key, month):
    """What the checks say of the draft as it is stored, as fragments for the form's script."""
    report = permitted_report(request, key, month, verb="save")
    # Submitted meanwhile, by another tab or another person: what is stored is shown all the same.
    with suppress(actions.WrongStatus):
        actions.check(report, by=request.user)
    report = permitted_report(request, key, month, verb="save")
    form = MonthForm(sheet=Sheet(report, report.latest))
    context = {"form": form, "verdict": form.verdict, "report": report, "beside": suggestions.beside(report)}
    return render(request, "reporting/includes/checked.html", context)


@require_POST
def reason_save(request, key, month):
    """The reason for one warning, saved as its field is left."""
    report = permitted_report(request, key, month, verb="save")
    place = (request.POST.get("rule", ""), request.POST.get("item", ""))
    text = request.POST.get("reason", "").strip()[:REASON_LENGTH]
    start = sheet.carried(report) if report.latest_id is None else None
    try:
        explained = actions.explain(report, {place: text}, by=request.user, start=start)
    except actions.WrongStatus as refusal:
        return JsonResponse({"sentence": str(refusal)}, status=423)
    if place not in explained:
        return JsonResponse({"sentence": "此项现在没有这条疑问，原因没有保存。"}, status=409)
    return JsonResponse({"at": f"{timezone.localtime():%H:%M}"})


def guide(request):
    """How to file a month, on two printed pages: every item with its unit, definition and source."""
    edition = Edition.objects.for_month(timezone.localdate())
    rows = edition.rows.select_related("item").order_by("position")
    return render(request, "reporting/guide.html", {"edition": edition, "sections": sheet.by_section(rows)})


def _conflict(code, taken):
    event = taken.event
    by = f"{event.actor_name} {timezone.localtime(event.at):%m-%d %H:%M} " if event else ""
    return {"sentence": f"{by}已在别处保存：{taken.stored or '未填'}", "stored": _cell(code, taken.stored)}


def _cell(code, entry):
    """An answer as the form's fields show it, and the token that names it."""
    shown = entry or Entry(None)
    fields = {
        "quantity": plain(shown.quantity) or "",
        "known_by": str(shown.known_by),
        "cost": plain(shown.cost_yuan) or "",
        "payment": str(shown.payment),
        "note": shown.note,
    }
    return {
        "token": entry.token if entry else "",
        "fields": {f"{part}-{code}": text for part, text in fields.items()},
    }


def _take_form(request, report):
    form = MonthForm(request.POST, sheet=Sheet(report, report.latest))
    seen = request.POST.get("version", "")
    if "check" in request.POST or not form.is_valid():
        return _form_page(request, report, form, seen)
    try:
        actions.save_draft(report, form.entries(), by=request.user, seen=seen, reasons=form.reasons)
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
        return act(request, report, actions.submit, SUBMITTED)
    except actions.Refused as refused:
        form.refuse(refused.errors)
        messages.warning(request, "草稿已保存，尚未提交：请先改正或说明下列问题。")
        report.refresh_from_db()
        return _form_page(request, report, form, actions.version(report))


def _stale_page(request, report, form, stale):
    """Nothing was written: both answers are shown, and a second save means it."""
    report.refresh_from_db()
    stored = {line.item_id: Entry.of(line) for line in report.latest.lines.all()}
    context = {"stale": stale, "differences": form.differences(stored)}
    return _form_page(request, report, form, actions.version(report), **context)


def _form_page(request, report, form, version, **context):
    context |= {
        "report": report,
        "form": form,
        "version": version,
        "verdict": form.verdict,
        "links": suggestions.links_by_item(report.agency_id, report.period.month),
        "today": timezone.localdate(),
    }
    return render(request, "reporting/report_edit.html", context)
