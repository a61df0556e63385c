"""What people do with workbooks: take a template, upload a file, decide conflicts, confirm."""

import hashlib
from collections import defaultdict
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models.trail import Verb

from .. import access, actions, notices
from ..entries import Edit
from ..models import CellKind, Upload, UploadCell, UploadState
from ..models.uploads import UNDER_WAY
from . import template
from .months import answer_of

WORK_TASK = "reporting.tasks.work_on_upload"
NAME_LENGTH = Upload._meta.get_field("name").max_length
EXPIRED = "长期没有确认，核对结果已清除：请下载新的模板，重新上传。"
MEANWHILE = "没有写入：确认之后，平台上的内容或月报状态又有变化。以下是重新核对的结果，请再确认。"


@transaction.atomic
def take_template(agency, months, *, by):
    """The Template of an institution, or of everything below a department. Raises template.TooMany."""
    if not access.may(by, "take_template", agency):
        raise PermissionDenied
    made = template.of_node(agency, months)
    detail = f"填报模板 {made.stamp.title}，{len(made.stamp.months)} 个机构月"
    trail.record(Verb.EXPORT, by=by, agency=agency, detail=detail)
    return made


@transaction.atomic
def upload(file, *, by):
    """Keep an uploaded file and ask for its check; nothing of it is opened here."""
    _permit(by)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    kept = Upload(
        uploaded_by=by,
        name=file.name[-NAME_LENGTH:],
        content_hash=digest.hexdigest(),
        address=getattr(by, "address", None),
    )
    # Whatever the file was called, no name of the uploader's reaches the disk.
    kept.file.save(f"{uuid4().hex}.xlsx", file)
    notices.ask_for(WORK_TASK, kept.pk)
    return kept


def take_returned(upload, *, by):
    """Tell that the returned file of an upload was taken away; `returning.write` makes it."""
    _permit(by)
    trail.record(Verb.EXPORT, by=by, detail=f"退回文件 {upload.name}（上传 {upload.pk}）")


@transaction.atomic
def choose(upload, shown, chosen, *, by):
    """Of the conflicts shown (ids of cells), those chosen count as the file says, the others as stored."""
    _permit(by)
    _expect_checked(upload)
    conflicts = upload.current_cells().of_kind(CellKind.CONFLICT)
    conflicts.filter(pk__in=shown).exclude(pk__in=chosen).update(is_chosen=False)
    return conflicts.filter(pk__in=set(shown) & set(chosen)).update(is_chosen=True)


@transaction.atomic
def confirm(upload, *, by):
    """Let a worker write what the preview shows: all of it, or nothing where something cannot be accepted."""
    _permit(by)
    upload = _expect_checked(upload)
    if upload.refused:
        raise actions.WrongStatus(
            f"有 {upload.refused} 个单元格不能接受，没有写入任何内容：请改正后重新上传。"
        )
    if not upload.current_cells().to_write().exists():
        raise actions.WrongStatus("文件与平台的内容相同，没有需要写入的。")
    upload.state, upload.refusal = UploadState.WRITING, ""
    upload.confirmed_by, upload.confirmed_at = by, timezone.now()
    upload.moved_at, upload.address = timezone.now(), getattr(by, "address", None)
    upload.save()
    notices.ask_for(WORK_TASK, upload.pk)


def write(pk):
    """The job after a confirmation: every month in one transaction, once, however often it is called."""
    try:
        with transaction.atomic():
            _write(pk)
    except (actions.CellTaken, actions.WrongStatus, PermissionDenied):
        _look_again(pk)


def resend_stalled(before):
    """Ask again for what a lost broker or a killed worker left; how many."""
    stalled = list(Upload.objects.stalled(before).values_list("pk", flat=True))
    for pk in stalled:
        notices.ask_for(WORK_TASK, pk)
    return len(stalled)


@transaction.atomic
def forget_previews(before):
    """Previews of uploads older than that go, and with them the chance to confirm; the files stay. How many cells."""
    old = Upload.objects.filter(uploaded_at__lt=before).exclude(state__in=UNDER_WAY)
    old.filter(state=UploadState.CHECKED).update(state=UploadState.REFUSED, refusal=EXPIRED)
    return UploadCell.objects.filter(upload__in=old).delete()[0]


def _write(pk):
    upload = Upload.objects.select_for_update(of=("self",)).select_related("confirmed_by").get(pk=pk)
    if upload.state != UploadState.WRITING:
        return
    upload.confirmed_by.address = upload.address
    actions.save_months(_edits(upload), by=upload.confirmed_by, document=upload.document)
    upload.state, upload.written_at = UploadState.WRITTEN, timezone.now()
    upload.save(update_fields=("state", "written_at"))


def _edits(upload):
    """Report → {item code: Edit}."""
    edits = defaultdict(dict)
    cells = upload.current_cells().to_write().select_related("report__agency", "report__period")
    for cell in cells:
        edits[cell.report][cell.item_id] = Edit(answer_of(cell).entry, cell.seen, cell.reason)
    return edits


@transaction.atomic
def _look_again(pk):
    """Back to the preview: the person who confirmed sees what has changed and decides anew."""
    confirmed = Upload.objects.filter(pk=pk, state=UploadState.WRITING)
    if confirmed.update(state=UploadState.WAITING, refusal=MEANWHILE, moved_at=timezone.now()):
        notices.ask_for(WORK_TASK, pk)


def _permit(by):
    if not access.may_somewhere(by, "upload"):
        raise PermissionDenied


def _expect_checked(upload):
    """The upload as it stands, held until the transaction ends."""
    fresh = Upload.objects.select_for_update().get(pk=upload.pk)
    if not fresh.is_checked:
        raise actions.WrongStatus(f"此文件现为“{fresh.get_state_display()}”，不能进行此操作。")
    return fresh
