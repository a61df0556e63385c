"""What the numbers of a rehearsal were made from, and which of them are today's."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from reporting.accounting import rules

from .. import inputs
from ..models import Figure, GroupFigure, Proposal, ProposalEffect
from ..models.figures import INSTITUTION
from .measure import MEASURES
from .owner import find_owner, why, why_rehearsed

# Input of a rehearsal → what is said of it, its value in the middle.
WORDS = {
    "months": ("已通过的月报", "{:,} 份"),
    "owed": ("应报月份", "{:,} 个机构月"),
    "factors": ("已生效的因子和系数", "{:,} 行"),
    "rule_set": ("现用口径", "{}"),
    "restatements": ("已签署的基准调整", "{} 项"),
    "plan": ("规划期和目标", "摘要 {}"),
    "register": ("名录", "至变更记录 {}"),
    "filed": ("更正的内容", "摘要 {}"),
}
# The two numbers of an effect → the section of the figure's explanation.
SECTIONS = {"value": "value", "change": "change"}


@dataclass(frozen=True)
class MadeFrom:
    name: str
    then: str
    now: str
    is_changed: bool


@dataclass(frozen=True)
class Number:
    """One number before and after; *_href: today's explanation, where it is today's number, else None."""

    name: str
    slug: str
    before: float | None
    after: float | None
    today: float | None
    before_href: str | None
    after_href: str | None


@dataclass(frozen=True)
class RehearsalLineage:
    """made_from: what both sides were made from; after, also the change itself: `change`, for `reason`."""

    owner_kind: str
    owner_key: str
    owner_name: str
    owner_page: str | None
    year: int
    column: str
    label: str
    unit: str
    change: str
    change_kind: str
    change_state: str
    change_href: str
    reason: str
    document: str
    rehearsed_at: datetime
    outdated: str
    value: Number
    ratio: Number
    status_before: str
    status_after: str
    made_from: list[MadeFrom]


def explain_rehearsed(user, effect) -> RehearsalLineage:
    """Raises ValueError, in words, where there is no such effect or the user sees none of its owner."""
    rows = ProposalEffect.objects.select_related("agency", "proposal", "restatement")
    rows = rows.select_related(
        "proposal__factor_set", "proposal__rule_set", "proposal__report__agency", "proposal__report__period"
    )
    row = rows.filter(pk=effect).first()
    owner = row and find_owner(user, *whose(row))
    if owner is None:
        raise ValueError("没有这样的试算结果。")
    change, today = row.proposal or row.restatement, todays([row])[row.pk]
    measure = MEASURES[row.column]
    return RehearsalLineage(
        **owner.named,
        year=row.year,
        column=row.column,
        label=measure.label,
        unit=measure.unit,
        change=str(change),
        change_kind=change.get_kind_display(),
        change_state=change.get_status_display(),
        change_href=_page(change),
        reason=change.reason,
        document=change.document,
        rehearsed_at=change.rehearsed_at,
        outdated=inputs.outdated(change),
        value=today["value"],
        ratio=today["change"],
        status_before=row.status_before,
        status_after=row.status_after,
        made_from=_made_from(change),
    )


def whose(row):
    """(kind, key) of an effect's owner."""
    return (INSTITUTION, row.agency.key) if row.agency else (row.group_kind, row.group_key)


def todays(rows):
    """Effect id → its two numbers beside today's, with two queries for all of them; `agency` selected."""
    stored = _stored(rows)
    return {row.pk: _numbers(row, stored.get((*whose(row), row.year), [])) for row in rows}


def _stored(rows):
    """(kind, key, year) → the rows of the figures in force: one of an institution, up to two of a group."""
    years, slug, found = {row.year for row in rows}, rules.active_slug(), {}
    of = {"year__in": years, "rule_set__slug": slug}
    agencies = [row.agency_id for row in rows if row.agency_id]
    for figure in Figure.objects.filter(agency__in=agencies, **of).select_related("agency").defer("packed"):
        found[INSTITUTION, figure.agency.key, figure.year] = [figure]
    places = Q(pk__in=[])
    for kind, key in {whose(row) for row in rows if not row.agency_id}:
        places |= Q(kind=kind, key=key)
    for figure in GroupFigure.objects.filter(places, **of).order_by("panel").defer("packed"):
        found.setdefault((figure.kind, figure.key, figure.year), []).append(figure)
    return found


def _numbers(row, figures):
    """A group was judged over all institutions or the comparable ones: today's is the panel that gives a side."""
    before, after = (row.value_before, row.change_before), (row.value_after, row.change_after)
    pairs = [(figure, (figure.value(row.column), figure.change(row.column))) for figure in figures]
    fitting = [pair for pair in pairs if _are_same(pair[1], before) or _are_same(pair[1], after)]
    figure, now = next(iter(fitting or pairs), (None, (None, None)))
    is_before, is_after = (bool(fitting) and _are_same(now, side) for side in (before, after))
    names = ("value", "数值"), ("change", "变化率")
    return {
        slug: Number(
            name,
            slug,
            before[at],
            after[at],
            now[at],
            _today(figure, row.column, slug) if is_before else None,
            _today(figure, row.column, slug) if is_after else None,
        )
        for at, (slug, name) in enumerate(names)
    }


def _are_same(pair, other):
    return all(_is_same(one, two) for one, two in zip(pair, other, strict=True))


def _is_same(one, two):
    if one is None or two is None:
        return one is two
    return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12)


def _today(figure, column, slug):
    kind, key, panel = figure.whose
    query = f"?panel={panel}" if panel else ""
    return f"{why(kind, key, figure.year, column)}{query}#{SECTIONS[slug]}"


def links(rows):
    """Effect id → (before, after) × (value, change): today's explanation, else that of the rehearsal."""
    return {
        pk: {
            f"{slug}_{side}": getattr(number, f"{side}_href") or f"{why_rehearsed(pk)}#{slug}"
            for slug, number in numbers.items()
            for side in ("before", "after")
        }
        for pk, numbers in todays(rows).items()
    }


def _made_from(change):
    then, now = change.rehearsed_from, inputs.of_rehearsal(change)
    return [
        MadeFrom(name, words.format(then[key]), words.format(now[key]), then[key] != now[key])
        for key, (name, words) in WORDS.items()
        if key in then and key in now
    ]


def _page(change):
    subject = "proposal" if isinstance(change, Proposal) else "restatement"
    return reverse(f"targets:{subject}-detail", args=[change.pk])
