"""Why a year has to bring what it has to: the target's row, its path with the numbers, what was held against it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from agencies.models.trail import Event, Verb
from reporting.accounting import rules
from reporting.models import RuleSet

from .. import cards, progress
from ..models import GroupFigure, GroupPanel, Indicator
from ..progress import TOLERANCE, Path
from .owner import why
from .rule_set import RuleSetUsed

FORMULAS = {
    Path.LINEAR: "直线路径：至本年应降 = 目标下降率 ×（本年 − 基准年）÷（目标年 − 基准年）",
    Path.COMPOUND: "等比路径：至本年应降 = 1 −（1 − 目标下降率）^（（本年 − 基准年）÷（目标年 − 基准年））",
}
YEARLY_FORMULAS = {
    Path.LINEAR: "本年较上年应降 = 目标下降率 ÷（目标年 − 基准年）",
    Path.COMPOUND: "本年较上年应降 = 1 −（1 − 目标下降率）^（1 ÷（目标年 − 基准年））",
}
COMPARED = {
    "change": "较基准年变化率",
    "yoy": "较上年变化率",
    "low": "计入缺报后可能的下限",
    "high": "计入缺报后可能的上限",
}
# Measure → the section of the figure's own explanation that shows it.
SECTIONS = {"change": "change", "yoy": "yoy", "low": "bounds", "high": "bounds"}


@dataclass(frozen=True)
class Edit:
    """A change of the target, from the trail."""

    at: datetime
    by: str
    detail: str


@dataclass(frozen=True)
class TargetUsed:
    """reduction_percent: unknown where 待下达; edits: newest first, none where the row is as it was shipped."""

    plan_period: str
    base_year: int
    end_year: int
    reduction_percent: Decimal | None
    path: str
    path_name: str
    document: str
    mark: str
    mark_name: str
    edits: list[Edit]

    @property
    def length(self):
        return self.end_year - self.base_year

    @property
    def part(self):
        """The target as a fraction."""
        return None if self.reduction_percent is None else float(self.reduction_percent) / 100


@dataclass(frozen=True)
class PathYear:
    """required: against the base year; yearly: against the year before. Both fractions, unknown where 待下达."""

    year: int
    passed: int
    required: float | None
    yearly: float | None
    is_asked: bool


@dataclass(frozen=True)
class Compared:
    """A change held against what is asked of it: it is enough where it lies at or below. Unknown where either is."""

    slug: str
    name: str
    change: float | None
    asked: float | None
    is_enough: bool | None
    href: str


@dataclass(frozen=True)
class RequirementLineage:
    """required: the reduction of the year, a fraction; value: base × (1 − required), in the indicator's unit.

    comparisons: what the status is made from; verdict: of the year and the path, from the first two of them; empty
    where the year is not whole, or the end year, where the target alone decides.
    """

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    year: int
    indicator: str
    label: str
    unit: str
    rule_set: RuleSetUsed
    panel: str
    target: TargetUsed
    formula: str
    yearly_formula: str
    passed: int
    required: float | None
    yearly: float | None
    base: float | None
    value: float | None
    path_years: list[PathYear]
    comparisons: list[Compared]
    status: str
    verdict: str
    has_whole_year: bool
    computed_at: datetime | None

    @property
    def yearly_comparison(self):
        return self.comparisons[1]

    @property
    def cumulative_comparison(self):
        return self.comparisons[0]


def explain_requirement(owner, year, indicator, parameters) -> RequirementLineage:
    """Raises ValueError, in words, where no plan asks anything of that indicator and year."""
    slug = parameters.get("rules") or rules.active_slug()
    rule_set, plan = RuleSet.objects.filter(slug=slug).first(), cards.Plan()
    panel = parameters.get("panel") or GroupPanel.ALL
    target = plan.target(indicator, year)
    if rule_set is None or target is None or panel not in GroupPanel.values:
        raise ValueError(f"没有{year}年“{indicator}”的目标。")
    by_panel = _rows(owner, year, rule_set)
    row = by_panel.pop(panel, None)
    card = cards.card(Indicator(indicator), row, plan, year, other=next(iter(by_panel.values()), None))
    return _explained(owner, card, target, year, rule_set, panel, parameters)


def _rows(owner, year, rule_set):
    """Panel → the owner's row; an institution has one."""
    of = {"year": year, "rule_set": rule_set}
    if owner.is_institution:
        row = owner.agency.figures.filter(**of).first()
        return {GroupPanel.ALL.value: row} if row else {}
    return {row.panel: row for row in GroupFigure.objects.filter(kind=owner.kind, key=owner.key, **of)}


def _explained(owner, card, target, year, rule_set, panel, parameters):
    used, path = _target(target), Path(target.path)
    asked = target.required(year)
    comparisons = _comparisons(owner, card, target, year, panel, parameters)
    return RequirementLineage(
        **owner.named,
        year=year,
        indicator=str(card.indicator),
        label=card.indicator.label,
        unit=card.indicator.unit,
        rule_set=RuleSetUsed.of(rule_set),
        panel=str(panel),
        target=used,
        formula=FORMULAS[path],
        yearly_formula=YEARLY_FORMULAS[path],
        passed=year - used.base_year,
        required=asked,
        yearly=_yearly(target, year),
        base=card.base,
        value=None if card.base is None or asked is None else card.base * (1 - asked),
        path_years=[
            PathYear(each, each - used.base_year, target.required(each), _yearly(target, each), each == year)
            for each in target.plan_period.years
        ],
        comparisons=comparisons,
        status=str(card.status),
        verdict=card.verdict_in_words or "",
        has_whole_year=card.row is not None and card.row.covers_year,
        computed_at=card.row.computed_at if card.row else None,
    )


def _target(target):
    period = target.plan_period
    return TargetUsed(
        plan_period=period.name,
        base_year=period.base_year,
        end_year=period.end_year,
        reduction_percent=target.reduction_percent,
        path=target.path,
        path_name=target.get_path_display(),
        document=target.document,
        mark=target.mark,
        mark_name=target.get_mark_display(),
        edits=_edits(target),
    )


def _edits(target):
    """What `actions.save_plan` has put on record about this row."""
    name = f"{target._meta.verbose_name} {target}"
    rows = Event.objects.filter(verb=Verb.LOAD, is_success=True, detail__contains=name).order_by("-sequence")
    return [Edit(row.at, row.actor_name, row.detail) for row in rows]


def _yearly(target, year):
    period = target.plan_period
    if target.reduction is None or year <= period.base_year:
        return None
    path = Path(target.path)
    return progress.yearly_requirement(target.reduction, period.base_year, period.end_year, year, path)


def _comparisons(owner, card, target, year, panel, parameters):
    """The two that make the verdict, then the bounds, then the other panel's change."""
    slug = str(card.indicator)
    asked = {"change": target.required(year), "yoy": _yearly(target, year)}
    found = [
        _compared(
            measure,
            name,
            card.row.measure(slug, measure) if card.row else None,
            asked.get(measure, asked["change"]),
            _address(owner, year, slug, panel, parameters) + f"#{SECTIONS[measure]}",
        )
        for measure, name in COMPARED.items()
    ]
    if card.other_change is not None:
        other = next(each for each in GroupPanel if each != panel)
        address = _address(owner, year, slug, other, parameters)
        found.append(_compared("other", other.label, card.other_change, asked["change"], f"{address}#change"))
    return found


def _compared(slug, name, change, reduction, href):
    asked = None if reduction is None else -reduction
    is_unknown = change is None or asked is None
    return Compared(slug, name, change, asked, None if is_unknown else change <= asked + TOLERANCE, href)


def _address(owner, year, measure, panel, parameters):
    rules_asked = parameters.get("rules")
    asked = [] if owner.is_institution else [f"panel={panel}"]
    asked += [f"rules={rules_asked}"] if rules_asked else []
    return f"{why(owner.kind, owner.key, year, measure)}{'?' if asked else ''}{'&'.join(asked)}"
