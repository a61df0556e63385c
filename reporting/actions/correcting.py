"""Correcting an approved month, and giving a correction up."""

from django.db import transaction

from agencies.models.trail import Verb

from .. import notices
from ..models import Report, Status
from ..models.filing import EDITABLE
from ..refusals import WrongStatus
from . import steps


@transaction.atomic
def open_correction(report, *, by, reason):
    """Open the next revision of an approved month; the approved one stays in force until the new one is."""
    steps.permit(by, "correct", report)
    if not reason.strip():
        raise ValueError("更正时请写明原因。")
    report = steps.locked(report)
    steps.expect(report, Status.APPROVED)
    revision = steps.next_revision(report, by, reason.strip())
    steps.record(Verb.CORRECT, revision, by, reason.strip())
    notices.correction_opened(revision, by=by)
    return revision


@transaction.atomic
def abandon(report, *, by):
    """Give an open correction up: its draft goes, what was handed in stays on record, the approved version holds."""
    steps.permit(by, "abandon", report)
    report = steps.locked(report)
    revision = steps.expect(report, *EDITABLE)
    if not report.is_correcting:
        raise WrongStatus(f"{report.agency} {report.period} 没有已通过的版次，不能放弃。")
    steps.record(Verb.ABANDON, revision, by, f"第{report.approved.number}版继续有效")
    Report.objects.filter(pk=report.pk).update(latest=report.approved)
    if revision.is_draft:
        revision.delete()
