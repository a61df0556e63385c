"""Pages of the workbook route: templates to take, files to upload, their preview, and the way back."""

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from agencies.models import Agency

from . import access, xlsx_files
from .actions import WrongStatus
from .models import CellKind, Period, Upload
from .upload_forms import CellFilters, ChoiceForm, UploadForm
from .workbook import actions as workbooks
from .workbook import returning, writing
from .workbook.template import TooMany

PAGE_SIZE = 50
SHOWN_UPLOADS = 20


class Offer(NamedTuple):
    """An agency whose templates a person may take."""

    agency: Agency
    is_system: bool


@require_http_methods(["GET", "POST"])
def upload_list(request):
    """The templates and the own uploads; a POST uploads a file and leads to its progress."""
    _permit(request.user)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect(
            "reporting:upload-detail", workbooks.upload(form.cleaned_data["file"], by=request.user).pk
        )
    context = {
        "form": form,
        "offers": _offers(request.user),
        "period": _begun().first(),
        "uploads": Upload.objects.visible_to(request.user)[:SHOWN_UPLOADS],
    }
    return render(request, "reporting/upload_list.html", context)


@require_safe
def template_month(request, key, month):
    return _template(request, key, [month])


@require_safe
def template_year(request, key, year):
    months = _begun().filter(month__year=year).order_by("month").values_list("month", flat=True)
    return _template(request, key, list(months))


@require_safe
def upload_detail(request, pk):
    upload = _upload(request, pk)
    if request.htmx:
        return _progress(request, upload)
    filters = CellFilters(request.GET)
    cells = filters.narrow(upload.current_cells()) if upload.is_readable else upload.cells.none()
    cells = cells.select_related("report__agency", "report__period", "item")
    context = {
        "upload": upload,
        "filters": filters,
        "page_obj": Paginator(cells, PAGE_SIZE).get_page(request.GET.get("page")),
        "kinds": [(label, kind, getattr(upload, kind)) for kind, label in CellKind.choices],
        "chosen": upload.current_cells().filter(is_chosen=True).count(),
        "doubtful": upload.current_cells().doubtful().count(),
    }
    return render(request, "reporting/upload_detail.html", context)


@require_POST
def upload_choose(request, pk):
    """Keep the choice among the conflicts shown; with “confirm” also write."""
    upload = _upload(request, pk)
    conflicts = upload.current_cells().of_kind(CellKind.CONFLICT).values_list("pk", flat=True)
    form = ChoiceForm(request.POST, conflicts=conflicts)
    try:
        if form.is_valid():
            workbooks.choose(upload, **form.cleaned_data, by=request.user)
        if "confirm" in request.POST:
            workbooks.confirm(upload, by=request.user)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "已确认，正在写入。" if "confirm" in request.POST else "选择已保存。")
    return redirect("reporting:upload-detail", pk)


@require_safe
def upload_returned(request, pk):
    """The file with each error in its cell."""
    upload = _upload(request, pk)
    if not upload.is_readable:
        messages.error(request, "此文件还没有检查完，或不能读取。")
        return redirect("reporting:upload-detail", pk)
    workbooks.take_returned(upload, by=request.user)
    return xlsx_files.response(f"退回 {upload.name}", lambda target: returning.write(upload, target))


def _begun():
    """The periods that have opened; one set ahead has no reports yet."""
    return Period.objects.filter(opens_on__lte=timezone.localdate())


def _permit(user):
    if not access.may_somewhere(user, "upload"):
        raise PermissionDenied


def _offers(user):
    agencies = Agency.objects.within(user.paths_of(access.VERBS["take_template"]))
    nodes = [agency for agency in agencies if not agency.is_institution]
    own = Agency.objects.institutions().within(user.paths_of(access.VERBS["save"]))
    return [*(Offer(agency, True) for agency in nodes), *(Offer(agency, False) for agency in own)]


def _template(request, key, months):
    agency = get_object_or_404(Agency.objects.visible_to(request.user), key=key)
    if not months:
        messages.error(request, "该年还没有开放的报送期。")
        return redirect("reporting:upload-list")
    try:
        made = workbooks.take_template(agency, months, by=request.user)
    except TooMany as refusal:
        messages.error(request, str(refusal))
        return redirect("reporting:upload-list")
    name = f"{made.stamp.title.replace('　', ' ')} 填报.xlsx"
    return xlsx_files.response(name, lambda target: writing.write(target, made.stamp, made.rows()))


def _progress(request, upload):
    """The progress alone, for the page that asks again; once there is something to see, the whole page."""
    if not upload.is_under_way:
        return HttpResponseClientRefresh()
    return render(request, "reporting/includes/upload_progress.html", {"upload": upload})


def _upload(request, pk):
    """The person's own upload, 404 for everybody else's."""
    _permit(request.user)
    return get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
