"""Approving quiet months together: chosen and grounded by a person, carried out by a worker one month at a time."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from agencies import trail
from agencies.models import Agency
from agencies.models.trail import Verb

from . import access, actions, looks, notices, quiet, weighing
from .models import BulkApproval, BulkEntry, Report
from .models.filing import WAITING
from .models.looking import Outcome
from .refusals import Stale, WrongStatus

WORK_TASK = "reporting.tasks.work_on_bulk_approval"
# As many as a reviewer can answer for at once; a municipality has some batches of them a month.
MOST = 2000
BATCH = 50
WHY_LENGTH = BulkEntry._meta.get_field("why").max_length
MEANWHILE = "在您核对之后又有变动，或已由他人处理"


class TooMany(ValueError):
    """More months than are approved at once."""


@transaction.atomic
def begin(chosen, *, by, ground):
    """Record what is to be approved and let a worker do it. chosen: report id → the content hash that was seen.

    Raises ValueError without a ground or without any month.
    """
    if not access.may_somewhere(by, "bulk_approve"):
        raise PermissionDenied
    if not ground.strip():
        raise ValueError("请写明批量通过的依据。")
    reports = _reports(chosen, by)
    if not reports:
        raise ValueError("所选月报都已不在待审定之列，请返回重新选择。")
    bulk = BulkApproval.objects.create(
        made_by=by, address=getattr(by, "address", None), ground=ground.strip(), rule=quiet.RULE
    )
    BulkEntry.objects.bulk_create([_entry(bulk, report, chosen[report.pk]) for report in reports])
    trail.record(Verb.APPROVE, by=by, detail=f"{bulk}：选定 {len(reports)} 份；依据：{bulk.ground}")
    notices.ask_for(WORK_TASK, bulk.pk)
    return bulk


def carry_out(pk, seed=""):
    """Decide on every month of a bulk approval that is still open, then draw its second looks. Harmless run twice.

    seed: of the draw; drawn at the end by chance, so that who approves cannot know what will be looked at.
    """
    bulk = BulkApproval.objects.select_related("made_by").get(pk=pk)
    bulk.made_by.address = bulk.address
    while batch := list(_open_entries(bulk)[:BATCH]):
        _decide(bulk, batch)
    _finish(bulk, seed or secrets.token_hex(8))


def resend_stalled():
    """Ask again for what a lost broker or a killed worker left; how many."""
    before = timezone.now() - timedelta(seconds=settings.STALE_SWEEP_SECONDS)
    stalled = BulkApproval.objects.filter(finished_at__isnull=True, made_at__lt=before)
    keys = list(stalled.values_list("pk", flat=True))
    for pk in keys:
        notices.ask_for(WORK_TASK, pk)
    return len(keys)


def _reports(chosen, by):
    if len(chosen) > MOST:
        raise TooMany(f"一次最多批量通过 {MOST} 份，现选了 {len(chosen)} 份。请用月份或主管部门缩小范围。")
    within = Agency.objects.within(by.paths_of(access.VERBS["bulk_approve"]))
    reports = Report.objects.filter(pk__in=chosen, agency__in=within)
    return list(reports.select_related("latest").order_by("pk"))


def _entry(bulk, report, seen):
    """A month that was seen in another version than waits now is left out at once."""
    is_as_seen = report.status in WAITING and report.latest.content_hash == seen
    outcome, why = (Outcome.WAITING, "") if is_as_seen else (Outcome.LEFT_OUT, MEANWHILE)
    revision = report.latest if is_as_seen else None
    return BulkEntry(bulk=bulk, report=report, revision=revision, seen=seen, outcome=outcome, why=why)


def _open_entries(bulk):
    beside = ("report__agency", "report__period", "revision")
    return bulk.entries.filter(outcome=Outcome.WAITING).select_related(*beside).order_by("pk")


def _decide(bulk, entries):
    """One batch: weighed anew, so that what has changed since it was seen is not approved unseen."""
    reports = Report.objects.filter(pk__in=[entry.report_id for entry in entries])
    weighing.refresh(reports)
    faults = quiet.faults(reports)
    for entry in entries:
        if fault := faults[entry.report_id]:
            _leave_out(entry, fault)
        else:
            _approve(bulk, entry)


def _approve(bulk, entry):
    """The month and its entry in one transaction: what is approved is never told as left out."""
    try:
        with transaction.atomic():
            actions.approve(
                entry.report, by=bulk.made_by, seen=entry.seen, ground=f"{bulk}，依据：{bulk.ground}"
            )
            BulkEntry.objects.filter(pk=entry.pk).update(outcome=Outcome.APPROVED)
    except (WrongStatus, Stale) as refusal:
        _leave_out(entry, str(refusal))
    except PermissionDenied as refusal:
        _leave_out(entry, str(refusal) or "您已没有审定该机构的权限。")


def _leave_out(entry, why):
    """Where another worker has decided on it meanwhile, that stays."""
    waiting = BulkEntry.objects.filter(pk=entry.pk, outcome=Outcome.WAITING)
    waiting.update(outcome=Outcome.LEFT_OUT, why=(why or MEANWHILE)[:WHY_LENGTH])


@transaction.atomic
def _finish(bulk, seed):
    """Once, by whichever worker comes first: count, draw, and tell the trail."""
    bulk = BulkApproval.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=bulk.pk)
    if bulk.finished_at:
        return
    bulk.made_by.address = bulk.address
    counted = bulk.entries.aggregate(
        approved=Count("pk", filter=Q(outcome=Outcome.APPROVED)),
        left_out=Count("pk", filter=Q(outcome=Outcome.LEFT_OUT)),
    )
    drawn = looks.draw_from(bulk, seed)
    BulkApproval.objects.filter(pk=bulk.pk).update(finished_at=timezone.now(), **counted)
    words = f"通过 {counted['approved']} 份，未通过 {counted['left_out']} 份，抽查 {drawn} 份（种子 {seed}）"
    trail.record(Verb.APPROVE, by=bulk.made_by, detail=f"{bulk}办结：{words}；依据：{bulk.ground}")
