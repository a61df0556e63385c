"""Jobs that keep the figures fresh."""

import logging

from celery import shared_task

from reporting import approved

from . import benchmarking, explaining, forecasting, inputs, recalculation, refresh, rehearsal
from .models import Proposal, Restatement
from .plan import board

logger = logging.getLogger(__name__)


@shared_task
def refresh_figures():
    """Sent at each approval; works off whatever marks there are."""
    logger.info("%s institution-years refreshed", refresh.refresh_marked())


@shared_task
def recalculate_block(run_pk, number):
    """One block of a recalculation."""
    recalculation.do_block(run_pk, number)
    logger.info("Recalculation %s: block %s is done", run_pk, number)


@shared_task
def sweep_stale_marks():
    """Run by beat: marks whose job was lost with a broker or a worker, and groups that the register has changed."""
    if refresh.is_factor_due():
        approved.mark_all_stale("因子自今日起生效")
    logger.info("%s institution-years refreshed by the sweep", refresh.refresh_all())
    recalculation.resend_unfinished()
    if explaining.is_due():
        explaining.explain_all()
    if forecasting.is_due():
        forecasting.forecast_all()
    benchmarking.benchmark_all()
    board.refresh_board()


@shared_task
def refresh_board():
    """Sent when a record is accepted or the plan changes; the sweep finds what was lost."""
    logger.info("%s rows of task progress", board.refresh_board())


@shared_task
def refresh_benchmarks():
    """Sent when a target or a quota changes; the sweep finds what was lost."""
    logger.info("%s figures placed among their peers", benchmarking.benchmark_all())


@shared_task
def refresh_forecasts():
    """Sent when a target changes: what is asked of the running year is stored with its forecast."""
    logger.info("%s forecasts and peak tests", forecasting.forecast_all())


@shared_task
def rehearse_restatement(pk):
    """Sent when a restatement is proposed; the sweep finds one whose job was lost."""
    _rehearse(Restatement, pk)


@shared_task
def rehearse_proposal(pk):
    """Sent when a factor, rule set or correction is proposed; the sweep finds one whose job was lost."""
    _rehearse(Proposal, pk)


@shared_task
def sweep_rehearsals():
    """Run by beat: whatever waits and was never rehearsed, or has been overtaken since."""
    for model in (Restatement, Proposal):
        for change in model.objects.filter(status=model.Status.PROPOSED).order_by("pk"):
            if change.rehearsed_at is None or inputs.outdated(change):
                _rehearse(model, change.pk)


def _rehearse(model, pk):
    found = model.objects.filter(pk=pk).first()
    if found is None:
        logger.info("%s %s is gone", model.__name__, pk)
        return
    logger.info("%s %s: %s effects", model.__name__, pk, rehearsal.rehearse(found))
