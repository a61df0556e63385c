"""Whether what is stored still is what was filed, approved and computed: each check yields its first fault."""

from functools import partial

import numpy as np

from agencies import archives, chain
from reporting import approved, evidence_files, factor_seals
from reporting.models import Panel, Report, Revision, StaleMark, Status
from reporting.models.filing import content_hash

from . import blocks, groups, publications, refresh
from .models import Figure, GroupFigure

BATCH = 500
# Recomputation on another machine may differ in the last bits; a filed digit never hides in this.
TOLERANCE = 1e-9
_STAMPS = ("id", "computed_at", "packed")


def checks(archive=None):
    """(what is checked, function that returns the first fault as a sentence or None).

    `archive`: the folder of the trail's archived days, where they are to be checked too.
    """
    files = [("操作日志归档文件", partial(archives.first_fault, archive))] if archive else []
    return (
        ("操作日志哈希链", chain.first_fault),
        *files,
        ("已提交版次的内容哈希", changed_revision),
        ("生效版次", wrong_approval),
        ("凭证文件", evidence_files.first_damaged),
        ("系数与因子", factor_seals.first_changed),
        ("数据面板与填报行", differing_panel),
        ("机构指标与重算", differing_figure),
        ("分组指标与重算", differing_group_figure),
        ("发布封存", publications.first_changed),
    )


def changed_revision():
    """A submitted revision whose lines no longer give the hash taken at submission."""
    rows = Revision.objects.exclude(status=Status.DRAFT).select_related(
        "report__agency", "report__period", "edition"
    )
    for revision in rows.order_by("pk").prefetch_related("lines", "hits").iterator(BATCH):
        report = revision.report
        lines, hits = revision.lines.all(), [hit for hit in revision.hits.all() if hit.is_standing]
        expected = content_hash(
            report.agency.key, report.period.month, revision.number, revision.edition.slug, lines, hits
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
    for agency, year in Report.objects.order_by().values_list("agency", "period__month__year").distinct():
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
    for bits in ("approved_months", "expected_months", "submitted_months"):
        if getattr(panel, bits) != getattr(fresh, bits):
            return (getattr(panel, bits) ^ getattr(fresh, bits)).bit_length()
    rows = np.flatnonzero(~same.all(axis=1))
    return int(rows[0]) + 1 if rows.size else None


def differing_figure():
    """A stored figure of any rule set that its panel would make differently, that is missing or left over."""
    pending = set(StaleMark.objects.values_list("agency", "year"))
    for slug in refresh.kept_rule_sets():
        basis = refresh.basis_of(slug)
        awaited = {(agency, near) for agency, year in pending for near in _may_touch(year, basis)}
        for number in blocks.numbers():
            fault = _differing_in_block(number, basis, awaited)
            if fault:
                return fault
    return None


def _may_touch(year, basis):
    return basis.touched_by(year, {year - 1, year + 1})


def _differing_in_block(number, basis, awaited):
    loaded, stored = blocks.load_block(number), _stored_in_block(number, basis)
    for year, parts in blocks.parts_by_year(loaded, basis) if loaded else ():
        columns = blocks.figure_columns(loaded, year, parts, basis)
        for row, agency in enumerate(columns["agency"].tolist()):
            figure = stored.pop((agency, year), None)
            fault = None if (agency, year) in awaited else _difference(figure, columns, row)
            if fault:
                return f"{figure or f'机构 {agency} {year}年'} 的指标：{fault}"
    left = [figure for place, figure in stored.items() if place not in awaited]
    return f"{left[0]} 的指标没有对应的数据面板。" if left else None


def _stored_in_block(number, basis):
    first, end = blocks.span(number)
    rows = Figure.objects.filter(rule_set=basis.rule_set, agency__gte=first, agency__lt=end)
    rows = rows.select_related("agency")
    return {(figure.agency_id, figure.year): figure for figure in rows}


def differing_group_figure():
    """Not judged while marks are left or the register has just changed: the groups follow with the next job."""
    if StaleMark.objects.exists() or refresh.is_regrouping_due():
        return None
    for slug in refresh.kept_rule_sets():
        basis = refresh.basis_of(slug)
        rows = GroupFigure.objects.filter(rule_set=basis.rule_set)
        stored = {(row.year, row.kind, row.key, row.panel): row for row in rows}
        for year, columns in groups.recomputed(basis):
            for row, place in enumerate(zip(columns["kind"], columns["key"], columns["panel"], strict=True)):
                kind, key, panel = map(str, place)
                fault = _difference(stored.pop((year, kind, key, panel), None), columns, row)
                if fault:
                    return f"{GroupFigure(kind=kind, key=key, panel=panel, year=year)} 的指标：{fault}"
        if stored:
            return f"{next(iter(stored.values()))} 的指标没有来源。"
    return None


def _difference(stored, columns, row):
    """The first column in which a stored figure differs from its recomputation."""
    if stored is None:
        return "缺少。"
    for field in stored._meta.concrete_fields:
        if field.name in _STAMPS or field.name not in columns:
            continue
        shown, fresh = getattr(stored, field.attname), columns[field.name][row]
        if not _same(shown, fresh):
            return f"{field.verbose_name} 存为 {shown}，重算为 {fresh}。"
    months = columns["packed"][row].view(blocks.STORED).reshape(stored.monthly.shape)
    same = np.allclose(stored.monthly, months, rtol=TOLERANCE, atol=0, equal_nan=True)
    return None if same else "各月数值与重算不符。"


def _same(stored, fresh):
    if isinstance(fresh, str | bool) or fresh is None:
        return stored == fresh
    if stored is None or np.isnan(fresh):
        return stored is None and bool(np.isnan(fresh))
    return bool(np.isclose(stored, fresh, rtol=TOLERANCE, atol=TOLERANCE))
