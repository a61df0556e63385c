"""What people do with a register's records: enter, submit, decide, correct, strike out; each with its trail row."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from agencies import notices, trail
from agencies.jobs import ask_for
from agencies.models import Agency, MessageKind
from agencies.models.trail import Verb
from reporting import evidence_files, file_types
from reporting.refusals import WrongStatus

from . import access
from .models import OPEN, Record, RecordDocument, RecordVersion, VersionStatus

FOLDER = "records"
BOARD_TASK = "targets.tasks.refresh_board"
SAID = ("name", "happened_on", "ended_on", "values")


@transaction.atomic
def enter(register, agency, said, *, by):
    """Begin a record with a draft. said: field of SAID → value. Raises ValidationError."""
    _permit(by, register, agency)
    # Of two clicks at once the second waits here and finds the year's record.
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    record = Record(register=register, agency=agency)
    _refuse_second_of_year(record, said["happened_on"])
    record.save()
    version = RecordVersion(record=record, number=1, entered_by=by, **said)
    version.full_clean()
    version.save()
    _tell(version, by, f"登记{register} {version}")
    return version


@transaction.atomic
def change(version, said, *, by):
    """Store a draft's or a returned version's new content."""
    _permit(by, version.record.register, version.record.agency)
    _lock(version, (VersionStatus.DRAFT, VersionStatus.RETURNED))
    _refuse_second_of_year(version.record, said["happened_on"])
    before = {name: getattr(version, name) for name in SAID}
    for name, value in said.items():
        setattr(version, name, value)
    version.full_clean()
    changes = _changes(before, said)
    if changes:
        version.save(update_fields=SAID)
        _tell(version, by, f"修改{version.record.register} {version}：{changes}")
    return version


@transaction.atomic
def abandon(version, *, by):
    """Give up a draft or what came back, with its evidence; a record that has no other version goes with it."""
    record = version.record
    _permit(by, record.register, record.agency)
    _lock(version, (VersionStatus.DRAFT, VersionStatus.RETURNED))
    _tell(version, by, f"放弃{record.register} {version}")
    version.documents.all().delete()
    version.delete()
    if not record.versions.exists():
        record.delete()


@transaction.atomic
def submit(version, *, by):
    """Hand a version to the bureau."""
    _permit(by, version.record.register, version.record.agency)
    _move(
        version,
        (VersionStatus.DRAFT, VersionStatus.RETURNED),
        VersionStatus.SUBMITTED,
        submitted_at=timezone.now(),
    )
    _tell(version, by, f"提交{version.record.register} {version}")


@transaction.atomic
def withdraw(version, *, by):
    """Take back what waits: it is a draft again."""
    _permit(by, version.record.register, version.record.agency)
    _move(version, (VersionStatus.SUBMITTED,), VersionStatus.DRAFT, submitted_at=None)
    _tell(version, by, f"撤回{version.record.register} {version}")


@transaction.atomic
def accept(version, *, by, comment=""):
    """Let a version count in the place of the one before; progress is computed anew."""
    _permit_review(by, version)
    decided = {"decided_by": by, "decided_at": timezone.now(), "comment": comment}
    RecordVersion.objects.filter(record=version.record, is_current=True).update(is_current=False)
    _move(version, (VersionStatus.SUBMITTED,), VersionStatus.ACCEPTED, is_current=True, **decided)
    _tell(version, by, f"通过{version.record.register} {version}{'：' + comment if comment else ''}")
    _tell_keeper(version, MessageKind.APPROVED, "已通过", "审核已通过，计入方案任务的进度。")
    ask_for(BOARD_TASK)


@transaction.atomic
def return_back(version, *, by, comment):
    """Send a version back with the reason."""
    _permit_review(by, version)
    if not comment.strip():
        raise ValidationError({"comment": "退回时请写明原因。"})
    decided = {"decided_by": by, "decided_at": timezone.now(), "comment": comment.strip()}
    _move(version, (VersionStatus.SUBMITTED,), VersionStatus.RETURNED, **decided)
    _tell(version, by, f"退回{version.record.register} {version}：{comment.strip()}")
    _tell_keeper(version, MessageKind.RETURNED, "已退回", "请按记录页上的退回原因修改后重新提交。")


@transaction.atomic
def correct(record, *, by, reason, is_void=False):
    """Open the next version of an accepted record, to correct it or strike it out; until it passes the old counts."""
    _permit(by, record.register, record.agency)
    Record.objects.select_for_update().get(pk=record.pk)
    current = record.versions.filter(is_current=True).first()
    if current is None or record.versions.filter(status__in=OPEN).exists():
        raise WrongStatus("该记录还没有通过的版次，或已有未办结的版次，请刷新查看。")
    number = record.versions.order_by("-number").first().number + 1
    said = {name: getattr(current, name) for name in SAID}
    version = RecordVersion(
        record=record, number=number, entered_by=by, is_void=is_void, reason=reason.strip(), **said
    )
    version.full_clean()
    version.save()
    _tell(version, by, f"{'申请作废' if is_void else '更正'}{record.register} {version}：{version.reason}")
    return version


@transaction.atomic
def attach(version, content, file_name, *, by):
    """Add evidence to a draft. Raises NotAccepted, NotStored, ValidationError for one that is there."""
    _permit(by, version.record.register, version.record.agency)
    _lock(version, (VersionStatus.DRAFT, VersionStatus.RETURNED))
    kind = file_types.type_of(content)
    document = RecordDocument(
        version=version,
        file_name=evidence_files.harmless_name(file_name, kind.extension),
        content_type=kind.content_type,
        size=len(content),
        sha256=evidence_files.store(version.record.agency_id, content, FOLDER),
        uploaded_by=by,
    )
    document.full_clean()
    document.save()
    _tell(
        version, by, f"附上{version.record.register} {version} 的材料 {document}（SHA-256 {document.sha256}）"
    )
    return document


@transaction.atomic
def detach(document, *, by):
    """Take evidence out of a draft."""
    version = document.version
    _permit(by, version.record.register, version.record.agency)
    _lock(version, (VersionStatus.DRAFT, VersionStatus.RETURNED))
    _tell(
        version, by, f"取下{version.record.register} {version} 的材料 {document}（SHA-256 {document.sha256}）"
    )
    document.delete()


def content_of(document):
    """The file as it was uploaded. Raises evidence_files.Damaged."""
    path = evidence_files.path_of(document.version.record.agency_id, document.sha256, FOLDER)
    return evidence_files.content_at(path, document.sha256)


def _permit(by, register, agency):
    if not access.may_keep(by, register, agency):
        raise PermissionDenied


def _permit_review(by, version):
    if not access.may_review(by, version.record.agency):
        raise PermissionDenied
    if by.pk == version.entered_by_id:
        raise PermissionDenied("不能审核自己登记的记录，请由另一位审核员办理。")


def _lock(version, statuses):
    locked = RecordVersion.objects.select_for_update().filter(pk=version.pk, status__in=statuses)
    if not locked.exists():
        raise WrongStatus(f"{version} 的状态刚刚已变，请刷新查看。")


def _move(version, statuses, status, **columns):
    moved = RecordVersion.objects.filter(pk=version.pk, status__in=statuses)
    if not moved.update(status=status, **columns):
        raise WrongStatus(f"{version} 的状态刚刚已变，请刷新查看。")
    version.refresh_from_db()


def _refuse_second_of_year(record, day):
    """Of a yearly register an institution has one record a year; what was struck out leaves its place."""
    if not record.register.is_yearly or day is None:
        return
    of_agency = RecordVersion.objects.filter(record__register=record.register, record__agency=record.agency)
    struck_out = Q(status=VersionStatus.ACCEPTED, is_void=True)
    there = (
        of_agency.latest().filter(happened_on__year=day.year).exclude(struck_out).exclude(record=record.pk)
    )
    if there.exists():
        sentence = f"{record.agency} {day.year}年的{record.register}已经登记，请在原记录上修改或更正。"
        raise ValidationError({"happened_on": sentence})


def _changes(before, said):
    words = []
    for name, value in said.items():
        if name == "values":
            words += [
                f"{code} {before['values'].get(code, '空')} → {each or '空'}"
                for code, each in value.items()
                if before["values"].get(code, "") != each
            ]
        elif before[name] != value:
            words.append(f"{RecordVersion._meta.get_field(name).verbose_name} {before[name]} → {value}")
    return "；".join(words)


def _tell(version, by, detail):
    trail.record(Verb.RECORD, by=by, agency=version.record.agency, detail=detail)


def _tell_keeper(version, kind, what, text):
    """A message to who entered the record; like all of them without a person or a figure."""
    record = version.record
    notices.tell(
        [version.entered_by],
        kind=kind,
        key=f"{kind}:record:{version.pk}:{version.decided_at:%Y%m%d%H%M%S}",
        subject=f"{record.agency} {record.register}{what}",
        text=text,
        address=reverse("targets:record-detail", args=[record.pk]),
    )
