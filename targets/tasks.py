"""Jobs that keep the figures fresh."""

import logging

from celery import shared_task

from reporting.models import StaleMark

from . import refresh

logger = logging.getLogger(__name__)


@shared_task
def refresh_figures():
    """Sent at each approval; works off whatever marks there are."""
    logger.info("%s institution-years refreshed", refresh.refresh_all())


@shared_task
def sweep_stale_marks():
    """Run by beat: marks whose job was lost with a broker or a worker, and groups that the register has changed."""
    if StaleMark.objects.exists() or refresh.is_regrouping_due(refresh.REGISTER_SLACK):
        refresh_figures()
