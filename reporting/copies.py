"""Institutions that filed the same figures for the same month."""

from collections import defaultdict

from . import checks
from .models import Line, Report, Status
from .models.filing import WAITING

# The item by which a copy is looked for; who has no electricity is not.
ANCHOR = "110"


def count(stated):
    """Report id → how many other institutions' submitted or approved month says the same; at most two queries.

    `stated`: pairs of a report and its statements.
    """
    used = {report: checks.figures(statements) for report, statements in stated}
    telling = {
        report: figures
        for report, figures in used.items()
        if ANCHOR in figures and checks.is_telling(figures)
    }
    filed = _filed_like(telling) if telling else {}
    return {report.pk: _twins(report, telling.get(report), filed) for report in used}


def _twins(report, figures, filed):
    return sum(
        period == report.period_id and agency != report.agency_id and figures == others
        for (period, agency), others in filed.items()
    )


def _filed_like(telling):
    """(period id, agency id) → what was used, of the months with one of these amounts of electricity."""
    places = _with_electricity_of(telling)
    found = defaultdict(dict)
    rows = Line.objects.filter(revision__in=places, quantity__gt=0).order_by() if places else ()
    for line in rows:
        found[places[line.revision_id]][line.item_id] = checks.Statement(line.quantity)
    return {place: checks.figures(statements) for place, statements in found.items()}


def _with_electricity_of(telling):
    """Revision id → (period id, agency id), mostly none: the lines are then not asked for at all.

    Begins at the reports of the month and looks at one line of each.
    """
    reports = Report.objects.filter(
        period__in={report.period_id for report in telling},
        latest__status__in=(*WAITING, Status.APPROVED),
        latest__lines__item=ANCHOR,
        latest__lines__quantity__in={figures[ANCHOR] for figures in telling.values()},
    )
    rows = reports.order_by().values_list("latest", "period", "agency")
    return {revision: (period, agency) for revision, period, agency in rows}
