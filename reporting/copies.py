"""Institutions that filed the same figures for the same month."""

from collections import defaultdict

from django.db.models import F

from . import checks
from .models import Line, Status

# The item by which a copy is looked for; who has no electricity is not.
ANCHOR = "110"


def count(stated):
    """Report id → how many other institutions' submitted or approved month says the same; one query.

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
    latest = Line.objects.filter(
        revision=F("revision__report__latest"),
        revision__status__in=(Status.SUBMITTED, Status.APPROVED),
        revision__report__period__in={report.period_id for report in telling},
    )
    alike = latest.filter(item=ANCHOR, quantity__in={figures[ANCHOR] for figures in telling.values()})
    rows = Line.objects.filter(revision__in=alike.values("revision"), quantity__gt=0).order_by()
    found = defaultdict(dict)
    for period, agency, item, quantity in rows.values_list(
        "revision__report__period", "revision__report__agency", "item", "quantity"
    ):
        found[period, agency][item] = checks.Statement(quantity)
    return {place: checks.figures(statements) for place, statements in found.items()}
