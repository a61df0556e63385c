"""Jobs of filing."""

import logging
from datetime import timedelta

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from . import bulk_approvals, digests, evidence_files, joint_review, peers, periods, reminders, weighing
from .models import BulkApproval, JointReviewRun, Upload, UploadState
from .workbook import actions as workbooks
from .workbook import checking

logger = logging.getLogger(__name__)


@shared_task
def open_periods():
    """Open the month that has ended, and one set ahead whose day has come, for every institution that owes it."""
    logger.info("Open: %s", "、".join(f"{month:%Y-%m}" for month in periods.open_due()))


@shared_task
def send_reminders():
    """Run by beat every hour, from the bureau's hour of the day on: whoever was told is not told again."""
    now = timezone.localtime()
    if now.hour < settings.REMIND_FROM_HOUR:
        return
    told = reminders.send(now.date()) + digests.send(now.date())
    logger.info("%s reminders and digests", told)


@shared_task
def sweep_evidence_files():
    """Remove the files that no row of evidence names."""
    logger.info("%d files of no evidence removed.", evidence_files.sweep())


@shared_task(soft_time_limit=settings.UPLOAD_SECONDS)
def work_on_upload(pk):
    """What an uploaded workbook waits for: its check, or after the confirmation its writing. Harmless run twice."""
    found = Upload.objects.filter(pk=pk).first()
    if found is None:
        logger.info("Upload %s is gone.", pk)
        return
    try:
        workbooks.write(pk) if found.state == UploadState.WRITING else checking.check(pk)
    except SoftTimeLimitExceeded:
        checking.give_up(pk)
    logger.info("Upload %s: %s", pk, Upload.objects.get(pk=pk).get_state_display())


@shared_task
def sweep_uploads():
    """Run by beat: uploads whose job was lost with a broker or a worker, and previews that nobody needs any more."""
    forgotten = workbooks.forget_previews(timezone.now() - timedelta(days=settings.UPLOAD_PREVIEW_DAYS))
    logger.info("%s cells of old previews are gone", forgotten)
    logger.info("%s uploads asked for again", workbooks.resend_stalled(checking.stalled_since()))


@shared_task
def work_on_bulk_approval(pk):
    """The months of a bulk approval, one by one, and the draw afterwards. Harmless run twice."""
    if not BulkApproval.objects.filter(pk=pk).exists():
        logger.info("Bulk approval %s is gone.", pk)
        return
    bulk_approvals.carry_out(pk)
    logger.info("Bulk approval %s is carried out.", pk)


@shared_task
def sweep_bulk_approvals():
    """Run by beat: bulk approvals whose job was lost with a broker or a worker."""
    logger.info("%s bulk approvals asked for again", bulk_approvals.resend_stalled())


@shared_task
def compute_joint_review(pk):
    """What has to be verified of a year. Harmless run twice."""
    if not JointReviewRun.objects.filter(pk=pk).exists():
        logger.info("Run %s of the joint review is gone.", pk)
        return
    logger.info("Run %s of the joint review: %s points", pk, joint_review.compute(pk))


@shared_task
def sweep_joint_reviews():
    """Run by beat: computations whose job was lost with a broker or a worker."""
    logger.info("%s computations of a joint review asked for again", joint_review.resend_stalled())


@shared_task
def weigh_waiting():
    """Run by beat: the risk of every waiting month, as limits, register and earlier months are now."""
    logger.info("%s waiting months weighed", weighing.refresh_all())


@shared_task
def refresh_peers():
    """Run by beat: how the institutions of each type lie in the newest years' months."""
    logger.info("%s rows of peers", peers.refresh_newest())
