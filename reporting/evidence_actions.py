"""What people do with evidence: register a document, replace it for a reason, take it out, look at it."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb

from . import access, evidence_files, file_types, weighing
from .apportion import apportion, days_by_month, decimals_of
from .models import Evidence, EvidenceItem, EvidenceUse, Item, Report, Status
from .sheet import CARRIED

COST_DECIMALS = 2


class InUse(Exception):
    """A submitted month rests on the document: it can be replaced, not taken out."""


class Duplicate(Exception):
    """The same document is in force already: its quantity would count twice."""


class AlreadyReplaced(Exception):
    """Somebody else has replaced the document meanwhile."""


@dataclass(frozen=True)
class Proof:
    """What a document says of one item."""

    item: Item
    quantity: Decimal
    cost_yuan: Decimal | None = None


@dataclass(frozen=True)
class Document:
    """What a person states about a document, with its file."""

    content: bytes
    file_name: str
    first_day: date
    last_day: date
    proofs: list[Proof] = field(default_factory=list)
    document_number: str = ""
    account_number: str = ""


@transaction.atomic
def attach(agency, document, *, by):
    """Store the file, the document's row and its division by months.

    Raises file_types.NotAccepted for a file that is none of ours, evidence_files.NotStored where it cannot be kept,
    Duplicate for a document that is there already.
    """
    _permit(by, agency)
    _refuse_twice(agency, document)
    evidence = _enter(agency, document, by)
    weighing.refresh_months(agency, months_of(evidence))
    _record(
        Verb.ATTACH, evidence, by, f"登记凭证 {evidence}（{_sum_of(document)}；SHA-256 {evidence.sha256}）"
    )
    return evidence


@transaction.atomic
def replace(evidence, document, *, by, reason):
    """Put a later document in the place of one; the old one stays to be read. Raises AlreadyReplaced, Duplicate."""
    _permit(by, evidence.agency)
    if not reason.strip():
        raise ValueError("替换凭证时请写明原因。")
    unreplaced = Evidence.objects.in_force().filter(pk=evidence.pk)
    if not unreplaced.select_for_update().exists():
        raise AlreadyReplaced(f"凭证 {evidence} 刚刚已被替换，请刷新查看。")
    _refuse_twice(evidence.agency, document, instead_of=evidence)
    new = _enter(evidence.agency, document, by)
    unreplaced.update(replaced_by=new, replace_reason=reason.strip())
    weighing.refresh_months(new.agency, {*months_of(evidence), *months_of(new)})
    _record(Verb.ATTACH, new, by, f"以 {new}（{_sum_of(document)}）替换凭证 {evidence}：{reason.strip()}")
    return new


@transaction.atomic
def take_out(evidence, *, by):
    """Delete a document on which no submitted month rests. Raises InUse.

    The reports are locked, so that none of them is submitted meanwhile: no waiting month loses a document here, and
    none has to be weighed anew. The file goes with the next sweep.
    """
    _permit(by, evidence.agency)
    if not is_removable(evidence, lock=True):
        raise InUse(f"凭证 {evidence} 所在月份已提交过，不能删除。如有错误，请用新凭证替换并写明原因。")
    _record(Verb.DETACH, evidence, by, f"删除凭证 {evidence}（SHA-256 {evidence.sha256}）")
    evidence.delete()


def look_at(evidence, *, by):
    """The file's content, with a trace of who looked, in vain too. Raises evidence_files.Damaged."""
    named = f"凭证 {evidence}（编号 {evidence.pk}）"
    try:
        content = evidence_files.content_of(evidence)
    except evidence_files.Damaged as damaged:
        detail = f"{named}：{damaged}"
        trail.record(Verb.VIEW, by=by, agency=evidence.agency, detail=detail, is_success=False)
        raise
    trail.record(Verb.VIEW, by=by, agency=evidence.agency, detail=named)
    return content


def is_removable(evidence, *, lock=False):
    """Whether it replaced none and no month that it touches was ever submitted."""
    reports = Report.objects.filter(agency=evidence.agency_id, period__month__in=months_of(evidence))
    if lock:
        list(reports.select_for_update(of=("self",)).order_by("pk"))
    was_submitted = reports.filter(revisions__status__in=set(Status) - {Status.DRAFT}).exists()
    return not (was_submitted or evidence.replaced_by_id or evidence.replaces.exists())


def months_of(evidence):
    return [month for month, _days in days_by_month(evidence.first_day, evidence.last_day)]


def divided(proof, first_day, last_day):
    """Unsaved uses of one item: total × days in the month ÷ days of the document; a state is whole in each month."""
    months = days_by_month(first_day, last_day)
    days = [count for _month, count in months]
    if proof.item.code in CARRIED:
        quantities, costs = [proof.quantity] * len(months), [proof.cost_yuan] * len(months)
    else:
        quantities = apportion(proof.quantity, days, decimals_of(proof.quantity, proof.item.decimals))
        costs = _divided_cost(proof.cost_yuan, days)
    return [
        EvidenceUse(month=month, days=count, quantity=quantity, cost_yuan=cost)
        for (month, count), quantity, cost in zip(months, quantities, costs, strict=True)
    ]


def _divided_cost(cost_yuan, days):
    return [None] * len(days) if cost_yuan is None else apportion(cost_yuan, days, COST_DECIMALS)


def _refuse_twice(agency, document, instead_of=None):
    """Of an item one document counts once: by its number, or by its file for the same days and account.

    Under a lock of the agency's row, which leaves the key free: a second click waits for the first and is told.
    """
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    same_file = Q(
        sha256=hashlib.sha256(document.content).hexdigest(),
        first_day=document.first_day,
        last_day=document.last_day,
        account_number=document.account_number,
    )
    same_number = Q(document_number=document.document_number) & ~Q(document_number="")
    items = [proof.item.code for proof in document.proofs]
    there = Evidence.objects.in_force().filter(same_file | same_number, agency=agency, items__item__in=items)
    found = there.exclude(pk=instead_of and instead_of.pk).first()
    if found:
        raise Duplicate(
            f"这份凭证已经登记过（{found}，{found.first_day} 至 {found.last_day}），再登记会重复计算。"
            "如内容有误，请在原凭证页面选“替换”。"
        )


def _enter(agency, document, by):
    kind = file_types.type_of(document.content)
    evidence = Evidence(
        agency=agency,
        document_number=document.document_number,
        account_number=document.account_number,
        first_day=document.first_day,
        last_day=document.last_day,
        file_name=evidence_files.harmless_name(document.file_name, kind.extension),
        content_type=kind.content_type,
        size=len(document.content),
        sha256=evidence_files.store(agency.pk, document.content),
        uploaded_by=by,
    )
    evidence.full_clean(exclude=("replaced_by",))
    evidence.save()
    for proof in document.proofs:
        _enter_proof(evidence, proof)
    return evidence


def _enter_proof(evidence, proof):
    row = EvidenceItem.objects.create(
        evidence=evidence,
        item=proof.item,
        quantity=proof.quantity,
        unit=proof.item.unit,
        cost_yuan=proof.cost_yuan,
        is_divided=proof.item.code not in CARRIED,
    )
    uses = divided(proof, evidence.first_day, evidence.last_day)
    for use in uses:
        use.row = row
    EvidenceUse.objects.bulk_create(uses)


def _permit(by, agency):
    if not access.may(by, "keep_evidence", agency):
        raise PermissionDenied


def _sum_of(document):
    words = [f"{proof.item} {proof.quantity.normalize():f} {proof.item.unit}" for proof in document.proofs]
    return f"{document.first_day} 至 {document.last_day}，{'，'.join(words)}"


def _record(verb, evidence, by, detail):
    """One row for each month that the document touches: it stands in the trail of each."""
    trail.record_many(
        [trail.event(verb, by, evidence.agency, month, None, detail) for month in months_of(evidence)]
    )
