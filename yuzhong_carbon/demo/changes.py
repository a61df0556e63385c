"""One signed re-survey, one merger and one grid factor that wait: what a newcomer finds under review."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from agencies.models import User
from reporting import actions, calendar, check_limits
from reporting.entries import Entry
from reporting.models import CheckLimit, Panel, Report, RuleSet
from reporting.models.catalogue import Carrier, Mark
from reporting.panels import COLUMN
from targets import proposals, publications, refresh, rehearsal, restatements
from targets.models import Figure, Proposal, Restatement

from . import filing
from .filing import last_month

BASE_YEAR = 2020
_AREA = COLUMN["102"]


def fill():
    """Call it once the figures are there; returns how many effects were listed."""
    manager, reviewer = (User.objects.get(username=name) for name in ("guanli", "shenhe"))
    known = Panel.objects.filter(year=BASE_YEAR, approved_months=4095).order_by("-agency")
    panels = list(known.select_related("agency")[:3])
    if len(panels) < 3:
        return 0
    surveyed, survivor, absorbed = panels
    signed = restatements.propose(_resurvey(surveyed), by=manager)
    listed = rehearsal.rehearse(signed)
    signed.refresh_from_db()
    restatements.sign(signed, by=reviewer, note="测绘报告已核对")
    refresh.refresh_all()
    waiting = restatements.propose(_merger(survivor.agency, absorbed.agency), by=manager)
    factor = proposals.propose(_factor(), by=manager)
    return listed + rehearsal.rehearse(waiting) + rehearsal.rehearse(factor)


def set_limits():
    """What the bureau learnt from the warnings of two months: the sun changes more than thirty percent."""
    limit = CheckLimit(
        rule="last-year",
        item_id="PV",
        high=Decimal("0.6"),
        floor=Decimal(800),
        reason="近两月光伏发电量的提示均因天气，说明后保留，放宽到 60 %。",
    )
    check_limits.set_limit(limit, by=User.objects.get(username="guanli"))


def publish():
    """Seals of what has ended, and one correction afterwards: the ledger then has something to say."""
    manager, month = User.objects.get(username="guanli"), calendar.first_of_previous(last_month())
    known = set(Figure.objects.order_by().values_list("year", flat=True).distinct())
    for year in sorted(known & {month.year - 2, month.year - 1}):
        publications.seal("year", year, 1, by=manager, note="演示封存")
    publications.seal("month", month.year, month.month, by=manager, note="演示封存")
    reports = Report.objects.filter(period__month=month, latest__status="approved")
    report = reports.select_related("agency", "period", "latest").order_by("agency__path").first()
    if report is not None:
        _correct(report)
        refresh.refresh_all()


def _correct(report):
    """The electricity of a month was read ten percent too low."""
    filer, reviewer = _filer_of(report.agency), User.objects.get(username="shenhe2")
    actions.open_correction(report, by=filer, reason="电表倍率更正，原数偏低")
    fresh = Report.objects.select_related("agency", "period", "latest").get(pk=report.pk)
    entries = {line.item_id: Entry.of(line) for line in fresh.latest.lines.all()}
    old = entries["110"]
    entries["110"] = replace(old, quantity=(old.quantity * Decimal("1.1")).quantize(Decimal("1")))
    actions.save_draft(fresh, entries, by=filer)
    filing.explain(fresh, filer)
    actions.submit(fresh, by=filer)
    actions.approve(fresh, by=reviewer)


def _filer_of(agency):
    return User.objects.filter(memberships__agency=agency, memberships__role="filer").first()


def _resurvey(panel):
    return restatements.Draft(
        kind=Restatement.Kind.RESURVEY,
        base_year=BASE_YEAR,
        applies_from=date(2023, 1, 1),
        agency=panel.agency,
        reason="不动产登记面积与2020年填报不一致，按复测面积调整基准。",
        document="示例测绘〔2023〕1号",
        floor_area_m2=round(float(panel.values[0, _AREA]) * 0.95),
    )


def _merger(survivor, absorbed):
    return restatements.Draft(
        kind=Restatement.Kind.MERGE,
        base_year=BASE_YEAR,
        applies_from=date(2025, 1, 1),
        agency=survivor,
        other=absorbed,
        reason="机构改革合并办公，基准并入存续机构。",
        document="示例编办〔2025〕3号",
    )


def _factor():
    """A vintage of the year after the last published one, two percent lower."""
    grid = RuleSet.objects.active().get().grid_factors
    last = (
        grid.factors.filter(data_year__isnull=False)
        .exclude(mark=Mark.UNVERIFIED)
        .order_by("data_year")
        .last()
    )
    return Proposal(
        kind=Proposal.Kind.FACTOR,
        factor_set=grid,
        carrier=Carrier.ELECTRICITY,
        unit=last.unit,
        data_year=last.data_year + 1,
        kg_co2_per_unit=(last.kg_co2_per_unit * Decimal("0.98")).quantize(Decimal("0.0001")),
        mark="B",
        reason="演示：新一年度电网因子公布前先试算影响。",
        document="演示数据，非正式公布",
    )
