"""What documents and registers say a month's items should be: offered beside the line, never written by themselves."""

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from . import registered, shared_meters
from .entries import Entry
from .models import EvidenceUse, Item, KnownBy, Payment
from .sharing import whole_cost

EVIDENCE, METERS, REGISTER = "evidence", "meters", "register"


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
    # What keeps the suggestion from being the whole month, in a sentence.
    caution: str = ""

    def entry(self, stored):
        """The answer that accepting it makes of the stored one (Entry or None): what it does not say stays.

        What costs something is paid for, whatever was stated before.
        """
        if stored is None:
            return Entry(self.quantity, KnownBy.METERED, self.cost_yuan)
        cost_yuan = stored.cost_yuan if self.cost_yuan is None else self.cost_yuan
        is_paid = self.cost_yuan and stored.payment == Payment.UNPAID
        payment = Payment.PAID if is_paid else stored.payment
        return Entry(self.quantity, KnownBy.METERED, cost_yuan, stored.note, payment)


@dataclass(frozen=True)
class Beside:
    """What stands beside the lines of a month: item code → documents (EvidenceUses), item code → Suggestions."""

    links: dict[str, list[EvidenceUse]]
    offers: dict[str, list[Suggestion]]


def beside(report):
    """The documents and suggestions of a report's month, at the same number of queries however many there are."""
    links = links_by_item(report.agency_id, report.period.month)
    offers = defaultdict(list)
    agency_id, month = report.agency_id, report.period.month
    for suggestion in (*_of_evidence(links), *_of_meters(agency_id, month), *_of_registers(report)):
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
    return Suggestion(
        source=EVIDENCE,
        title="凭证",
        item=uses[0].row.item,
        quantity=sum(use.quantity for use in uses),
        cost_yuan=whole_cost(use.cost_yuan for use in uses),
        steps=[_step(use) for use in uses],
        caution=_uncovered(uses) if uses[0].row.is_divided else "",
    )


def _uncovered(uses):
    """A sentence where the documents leave days of the month out."""
    month = uses[0].month
    days = [month + timedelta(days=number) for number in range(monthrange(month.year, month.month)[1])]
    documents = [use.row.evidence for use in uses]
    left_out = [day for day in days if not any(each.first_day <= day <= each.last_day for each in documents)]
    return f"凭证只覆盖本月 {len(days) - len(left_out)} 天，共 {len(days)} 天" if left_out else ""


def _step(use):
    evidence = use.row.evidence
    href = reverse("reporting:evidence-detail", args=[evidence.pk])
    return Step(str(evidence), working(use), use.quantity, use.cost_yuan, href)


def _of_meters(agency_id, month):
    """What the meters of its buildings say, the parts of several buildings added up; unknown where a reading lacks."""
    by_item = defaultdict(list)
    for division in shared_meters.of_agency(agency_id, month):
        by_item[division.item].append(division)
    return [
        _sum_of_divisions(item, divisions, agency_id, month)
        for item, divisions in by_item.items()
        if not any(division.fault for division in divisions)
    ]


def _sum_of_divisions(item, divisions, agency_id, month):
    steps = [
        Step(
            division.building.name,
            division.working(agency_id),
            division.part_of(agency_id).quantity,
            division.part_of(agency_id).cost_yuan,
            reverse("reporting:building-month", args=[division.building.pk, month]),
        )
        for division in divisions
    ]
    quantity, cost_yuan = sum(step.quantity for step in steps), whole_cost(step.cost_yuan for step in steps)
    return Suggestion(METERS, "表计", item, quantity, cost_yuan, steps)


def _of_registers(report):
    known = registered.of_month(report.agency_id, report.period.month)
    items = Item.objects.in_bulk([each.code for each in known])
    href = reverse("reporting:register-detail", args=[report.agency.key])
    return [
        Suggestion(
            REGISTER,
            "台账",
            items[each.code],
            each.quantity,
            None,
            [Step("本单位台账", each.working, each.quantity, None, href)],
        )
        for each in known
    ]


def _plain(number):
    return f"{number.normalize():f}"
