"""Jobs of filing."""

import logging

from celery import shared_task
from django.utils import timezone

from . import actions, calendar, evidence_files

logger = logging.getLogger(__name__)


@shared_task
def open_periods():
    """Open the month that has ended, for every institution that owes it."""
    period = actions.open_period(calendar.first_of_previous(timezone.localdate()))
    logger.info("Period %s is open.", period)


@shared_task
def sweep_evidence_files():
    """Remove the files that no row of evidence names."""
    logger.info("%d files of no evidence removed.", evidence_files.sweep())
