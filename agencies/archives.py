"""Days of the trail as files: written, read back, and only then taken out of the database."""

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from . import trail
from .chain import BATCH, Link
from .models.trail import GENESIS, Event, TrailDay, Verb, digest_of

# The facts that the hash covers, under the names of the row.
FACTS = (
    "sequence",
    "at",
    "actor_id",
    "actor_name",
    "actor_roles",
    "address",
    "verb",
    "is_success",
    "agency_id",
    "month",
    "revision_number",
    "detail",
    "previous_hash",
    "hash",
)
CHUNK = 1024 * 1024


class NotArchived(Exception):
    """Why a day stays where it is; nothing was taken out."""


def first_day_to_keep():
    """Days before this one may be archived."""
    return timezone.localdate() - timedelta(days=settings.TRAIL_KEEP_DAYS)


def archive(day, folder):
    """Write a closed day into the folder, check the file, take out what may go; the trail's sentence, None if done.

    The same day gives the same bytes, so that a run after a power cut finds its own file.
    """
    path = Path(folder) / f"trail-{day}.jsonl.gz"
    try:
        _write(day, path)
        sha256 = _sha256(path)
    except OSError as fault:
        raise NotArchived(
            f"{day} 的日志没有写成文件（{fault.strerror or fault}），数据库中的日志没有变动。"
        ) from fault
    fault = _content_fault(day, path)
    if fault:
        raise NotArchived(f"{fault}数据库中的日志没有变动。")
    return _take_out(day, path.name, sha256)


@transaction.atomic
def _take_out(day, name, sha256):
    day = TrailDay.objects.select_for_update().get(pk=day.pk)
    if day.archived_at:
        return None
    rows = Event.objects.of_day(day).removable()
    day.archived_at, day.archive_name, day.archive_sha256 = timezone.now(), name, sha256
    day.removed = rows.count()
    day.save(update_fields=("archived_at", "archive_name", "archive_sha256", "removed"))
    rows.delete()
    kept = digest_of(Event.objects.of_day(day).values_list("hash", flat=True))
    return trail.record(Verb.ARCHIVE, by=None, detail=day.archive_sentence(kept)).detail


def _write(day, path):
    """To a file beside it first: a full disk or a power cut leaves no half of a day under its name."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                for event in Event.objects.of_day(day).select_related("agency").iterator(BATCH):
                    packed.write(_line(event))
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and _sha256(path) != _sha256(beside):
            raise NotArchived(f"{path} 已存在而内容不同，请移走后再归档。数据库中的日志没有变动。")
        Path(beside).replace(path)
        _sync_folder(path.parent)
    finally:
        Path(beside).unlink(missing_ok=True)


def _sync_folder(folder):
    """Or the file's name might not outlive a power cut that the removed rows do not outlive either."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(event):
    facts = {name: getattr(event, name) for name in FACTS}
    facts["at"] = event.at.isoformat()
    facts["month"] = event.month.isoformat() if event.month else None
    # Not hashed, for a reader without the database: a key never changes.
    facts["agency_key"] = event.agency.key if event.agency else None
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _event(line):
    facts = json.loads(line)
    facts["at"] = datetime.fromisoformat(facts["at"])
    facts["month"] = date.fromisoformat(facts["month"]) if facts["month"] else None
    return Event(**{name: facts[name] for name in FACTS})


def _sha256(path):
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


# Checking


def first_fault(folder):
    """Of the archived days' files in a folder: there, unchanged, one chain, and equal to what is left here."""
    for day in TrailDay.objects.archived().order_by("day").iterator(BATCH):
        path = Path(folder) / day.archive_name
        if not path.is_file():
            return f"缺少归档文件 {day.archive_name}。"
        if _sha256(path) != day.archive_sha256:
            return f"归档文件 {day.archive_name} 的 SHA-256 与归档时不符。"
        fault = _content_fault(day, path)
        if fault:
            return fault
    return None


def _content_fault(day, path):
    try:
        return _chain_fault(day, path)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return f"归档文件 {path.name} 不能读取。"


def _chain_fault(day, path):
    """The file's events hold on to each other, to the day before and to the day's hash."""
    before = TrailDay.objects.filter(last_sequence=day.first_sequence - 1).first()
    link = Link(day.first_sequence - 1, before.hash if before else GENESIS)
    here = dict(Event.objects.of_day(day).values_list("sequence", "hash"))
    with gzip.open(path) as lines:
        for event in map(_event, lines):
            fault = link.follow(event)
            if fault:
                return f"归档文件 {path.name}：{fault}"
            if here.pop(event.sequence, event.hash) != event.hash:
                return f"归档文件 {path.name} 的第 {event.sequence} 条与数据库中的不同。"
    if (link.sequence, link.hash) != (day.last_sequence, day.hash) or here:
        return f"归档文件 {path.name} 止于第 {link.sequence} 条，与日结 {day} 不符。"
    return None
