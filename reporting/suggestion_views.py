"""Taking over what documents and registers suggest for one item of a month: shown beside the answer, then confirmed."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse

from . import actions, entries, suggestions
from .entries import Entry
from .models import Edition
from .sheet import carried
from .steps import permitted_report


def suggestion_detail(request, key, month, code):
    """GET shows the suggestions beside the stored answer; POST takes the confirmed one over."""
    report = permitted_report(request, key, month, "save")
    offered = suggestions.beside(report).offers.get(code)
    if not offered or not _is_asked(report, code):
        raise Http404
    stored = _stored(report, code)
    if request.method == "POST":
        taken = _take_over(request, report, offered, stored)
        if taken:
            return redirect(f"{taken}#item-{code}")
        report = permitted_report(request, key, month, "save")
        stored = _stored(report, code)
    context = {
        "report": report,
        "item": offered[0].item,
        "stored": stored,
        "seen": stored.token if stored else "",
        "offers": [(each, each.entry(stored)) for each in offered],
    }
    return render(request, "reporting/suggestion_detail.html", context)


def _is_asked(report, code):
    """Whether the month's edition asks for the item: a register may know more than the form."""
    edition = report.latest.edition if report.latest else Edition.objects.for_month(report.period.month)
    return edition.rows.filter(item=code).exists()


def _stored(report, code):
    line = report.latest and report.latest.lines.filter(item=code).first()
    return Entry.of(line) if line else None


def _take_over(request, report, offered, stored):
    """Save the suggestion that was shown; returns where to go on, or None with a sentence why nothing was saved."""
    wanted = request.POST.get("offer", "")
    entry = next((each.entry(stored) for each in offered if each.entry(stored).token == wanted), None)
    if entry is None:
        messages.warning(request, "建议值或已填内容在您打开本页之后有变化，没有保存。请核对后再确认。")
        return None
    item, seen = offered[0].item, request.POST.get("seen", "")
    if sentence := entries.fault(entry, item.unit):
        messages.error(request, f"没有保存：{sentence}")
        return None
    start = None if report.latest else carried(report)
    try:
        actions.save_cell(report, item, entry, by=request.user, seen=seen, start=start)
    except actions.CellTaken as taken:
        messages.warning(request, f"没有保存：{taken}，请核对后再确认。")
        return None
    except actions.WrongStatus as refusal:
        messages.error(request, f"没有保存：{refusal}")
        return None
    messages.success(request, f"已填入 {item.name}：{entry}。请检查后提交。")
    return reverse("reporting:report-detail", args=[report.agency.key, report.period.month])
