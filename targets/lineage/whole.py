"""A figure explained, as plain values that the page and the API show alike."""

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal

from reporting.models import RuleSet

from .. import blocks, refresh
from ..models import GroupFigure, GroupPanel, Restatement
from . import area, children, items, lines, stored
from .measure import MEASURES, Measure
from .owner import Owner, why
from .rule_set import RuleSetUsed
from .sides import Comparison, compare, parts_of_groups, parts_of_institutions


@dataclass(frozen=True)
class Asked:
    """What is asked: panel and page matter for groups only. `query` is carried on to the children."""

    year: int
    measure: Measure
    rules: str
    panel: str
    words: str
    page: int
    query: str

    @classmethod
    def of(cls, owner, year, measure, parameters):
        """Raises ValueError for a measure, rule set or panel that there is not."""
        if measure not in MEASURES:
            raise ValueError(f"没有指标“{measure}”。")
        panel = parameters.get("panel") or GroupPanel.ALL
        if panel not in GroupPanel.values:
            raise ValueError(f"没有比较范围“{panel}”。")
        if owner.is_institution:
            panel = GroupPanel.ALL
        chosen = {name: parameters[name] for name in ("rules", "panel") if parameters.get(name)}
        query = "&".join(f"{name}={value}" for name, value in chosen.items())
        return cls(
            year,
            MEASURES[measure],
            parameters.get("rules", ""),
            GroupPanel(panel),
            parameters.get("words", "").strip(),
            parameters.get("page", 1),
            f"?{query}" if query else "",
        )


@dataclass(frozen=True)
class RestatementUsed:
    name: str
    reason: str
    document: str
    applies_from: date


@dataclass(frozen=True)
class Coverage:
    """Institution-months, and institutions: registered, with figures, known in both years."""

    expected: int
    approved: int
    submitted: int
    missing: int
    registered: int
    counted: int
    comparable: int


@dataclass(frozen=True)
class PanelFigure:
    """The same figure over the other choice of institutions."""

    panel: str
    name: str
    value: float | None
    change: float | None
    institutions: int
    href: str
    is_shown: bool


@dataclass(frozen=True)
class Lineage:
    """stored: the figure as pages show it; is_reproduced: whether the numbers given here make exactly it.

    differences: which of the stored ones (value, base, changes, parts, rolling year, bounds) they do not make.
    """

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    year: int
    base_year: int | None
    base_href: str | None
    previous_href: str | None
    measure: Measure
    formula: str
    rule_set: RuleSetUsed
    panel: str
    comparison: Comparison
    is_restated: bool
    stored: float | None
    stored_base: float | None
    stored_change: float | None
    is_reproduced: bool
    differences: list[stored.Difference]
    computed_at: datetime | None
    restatements: list[RestatementUsed]
    coverage: Coverage | None
    panels: list[PanelFigure]
    sources: list[items.Source]
    items: list[items.ItemShare]
    base_items: list[items.ItemShare]
    line_items: list[str]
    months: list[lines.FiledMonth]
    areas: area.AreaYear | None
    systems: children.Children | None
    institutions: children.Children | None

    @property
    def previous_year(self):
        return self.year - 1


def explain(owner: Owner, year, measure, parameters) -> Lineage:
    """Raises ValueError, in words, for what there is not: the measure, the rule set, the panel."""
    asked = Asked.of(owner, year, measure, parameters)
    slug = asked.rules or RuleSet.objects.active().values_list("slug", flat=True).first() or ""
    basis = refresh.basis_of(slug)
    return _institution(owner, asked, basis) if owner.is_institution else _group(owner, asked, basis)


def _institution(owner, asked, basis):
    loaded = blocks.load([owner.agency.pk])
    parts = parts_of_institutions(loaded, asked.year, basis).get(owner.agency.pk)
    rows = owner.agency.figures.filter(year=asked.year, rule_set=basis.rule_set)
    row, comparison = rows.first(), _compared(parts, asked, basis)
    weights = items.weights(asked.measure, basis, asked.year)
    quantities = items.filed_quantities(loaded, asked.year)
    names = items.item_names()
    made_of = items.shares(quantities, weights, comparison.value.months, names)
    codes = lines.shown_items(quantities, _codes(asked.measure, weights))
    used = {code: weights[code] for code in codes if code in weights}
    months = lines.filed_months(owner.agency, asked.year, codes, comparison.value.months)
    return _lineage(
        owner,
        asked,
        basis,
        comparison,
        row,
        parts,
        panels=[],
        sources=items.sources(used),
        items=made_of,
        base_items=_base_items(owner, asked, basis, comparison, loaded, names),
        line_items=[f"{names[code].name}（{names[code].unit}）" for code in codes],
        months=months,
        areas=area.area_year(owner.agency, months) if area.is_asked(asked.measure) else None,
        systems=None,
        institutions=None,
    )


def _base_items(owner, asked, basis, comparison, loaded, names):
    """What the base year's numerator is made of, over the months compared, on the base year's factors."""
    base_year = basis.base_years.get(asked.year)
    if comparison.base is None:
        return []
    quantities = items.base_quantities(loaded, owner.agency, base_year, asked.year)
    weights = items.weights(asked.measure, basis, base_year)
    return items.shares(quantities, weights, comparison.base.months, names)


def _codes(measure, weights):
    """The items of the table: those of the numerator, then the denominator's."""
    below = [items.DENOMINATOR_ITEM[measure.denominator[2]]] if measure.denominator else []
    return [*sorted(weights), *below]


def _group(owner, asked, basis):
    parts = parts_of_groups(owner.kind, [owner.key], asked.year, basis).get(owner.key)
    comparison = _compared(parts, asked, basis)
    found = GroupFigure.objects.filter(
        kind=owner.kind, key=owner.key, year=asked.year, rule_set=basis.rule_set
    )
    by_panel = {row.panel: row for row in found.defer("packed")}
    whole = comparison.value.numerator
    return _lineage(
        owner,
        asked,
        basis,
        comparison,
        by_panel.get(asked.panel),
        parts,
        panels=[_panel(owner, asked, panel, by_panel.get(panel)) for panel in GroupPanel],
        sources=items.sources(items.weights(asked.measure, basis, asked.year)),
        items=[],
        base_items=[],
        line_items=[],
        months=[],
        areas=None,
        systems=children.systems(owner, asked, basis, whole),
        institutions=children.institutions(owner, asked, basis, whole),
    )


def _compared(parts, asked, basis):
    return compare(parts, asked.measure, asked.panel, has_base=asked.year in basis.base_years)


def _lineage(owner, asked, basis, comparison, row, parts, **rest):
    measure, base_year = asked.measure, basis.base_years.get(asked.year)
    value, base, change = stored.of(row, measure)
    has_base = measure.is_indicator and base_year is not None
    differences = stored.differences(row, measure, comparison)
    return Lineage(
        owner_kind=str(owner.kind),
        owner_key=owner.key,
        owner_name=owner.name,
        owner_page=owner.page,
        year=asked.year,
        base_year=base_year if has_base else None,
        base_href=_href(owner, asked, base_year) if has_base else None,
        previous_href=_href(owner, asked, asked.year - 1) if measure.is_indicator else None,
        measure=measure,
        formula=measure.formula(basis.boundary),
        rule_set=RuleSetUsed.of(basis.rule_set),
        panel=str(asked.panel),
        comparison=comparison,
        is_restated=comparison.is_restated,
        stored=value,
        stored_base=base,
        stored_change=change,
        is_reproduced=not differences,
        differences=differences,
        computed_at=row.computed_at if row else None,
        restatements=_restatements(owner, asked.year, base_year) if has_base else [],
        coverage=_coverage(parts),
        **rest,
    )


def _href(owner, asked, year):
    return f"{why(owner.kind, owner.key, year, asked.measure.slug)}{asked.query}"


def _restatements(owner, year, base_year):
    """Those in force that touch the base year of any institution of the owner for a month of this year."""
    rows = Restatement.objects.in_force().filter(base_year=base_year, applies_from__lte=date(year, 12, 31))
    rows = rows.filter(panels__agency__in=owner.members()).distinct()
    return [RestatementUsed(str(row), row.reason, row.document, row.applies_from) for row in rows]


def _coverage(parts):
    if parts is None:
        return None
    expected, approved, submitted = (int(months.sum()) for months in parts["coverage"][0])
    registered, counted, comparable = (int(number) for number in parts["institutions"][0])
    missing = expected - approved - submitted
    return Coverage(expected, approved, submitted, missing, registered, counted, comparable)


def _panel(owner, asked, panel, row):
    value, _, change = stored.of(row, asked.measure)
    rules = f"&rules={asked.rules}" if asked.rules else ""
    href = f"{why(owner.kind, owner.key, asked.year, asked.measure.slug)}?panel={panel}{rules}"
    institutions = row.institutions if row else 0
    return PanelFigure(panel.value, panel.label, value, change, institutions, href, panel == asked.panel)


def as_plain(value):
    """Any part of a lineage as JSON knows it: numbers that are not whole as strings, unknown as null."""
    if is_dataclass(value):
        shown = [each.name for each in fields(value) if not each.metadata.get("is_private")]
        return {name: as_plain(getattr(value, name)) for name in shown}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return None if math.isnan(value) else str(value)
    return value
