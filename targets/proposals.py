"""What managers do to factors and rule sets: proposed by one, rehearsed, activated or rejected by another."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models.trail import Verb
from reporting import approved, factor_seals, notices
from reporting.actions import WrongStatus
from reporting.models import RuleSetActivation

from . import rehearsal, review
from .models import Proposal

REHEARSE_TASK = "targets.tasks.rehearse_proposal"
Kind, Status = Proposal.Kind, Proposal.Status
WHAT = "提议"


@transaction.atomic
def propose(proposal, *, by):
    review.permit(by, "propose")
    proposal.proposed_by = by
    proposal.full_clean(exclude=["rehearsed_at", "decided_by", "decided_at"])
    _try(proposal)
    proposal.save()
    trail.record(Verb.ACTIVATE, by=by, detail=f"提出{proposal}：{proposal.reason}")
    notices.ask_for(REHEARSE_TASK, proposal.pk)
    return proposal


@transaction.atomic
def activate(proposal, *, by, note="", seen=""):
    """The factor or rule set counts from now on; a correction is only rehearsed, its approval activates it.

    seen: `review.version`.
    """
    review.permit(by, "activate", proposal)
    if proposal.kind == Kind.CORRECTION:
        raise WrongStatus("更正在审核通过时生效，这里只试算。")
    review.check_rehearsed(proposal, WHAT, seen)
    _decide(proposal, Status.ACTIVATED, by, note)
    _put_in_force(proposal, by)
    factor_seals.seal_new_rows()
    approved.mark_all_stale(f"启用{proposal}")
    trail.record(Verb.ACTIVATE, by=by, detail=f"启用{proposal}：{proposal.reason}")
    notices.figures_changed()


def _try(proposal):
    """Raises ValidationError in words where figures could not be made this way."""
    try:
        if proposal.kind == Kind.FACTOR:
            _check(rehearsal.factor_of(proposal))
        rehearsal.way_of(proposal)
    except ValueError as fault:
        raise ValidationError(str(fault)) from fault


def _check(factor):
    factor.full_clean(exclude=["region", "data_year", "published_on"])


def _put_in_force(proposal, by):
    if proposal.kind == Kind.RULE_SET:
        RuleSetActivation.objects.create(
            rule_set=proposal.rule_set,
            activated_by=by,
            reason=proposal.reason,
            document=proposal.document,
        )
        return
    factor = rehearsal.factor_of(proposal)
    try:
        _check(factor)
    except ValidationError as fault:
        raise WrongStatus("".join(fault.messages)) from fault
    factor.save()


@transaction.atomic
def rehearse_again(proposal, *, by):
    """What has changed since the rehearsal is to be in it."""
    review.ask_again(proposal, by)
    trail.record(Verb.ACTIVATE, by=by, detail=f"重新试算{proposal}")
    notices.ask_for(REHEARSE_TASK, proposal.pk)


@transaction.atomic
def reject(proposal, *, by, note):
    review.permit(by, "activate", proposal)
    review.check_note(note)
    _decide(proposal, Status.REJECTED, by, note)
    trail.record(Verb.ACTIVATE, by=by, detail=f"否决{proposal}：{note}")


def may_decide(user, proposal):
    return review.may_decide(user, proposal, "activate")


def _decide(proposal, status, by, note):
    facts = {"decided_by": by, "decided_at": timezone.now(), "decision_note": note}
    review.decide(proposal, WHAT, status=status, **facts)
