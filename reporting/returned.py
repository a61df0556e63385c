"""Single cells that were returned: what they unlock, and how the next version answered them."""

from typing import NamedTuple

from . import totals
from .checks import SUMS, Severity
from .entries import Entry
from .models import CellRemark, Item, Line, Status


class Answered(NamedTuple):
    """A returned cell: what was asked, what stood there then, and what stands there in the version after it."""

    item: Item
    comment: str
    before: Entry | None
    after: Entry | None

    @property
    def is_changed(self):
        return self.before != self.after


def asked_in(report):
    """The returned version whose remarks limit what may be changed now, or None where all is open."""
    latest = report.latest
    if latest is None:
        return None
    if latest.status == Status.RETURNED:
        return latest if latest.remarks.all() else None
    return latest.answers


def unlocked(report):
    """Item codes that may be changed, or None for all.

    A total opens its parts; the total of a part follows by itself. What the checks find wrong by now opens as well:
    otherwise a month whose answer contradicts a locked cell could not be handed in.
    """
    asked = asked_in(report)
    if asked is None:
        return None
    codes = [remark.item_id for remark in asked.remarks.all()]
    if report.latest.is_draft:
        wrong = report.latest.hits.standing().filter(severity=Severity.ERROR)
        codes += wrong.values_list("item", flat=True)
    return {each for code in codes for each in (totals.family(code) if code in SUMS else [code])}


def is_open(code, unlocked):
    return unlocked is None or code in unlocked


def answered(revision):
    """What became of each cell that the version before was returned for; empty where none was."""
    if revision is None or revision.answers_id is None:
        return []
    remarks = CellRemark.objects.filter(revision=revision.answers_id).select_related("item")
    lines = Line.objects.filter(revision__in=(revision.answers_id, revision.pk))
    stated = {(line.revision_id, line.item_id): Entry.of(line) for line in lines}
    return [
        Answered(
            remark.item,
            remark.comment,
            stated.get((revision.answers_id, remark.item_id)),
            stated.get((revision.pk, remark.item_id)),
        )
        for remark in remarks
    ]
