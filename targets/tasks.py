"""Jobs that keep the figures fresh."""

import logging

from celery import shared_task

from reporting import approved
from reporting.models import Panel, StaleMark

from . import explaining, recalculation, refresh

logger = logging.getLogger(__name__)


@shared_task
def refresh_figures():
    """Sent at each approval; works off whatever marks there are."""
    logger.info("%s institution-years refreshed", refresh.refresh_all())


@shared_task
def recalculate_block(run_pk, number):
    """One block of a recalculation."""
    recalculation.do_block(run_pk, number)
    logger.info("Recalculation %s: block %s is done", run_pk, number)


@shared_task
def sweep_stale_marks():
    """Run by beat: marks whose job was lost with a broker or a worker, and groups that the register has changed."""
    if refresh.is_factor_due():
        approved.mark_stale(list(Panel.objects.values_list("agency", "year")), "因子自今日起生效")
    if StaleMark.objects.exists() or refresh.is_regrouping_due(refresh.REGISTER_SLACK):
        refresh_figures()
    recalculation.resend_unfinished()
    if explaining.is_due():
        explaining.explain_all()
