"""Where the files of evidence lie: under settings.PRIVATE_MEDIA_ROOT, named by their content, not in the web root."""

import hashlib
import logging
import os
import re
import tempfile
import time
import unicodedata
from pathlib import Path

from django.conf import settings

from .models import Evidence

logger = logging.getLogger(__name__)

NAME_LENGTH = Evidence._meta.get_field("file_name").max_length
# Neither path separators nor what a header, a shell or a file system reads as more than a name.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|;]+')
DAY_SECONDS = 86_400


class NotStored(Exception):
    """The file could not be written; nothing of it is kept."""


class Damaged(Exception):
    """The stored file is gone, or is no longer what was uploaded."""


def path_of(agency_id, sha256, folder="evidence"):
    """Each agency has a folder of its own: that another one filed the same scan is nobody's to find out."""
    return Path(settings.PRIVATE_MEDIA_ROOT) / folder / str(agency_id) / sha256[:2] / sha256


def store(agency_id, content, folder="evidence"):
    """Write the content once, whole or not at all; returns its SHA-256. Raises NotStored.

    A file already there is only touched, so that the sweep of what no row names leaves it to the row being written;
    one that was damaged is written anew.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(agency_id, sha256, folder)
    try:
        if path.exists() and path.read_bytes() == content:
            os.utime(path)
        else:
            _write(path, content)
    except OSError as fault:
        logger.exception("Evidence could not be stored.")
        raise NotStored(
            "服务器没有存下文件（可能磁盘已满），凭证没有登记。请稍后再试或联系管理员。"
        ) from fault
    return sha256


def _write(path, content):
    """To a file beside it first: a full disk or a power cut leaves no half of a document under its name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    descriptor, beside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def content_of(evidence):
    """The file as it was uploaded. Raises Damaged where it is missing or its hash is another one."""
    return content_at(path_of(evidence.agency_id, evidence.sha256), evidence.sha256)


def content_at(path, sha256):
    """The stored content of a file. Raises Damaged where it is missing or its hash is another one."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise Damaged("凭证文件缺失，请联系管理员从备份恢复。") from fault
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged("凭证文件与登记时的哈希不符，不再提供。请联系管理员从备份恢复。")
    return content


def first_damaged():
    """A sentence naming the first document whose file is gone or changed, or None."""
    for evidence in Evidence.objects.order_by("pk").iterator():
        try:
            content_of(evidence)
        except Damaged as damaged:
            return f"凭证 {evidence}（编号 {evidence.pk}）：{damaged}"
    return None


def harmless_name(name, extension):
    """The name a file was uploaded under, fit for a header and any disk, with the extension of its content."""
    stem = _UNSAFE.sub("_", unicodedata.normalize("NFC", Path(str(name).replace("\\", "/")).name))
    stem = "".join(sign for sign in stem if unicodedata.category(sign) not in ("Cf", "Cs", "Co"))
    stem = stem.rpartition(".")[0] or stem
    return f"{stem.strip(' ._')[: NAME_LENGTH - len(extension) - 1] or '凭证'}.{extension}"


def sweep(older_than_seconds=DAY_SECONDS):
    """Remove the files that no row names, of failed uploads and of documents taken out; returns how many."""
    named = {path_of(*each) for each in Evidence.objects.values_list("agency_id", "sha256").distinct()}
    oldest = time.time() - older_than_seconds
    folder = Path(settings.PRIVATE_MEDIA_ROOT) / "evidence"
    orphans = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path not in named and path.stat().st_mtime < oldest
    ]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)
