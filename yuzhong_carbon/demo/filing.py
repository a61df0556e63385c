"""Fills the demo district: its history through the import, its last months through the verbs that people use."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

from celery import current_app
from django.db import transaction
from django.utils import timezone

from agencies import occupied
from agencies.models import Agency
from reporting import actions, calendar, history
from reporting.entries import Entry
from reporting.models import EditionItem, KnownBy, Report

from . import estate, usage

FIRST_MONTH = date(2020, 1, 1)
VERB_MONTHS = 2
# How a filer answers a doubt of the checks, by rule.
REASON = "已核对原始凭证，数据属实"
REASONS = {
    "register-area": "按不动产权证面积填报，已报请更正名录",
    "last-year": "本月开放时间与上年同月不同，已核对抄表记录",
    "steady": "部分房屋调整，已按新的房产台账填报",
    "unit-price": "含上月补缴费用，已核对发票",
    "unit-slip": "已核对抄表底数",
    "same-as-last-month": "上月与本月合并开票，按半数分摊",
    "energy-per-area": "部分楼层停用改造，已附情况说明",
}
# What a filer typed before the checks spoke, and mended.
MENDED = {"mended": "slip", "remeasured": "jump"}
DOCUMENT = "演示数据（虚构，不对应任何真实机构）"


def last_month() -> date:
    return calendar.first_of_previous(timezone.localdate())


@contextmanager
def jobs_leading_nowhere():
    """Who seeds computes the figures itself, so the jobs of its approvals need no broker."""
    broker_url = current_app.conf.broker_url
    current_app.conf.broker_url = "memory://localhost/"
    try:
        yield
    finally:
        current_app.conf.broker_url = broker_url


def fill(institutions, accounts):
    """Every month since 2020, the last two of them filed and decided one by one."""
    shapes = {each.key: (number, usage.shape_of(each, number)) for number, each in enumerate(institutions)}
    areas = _Areas()
    months = calendar.months_between(FIRST_MONTH, last_month())
    history.enter(
        history.Reader().read(table(institutions, shapes, months[:-VERB_MONTHS], areas)), document=DOCUMENT
    )
    for month in months[-VERB_MONTHS:]:
        _file(month, institutions, shapes, areas, accounts, is_newest=month == months[-1])


class _Areas:
    """What the institutions file as their floor area: the register's, but for the one that never looked it up."""

    def __init__(self):
        self._register = occupied.by_all()
        self._ids = dict(Agency.objects.values_list("key", "pk"))

    def quantities(self, institution, number, shape, month):
        """Item code → quantity of a month."""
        stated = usage.month_of(shape, month, number)
        registered = self._register.area(self._ids[institution.key], month)
        if registered is None or number == estate.OUT_OF_DATE:
            return stated
        return stated | {"102": float(registered.area_m2)}


def table(institutions, shapes, months, areas):
    """The history as the tidy rows that `import_months` reads."""
    return [
        {
            "agency": institution.key,
            "year": str(month.year),
            "month": str(month.month),
            "item": code,
            "quantity": _text(quantity),
            "cost_yuan": _cost(code, quantity),
        }
        for institution in institutions
        for month in _months_in_register(institution, months)
        if not _is_gap(shapes[institution.key][0], month)
        for code, quantity in areas.quantities(institution, *shapes[institution.key], month).items()
    ]


def _months_in_register(institution, months):
    first = date.fromisoformat(institution.row["registered_from"])
    last = institution.row["registered_to"]
    return [month for month in months if month >= first and (not last or month <= date.fromisoformat(last))]


def _is_gap(number, month):
    """A few months were never handed in: coverage has to show it."""
    return number % 29 == 7 and month.year == 2023 and month.month in (3, 4)


def _text(quantity):
    return f"{quantity:.4f}".rstrip("0").rstrip(".")


def _cost(code, quantity):
    cost = usage.cost_of(code, quantity)
    return "" if cost is None else f"{cost:.2f}"


def _file(month, institutions, shapes, areas, accounts, *, is_newest):
    """A month as people file it: most are approved, some wait, some are wrong, some are late."""
    actions.open_period(month)
    reports = {
        report.agency.key: report
        for report in Report.objects.filter(period__month=month).select_related("agency", "period", "latest")
    }
    asked = required(month)
    for institution in institutions:
        number = shapes[institution.key][0]
        fate = _fate(number, is_newest) if institution.key != accounts.own_key else _own_fate(is_newest)
        if institution.key not in reports or fate == "late":
            continue
        told_of = calendar.first_of_previous(month) if fate == "copied" else month
        entries = _entries(areas.quantities(institution, *shapes[institution.key], told_of), asked)
        _decide(reports[institution.key], entries, fate, accounts)


def _fate(number, is_newest):
    """What becomes of a report: fixed by the institution's place in the register."""
    if is_newest:
        fates = {
            0: "late",
            1: "draft",
            2: "slip",
            3: "jump",
            4: "returned",
            5: "late",
            6: "submitted",
            7: "submitted",
            8: "mended",
            9: "overcharged",
            10: "copied",
            11: "remeasured",
        }
        return fates.get(number % 16, "approved")
    return {5: "late", 11: "submitted"}.get(number % 32, "approved")


def _own_fate(is_newest):
    """Who signs in as the demo's filer finds a month to begin and one that came back."""
    return "late" if is_newest else "returned"


def required(month):
    rows = EditionItem.objects.filter(is_required=True, edition__valid_from__lte=month)
    newest = rows.order_by("-edition__valid_from").values_list("edition", flat=True).first()
    return list(rows.filter(edition=newest).values_list("item_id", flat=True))


def _entries(quantities, asked):
    """What a filer would type: the quantities with their cost, “不适用” for the rest."""
    stated = {code: Entry(None, KnownBy.NOT_APPLICABLE) for code in asked}
    for code, quantity in quantities.items():
        cost = _cost(code, quantity)
        stated[code] = Entry(Decimal(_text(quantity)), cost_yuan=Decimal(cost) if cost else None)
    return stated


def _spoiled(entries, fate):
    """The mistakes that reviewers meet most: a number in 万kWh, an area that jumps; and a bill for three months."""
    if fate == "overcharged":
        return entries | {"110": replace(entries["110"], cost_yuan=entries["110"].cost_yuan * 3)}
    if fate == "slip":
        electricity = entries["110"]
        spoiled = (electricity.quantity / 10_000).quantize(Decimal("0.0001"))
        return entries | {"110": Entry(spoiled, cost_yuan=electricity.cost_yuan)}
    if fate in ("jump", "returned"):
        return entries | {"102": Entry((entries["102"].quantity * Decimal("1.25")).quantize(Decimal("0.01")))}
    return entries


def explain(report, filer):
    """Give each warning of the draft a reason, as the submission asks."""
    report.refresh_from_db()
    doubts = report.latest.hits.unexplained().values_list("rule", "item")
    actions.explain(report, {(rule, item): REASONS.get(rule, REASON) for rule, item in doubts}, by=filer)


@transaction.atomic
def _decide(report, entries, fate, accounts):
    filer, reviewer = accounts.filer_of(report.agency), accounts.reviewer
    if fate in MENDED:
        actions.save_draft(report, _spoiled(entries, MENDED[fate]), by=filer)
        report.refresh_from_db()
    actions.save_draft(report, _spoiled(entries, fate), by=filer)
    if fate == "draft":
        return
    explain(report, filer)
    actions.submit(report, by=filer)
    if fate in ("approved", *MENDED):
        actions.approve(report, by=reviewer)
    if fate == "returned":
        actions.send_back(
            report, by=reviewer, reason="建筑面积比上月增加 25 %，请说明原因并附测绘报告，或改回原面积。"
        )


def mark_synthetic():
    Agency.objects.update(is_synthetic=True)
