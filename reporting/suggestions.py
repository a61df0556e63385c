"""What documents and registers say a month's items should be: offered beside the line, never written by themselves."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from .entries import Entry
from .models import EvidenceUse, Item, KnownBy

EVIDENCE = "evidence"


@dataclass(frozen=True)
class Step:
    """One term of a suggestion: what it is, how it was worked out, and where to read it."""

    name: str
    working: str
    quantity: Decimal | None
    cost_yuan: Decimal | None
    href: str


@dataclass(frozen=True)
class Suggestion:
    """A quantity (and cost) for an item, the sum of its steps; `source` says which kind of steps."""

    source: str
    title: str
    item: Item
    quantity: Decimal
    cost_yuan: Decimal | None
    steps: list[Step]

    def entry(self, stored):
        """The answer that accepting it makes of the stored one (Entry or None): note and payment stay."""
        note, payment = (stored.note, stored.payment) if stored else ("", "")
        return Entry(self.quantity, KnownBy.METERED, self.cost_yuan, note, payment)


@dataclass(frozen=True)
class Beside:
    """What stands beside the lines of a month: item code → documents (EvidenceUses), item code → Suggestions."""

    links: dict[str, list[EvidenceUse]]
    offers: dict[str, list[Suggestion]]


def beside(report):
    """The documents and suggestions of a report's month, at the same number of queries however many there are."""
    links = links_by_item(report.agency_id, report.period.month)
    offers = defaultdict(list)
    for suggestion in _of_evidence(links):
        offers[suggestion.item.code].append(suggestion)
    return Beside(links, dict(offers))


def uses_of(agency_id, *months):
    """The parts of documents that fall in the agency's months, with their documents: one query however many."""
    uses = EvidenceUse.objects.filter(row__evidence__agency=agency_id, month__in=months)
    return uses.select_related("row__evidence", "row__item").order_by("row__evidence__first_day", "pk")


def links_by_item(agency_id, month):
    """Item code → uses, for includes/evidence_links.html: one query."""
    found = defaultdict(list)
    for use in uses_of(agency_id, month):
        found[use.row.item_id].append(use)
    return dict(found)


def working(use):
    """The formula of a use in words."""
    row, unit = use.row, use.row.unit
    if not row.is_divided:
        return f"按凭证 {_plain(row.quantity)} {unit}，不按天分摊"
    total_days = row.evidence.days
    if use.days == total_days:
        return f"账单 {total_days} 天全部在本月"
    return f"{_plain(row.quantity)} {unit} × {use.days} 天 ÷ {total_days} 天"


def _of_evidence(links):
    in_force = [[use for use in uses if use.row.evidence.replaced_by_id is None] for uses in links.values()]
    return [_sum_of(uses) for uses in in_force if uses]


def _sum_of(uses):
    """Bills of several meters add up; of documents that state the same thing the newest counts."""
    if not uses[-1].row.is_divided:
        uses = uses[-1:]
    costs = [use.cost_yuan for use in uses if use.cost_yuan is not None]
    return Suggestion(
        source=EVIDENCE,
        title="凭证",
        item=uses[0].row.item,
        quantity=sum(use.quantity for use in uses),
        cost_yuan=sum(costs) if costs else None,
        steps=[_step(use) for use in uses],
    )


def _step(use):
    evidence = use.row.evidence
    href = reverse("reporting:evidence-detail", args=[evidence.pk])
    return Step(str(evidence), working(use), use.quantity, use.cost_yuan, href)


def _plain(number):
    return f"{number.normalize():f}"
