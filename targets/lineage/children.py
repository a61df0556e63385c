"""What a group's figure is summed from: the systems below a node and the institutions, the greatest share first."""

from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, Q, Subquery

from agencies.models import Agency, AgencyKind

from .. import blocks
from ..models import Figure, GroupFigure, GroupKind, GroupPanel
from .owner import INSTITUTION, why
from .sides import Term, parts_of_groups, parts_of_institutions, value_alone

PAGE_SIZE = 50


@dataclass(frozen=True)
class Child:
    """share: of the group's numerator, a fraction."""

    key: str
    name: str
    term: Term
    share: float | None
    href: str


@dataclass(frozen=True)
class Children:
    """One page of them; `page` is Django's, for the page's own paging, and not part of the JSON."""

    rows: list[Child]
    number: int
    pages: int
    total: int
    page: Page = field(metadata={"is_private": True})


def systems(owner, asked, basis, whole):
    """The systems directly below a node, or None where the owner is no node or has none."""
    if owner.kind != GroupKind.NODE:
        return None
    below = Agency.objects.filter(parent=owner.agency, kind=AgencyKind.DEPARTMENT)
    rows = GroupFigure.objects.filter(
        kind=GroupKind.NODE,
        key__in=below.values("key"),
        year=asked.year,
        rule_set=basis.rule_set,
        panel=asked.panel,
    ).annotate(name=Subquery(Agency.objects.filter(key=OuterRef("key")).values("name")))
    page = Paginator(_sorted(rows.defer("packed"), asked, basis, "key"), PAGE_SIZE).get_page(1)
    keys = [row.key for row in page]
    parts = parts_of_groups(GroupKind.NODE, keys, asked.year, basis)
    named = [(GroupKind.NODE, row.key, row.name, parts.get(row.key)) for row in page]
    return _children(page, named, asked, whole) if named else None


def institutions(owner, asked, basis, whole):
    """The institutions that count in the group; asked.words narrows by name or key."""
    words = asked.words
    members = owner.members().filter(Q(name__icontains=words) | Q(key__istartswith=words))
    rows = Figure.objects.filter(agency__in=members, year=asked.year, rule_set=basis.rule_set)
    if asked.panel == GroupPanel.COMPARABLE:
        compared = asked.measure.slug if asked.measure.is_indicator else "kgce_per_person"
        rows = rows.filter(**{f"{compared}_base__isnull": False})
    rows = _sorted(rows.select_related("agency").defer("packed"), asked, basis, "agency__path")
    page = Paginator(rows, PAGE_SIZE).get_page(asked.page)
    shown = list(page)
    loaded = blocks.load([row.agency_id for row in shown])
    parts = parts_of_institutions(loaded, asked.year, basis)
    named = [(INSTITUTION, row.agency.key, row.agency.name, parts.get(row.agency_id)) for row in shown]
    return _children(page, named, asked, whole)


def _sorted(rows, asked, basis, then):
    added = asked.measure.contribution(basis.boundary)
    return rows.annotate(added=added).order_by(F("added").desc(nulls_last=True), then)


def _children(page, named, asked, whole):
    rows = [_child(kind, key, name, parts, asked, whole) for kind, key, name, parts in named]
    rows.sort(key=lambda child: -(child.share or 0.0))
    return Children(rows, page.number, page.paginator.num_pages, page.paginator.count, page)


def _child(kind, key, name, parts, asked, whole):
    term = value_alone(parts, asked.measure, asked.panel)
    share = term.numerator / whole if whole and term.numerator is not None else None
    return Child(key, name, term, share, f"{why(kind, key, asked.year, asked.measure.slug)}{asked.query}")
