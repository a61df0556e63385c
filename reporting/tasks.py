"""Jobs of filing."""

import logging
from datetime import timedelta

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from . import evidence_files, periods
from .models import Upload, UploadState
from .workbook import actions as workbooks
from .workbook import checking

logger = logging.getLogger(__name__)


@shared_task
def open_periods():
    """Open the month that has ended, and one set ahead whose day has come, for every institution that owes it."""
    logger.info("Open: %s", "、".join(f"{month:%Y-%m}" for month in periods.open_due()))


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
