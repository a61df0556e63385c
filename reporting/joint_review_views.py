"""Pages of the yearly 会审: what has to be verified, the same as a file, computing it anew, and verifying one point."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import trail
from agencies.models.trail import Verb

from . import access, csv_files, joint_review, part_forms
from .joint_review_forms import PointFilters, VerdictForm
from .models import JointReview, JointReviewPoint, JointReviewRun, Verdict
from .refusals import Stale, WrongStatus

PAGE_SIZE = 50
COLUMNS = (
    "年份", "机构编码", "机构", "主管部门", "类型", "事项", "月份", "内容",
    "核实结果", "核实说明", "核实人", "核实时间",
)  # fmt: skip


@require_safe
def joint_review_list(request):
    access.permit(request.user, "see_joint_review")
    filters = PointFilters(request.GET, user=request.user)
    page = Paginator(filters.points(), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = _reviewed(list(page.object_list))
    runs = JointReviewRun.objects.filter(year=filters.chosen_year)
    context = {
        "filters": filters,
        "year": filters.chosen_year,
        "page_obj": page,
        "counts": _counts(filters.points_of_all_verdicts()),
        "computed": runs.exclude(computed_at=None).first(),
        "is_computing": runs.filter(computed_at=None).exists(),
        "may_compute": access.may_tend(request.user, "compute_joint_review"),
        "may_verify": access.may_tend(request.user, "verify"),
        "tabs": part_forms.tabs_for(request.user, "reporting:joint-review-list"),
    }
    return render(request, "reporting/joint_review_list.html", context)


@require_safe
def joint_review_export(request):
    """What the page shows under the same bar, all its pages."""
    access.permit(request.user, "see_joint_review")
    filters = PointFilters(request.GET, user=request.user)
    if not filters.is_valid():
        return HttpResponseBadRequest("筛选条件有误，请返回年度会审页更正。")
    points = list(filters.points())
    trail.record(Verb.EXPORT, by=request.user, detail=f"年度会审；{filters.sentence}；{len(points)} 项")
    return csv_files.response("joint-review", COLUMNS, (_cells(*row) for row in _reviewed(points)))


@require_POST
def joint_review_compute(request, year):
    access.permit(request.user, "compute_joint_review")
    try:
        joint_review.ask(year, by=request.user)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"已交后台计算{year}年会审事项，稍后刷新即可看到。")
    return redirect(f"{reverse('reporting:joint-review-list')}?year={year}")


@require_http_methods(["GET", "POST"])
def joint_review_point(request, year, key, kind, place):
    access.permit(request.user, "see_joint_review")
    points = JointReviewPoint.objects.visible_to(request.user).select_related("agency__parent")
    point = get_object_or_404(points, year=year, agency__key=key, kind=kind, place=place)
    if request.method == "POST":
        access.permit(request.user, "verify")
    form = VerdictForm(request.POST or None, point=point)
    if request.method == "POST" and form.is_valid() and _verify(request, point, form):
        return redirect(f"{reverse('reporting:joint-review-list')}?{request.GET.urlencode()}")
    same_place = JointReview.objects.filter(year=year, agency=point.agency, kind=kind, place=place)
    context = {
        "point": point,
        "form": form if joint_review.may_verify(request.user, point) else None,
        "reviews": same_place.select_related("by").order_by("-pk"),
    }
    return render(request, "reporting/joint_review_point.html", context)


def _verify(request, point, form):
    """Whether it was done; what kept it from being done is said on the form."""
    found = form.cleaned_data
    try:
        joint_review.verify(
            point, verdict=found["verdict"], note=found["note"], by=request.user, seen=form.seen
        )
    except (Stale, WrongStatus, ValueError) as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(
        request, f"已记录：{point.agency}，{point.get_kind_display()}，{Verdict(found['verdict']).label}。"
    )
    return True


def _reviewed(points):
    """Pairs of a point and the review that its verdict repeats."""
    reviews = joint_review.newest_reviews(points)
    return [(point, reviews[point.pk]) for point in points]


def _counts(points):
    """Verdict's words → how many points have it."""
    counted = dict(points.order_by().values_list("verdict").annotate(Count("pk")))
    return [(value, label, counted.get(value, 0)) for value, label in Verdict.choices]


def _cells(point, review):
    agency = point.agency
    said = (
        (review.note, review.by.name, f"{timezone.localtime(review.at):%Y-%m-%d %H:%M}")
        if review
        else ("",) * 3
    )
    return (
        point.year, agency.key, agency.name, agency.parent.name, agency.get_type_code_display(),
        point.get_kind_display(), f"{point.month:%Y-%m}" if point.month else "", point.statement,
        point.get_verdict_display(), *said,
    )  # fmt: skip
