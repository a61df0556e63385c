"""The page of how well months are handed in, and the same as a file."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from agencies import trail
from agencies.models import AgencyType
from agencies.models.trail import Verb

from . import access, csv_files, part_forms, quality
from .quality import Counts

PAGE_SIZE = 50
DEFAULT_SORT = "on_time_rate"
# What the table sorts by; of a rate that there is not, the row comes last either way.
SORTS = (
    "name", "owed", "on_time", "late", "missing", "on_time_rate", "late_rate", "missing_rate",
    "approved", "right", "right_rate", "returns", "corrections",
)  # fmt: skip
COLUMNS = (
    "范围", "机构编码", "名称", "主管部门", "类型", "应报", "按时", "迟报", "缺报", "按时率", "迟报率", "缺报率",
    "初审通过", "一次通过", "一次通过率", "退回", "更正",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An institution beside its counts; without a key, a group of them."""

    name: str
    counts: Counts
    key: str = ""
    parent: str = ""
    type_code: str = ""

    @property
    def type_name(self):
        return AgencyType(self.type_code).label if self.type_code else ""


@require_safe
def quality_list(request):
    access.permit(request.user, "see_quality")
    filters = part_forms.PartFilters(request.GET, user=request.user)
    rows, groups = _rows(filters, sort := _sort(request))
    context = {
        "filters": filters,
        "year": filters.chosen_year,
        "page_obj": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "groups": groups,
        "sort": sort,
        "tabs": part_forms.tabs_for(request.user, "reporting:quality"),
    }
    return render(request, "reporting/quality_list.html", context)


@require_safe
def quality_export(request):
    """What the page shows under the same bar, all its pages, with the groups on top."""
    access.permit(request.user, "see_quality")
    filters = part_forms.PartFilters(request.GET, user=request.user)
    if not filters.is_valid():
        return HttpResponseBadRequest("筛选条件有误，请返回报送质量页更正。")
    rows, groups = _rows(filters, _sort(request))
    trail.record(Verb.EXPORT, by=request.user, detail=f"报送质量；{filters.sentence}；{len(rows)} 个机构")
    levels = [*(("小计", row) for row in groups), *(("机构", row) for row in rows)]
    return csv_files.response("quality", COLUMNS, (_cells(level, row) for level, row in levels))


def _rows(filters, sort):
    """The institutions' Rows in the order asked for, and those of the whole and of each department; three queries."""
    agencies = filters.agencies()
    counted = quality.of_year(agencies, filters.chosen_year, timezone.localdate())
    named = agencies.order_by("path").values_list("pk", "key", "name", "parent", "parent__name", "type_code")
    rows, parents = [], {}
    for pk, key, name, parent, parent_name, type_code in named:
        if pk in counted:
            rows.append((parent, Row(name, counted[pk], key, parent_name, type_code)))
            parents[parent] = parent_name
    sums = quality.by_parent((parent, row.counts) for parent, row in rows)
    groups = [Row(name, sums[parent]) for parent, name in parents.items()]
    whole = Row("合计", quality.total(sums.values()))
    return _sorted([row for _, row in rows], sort), [whole, *groups] if len(groups) > 1 else groups


def _sort(request):
    wanted = request.GET.get("sort", DEFAULT_SORT)
    return wanted if wanted.removeprefix("-") in SORTS else DEFAULT_SORT


def _sorted(rows, sort):
    column = sort.removeprefix("-")

    def value(row):
        return row.name if column == "name" else getattr(row.counts, column)

    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    return sorted(known, key=value, reverse=sort.startswith("-")) + unknown


def _cells(level, row):
    counts = row.counts
    return (
        level, row.key, row.name, row.parent, row.type_name,
        counts.owed, counts.on_time, counts.late, counts.missing,
        *map(_percent, (counts.on_time_rate, counts.late_rate, counts.missing_rate)),
        counts.approved, counts.right, _percent(counts.right_rate), counts.returns, counts.corrections,
    )  # fmt: skip


def _percent(rate):
    """As the page writes it; the counts beside it are exact."""
    return "—" if rate is None else csv_files.percent(rate)
