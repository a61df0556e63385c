"""A register's records as a workbook: downloaded, and uploaded as drafts."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from agencies import trail
from agencies.models.trail import Verb
from agencies.tables import Unreadable
from reporting import xlsx_files

from . import access, record_sheets
from .models import RecordVersion, Register
from .record_forms import RecordFilters, SheetForm


def record_export(request, slug):
    """What the list shows of one register, with the columns that an upload takes."""
    access.permit(request.user, "see_plan")
    register = _register(slug)
    versions = RecordVersion.objects.visible_to(request.user).latest().filter(record__register=register)
    versions = RecordFilters(request.GET).narrow(versions).select_related("record__agency").order_by("pk")
    trail.record(Verb.EXPORT, by=request.user, detail=f"台账 {register}，{versions.count()} 条")
    return xlsx_files.response(
        f"records-{slug}.xlsx", lambda file: record_sheets.write(register, versions.iterator(), file)
    )


def record_import(request, slug):
    """A workbook read in as drafts, all rows or none."""
    register = _register(slug)
    if not access.kept_agencies(request.user, register).exists():
        raise PermissionDenied
    form, faults = SheetForm(request.POST or None, request.FILES or None), []
    if request.method == "POST" and form.is_valid():
        try:
            content = form.cleaned_data["file"].read()
            new, there = record_sheets.read(register, content, by=request.user)
        except Unreadable as refusal:
            faults = refusal.problems
        else:
            messages.success(request, f"新增草稿 {new} 条，已有 {there} 条未重复登记。附上材料后请逐条提交。")
            return redirect(f"{reverse('targets:record-list')}?register={slug}&status=draft")
    context = {"register": register, "form": form, "faults": faults}
    return render(request, "targets/record_import.html", context)


def _register(slug):
    return get_object_or_404(Register.objects.prefetch_related("fields"), slug=slug)
