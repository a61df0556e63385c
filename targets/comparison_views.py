"""The page that puts institutions side by side, the same as a file, and the views that its readers keep."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting import csv_files, xlsx_files
from reporting.refusals import WrongStatus

from . import access, actions, cards, comparison_export
from .comparison import Comparison
from .forms import SavedViewForm
from .models import SavedView

PAGE_SIZE = 50
FILE_NAME = "institutions"


@require_http_methods(["GET", "POST"])
def institution_list(request):
    """The comparison; a POST keeps it as a view of the user's own."""
    access.permit(request.user, "see_institutions")
    only = _only_institution(request.user)
    if only:
        return redirect("targets:institution-detail", only)
    comparison = Comparison(request.user, request.GET)
    form = SavedViewForm(request.POST or None)
    if form.is_valid() and (view := _kept(request, form, comparison)):
        return redirect(view.address)
    return render(request, "targets/institution_list.html", _context(request, comparison, form))


def _kept(request, form, comparison):
    """The kept view, or None with the reason beside the name."""
    try:
        view = actions.save_view(form.cleaned_data["name"], comparison.query, by=request.user)
    except ValidationError as refusal:
        form.add_error("name", refusal.messages)
        return None
    messages.success(request, f"已保存视图“{view}”。")
    return view


def _context(request, comparison, form):
    page = Paginator(comparison.agencies, PAGE_SIZE).get_page(request.GET.get("page"))
    return {
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
        "views": list(SavedView.objects.visible_to(request.user)),
        "view_form": form,
    }


@require_POST
def view_delete(request, pk):
    """Back to the comparison that the button stood under."""
    access.permit(request.user, "keep_views")
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    try:
        actions.delete_view(view, by=request.user)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"已删除视图“{view}”。")
    return redirect(f"{reverse('targets:institution-list')}?{request.GET.urlencode()}")


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
    name = f"{FILE_NAME}-{timezone.localtime():%Y%m%d-%H%M%S}.xlsx"
    return xlsx_files.response(name, lambda target: comparison_export.write_workbook(target, cover, rows))


FILES = {"xlsx": _workbook, "csv": _csv}
# The lines of the cover that say in the trail what was taken away.
TRACED = ("年份", "核算口径", "筛选", "覆盖")
