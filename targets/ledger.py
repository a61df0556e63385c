"""Whether what is stored still is what was filed, approved and computed: each check yields its first fault."""

import numpy as np
from django.conf import settings

from agencies import trail
from reporting import approved
from reporting.accounting import rules
from reporting.models import Panel, Report, Revision, StaleMark, Status
from reporting.models.filing import content_hash

from . import refresh
from .models import Figure, GroupFigure

BATCH = 500
# Recomputation on another machine may differ in the last bits; a filed digit never hides in this.
TOLERANCE = 1e-9
_STAMPS = ("id", "computed_at", "packed")


def checks():
    """(what is checked, function that returns the first fault as a sentence or None)."""
    return (
        ("操作日志哈希链", trail.first_fault),
        ("已提交版次的内容哈希", changed_revision),
        ("生效版次", wrong_approval),
        ("数据面板与填报行", differing_panel),
        ("机构指标与重算", differing_figure),
        ("分组指标与重算", differing_group_figure),
    )


def changed_revision():
    """A submitted revision whose lines no longer give the hash taken at submission."""
    rows = Revision.objects.exclude(status=Status.DRAFT).select_related(
        "report__agency", "report__period", "edition"
    )
    for revision in rows.order_by("pk").prefetch_related("lines").iterator(BATCH):
        report = revision.report
        lines = revision.lines.all()
        expected = content_hash(
            report.agency.key, report.period.month, revision.number, revision.edition.slug, lines
        )
        if revision.content_hash != expected:
            return f"{revision} 的填报行与提交时的哈希不符。"
    return None


def wrong_approval():
    """A report whose revision in force is not its last approved one."""
    approvals = Revision.objects.filter(status=Status.APPROVED).order_by("number")
    last = dict(approvals.values_list("report", "pk"))
    for report in Report.objects.select_related("agency", "period").iterator(BATCH):
        if report.approved_id != last.get(report.pk):
            return f"{report} 的生效版次不是最后通过的版次。"
    return None


def differing_panel():
    """A panel that the approved lines would make differently, or that is missing or left over."""
    stored = {
        (panel.agency_id, panel.year): panel
        for panel in Panel.objects.select_related("agency").iterator(BATCH)
    }
    years_by_agency = {}
    for agency, year in Report.objects.filter(approved__isnull=False).values_list(
        "agency", "period__month__year"
    ):
        years_by_agency.setdefault(agency, set()).add(year)
    for place, fresh in approved.from_lines(years_by_agency):
        panel = stored.pop(place, None)
        if panel is None:
            return f"机构 {place[0]} {place[1]} 年缺少数据面板。"
        month = _differing_month(panel, fresh)
        if month is not None:
            return f"{panel} 的数据面板 {month} 月与填报行不符。"
    return f"{next(iter(stored.values()))} 的数据面板没有对应的填报行。" if stored else None


def _differing_month(panel, fresh):
    same = np.isclose(panel.values, fresh.values, rtol=0, atol=0, equal_nan=True)
    if panel.approved_months != fresh.approved_months:
        return (panel.approved_months ^ fresh.approved_months).bit_length()
    rows = np.flatnonzero(~same.all(axis=1))
    return int(rows[0]) + 1 if rows.size else None


def differing_figure():
    loaded = rules.load(settings.ACTIVE_RULE_SET)
    pending = set(StaleMark.objects.values_list("agency", "year"))
    for year in _years(loaded):
        stored = {
            figure.agency_id: figure for figure in _figures(Figure, year, loaded).select_related("agency")
        }
        agencies = sorted(Panel.objects.filter(year=year.year).values_list("agency", flat=True))
        for fresh in refresh.institution_figures(agencies, year, loaded):
            figure = stored.pop(fresh.agency_id, None)
            if _is_pending(fresh.agency_id, year, pending):
                continue
            fault = _difference(figure, fresh)
            if fault:
                return f"{figure or f'机构 {fresh.agency_id} {year.year}年'} 的指标：{fault}"
        if stored:
            return f"{next(iter(stored.values()))} 的指标没有对应的数据面板。"
    return None


def _is_pending(agency, year, pending):
    return (agency, year.year) in pending or (agency, year.base_year) in pending


def differing_group_figure():
    """Not judged while marks are left or the register has just changed: the groups follow with the next job."""
    if StaleMark.objects.exists() or refresh.is_regrouping_due():
        return None
    loaded = rules.load(settings.ACTIVE_RULE_SET)
    for year in _years(loaded):
        stored = {_group(figure): figure for figure in _figures(GroupFigure, year, loaded)}
        for fresh in refresh.group_figures(year, loaded):
            figure = stored.pop(_group(fresh), None)
            fault = _difference(figure, fresh)
            if fault:
                return f"{fresh} 的指标：{fault}"
        if stored:
            return f"{next(iter(stored.values()))} 的指标没有来源。"
    return None


def _group(figure):
    return figure.kind, figure.key, figure.panel


def _figures(model, year, loaded):
    return model.objects.filter(year=year.year, rule_set=loaded.rule_set)


def _years(loaded):
    return refresh.years_to_compute(Panel.objects.values_list("year", flat=True).distinct(), loaded)


def _difference(stored, fresh):
    """The first column in which a stored figure differs from its recomputation."""
    if stored is None:
        return "缺少。"
    for column in fresh._meta.concrete_fields:
        if column.name not in _STAMPS and not _same(
            getattr(stored, column.attname), getattr(fresh, column.attname)
        ):
            shown = getattr(stored, column.attname)
            return f"{column.verbose_name} 存为 {shown}，重算为 {getattr(fresh, column.attname)}。"
    same = np.allclose(stored.monthly, fresh.monthly, rtol=TOLERANCE, atol=0, equal_nan=True)
    return None if same else "各月数值与重算不符。"


def _same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE))
    return one == other
