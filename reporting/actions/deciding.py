"""What a department and the bureau decide about a month that was handed in."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from agencies.models import Event
from agencies.models.trail import Verb

from .. import access, approved, notices
from ..models import CellRemark, Item, Report, Status
from ..models.filing import WAITING
from ..refusals import Stale, WrongStatus
from . import steps


@transaction.atomic
def endorse(report, *, by, seen=None):
    """The first review by the department in charge; the bureau decides after it."""
    steps.permit(by, "endorse", report)
    fresh, revision = _decidable(report, by, seen)
    if not fresh.awaits_first_review:
        raise WrongStatus(f"{fresh.agency} {fresh.period} 现在不需要主管部门初审。")
    facts = {"endorsed_by": by, "endorsed_at": timezone.now()}
    steps.move(revision, Status.SUBMITTED, Status.ENDORSED, **facts)
    steps.record(Verb.ENDORSE, revision, by, f"内容哈希 {revision.content_hash}")


@transaction.atomic
def approve(report, *, by, seen=None, ground=""):
    """From now on this revision counts: panel and stale mark change with it, the figures follow by job.

    `seen`: the content hash of the submission that the acting person had before them; another one is not decided on
    but raises Stale. `ground`: why it is approved without being looked at alone, for the trail.
    """
    steps.permit(by, "approve", report)
    fresh, revision = _decidable(report, by, seen)
    if fresh.awaits_first_review:
        raise WrongStatus(f"{fresh.agency} {fresh.period} 须先经{fresh.agency.first_reviewer}初审。")
    if revision.endorsed_by_id == by.pk:
        raise PermissionDenied("初审与审定须由不同的人办理。")
    steps.move(revision, fresh.status, Status.APPROVED, decided_by=by, decided_at=timezone.now())
    Report.objects.filter(pk=report.pk).update(approved=revision)
    approved.write_month(revision, cause=_cause(revision))
    words = f"{ground}；" if ground else ""
    steps.record(Verb.APPROVE, revision, by, f"{words}内容哈希 {revision.content_hash}")
    notices.figures_changed()
    notices.approved(revision)


@transaction.atomic
def send_back(report, *, by, reason="", cells=None, seen=None):
    """Return a submission to its filer, who sees the reason; `seen` as in `approve`.

    `cells`: item code → comment: only these cells are to be changed; without them the whole month is.
    """
    steps.permit(by, "return", report)
    cells = {code: comment.strip() for code, comment in (cells or {}).items()}
    if not (reason.strip() or cells) or not all(cells.values()):
        raise ValueError("退回时请写明原因，退回的每个指标请写明意见。")
    fresh, revision = _decidable(report, by, seen)
    if not access.may_return(by, fresh):
        raise PermissionDenied
    items = Item.objects.in_bulk(cells)
    words = _returned_words(reason.strip(), [(items[code], comment) for code, comment in cells.items()])
    facts = {"decided_by": by, "decided_at": timezone.now(), "return_reason": words[:RETURN_LENGTH]}
    CellRemark.objects.bulk_create(
        CellRemark(revision=revision, item=items[code], comment=comment) for code, comment in cells.items()
    )
    steps.move(revision, fresh.status, Status.RETURNED, **facts)
    approved.note_submission(fresh, is_waiting=False)
    steps.record(Verb.RETURN, revision, by, words)
    notices.figures_changed()
    notices.returned(revision)


RETURN_LENGTH = 500


def _returned_words(reason, remarks):
    """The reason as filer and trail read it, with every returned cell and its comment."""
    cells = "；".join(f"{item.name}（{item.code}）：{comment}" for item, comment in remarks)
    return " ".join(part for part in (reason, f"退回指标：{cells}" if cells else "") if part)


def _cause(revision):
    """Why figures change with this approval: what the restatement ledger will say."""
    month = f"{revision.report.agency} {revision.report.period.month:%Y-%m} 第{revision.number}版"
    return f"{month}通过：{revision.reason}" if revision.reason else f"{month}通过"


def _decidable(report, by, seen):
    """The report and its submission to decide on; nobody decides on what they typed or submitted.

    The report is locked before its revision, as every verb does, so that no two of them wait for each other.
    """
    fresh = steps.locked(report)
    revision = steps.expect(fresh, *WAITING)
    if seen is not None and seen != revision.content_hash:
        raise Stale(
            f"{fresh.agency} {fresh.period} 在您打开本页之后又提交了第{revision.number}版，请核对后再决定。"
        )
    if revision.submitted_by_id == by.pk or _has_typed(revision, fresh, by):
        raise PermissionDenied("不能审核自己填写或提交的月报。")
    return fresh, revision


def _has_typed(revision, report, by):
    """Since the last approval: each version begins as a copy of the one before."""
    saves = Event.objects.about(report.agency, report.period.month).filter(verb=Verb.SAVE, actor=by)
    approved_before = report.approved.number if report.approved else 0
    return saves.filter(revision_number__gt=approved_before, revision_number__lte=revision.number).exists()
