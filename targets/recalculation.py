"""Recalculating everything under a rule set: by this process, or fanned out to the workers block by block."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from agencies import trail
from agencies.models.trail import Verb
from reporting import notices
from reporting.models import RuleSet

from . import blocks, refresh
from .models import RecalculatedBlock, Recalculation

# One computes while the rows of the other are written.
THREADS = 2
BLOCK_TASK = "targets.tasks.recalculate_block"


@transaction.atomic
def begin(slug, *, by=None, cause="重新计算"):
    """Note what is to be done; nothing is computed yet. Raises ValueError naming what the rule set lacks."""
    refresh.basis_of(slug)
    run = Recalculation.objects.create(rule_set=RuleSet.objects.get(slug=slug), asked_by=by, cause=cause)
    numbers = blocks.numbers()
    RecalculatedBlock.objects.bulk_create(
        [RecalculatedBlock(recalculation=run, number=each) for each in numbers]
    )
    trail.record(Verb.RECALCULATE, by=by, detail=f"{cause}：{run.rule_set}，{len(numbers)} 个区块")
    return run


def fan_out(run):
    """Ask the workers for every block that is not done; harmless repeated."""
    for number in run.blocks.filter(done_at=None).values_list("number", flat=True):
        notices.ask_for(BLOCK_TASK, run.pk, number)


def work_off(run, *, progress=lambda done, total: None):
    """Do every block here: while the database takes one thread's rows, another thread computes."""
    numbers = list(run.blocks.filter(done_at=None).values_list("number", flat=True))
    done = []

    def work(share):
        for number in share:
            do_block(run.pk, number)
            done.append(number)
            progress(len(done), len(numbers))

    threads = THREADS if _has_threads() else 1
    if threads == 1:
        work(numbers)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(_with_own_connection(work), [numbers[first::threads] for first in range(threads)]))
    finish(run.pk)


def _has_threads():
    """Not within a transaction, which other connections cannot see into; SQLite has one writer at a time."""
    return connection.vendor == "postgresql" and not connection.in_atomic_block


def _with_own_connection(work):
    def run(share):
        try:
            work(share)
        finally:
            connections.close_all()

    return run


def do_block(run_pk, number):
    """One block; done twice it changes nothing. The last one done sums up the groups."""
    with transaction.atomic():
        block = RecalculatedBlock.objects.select_for_update().get(recalculation=run_pk, number=number)
        if block.done_at is None:
            run = Recalculation.objects.select_related("rule_set").get(pk=run_pk)
            refresh.compute_block(number, refresh.basis_of(run.rule_set.slug))
            block.done_at = timezone.now()
            block.save(update_fields=("done_at",))
    finish(run_pk)


@transaction.atomic
def finish(run_pk):
    """Sum up the groups once every block is done."""
    run = Recalculation.objects.select_for_update(of=("self",)).select_related("rule_set").get(pk=run_pk)
    if run.finished_at or run.blocks.filter(done_at=None).exists():
        return
    refresh.fold_everything(refresh.basis_of(run.rule_set.slug))
    run.finished_at = timezone.now()
    run.save(update_fields=("finished_at",))


def resend_unfinished():
    """What a lost broker or a killed worker left undone; for the sweep."""
    for run in Recalculation.objects.filter(finished_at=None):
        if run.blocks.filter(done_at=None).exists():
            fan_out(run)
        else:
            finish(run.pk)


def with_progress():
    """Recalculations, the newest first, each with `total` and `done` blocks."""
    is_done = Q(blocks__done_at__isnull=False)
    counted = Recalculation.objects.annotate(total=Count("blocks"), done=Count("blocks", filter=is_done))
    return (
        counted.annotate(left=F("total") - F("done")).select_related("rule_set", "asked_by").order_by("-pk")
    )
