"""What a workbook is handed out with: each month as stored, what was filed beside it, what the checks said."""

from ..findings import beside_each, short_name
from ..models import Edition, EditionItem, Report, RuleHit
from ..sheet import carried_answer
from . import answers, layout
from .answers import Answer
from .layout import Row
from .stamp import Stamp, StampedMonth

# Reports read from the database at a time.
BATCH = 100
MOST_ROWS = 100_000


class TooMany(ValueError):
    """More rows than a workbook may have; the text says what to do."""


class Editions:
    """The editions with what they ask, read once: `of(report)`, and `asked[edition id]` as (Item, is_required)."""

    def __init__(self):
        self.known = list(Edition.objects.order_by("-valid_from"))
        self.asked = {each.pk: [] for each in self.known}
        for row in EditionItem.objects.select_related("item").order_by("edition", "position"):
            self.asked[row.edition_id].append((row.item, row.is_required))

    def of(self, report):
        """The edition that the month is filed by: its draft's, else the one valid then."""
        if report.latest:
            return report.latest.edition
        month = report.period.month
        return next((each for each in self.known if each.valid_from <= month), self.known[-1])


class Template:
    """The workbook of some reports, in the order of the register and the months. Raises TooMany."""

    def __init__(self, title, reports):
        self.editions = Editions()
        self.reports = list(reports.select_related("agency", "period", "latest__edition"))
        self.stamp = Stamp(title, tuple(self._stamped(report) for report in self.reports))
        if self.stamp.rows > MOST_ROWS:
            raise TooMany(
                f"共 {self.stamp.rows} 行，超过一个工作簿的上限 {MOST_ROWS} 行：请按月下载，或由各单位分别下载。"
            )

    def rows(self):
        """(row number, layout.Row) of every item that the editions ask for."""
        number = layout.FIRST_ROW
        for batch in batches(self.reports):
            beside, stored = beside_each(batch), answers.stored(batch)
            warned = _warned(batch)
            for report in batch:
                month = _Month(report, beside[report.pk], stored[report.pk], warned)
                for item, is_required in self.editions.asked[self.editions.of(report).pk]:
                    yield number, month.row(item, is_required)
                    number += 1

    def _stamped(self, report):
        edition = self.editions.of(report)
        revision = report.latest.number if report.latest else 0
        rows = len(self.editions.asked[edition.pk])
        return StampedMonth(report.agency.key, report.period.month, edition.slug, revision, rows)


class _Month:
    """One report on its way into rows."""

    def __init__(self, report, beside, stored, warned):
        self.report, self.beside, self.stored, self.warned = report, beside, stored, warned

    def row(self, item, is_required):
        answer = self.stored.get(item.code, answers.NOTHING)
        offered = None if self.report.latest else carried_answer(self.beside.newest.get(item.code))
        seen = answer.token
        if offered:
            answer = Answer(offered)
            seen = layout.OFFERED + answer.token
        return Row(
            row=layout.row_key(self.report.agency.key, self.report.period.month, item.code),
            seen=seen,
            open=self._open(item),
            agency=self.report.agency.name,
            month=layout.month_name(self.report.period.month),
            section=item.get_section_display(),
            item=f"{short_name(item.name)}{'＊' if is_required else ''}",
            unit=item.unit,
            **stated(answer),
            last_month=_beside(self.beside.last_month.get(item.code)),
            last_year=_beside(self.beside.last_year.get(item.code)),
            hint=self._hint(item, is_required, offered, answer),
        )

    def _open(self, item):
        if not self.report.is_editable:
            return ""
        return layout.OPEN if item.has_cost else layout.OPEN_WITHOUT_COST

    def _hint(self, item, is_required, offered, answer):
        if not self.report.is_editable:
            return f"本月{self.report.status_name}，不能修改"
        if offered:
            return f"沿用{layout.month_name(self.beside.newest_month)}，请核对"
        doubt = self.warned.get((self.report.latest_id, item.code), "")
        return doubt or ("必答" if is_required and answer.entry is None else "")


def stated(answer):
    """An answer as the typed columns of a Row."""
    if answer.entry is None:
        return {}
    entry = answer.entry
    words = {way: label for label, way in layout.WAYS.items()}
    payments = {payment: label for label, payment in layout.PAYMENTS.items()}
    return {
        "quantity": entry.quantity,
        "known_by": words[entry.known_by],
        "cost": entry.cost_yuan,
        "payment": payments.get(entry.payment, ""),
        "note": entry.note,
        "reason": answer.reason,
    }


def batches(reports):
    """The reports in lists of BATCH, in their order."""
    return (reports[start : start + BATCH] for start in range(0, len(reports), BATCH))


def of_node(agency, months):
    """The Template of an institution, or of everything below a department, for months (a list of dates)."""
    reports = Report.objects.filter(agency__path__startswith=agency.path, period__month__in=months)
    words = layout.month_name(max(months)) if len(months) == 1 else _span(months)
    title = f"{agency.name}　{words}"
    return Template(title, reports.order_by("agency__path", "period__month"))


def _span(months):
    first, last = min(months), max(months)
    return f"{first.year}年{first.month}—{last.month}月"


def _beside(line):
    """What was filed beside: a number, or the word of its state."""
    if line is None:
        return None
    return line.get_known_by_display() if line.quantity is None else line.quantity


def _warned(reports):
    """(revision id, item code) → what the checks said when the draft was last looked at."""
    revisions = {report.latest_id for report in reports if report.latest_id}
    hits = RuleHit.objects.filter(revision__in=revisions).standing().order_by("rule")
    found = {}
    for revision, item, message in hits.values_list("revision", "item", "message"):
        place = (revision, item)
        found[place] = f"{found[place]}；{message}" if place in found else message
    return found
