"""The filed lines behind an institution's year: month by item, who filed, who approved, and where to read it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from django.db.models import F
from django.urls import reverse

from reporting import panels, suggestions
from reporting.models import Line

from ..indicators import MONTHS

IMPORTED = "系统导入"


@dataclass(frozen=True)
class Document:
    """A document behind a line: the quantity that it proves of the month."""

    name: str
    quantity: Decimal
    days: int
    is_replaced: bool
    href: str


@dataclass(frozen=True)
class Cell:
    """An item's line of a month; without a quantity the state says why: 未计量, 不适用, 未填."""

    code: str
    quantity: Decimal | None
    state: str
    note: str
    href: str
    evidence: list[Document]


@dataclass(frozen=True)
class FiledMonth:
    """The revision in force of a month, None where none is approved; is_counted: whether the figure takes it in."""

    month: date
    state: str
    href: str | None
    revision: int | None
    filed_by: str | None
    filed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    document: str
    is_counted: bool
    cells: list[Cell]


def shown_items(quantities, codes):
    """Those of the codes of which any month is unknown or more than zero."""
    return [
        code
        for code in codes
        if (quantities[:, panels.COLUMN[code]] > 0).any() or _is_partly_unknown(quantities, code)
    ]


def _is_partly_unknown(quantities, code):
    """Unknown in a month of which something else is known: an unapproved month knows nothing."""
    is_filed = ~np.isnan(quantities).all(axis=1)
    return bool(np.isnan(quantities[is_filed, panels.COLUMN[code]]).any())


def filed_months(agency, year, codes, counted):
    """The twelve months with a cell for each code; counted: the months (1 to 12) of the figure."""
    reports = agency.reports.filter(period__month__year=year).select_related(
        "period", "latest", "approved__submitted_by", "approved__decided_by"
    )
    by_month = {report.period.month.month: report for report in reports}
    by_revision = _lines(agency, year, codes)
    documents = _documents(agency, year)
    return [
        _month(
            agency, date(year, month, 1), by_month.get(month), by_revision, documents, codes, month in counted
        )
        for month in range(1, MONTHS + 1)
    ]


def _documents(agency, year):
    """(month, item code) → Documents."""
    found = defaultdict(list)
    months = [date(year, month, 1) for month in range(1, MONTHS + 1)]
    for use in suggestions.uses_of(agency.pk, *months):
        evidence = use.row.evidence
        href = reverse("reporting:evidence-detail", args=[evidence.pk])
        document = Document(str(evidence), use.quantity, use.days, evidence.replaced_by_id is not None, href)
        found[use.month, use.row.item_id].append(document)
    return found


def _lines(agency, year, codes):
    """Revision id → item code → line, of the revisions in force."""
    rows = Line.objects.filter(
        revision__report__agency=agency,
        revision__report__period__month__year=year,
        revision=F("revision__report__approved"),
        item__in=codes,
    )
    found = defaultdict(dict)
    for row in rows.order_by():
        found[row.revision_id][row.item_id] = row
    return found


def _month(agency, month, report, by_revision, documents, codes, is_counted):
    if report is None or report.approved is None:
        state = report.status_name if report else "未开放填报"
        href = reverse("reporting:report-detail", args=[agency.key, month]) if report else None
        return FiledMonth(month, state, href, *[None] * 5, "", is_counted=False, cells=[])
    revision = report.approved
    href = f"{reverse('reporting:report-detail', args=[agency.key, month])}?revision={revision.number}"
    lines = by_revision[revision.pk]
    return FiledMonth(
        month=month,
        state=revision.get_status_display(),
        href=href,
        revision=revision.number,
        filed_by=str(revision.submitted_by or IMPORTED),
        filed_at=revision.submitted_at,
        approved_by=str(revision.decided_by or IMPORTED),
        approved_at=revision.decided_at,
        document=revision.document_reference,
        is_counted=is_counted,
        cells=[_cell(code, lines.get(code), href, documents.get((month, code), [])) for code in codes],
    )


def _cell(code, line, href, documents):
    href = f"{href}#item-{code}"
    if line is None:
        return Cell(code, None, "未填", "", href, documents)
    return Cell(code, line.quantity, line.get_known_by_display(), line.note, href, documents)
