"""What people do to the base year: proposed by one, its effect listed, signed or rejected by another."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb
from reporting import approved, notices, panels
from reporting.actions import WrongStatus
from reporting.models import Panel
from reporting.models.panel import pack_bits, unpack_bits

from . import restating, review
from .models import PlanPeriod, RestatedPanel, Restatement

REHEARSE_TASK = "targets.tasks.rehearse_restatement"
Kind, Status = Restatement.Kind, Restatement.Status
WHAT = "基准调整"


@dataclass(frozen=True)
class Draft:
    """What is to be restated and how; which fields count depends on the kind. share, usage, factor: fractions."""

    kind: str
    base_year: int
    applies_from: date
    agency: Agency
    reason: str
    document: str
    other: Agency | None = None
    share: float | None = None
    floor_area_m2: float | None = None
    people: float | None = None
    usage: float = 1.0
    item: str = ""
    factor: float | None = None


@transaction.atomic
def propose(draft, *, by):
    """Store the restated base as a proposal. Raises ValidationError where there is no base to restate."""
    review.permit(by, "propose")
    bases = restated(draft)
    row = Restatement(
        kind=draft.kind,
        base_year=draft.base_year,
        applies_from=draft.applies_from,
        reason=draft.reason,
        document=draft.document,
        proposed_by=by,
    )
    row.full_clean(exclude=["rehearsed_at", "signed_by", "signed_at"])
    row.save()
    RestatedPanel.objects.bulk_create(
        RestatedPanel(
            restatement=row, agency=agency, packed=panels.pack(values), expected_months=int(pack_bits(owes))
        )
        for agency, (values, owes) in bases.items()
    )
    _tell(row, by, f"提出{row}：{draft.reason}（{draft.document}）")
    notices.ask_for(REHEARSE_TASK, row.pk)
    return row


def restated(draft):
    """Agency → (base, expected months) as the draft makes them."""
    base, owes = _base_of(draft.agency, draft.base_year)
    stated = {"102": draft.floor_area_m2, "103": draft.people}
    stated = {code: value for code, value in stated.items() if value is not None}
    if draft.kind == Kind.MERGE:
        other, other_owes = _base_of(draft.other, draft.base_year)
        out = (panels.empty(), np.zeros_like(owes))
        return {draft.agency: restating.merged(base, other, owes, other_owes), draft.other: out}
    if draft.kind == Kind.SPLIT:
        stays, goes = restating.split(base, draft.share)
        return {draft.agency: (stays, owes), draft.other: (goes, owes)}
    if draft.kind == Kind.DEFINITION:
        return {draft.agency: (restating.scaled(base, {draft.item: draft.factor}), owes)}
    if draft.kind == Kind.MOVE:
        return {draft.agency: (restating.moved(base, stated, draft.usage), owes)}
    return {draft.agency: (restating.stated(base, stated), owes)}


def _base_of(agency, base_year):
    """(base, expected months) as they count now: of the last signed restatement, else as filed."""
    signed = RestatedPanel.objects.filter(
        agency=agency, restatement__base_year=base_year, restatement__status=Status.SIGNED
    )
    last = signed.order_by("restatement__signed_at", "restatement__pk").last()
    if last:
        return last.values, last.expected
    filed = Panel.objects.filter(agency=agency, year=base_year).first()
    if filed is None:
        raise ValidationError({"agency": f"{agency} 没有 {base_year} 年的数据，无可调整的基准。"})
    return filed.values, unpack_bits(filed.expected_months)


@transaction.atomic
def sign(restatement, *, by, note="", seen=""):
    """It counts from now on: every year compared with this base year is computed anew. seen: `review.version`."""
    review.permit(by, "sign", restatement)
    agencies = list(restatement.panels.values_list("agency", flat=True))
    overtaken = RestatedPanel.objects.filter(
        agency__in=agencies,
        restatement__base_year=restatement.base_year,
        restatement__signed_at__gt=restatement.proposed_at,
        restatement__status=Status.SIGNED,
    ).exclude(restatement=restatement)
    if overtaken.exists():
        raise WrongStatus("提出之后同一机构又有基准调整签署，请否决本项并重新提出。")
    review.check_rehearsed(restatement, WHAT, seen)
    _decide(restatement, Status.SIGNED, by, note)
    periods = PlanPeriod.objects.filter(base_year=restatement.base_year)
    years = {year for period in periods for year in period.years}
    places = Panel.objects.filter(agency__in=agencies, year__in=years).values_list("agency", "year")
    approved.mark_stale(list(places), f"基准调整{restatement.pk}：{restatement.reason}")
    _tell(restatement, by, f"签署{restatement}：{restatement.reason}")
    notices.figures_changed()


@transaction.atomic
def rehearse_again(restatement, *, by):
    """What has changed since the rehearsal is to be in it."""
    review.ask_again(restatement, by)
    trail.record(Verb.RESTATE, by=by, detail=f"重新试算{restatement}")
    notices.ask_for(REHEARSE_TASK, restatement.pk)


@transaction.atomic
def reject(restatement, *, by, note):
    review.permit(by, "sign", restatement)
    review.check_note(note)
    _decide(restatement, Status.REJECTED, by, note)
    _tell(restatement, by, f"否决{restatement}：{note}")


def may_decide(user, restatement):
    return review.may_decide(user, restatement, "sign")


def _decide(restatement, status, by, note):
    facts = {"signed_by": by, "signed_at": timezone.now(), "decision_note": note}
    review.decide(restatement, WHAT, status=status, **facts)


def _tell(restatement, by, detail):
    trail.record_many(
        [
            trail.event(Verb.RESTATE, by, agency=panel.agency, detail=detail)
            for panel in restatement.panels.select_related("agency").order_by("pk")
        ]
    )
