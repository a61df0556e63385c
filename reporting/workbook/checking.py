"""The job that checks an upload: the file against what is stored, cell by cell, kept for the preview."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from .. import bulk
from ..models import Upload, UploadCell, UploadState
from . import gathering, months, reading
from .guard import Unreadable
from .months import Found

# Seconds between two reports of progress.
PACE = 0.5
TIMED_OUT = "检查超时：文件过大或过于复杂。请重新下载模板，只复制填写内容；机构很多的，请按月上传。"
WRITING_TIMED_OUT = "没有写入：写入超时。请稍后再确认一次；仍然超时的，请按月下载模板，分几次上传。"
OPEN = (UploadState.WAITING, UploadState.CHECKING)


class Superseded(Exception):
    """Another worker has taken over, because this one seemed lost."""


def check(pk):
    """Check the upload; done twice, the second result replaces the first. Nothing is written to any month."""
    free = Q(state=UploadState.WAITING) | Q(state=UploadState.CHECKING, moved_at__lt=stalled_since())
    taken = Upload.objects.filter(free, pk=pk).update(
        state=UploadState.CHECKING, attempt=F("attempt") + 1, moved_at=timezone.now(), done=0
    )
    if not taken:
        return
    upload = Upload.objects.select_related("uploaded_by").get(pk=pk)
    try:
        _settle(upload, UploadState.CHECKED, **_counts(upload))
    except Unreadable as refusal:
        _settle(upload, UploadState.REFUSED, refusal=str(refusal)[:500])
    except Superseded:
        upload.cells.filter(attempt=upload.attempt).delete()


def stalled_since():
    """Whoever works on an upload has moved it since then."""
    return timezone.now() - timedelta(seconds=settings.STALE_SWEEP_SECONDS)


def give_up(pk):
    """The check took longer than it may, or the writing, of which nothing is kept: that goes back to the preview."""
    upload, now = Upload.objects.filter(pk=pk), timezone.now()
    upload.filter(state__in=OPEN).update(state=UploadState.REFUSED, refusal=TIMED_OUT, moved_at=now)
    upload.filter(state=UploadState.WRITING).update(
        state=UploadState.CHECKED, refusal=WRITING_TIMED_OUT, moved_at=now
    )


def _counts(upload):
    """Keep what the file says; how many cells of each kind there are."""
    counts = dict.fromkeys(("new", "changed", "same", "conflict", "refused"), 0)
    progress = _Progress(upload)
    with reading.opened(Path(upload.file.path)) as source:
        gathered = gathering.gather(source, progress)
        for found in months.compared(source.stamp, gathered, upload.uploaded_by, progress):
            for each in found:
                counts[each.kind] += 1
            _keep(upload, source, found)
    return counts


def _keep(upload, source, found):
    columns = ("upload_id", "attempt", "place", "is_chosen", *Found._fields)
    rows = (
        (upload.pk, upload.attempt, source.place(each.row_number, each.column_code)[:48], False, *each)
        for each in found
    )
    bulk.insert(UploadCell, columns, rows)


def _settle(upload, state, **facts):
    """The last step, taken only by the worker whose attempt counts."""
    own = Upload.objects.filter(pk=upload.pk, attempt=upload.attempt, state=UploadState.CHECKING)
    if not own.update(state=state, moved_at=timezone.now(), done=F("total"), **facts):
        raise Superseded
    upload.cells.exclude(attempt=upload.attempt).delete()


class _Progress:
    """Tells the page how far the check is, not more often than anybody can read."""

    def __init__(self, upload):
        self.upload, self.done, self.told_at = upload, 0, 0.0

    def begin(self, total):
        self._tell(total=total)

    def step(self, count=1):
        self.done += count
        if time.monotonic() - self.told_at >= PACE:
            self._tell()

    def _tell(self, **facts):
        self.told_at = time.monotonic()
        own = Upload.objects.filter(pk=self.upload.pk, attempt=self.upload.attempt)
        if not own.update(done=self.done, moved_at=timezone.now(), **facts):
            raise Superseded
