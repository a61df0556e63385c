"""Whether a year is complete: institution × month, each cell one word-letter of how the month stands."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q

from . import locks, quality
from .models import Report, Status
from .models.filing import WAITING

# Code → (letter, meaning). The letter alone tells them apart: without colour, on paper, to a screen reader.
STATES = {
    "approved": ("通", "已通过"),
    "correcting": ("更", "已通过，正在更正"),
    "waiting": ("审", "已提交，等待审核"),
    "returned": ("退", "已退回，待修改"),
    "draft": ("草", "草稿，未提交"),
    "withdrawn": ("撤", "已撤回，未再提交"),
    "missing": ("缺", "截止日已过，未填报"),
    "early": ("未", "未到截止日，未填报"),
    "not-owed": ("—", "不在应报范围"),
}
_OF_STATUS = dict.fromkeys(map(str, WAITING), "waiting") | {
    str(status): str(status) for status in (Status.RETURNED, Status.DRAFT, Status.WITHDRAWN, Status.APPROVED)
}


@dataclass(frozen=True)
class Cell:
    month: date
    state: str
    report: Report | None = None
    is_late: bool = False

    @property
    def letter(self):
        return STATES[self.state][0]

    @property
    def words(self):
        late = "，已逾期" if self.is_late and self.state != "missing" else ""
        return f"{STATES[self.state][1]}{late}"


@dataclass(frozen=True)
class Row:
    agency: object
    cells: list

    @property
    def owed(self):
        return sum(cell.state != "not-owed" for cell in self.cells)

    @property
    def approved(self):
        return sum(cell.state in ("approved", "correcting") for cell in self.cells)


@dataclass(frozen=True)
class Total:
    """A month over all institutions of the bar: how many owe it, are approved, wait, and have nothing handed in."""

    month: date
    owed: int = 0
    approved: int = 0
    waiting: int = 0


def months_of(year):
    return [date(year, month, 1) for month in range(1, 13)]


def with_year(agencies, year):
    """The institutions that owe any month of the year."""
    return agencies.filter(Exists(_of_agency().filter(period__month__year=year)))


def incomplete(agencies, year, today):
    """Of them, those with a month of the year that is due and not approved."""
    open_ones = _of_agency().filter(period__month__year=year, approved__isnull=True)
    return agencies.filter(Exists(open_ones.annotate(due=quality.due_day()).filter(due__lt=today)))


def rows_of(agencies, year, today):
    """A Row for each of these agencies; three queries, however many."""
    reports = Report.objects.filter(agency__in=agencies, period__month__year=year)
    found = defaultdict(dict)
    for report in reports.order_by().select_related("period", "latest").prefetch_related("extensions"):
        found[report.agency_id][report.period.month] = report
    return [
        Row(agency, [cell_of(month, found[agency.pk].get(month), today) for month in months_of(year)])
        for agency in agencies
    ]


def cell_of(month, report, today):
    if report is None:
        return Cell(month, "not-owed")
    is_late = report.approved_id is None and today > locks.due_day(report)
    return Cell(month, _state(report, is_late), report, is_late and report.status not in WAITING)


def totals_of(agencies, year):
    """The Totals of the twelve months, over all these institutions; one query."""
    reports = Report.objects.filter(agency__in=agencies, period__month__year=year)
    is_waiting = Q(approved__isnull=True, latest__status__in=WAITING)
    counted = (
        reports.order_by()
        .values_list("period__month")
        .annotate(Count("pk"), Count("approved"), waiting=Count("pk", filter=is_waiting))
    )
    by_month = {row[0]: Total(*row) for row in counted}
    return [by_month.get(month, Total(month)) for month in months_of(year)]


def _state(report, is_late):
    if report.approved_id:
        return "correcting" if report.is_correcting else "approved"
    if report.latest is None:
        return "missing" if is_late else "early"
    return _OF_STATUS[report.latest.status]


def _of_agency():
    return Report.objects.filter(agency=OuterRef("pk"))
