"""The edge of `risk`: loads what it asks of waiting months, a fixed number of queries however many, and stores it."""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from . import calendar, findings, hits, panels, risk
from .accounting import rules
from .models import EvidenceUse, KnownBy, Panel, Payment, Report, ReviewRisk, RuleHit, Status
from .models.filing import WAITING
from .models.risk import Earlier

BATCH = 200
# More than the nation uses: somebody's slip, which the column need not hold in full.
LARGEST_TCE = Decimal(10**11)
_FIELDS = tuple(
    field.name for field in ReviewRisk._meta.concrete_fields if field.name not in ("revision", "weighed_at")
)


class Submission(NamedTuple):
    """A waiting month as it is weighed: places are the (rule, item code) that the checks speak of."""

    report: Report
    lines: list
    places: set


def note(report, revision, lines, found):
    """Weigh a month that is being handed in, in the caller's transaction; found: what its checks say."""
    report.latest = revision
    _store([Submission(report, lines, _places(found))])


def refresh(reports):
    """Weigh waiting months anew; `reports` a queryset. What the checks say now counts beside what they said then."""
    reports = list(
        reports.filter(latest__status__in=WAITING)
        .select_related("agency", "period", "latest__edition")
        .prefetch_related("latest__lines")
        .order_by("pk")
    )
    if not reports:
        return 0
    beside = findings.beside_each(reports)
    lines = {report.pk: list(report.latest.lines.all()) for report in reports}
    found = findings.of_each(
        [(report, lines[report.pk], report.latest.edition, beside[report.pk]) for report in reports]
    )
    spoken = _spoken(reports)
    _store(
        [
            Submission(report, lines[report.pk], _places(now) | spoken[report.latest_id])
            for report, now in zip(reports, found, strict=True)
        ]
    )
    return len(reports)


def refresh_all():
    """Every waiting month, a batch at a time, and away with the rows of what waits no more; how many were weighed."""
    ReviewRisk.objects.exclude(revision__status__in=WAITING).delete()
    waiting = list(Report.objects.waiting().order_by("pk").values_list("pk", flat=True))
    batches = (waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH))
    return sum(refresh(Report.objects.filter(pk__in=batch)) for batch in batches)


def refresh_months(agency, months):
    """The institution's waiting months among these: after a document was added or replaced."""
    refresh(Report.objects.filter(agency=agency, period__month__in=months))


def _store(submissions):
    rows = [_row(submission, facts) for submission, facts in _facts(submissions)]
    ReviewRisk.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("revision",),
        update_fields=(*_FIELDS, "weighed_at"),
    )


def _row(submission, facts):
    scored = risk.score(facts)
    stored = {name: getattr(facts, name) for name in _FIELDS if name not in ("score", "lacking")}
    return ReviewRisk(
        revision=submission.report.latest, score=scored, lacking=",".join(facts.lacking), **stored
    )


def _facts(submissions):
    reports = [submission.report for submission in submissions]
    weights = rules.load(rules.active_slug()).weights().kgce_per_unit
    years, past, shown = _panels(reports), _past(reports), _documented(reports)
    for submission in submissions:
        report = submission.report
        place = report.agency_id, report.period.month
        yield (
            submission,
            risk.Facts(
                **_earlier(years, *place, weights),
                stated_tce=_bounded(risk.energy_tce(_as_month(submission.lines), weights)),
                **risk.counts([rule for rule, _item in submission.places]),
                **_decided(past[report.agency_id], report.period.month),
                **_evidence(submission.lines, shown[place]),
            ),
        )


def _as_month(lines):
    stated = {
        line.item_id: None if line.known_by == KnownBy.NOT_METERED else float(line.quantity or 0)
        for line in lines
    }
    return panels.month_row(stated, {"110"})


def _bounded(tce):
    """A slip, however large, is no reason to refuse the month."""
    return None if tce is None else min(tce, LARGEST_TCE)


def _panels(reports):
    """(agency id, year) → (bits of approved months, values), of the years that these months may look back to."""
    years = {report.period.month.year for report in reports}
    rows = Panel.objects.filter(
        agency__in={report.agency_id for report in reports}, year__in=years | {year - 1 for year in years}
    )
    return {(row.agency_id, row.year): (row.approved_months, row.values) for row in rows}


def _earlier(years, agency, month, weights):
    """The same month last year, or else the newest approved month since then, of which the energy is known."""
    year_ago = calendar.same_month_last_year(month)
    since = calendar.months_between(year_ago, calendar.first_of_previous(month))
    for day in (year_ago, *reversed(since[1:])):
        bits, values = years.get((agency, day.year), (0, None))
        if not bits >> (day.month - 1) & 1:
            continue
        tce = risk.energy_tce(values[day.month - 1], weights)
        if tce is not None:
            is_last_year = day == year_ago
            earlier = Earlier.LAST_YEAR if is_last_year else Earlier.NEWEST
            return {"earlier_tce": _bounded(tce), "earlier": earlier}
    return {"earlier_tce": None, "earlier": ""}


def _past(reports):
    """Agency id → [(month, was returned, was late)] of decided months; what was imported says nothing of a filer."""
    months = [report.period.month for report in reports]
    rows = (
        Report.objects.filter(
            agency__in={report.agency_id for report in reports},
            period__month__gte=calendar.same_month_last_year(min(months)),
            period__month__lt=max(months),
        )
        .exclude(revisions__document_reference__gt="")
        .order_by()
        .annotate(
            returns=Count("revisions", filter=Q(revisions__status=Status.RETURNED), distinct=True),
            first_at=Min("revisions__submitted_at"),
            extended=Max("extensions__last_day", filter=Q(extensions__is_in_time=True)),
        )
        .filter(Q(approved__isnull=False) | Q(returns__gt=0))
        .annotate(due=Greatest("period__due_on", Coalesce("extended", "period__due_on")))
    )
    found = defaultdict(list)
    for agency, month, returns, first_at, due in rows.values_list(
        "agency", "period__month", "returns", "first_at", "due"
    ):
        found[agency].append((month, returns > 0, timezone.localdate(first_at) > due))
    return found


def _decided(past, month):
    year_ago = calendar.same_month_last_year(month)
    told = [(returned, late) for day, returned, late in past if year_ago <= day < month]
    return {
        "decided": len(told),
        "returned": sum(returned for returned, _late in told),
        "late": sum(late for _returned, late in told),
        "troubled": sum(returned or late for returned, late in told),
    }


def _documented(reports):
    """(agency id, month) → the item codes that a document in force proves."""
    uses = EvidenceUse.objects.filter(
        row__evidence__agency__in={report.agency_id for report in reports},
        row__evidence__replaced_by__isnull=True,
        month__in={report.period.month for report in reports},
    )
    found = defaultdict(set)
    for agency, month, code in uses.values_list("row__evidence__agency", "month", "row__item"):
        found[agency, month].add(code)
    return found


def _evidence(lines, shown):
    asked = [line.item_id for line in lines if line.item_id in risk.MAIN and _has_paper(line)]
    lacking = [code for code in risk.MAIN if code in asked and code not in shown]
    return {"asked": len(asked), "lacking": tuple(lacking)}


def _has_paper(line):
    """Whether a meter or a bill tells of it, so that a document can be there."""
    is_paid = line.payment == Payment.PAID or bool(line.cost_yuan)
    return bool(line.quantity) and (line.known_by == KnownBy.METERED or is_paid)


def _places(found):
    return {(finding.rule, finding.item) for finding in found if finding.rule not in hits.NOT_COUNTED}


def _spoken(reports):
    """Revision id → the places of which the checks spoke when it was handed in."""
    standing = RuleHit.objects.standing().filter(revision__in=[report.latest_id for report in reports])
    found = defaultdict(set)
    for revision, *place in standing.order_by().values_list("revision", "rule", "item"):
        found[revision].add(tuple(place))
    return found
