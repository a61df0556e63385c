"""Handing a month in, and taking it back before anybody decided."""

from django.db import transaction
from django.utils import timezone

from agencies.models.trail import Verb

from .. import approved, hits, notices, weighing
from ..checks import Severity
from ..models import Status
from ..models.filing import WAITING
from ..refusals import Refused
from . import steps


@transaction.atomic
def submit(report, *, by):
    """Freeze the draft and hand it to the bureau; refused where it contradicts itself or leaves a doubt unexplained."""
    steps.permit(by, "submit", report)
    report = steps.locked(report)
    # What came back may be handed in again as it was: the reviewer sees that nothing was changed.
    is_same = report.status in (Status.RETURNED, Status.WITHDRAWN)
    revision = steps.open_revision(report, by) if is_same else steps.expect(report, Status.DRAFT)
    steps.expect_editable(report)
    if is_same:
        steps.record(Verb.SAVE, revision, by, f"与第{report.latest.number}版相同")
    lines = list(revision.lines.all())
    found = hits.note(revision, lines)
    errors = [finding for finding in found if finding.severity == Severity.ERROR]
    if errors or (errors := _unexplained(revision, found)):
        raise Refused(errors)
    fingerprint = steps.fingerprint(report, revision, lines, revision.hits.standing())
    facts = {"submitted_by": by, "submitted_at": timezone.now(), "content_hash": fingerprint}
    steps.move(revision, Status.DRAFT, Status.SUBMITTED, **facts)
    approved.note_submission(report, is_waiting=True)
    weighing.note(report, revision, lines, found)
    steps.record(Verb.SUBMIT, revision, by, f"内容哈希 {fingerprint}")
    notices.figures_changed()


@transaction.atomic
def withdraw(report, *, by):
    """The filer takes a submission back before the bureau decided on it."""
    steps.permit(by, "withdraw", report)
    report = steps.locked(report)
    revision = steps.expect(report, *WAITING)
    steps.move(revision, report.status, Status.WITHDRAWN, decided_by=by, decided_at=timezone.now())
    approved.note_submission(report, is_waiting=False)
    steps.record(Verb.WITHDRAW, revision, by)
    notices.figures_changed()


def _unexplained(revision, found):
    waiting = set(revision.hits.unexplained().values_list("rule", "item"))
    return [finding for finding in found if (finding.rule, finding.item) in waiting]
