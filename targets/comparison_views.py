"""The page that puts institutions side by side, and the same as a file."""

from tempfile import TemporaryFile

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting import csv_files

from . import access, cards, comparison_export
from .comparison import Comparison

PAGE_SIZE = 50
FILE_NAME = "institutions"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def institution_list(request):
    access.permit(request.user, "see_institutions")
    only = _only_institution(request.user)
    if only:
        return redirect("targets:institution-detail", only)
    comparison = Comparison(request.user, request.GET)
    page = Paginator(comparison.agencies, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "comparison": comparison,
        "filters": comparison.filters,
        "year": comparison.year,
        "period": comparison.period,
        "indicator": comparison.indicator,
        "indicators": cards.columns(),
        "rule_set": comparison.rule_set,
        "rule_sets": comparison.rule_sets,
        "sort": comparison.sort,
        "page_obj": page,
        "rows": list(comparison.rows(page)),
    }
    return render(request, "targets/institution_list.html", context)


def _only_institution(user):
    """The key of the one institution of those who see no cockpit."""
    if access.may(user, "see_cockpit"):
        return None
    keys = list(Agency.objects.institutions().visible_to(user).values_list("key", flat=True)[:2])
    return keys[0] if len(keys) == 1 else None


@require_safe
def institution_export(request, file_type):
    """What the page shows under the same bar, all its pages."""
    access.permit(request.user, "see_institutions")
    if file_type not in FILES:
        raise Http404
    comparison = Comparison(request.user, request.GET)
    if not comparison.filters.is_valid():
        return HttpResponseBadRequest("筛选条件有误，请返回机构页更正。")
    cover = comparison_export.cover(comparison, request.build_absolute_uri(comparison.address))
    asked = "；".join(f"{what} {words}" for what, words in cover if what in TRACED)
    trail.record(Verb.EXPORT, by=request.user, detail=f"{comparison_export.TITLE} {file_type}；{asked}")
    return FILES[file_type](cover, comparison_export.rows(comparison))


def _csv(cover, rows):
    return csv_files.response(FILE_NAME, comparison_export.HEADS, rows, cover)


def _workbook(cover, rows):
    target = TemporaryFile()  # noqa: SIM115, the answer closes it
    comparison_export.write_workbook(target, cover, rows)
    target.seek(0)
    name = f"{FILE_NAME}-{timezone.localtime():%Y%m%d-%H%M%S}.xlsx"
    return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX)


FILES = {"xlsx": _workbook, "csv": _csv}
# The lines of the cover that say in the trail what was taken away.
TRACED = ("年份", "核算口径", "筛选", "覆盖")
