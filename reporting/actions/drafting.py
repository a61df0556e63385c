"""Filling a month's draft: as a whole, cell by cell, from a workbook, with the reasons for doubts."""

from django.db import transaction

from agencies import trail
from agencies.models.trail import Verb

from .. import drafts, hits, returned, totals
from ..entries import Entry
from ..models import Item, Status
from ..refusals import CellTaken, NotAsked, Stale
from . import steps


def version(report):
    """A text that every save changes: a form carries it, to notice that somebody else saved meanwhile."""
    return steps.fingerprint(report, report.latest, report.latest.lines.all()) if report.latest else ""


@transaction.atomic
def save_draft(report, entries, *, by, seen=None, reasons=None):
    """Replace the draft's lines by `entries` (item code → Entry), opening the next revision where none is open.

    `seen`: the version that the acting person had before them; another one is not overwritten but raises Stale.
    `reasons`: of warnings, (rule, item code) → text.
    """
    steps.permit(by, "save", report)
    report = steps.locked(report)
    if seen is not None and seen != version(report):
        raise Stale(f"{report.agency} {report.period} 在您打开本页之后又被保存过。")
    steps.expect_editable(report)
    entries = _within_opened(report, entries)
    revision = report.latest if report.status == Status.DRAFT else steps.open_revision(report, by)
    asked = set(revision.edition.rows.values_list("item", flat=True))
    changes = drafts.replace_lines(revision, totals.filled(entries, asked))
    hits.note(revision, list(revision.lines.all()))
    changes += _explained(hits.explain(revision, reasons or {}))
    if changes:
        steps.record(Verb.SAVE, revision, by, "；".join(changes))
    elif revision != report.latest:
        steps.record(Verb.SAVE, revision, by, _as_before(report))
    return revision


@transaction.atomic
def save_cell(report, item, entry, *, by, seen, start=None):
    """Store one answer; an entry of None takes it back. Returns what else is stored by this: item code → Entry or None.

    `seen`: the token of the answer that the acting person had before them, "" for none; where another one is stored
    by now nothing is overwritten but CellTaken raised. NotAsked: the month has no place for the item. `start`: the
    entries that a month nobody began begins with.
    """
    steps.permit(by, "save", report)
    report = steps.locked(report)
    steps.expect_editable(report)
    code, family = item.code, totals.family(item.code)
    before = _stated(report.latest, family).get(code)
    # The same answer twice is no conflict: a browser that did not hear of its success sends it again.
    if before == entry:
        return {code: entry}
    if (before.token if before else "") != seen:
        raise CellTaken(before, steps.last_save(report))
    steps.expect_opened(report, {code})
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
        steps.record(Verb.SAVE, revision, by, drafts.difference(of, stored.get(each), stated))
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
    steps.permit(by, "save", report)
    report = steps.locked(report)
    steps.expect_editable(report)
    lines = {line.item_id: Entry.of(line) for line in report.latest.lines.all()} if report.latest else {}
    for code, edit in edits.items():
        stored = lines.get(code)
        if (stored.token if stored else "") != edit.seen:
            raise CellTaken(stored, steps.last_save(report))
    steps.expect_opened(report, {code for code, edit in edits.items() if edit.entry != lines.get(code)})
    revision = report.latest if report.status == Status.DRAFT else steps.open_revision(report, by)
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
    steps.permit(by, "save", report)
    report = steps.locked(report)
    steps.expect_editable(report)
    revision, begun = _begin(report, by, start or {})
    hits.note(revision, list(revision.lines.all()))
    changed = hits.explain(revision, reasons)
    if changed:
        steps.record(Verb.SAVE, revision, by, "；".join(_explained(changed)))
    elif revision != report.latest and not begun:
        steps.record(Verb.SAVE, revision, by, _as_before(report))
    return set(revision.hits.standing().values_list("rule", "item")) & reasons.keys()


@transaction.atomic
def check(report, *, by):
    """What the checks say of the draft as it is stored, kept beside it; the findings."""
    steps.permit(by, "save", report)
    report = steps.locked(report)
    revision = steps.expect(report, Status.DRAFT)
    return hits.note(revision, list(revision.lines.all()))


def _within_opened(report, entries):
    """The entries, or where only single cells were returned, what is stored with those cells as typed."""
    opened = returned.unlocked(report)
    if opened is None:
        return entries
    stored = {line.item_id: Entry.of(line) for line in report.latest.lines.all()}
    changed = {code: entries.get(code) for code in stored | entries if stored.get(code) != entries.get(code)}
    steps.expect_opened(report, changed.keys())
    asked = report.latest.edition.rows.values_list("item", flat=True)
    following = {code: entry for code, entry in totals.following(stored, changed).items() if code in asked}
    stated = stored | following | changed
    return {code: entry for code, entry in stated.items() if entry}


def _stated(revision, codes):
    """What a revision (or None) states of these items: item code → Entry."""
    return (
        {line.item_id: Entry.of(line) for line in revision.lines.filter(item__in=codes)} if revision else {}
    )


def _begin(report, by, start):
    """The draft, opened where none is, and what a month that nobody began begins with: item code → Entry."""
    if report.status == Status.DRAFT:
        return report.latest, {}
    revision = steps.open_revision(report, by)
    revision.report = report
    if report.latest is not None or not start:
        return revision, {}
    steps.record(Verb.SAVE, revision, by, "沿用：" + "；".join(drafts.replace_lines(revision, start)))
    return revision, start


def _as_before(report):
    """What the trail says of a version that was opened and changes nothing."""
    return f"与第{report.latest.number}版相同" if report.latest else "尚无内容"


def _explained(changed):
    return [f"{hit.item} 疑问说明：{hit.reason or '（清空）'}" for hit in changed]
