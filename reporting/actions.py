"""What people do to a month's report: one verb, one transaction, one row in the trail."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from agencies import trail
from agencies.models import Event
from agencies.models.trail import Verb

from . import access, approved, drafts, hits, notices, totals
from .checks import Severity
from .entries import Entry
from .models import Edition, Item, Line, Report, Revision, Status
from .models.filing import content_hash
from .periods import open_period, open_periods
from .refusals import CellTaken, NotAsked, Refused, Stale, WrongStatus

__all__ = [
    "CellTaken",
    "NotAsked",
    "Refused",
    "Stale",
    "WrongStatus",
    "approve",
    "check",
    "explain",
    "open_correction",
    "open_period",
    "open_periods",
    "save_cell",
    "save_draft",
    "save_months",
    "send_back",
    "submit",
    "version",
    "withdraw",
]

REASON_LENGTH = Revision._meta.get_field("reason").max_length


def version(report):
    """A text that every save changes: a form carries it, to notice that somebody else saved meanwhile."""
    return _fingerprint(report, report.latest, report.latest.lines.all()) if report.latest else ""


def _unexplained(revision, found):
    waiting = set(revision.hits.unexplained().values_list("rule", "item"))
    return [finding for finding in found if (finding.rule, finding.item) in waiting]


def _last_save(report):
    return (
        Event.objects.about(report.agency, report.period.month).filter(verb=Verb.SAVE).order_by("-pk").first()
    )


@transaction.atomic
def save_draft(report, entries, *, by, seen=None, reasons=None):
    """Replace the draft's lines by `entries` (item code → Entry), opening the next revision where none is open.

    `seen`: the version that the acting person had before them; another one is not overwritten but raises Stale.
    `reasons`: of warnings, (rule, item code) → text.
    """
    _permit(by, "save", report)
    report = _locked(report)
    if seen is not None and seen != version(report):
        raise Stale(f"{report.agency} {report.period} 在您打开本页之后又被保存过。")
    revision = report.latest if report.status == Status.DRAFT else _open_revision(report, by)
    asked = set(revision.edition.rows.values_list("item", flat=True))
    changes = drafts.replace_lines(revision, totals.filled(entries, asked))
    hits.note(revision, list(revision.lines.all()))
    changes += _explained(hits.explain(revision, reasons or {}))
    if changes:
        _record(Verb.SAVE, revision, by, "；".join(changes))
    elif revision != report.latest:
        _record(Verb.SAVE, revision, by, f"与第{report.latest.number}版相同" if report.latest else "尚无内容")
    return revision


@transaction.atomic
def save_cell(report, item, entry, *, by, seen, start=None):
    """Store one answer; an entry of None takes it back. Returns what else is stored by this: item code → Entry or None.

    `seen`: the token of the answer that the acting person had before them, "" for none; where another one is stored
    by now nothing is overwritten but CellTaken raised. NotAsked: the month has no place for the item. `start`: the
    entries that a month nobody began begins with.
    """
    _permit(by, "save", report)
    report = _locked(report)
    _expect_editable(report)
    code, family = item.code, totals.family(item.code)
    before = _stated(report.latest, family).get(code)
    # The same answer twice is no conflict: a browser that did not hear of its success sends it again.
    if before == entry:
        return {code: entry}
    if (before.token if before else "") != seen:
        raise CellTaken(before, _last_save(report))
    revision, begun = _begin(
        report, by, {each: given for each, given in (start or {}).items() if each != code}
    )
    asked = set(revision.edition.rows.filter(item__in=family).values_list("item", flat=True))
    if code not in asked and before is None:
        raise NotAsked(code)
    lines = {line.item_id: line for line in revision.lines.filter(item__in=family)}
    stored = {each: Entry.of(line) for each, line in lines.items()}
    changed = {code: entry}
    if family[0] in asked:
        changed |= totals.following(stored, changed)
    for each, stated in changed.items():
        of = item if each == code else Item.objects.get(pk=each)
        drafts.write_line(lines.get(each), revision, of, stated)
        _record(Verb.SAVE, revision, by, drafts.difference(of, stored.get(each), stated))
    return begun | changed


@transaction.atomic
def save_months(edits, *, by, document):
    """Store answers of many months: report → {item code: Edit}. All of them, or none.

    Where another answer is stored by now than the Edit replaces, CellTaken is raised. `document` names in the trail
    what the answers come from; each month has its row there.
    """
    events = [
        _save_edits(report, edits[report], by, document) for report in sorted(edits, key=lambda each: each.pk)
    ]
    # Last, so that whoever else writes waits for the chain's head only a moment.
    trail.record_many(events)


def _save_edits(report, edits, by, document):
    """Store one month's answers and their reasons; the event that tells of it."""
    _permit(by, "save", report)
    report = _locked(report)
    lines = {line.item_id: Entry.of(line) for line in report.latest.lines.all()} if report.latest else {}
    for code, edit in edits.items():
        stored = lines.get(code)
        if (stored.token if stored else "") != edit.seen:
            raise CellTaken(stored, _last_save(report))
    revision = report.latest if report.status == Status.DRAFT else _open_revision(report, by)
    changed = {code: edit.entry for code, edit in edits.items()}
    stated = lines | _totals_of(revision, lines, changed) | changed
    changes = drafts.replace_lines(revision, {code: entry for code, entry in stated.items() if entry})
    revision.report = report
    hits.note(revision, list(revision.lines.all()))
    reasons = hits.reasons_by_place(revision, {code: edit.reason for code, edit in edits.items()})
    changes += _explained(hits.explain(revision, reasons))
    detail = f"{document}：{'；'.join(changes) or '无变化'}"
    return trail.event(Verb.SAVE, by, report.agency, report.period.month, revision.number, detail)


def _totals_of(revision, stored, changed):
    """The totals that the month asks for and that follow its changed parts, as in the form: item code → Entry."""
    found = {}
    for family in {tuple(totals.family(code)) for code in changed}:
        before, after = ({code: each[code] for code in family if code in each} for each in (stored, changed))
        found |= totals.following(before, after)
    asked = revision.edition.rows.filter(item__in=found).values_list("item", flat=True) if found else ()
    return {code: found[code] for code in asked}


@transaction.atomic
def explain(report, reasons, *, by, start=None):
    """Give warnings their reasons: (rule, item code) → text; returns those of the places that do have a warning.

    `start`: as in `save_cell`.
    """
    _permit(by, "save", report)
    report = _locked(report)
    _expect_editable(report)
    revision, _ = _begin(report, by, start or {})
    hits.note(revision, list(revision.lines.all()))
    changed = hits.explain(revision, reasons)
    if changed:
        _record(Verb.SAVE, revision, by, "；".join(_explained(changed)))
    return set(revision.hits.standing().values_list("rule", "item")) & reasons.keys()


@transaction.atomic
def check(report, *, by):
    """What the checks say of the draft as it is stored, kept beside it; the findings."""
    _permit(by, "save", report)
    report = _locked(report)
    revision = _expect(report, Status.DRAFT)
    return hits.note(revision, list(revision.lines.all()))


@transaction.atomic
def submit(report, *, by):
    """Freeze the draft and hand it to the bureau; refused where it contradicts itself or leaves a doubt unexplained."""
    _permit(by, "submit", report)
    report = _locked(report)
    # What came back may be handed in again as it was: the reviewer sees that nothing was changed.
    is_same = report.status in (Status.RETURNED, Status.WITHDRAWN)
    revision = _open_revision(report, by) if is_same else _expect(report, Status.DRAFT)
    if is_same:
        _record(Verb.SAVE, revision, by, f"与第{report.latest.number}版相同")
    lines = list(revision.lines.all())
    found = hits.note(revision, lines)
    errors = [finding for finding in found if finding.severity == Severity.ERROR]
    if errors or (errors := _unexplained(revision, found)):
        raise Refused(errors)
    fingerprint = _fingerprint(report, revision, lines, revision.hits.standing())
    facts = {"submitted_by": by, "submitted_at": timezone.now(), "content_hash": fingerprint}
    _move(revision, Status.DRAFT, Status.SUBMITTED, **facts)
    approved.note_submission(report, is_waiting=True)
    _record(Verb.SUBMIT, revision, by, f"内容哈希 {fingerprint}")
    notices.figures_changed()


@transaction.atomic
def withdraw(report, *, by):
    """The filer takes a submission back before anybody decided on it."""
    _permit(by, "withdraw", report)
    report = _locked(report)
    revision = _expect(report, Status.SUBMITTED)
    _move(revision, Status.SUBMITTED, Status.WITHDRAWN, decided_by=by, decided_at=timezone.now())
    approved.note_submission(report, is_waiting=False)
    _record(Verb.WITHDRAW, revision, by)
    notices.figures_changed()


@transaction.atomic
def approve(report, *, by, seen=None):
    """From now on this revision counts: panel and stale mark change with it, the figures follow by job.

    `seen`: the content hash of the submission that the acting person had before them; another one is not decided on
    but raises Stale.
    """
    _permit(by, "approve", report)
    revision = _decidable(report, by, seen)
    _move(revision, Status.SUBMITTED, Status.APPROVED, decided_by=by, decided_at=timezone.now())
    Report.objects.filter(pk=report.pk).update(approved=revision)
    approved.write_month(revision, cause=_cause(revision))
    _record(Verb.APPROVE, revision, by, f"内容哈希 {revision.content_hash}")
    notices.figures_changed()
    notices.approved(revision)


@transaction.atomic
def send_back(report, *, by, reason, seen=None):
    """Return a submission to its filer, who sees the reason; `seen` as in `approve`."""
    _permit(by, "return", report)
    if not reason.strip():
        raise ValueError("退回时请写明原因。")
    revision = _decidable(report, by, seen)
    facts = {"decided_by": by, "decided_at": timezone.now(), "return_reason": reason.strip()}
    _move(revision, Status.SUBMITTED, Status.RETURNED, **facts)
    approved.note_submission(report, is_waiting=False)
    _record(Verb.RETURN, revision, by, reason.strip())
    notices.figures_changed()
    notices.returned(revision)


@transaction.atomic
def open_correction(report, *, by, reason):
    """Open the next revision of an approved month; the approved one stays in force until the new one is."""
    _permit(by, "correct", report)
    if not reason.strip():
        raise ValueError("更正时请写明原因。")
    report = _locked(report)
    _expect(report, Status.APPROVED)
    revision = _next_revision(report, by, reason.strip())
    _record(Verb.CORRECT, revision, by, reason.strip())
    notices.correction_opened(revision, by=by)
    return revision


def _cause(revision):
    """Why figures change with this approval: what the restatement ledger will say."""
    month = f"{revision.report.agency} {revision.report.period.month:%Y-%m} 第{revision.number}版"
    return f"{month}通过：{revision.reason}" if revision.reason else f"{month}通过"


def _permit(by, verb, report):
    if not access.may(by, verb, report.agency):
        raise PermissionDenied


def _fingerprint(report, revision, lines, explained=()):
    return content_hash(
        report.agency.key, report.period.month, revision.number, revision.edition.slug, lines, explained
    )


def _locked(report):
    """The report as it stands now, held until the transaction ends.

    Locked first and read afterwards: rows joined to a row that had to be waited for are older than the wait.
    """
    locked = Report.objects.select_for_update().get(pk=report.pk)
    locked.agency, locked.period = report.agency, report.period
    if locked.latest_id:
        locked.latest = Revision.objects.select_related("edition").get(pk=locked.latest_id)
        locked.latest.report = locked
    return locked


def _expect(report, status):
    if report.status != status:
        raise WrongStatus(f"{report.agency} {report.period} 现为“{report.status_name}”，不能进行此操作。")
    return report.latest


def _decidable(report, by, seen):
    """The submission to decide on; nobody decides on what they typed or submitted.

    The report is locked before its revision, as every verb does, so that no two of them wait for each other.
    """
    fresh = _locked(report)
    revision = _expect(fresh, Status.SUBMITTED)
    if seen is not None and seen != revision.content_hash:
        raise Stale(
            f"{fresh.agency} {fresh.period} 在您打开本页之后又提交了第{revision.number}版，请核对后再决定。"
        )
    if revision.submitted_by_id == by.pk or _has_typed(revision, fresh, by):
        raise PermissionDenied("不能审核自己填写或提交的月报。")
    revision.report = fresh
    return revision


def _has_typed(revision, report, by):
    """Since the last approval: each version begins as a copy of the one before."""
    saves = Event.objects.about(report.agency, report.period.month).filter(verb=Verb.SAVE, actor=by)
    approved_before = report.approved.number if report.approved else 0
    return saves.filter(revision_number__gt=approved_before, revision_number__lte=revision.number).exists()


def _move(revision, source, target, **facts):
    """The old status stands in the WHERE: of two people clicking at once, one wins."""
    moved = Revision.objects.filter(pk=revision.pk, status=source).update(status=target, **facts)
    if not moved:
        raise WrongStatus(f"{revision} 刚刚已由他人处理，请刷新查看。")


def _expect_editable(report):
    if not report.is_editable:
        raise WrongStatus(f"{report.agency} {report.period} 现为“{report.status_name}”，不能修改。")


def _stated(revision, codes):
    """What a revision (or None) states of these items: item code → Entry."""
    return (
        {line.item_id: Entry.of(line) for line in revision.lines.filter(item__in=codes)} if revision else {}
    )


def _begin(report, by, start):
    """The draft, opened where none is, and what a month that nobody began begins with: item code → Entry."""
    if report.status == Status.DRAFT:
        return report.latest, {}
    revision = _open_revision(report, by)
    revision.report = report
    if report.latest is not None or not start:
        return revision, {}
    _record(Verb.SAVE, revision, by, "沿用：" + "；".join(drafts.replace_lines(revision, start)))
    return revision, start


def _open_revision(report, by):
    _expect_editable(report)
    reasons = {
        "missing": "",
        Status.RETURNED: f"退回后修改：{report.latest.return_reason if report.latest else ''}",
        Status.WITHDRAWN: "撤回后修改",
    }
    return _next_revision(report, by, reasons[report.status][:REASON_LENGTH])


def _next_revision(report, by, reason):
    """The following version, which begins as a copy of the one before it: the trail then tells only what changed."""
    edition = report.latest.edition if report.latest else Edition.objects.for_month(report.period.month)
    number = report.latest.number + 1 if report.latest else 1
    revision = Revision.objects.create(
        report=report, number=number, edition=edition, reason=reason, opened_by=by
    )
    Report.objects.filter(pk=report.pk).update(latest=revision)
    if report.latest:
        Line.objects.bulk_create(
            [Entry.of(line).line(revision, line.item) for line in report.latest.lines.select_related("item")]
        )
        hits.carry_over(report.latest, revision)
    return revision


def _explained(changed):
    return [f"{hit.item} 疑问说明：{hit.reason or '（清空）'}" for hit in changed]


def _record(verb, revision, by, detail=""):
    report = revision.report
    trail.record(
        verb,
        by=by,
        agency=report.agency,
        month=report.period.month,
        revision_number=revision.number,
        detail=detail,
    )
