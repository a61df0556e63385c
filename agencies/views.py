"""The trail, for auditors: looked through on the page, or taken away as a file."""

import csv

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from . import trail
from .access import may
from .cells import harmless
from .forms import TrailFilterForm
from .models import Event
from .models.trail import Verb

PAGE_SIZE = 50
BATCH = 2_000
COLUMNS = (
    "序号",
    "时间",
    "姓名（账号）",
    "角色",
    "来源地址",
    "操作",
    "成功",
    "机构编码",
    "机构",
    "月份",
    "版次",
    "内容",
    "前一条哈希",
    "哈希",
)
# Excel takes a CSV for UTF-8 only with this mark.
BYTE_ORDER_MARK = "\ufeff"


def trail_list(request):
    form = _filters(request)
    events = form.narrow(Event.objects.newest_first())
    context = {
        "filter_form": form,
        "page_obj": Paginator(events, PAGE_SIZE).get_page(request.GET.get("page")),
        "archived_days": form.archived_days(),
    }
    return render(request, "agencies/trail_list.html", context)


def trail_export(request):
    """What the same filters show, oldest first, as one CSV; taking it away is itself an event."""
    form = _filters(request)
    if not form.is_valid():
        return HttpResponseBadRequest("筛选条件有误，请返回操作日志页更正。")
    own = trail.record(Verb.EXPORT, by=request.user, detail=f"操作日志；{form.sentence}")
    events = form.narrow(Event.objects.filter(sequence__lt=own.sequence).select_related("agency"))
    response = StreamingHttpResponse(
        _lines(events.order_by("sequence")), content_type="text/csv; charset=utf-8"
    )
    name = f"trail-{timezone.localtime():%Y%m%d-%H%M%S}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _filters(request):
    if not may(request.user, "see_trail"):
        raise PermissionDenied
    return TrailFilterForm(request.GET)


def _lines(events):
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for event in events.iterator(BATCH):
        yield writer.writerow(_cells(event))


def _cells(event):
    agency = event.agency
    texts = (
        event.actor_name,
        event.actor_roles,
        event.address or "",
        event.get_verb_display(),
        "是" if event.is_success else "否",
        agency.key if agency else "",
        agency.name if agency else "",
        f"{event.month:%Y-%m}" if event.month else "",
    )
    return (
        event.sequence,
        f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}",
        *map(harmless, texts),
        event.revision_number or "",
        harmless(event.detail),
        event.previous_hash,
        event.hash,
    )


class _Echo:
    """A file that hands each line straight back."""

    def write(self, line):
        return line
