"""Each month of a file against the month as it is stored: what is new, changed, the same, in conflict or refused."""

from decimal import Decimal
from typing import NamedTuple

from agencies.models import Agency

from .. import access, findings, locks, returned
from ..checks import Severity
from ..entries import Entry
from ..history import FiledLine
from ..models import CellKind, Report
from . import answers, comparison, layout, template
from .answers import NOTHING, Answer
from .guard import Unreadable

LONGEST = 600
TO_WRITE = (CellKind.NEW, CellKind.CHANGED)
# What the rule engine is asked about: the month as the file would have it.
SAID_BY_FILE = (*TO_WRITE, CellKind.CONFLICT)
NOT_YOURS = "这是其他机构的工作簿，您没有其中任何一个机构的权限：请下载本单位的模板填写。"


class Found(NamedTuple):
    """The columns of an UploadCell that the comparison decides."""

    kind: str
    row_number: int
    column_code: str = "quantity"
    report_id: int | None = None
    item_id: str | None = None
    before: str = ""
    after: str = ""
    message: str = ""
    doubt: str = ""
    quantity: Decimal | None = None
    known_by: str = ""
    cost_yuan: Decimal | None = None
    payment: str = ""
    note: str = ""
    # None: the file leaves the reasons as they are.
    reason: str | None = None
    seen: str = ""


class Month(NamedTuple):
    """A stamped month with its rows, the report they would go to, and why they may not, as a sentence, or None."""

    rows: list
    report: Report | None
    edition: object
    obstacle: str | None
    # The items that a return of single cells opened; None for all.
    opened: set | None = None


def compared(stamp, gathered, user, progress):
    """Lists of Found, some months at a time. Raises Unreadable where the whole file is somebody else's."""
    yield [_stray(each) for each in gathered.strays]
    months = _Months(stamp, gathered, user)
    for batch in template.batches(stamp.months):
        yield months.found(batch)
        progress.step(sum(each.rows for each in batch))


def _stray(stray):
    return Found(CellKind.REFUSED, stray.number, after=stray.text, message=stray.sentence)


class _Months:
    """What the months of one file need to know of the register, the editions and the uploader's rights."""

    def __init__(self, stamp, gathered, user):
        self.gathered, self.editions = gathered, template.Editions()
        keys = {each.agency for each in stamp.months}
        self.agencies = {each.key: each for each in Agency.objects.filter(key__in=keys)}
        self.writable = {key for key, each in self.agencies.items() if access.may(user, "save", each)}
        visible = Agency.objects.visible_to(user).filter(key__in=keys)
        if not self.writable and not visible.exists():
            raise Unreadable(NOT_YOURS)

    def found(self, stamped):
        months = self._of(stamped)
        reports = [month.report for month in months if month.report]
        stored, beside = answers.stored(reports), findings.beside_each(reports)
        found, doubtful = [], []
        for month in months:
            if month.obstacle:
                found += _kept_out(month)
                continue
            of_month = _of_month(month, stored[month.report.pk])
            if any(each.kind in SAID_BY_FILE for each in of_month):
                doubtful.append((month, of_month, _overlaid(stored[month.report.pk], of_month)))
            else:
                found += of_month
        return found + _with_doubts(doubtful, beside)

    def _of(self, stamped):
        """The Months of some stamped ones; two queries."""
        reports = Report.objects.filter(
            agency__key__in={each.agency for each in stamped} & self.writable,
            period__month__in={each.month for each in stamped},
        ).select_related("agency", "period", "latest__edition", "latest__answers")
        reports = reports.prefetch_related(
            "extensions", "revisions", "latest__remarks", "latest__answers__remarks"
        )
        known = {(report.agency.key, report.period.month): report for report in reports}
        return [self._month(each, known.get((each.agency, each.month))) for each in stamped]

    def _month(self, stamped, report):
        edition = self.editions.of(report) if report else None
        rows = self.gathered.months.pop((stamped.agency, stamped.month), [])
        opened = returned.unlocked(report) if report else None
        return Month(rows, report, edition, self._obstacle(stamped, report, edition), opened)

    def _obstacle(self, stamped, report, edition):
        if stamped.agency not in self.writable:
            return (
                "您不是该机构的填报员，不能代为填报：请由该机构的填报员上传，或请系统管理员授予填报员角色。"
            )
        if report is None:
            return f"平台上没有该机构 {layout.month_name(stamped.month)}的月报，请联系区机关事务管理局。"
        if lock := locks.of(report):
            return str(lock)
        if edition.slug != stamped.edition:
            return f"模板按旧版制度制作，本月现用“{edition.title}”：请重新下载模板。"
        return None


def _kept_out(month):
    """The rows of a month that may not be written: what was typed there is refused, the rest is left alone."""
    own = month.report.pk if month.report else None
    return [
        Found(CellKind.REFUSED, row.number, report_id=own, item_id=row.code, message=month.obstacle,
              after=str(row.answer)[:LONGEST] if row.answer else "；".join((row.texts or {}).values())[:LONGEST])
        for row in month.rows
        if row.is_touched
    ]  # fmt: skip


def _of_month(month, stored):
    found = [each for row in month.rows for each in _of_row(row, month.report, stored.get(row.code, NOTHING))]
    found = [_unless_closed(each, month.opened) for each in found]
    edited = {each.item_id for each in found if each.kind not in (CellKind.SAME, CellKind.REFUSED)}
    offered = {row.code for row in month.rows if not row.is_touched}
    if edited <= offered:
        return [_only_offered(each) if each.item_id in edited else each for each in found]
    return found


def _unless_closed(found, opened):
    """Refused where single cells were returned and this is another one that the file would change."""
    if found.kind not in SAID_BY_FILE or returned.is_open(found.item_id, opened):
        return found
    return found._replace(kind=CellKind.REFUSED, message="本月只退回了部分指标，此项不在其中，未作修改。")


def _only_offered(found):
    return found._replace(kind=CellKind.SAME, message=comparison.OFFERED_ONLY)


def _of_row(row, report, stored):
    """The Founds of a row: one for each wrong cell, or one for the answer, or none where nothing is said."""
    if row.faults:
        return [
            Found(CellKind.REFUSED, row.number, code, report.pk, row.code,
                  before=str(stored)[:LONGEST], after=row.texts[code], message=sentence[:LONGEST])
            for code, sentence in row.faults.items()
        ]  # fmt: skip
    if row.answer is None:
        return _untouched(row, report, stored)
    kind, sentence = comparison.verdict(row.answer, row.seen, stored)
    return [_answered(row, report, stored, kind, sentence)]


def _untouched(row, report, stored):
    if stored == NOTHING:
        return []
    sentence = "" if stored.token == row.seen else comparison.KEPT
    text = str(stored)[:LONGEST]
    return [
        Found(CellKind.SAME, row.number, "quantity", report.pk, row.code, text,
              "" if sentence else text, message=sentence)
    ]  # fmt: skip


def _answered(row, report, stored, kind, sentence):
    entry = row.answer.entry
    reason = comparison.stated_reason(row.answer, row.seen, stored)
    found = Found(
        kind, row.number, "quantity", report.pk, row.code,
        before=str(stored)[:LONGEST],
        after=str(Answer(entry, stored.reason if entry and reason is None else row.answer.reason))[:LONGEST],
        message=sentence,
        reason=reason,
        seen=stored.entry.token if stored.entry else "",
    )  # fmt: skip
    if entry is None:
        return found
    return found._replace(
        quantity=entry.quantity,
        known_by=str(entry.known_by),
        cost_yuan=entry.cost_yuan,
        payment=str(entry.payment),
        note=entry.note,
    )


def _overlaid(stored, found):
    """The month's answers as the file would have them: item code → Answer."""
    typed = {each.item_id: answer_of(each) for each in found if each.kind in SAID_BY_FILE}
    return {code: answer for code, answer in (stored | typed).items() if answer.entry}


def answer_of(cell):
    """The Answer that a Found or an UploadCell holds."""
    if not cell.known_by:
        return NOTHING
    entry = Entry(cell.quantity, cell.known_by, cell.cost_yuan, cell.note, cell.payment)
    return Answer(entry, cell.reason or "")


def _with_doubts(months, beside):
    """The Founds of these months with what the rule engine says of each item."""
    asked = [
        (
            month.report,
            [_line(code, answer.entry) for code, answer in overlaid.items()],
            month.edition,
            beside[month.report.pk],
        )
        for month, _, overlaid in months
    ]
    spoken = findings.of_each(asked)
    return [
        _doubted(
            each, [finding for finding in said if finding.item == each.item_id and finding.rule != "required"]
        )
        for (_, found, _), said in zip(months, spoken, strict=True)
        for each in found
    ]


def _doubted(found, said):
    if found.kind == CellKind.REFUSED:
        return found
    doubt = "；".join(finding.message for finding in said)[:LONGEST]
    has_warning = any(finding.severity == Severity.WARNING for finding in said)
    if found.reason and not has_warning and found.kind in TO_WRITE and not found.message:
        return found._replace(doubt=doubt, message="此项没有疑问，疑问说明不会保存。")
    return found._replace(doubt=doubt)


def _line(code, entry):
    return FiledLine(code, entry.quantity, "", entry.cost_yuan, entry.known_by, entry.note, entry.payment)
