"""Keeps the panels equal to the approved lines: month by month at approval, whole years at import and repair."""

from collections import defaultdict

from django.db.models import F

from . import panels
from .models import EditionItem, KnownBy, Line, Panel, Report, StaleMark
from .models.filing import WAITING

CAUSE_LENGTH = StaleMark._meta.get_field("cause").max_length


def expect(agencies, month):
    """These institutions (ids) owe the month (a date) from now on; the caller marks their year stale."""
    panels_of_year = Panel.objects.filter(year=month.year)
    present = set(panels_of_year.values_list("agency", flat=True))
    new = [_empty(agency, month.year) for agency in agencies if agency not in present]
    Panel.objects.bulk_create(new, batch_size=500)
    for start in range(0, len(agencies), 500):
        found = panels_of_year.filter(agency__in=agencies[start : start + 500])
        found.update(expected_months=F("expected_months").bitor(_bit(month)))


def note_submission(report, *, is_waiting):
    """Whether the month waits for review: part of what a figure's coverage says."""
    panel, bit = _locked_panel(report.agency, report.period.month), _bit(report.period.month)
    waiting = panel.submitted_months | bit if is_waiting else panel.submitted_months & ~bit
    if waiting != panel.submitted_months:
        Panel.objects.filter(pk=panel.pk).update(submitted_months=waiting)
        mark_stale([(report.agency_id, report.period.month.year)])


def mark_stale(places, cause=""):
    """The figures of these (agency id, year) no longer follow from what is stored; one mark for each, once named.

    Marks of other transactions stay beside it: whoever works them off may have read the panel before this change.
    cause: why, in a sentence; none where only the coverage is another.
    """
    StaleMark.objects.bulk_create(
        [
            StaleMark(agency_id=agency, year=year, cause=cause[:CAUSE_LENGTH])
            for agency, year in dict.fromkeys(places)
        ],
        batch_size=1000,
    )


def mark_all_stale(cause):
    """Every figure no longer follows: a factor, a rule set, whatever may count for any month."""
    mark_stale(list(Panel.objects.order_by("agency", "year").values_list("agency", "year")), cause)


def _locked_panel(agency, month):
    new = {"packed": panels.pack(panels.empty()), "expected_months": _bit(month)}
    return Panel.objects.select_for_update().get_or_create(agency=agency, year=month.year, defaults=new)[0]


def _empty(agency, year):
    return Panel(agency_id=agency, year=year, packed=panels.pack(panels.empty()))


def write_month(revision, *, cause):
    """Put an approved revision into its institution's panel and mark the year stale, in the caller's transaction."""
    agency, month = revision.report.agency, revision.report.period.month
    panel = _locked_panel(agency, month)
    values = panel.values
    values[month.month - 1] = row_of(revision)
    panel.packed, panel.approved_months = panels.pack(values), panel.approved_months | _bit(month)
    panel.submitted_months &= ~_bit(month)
    panel.save(update_fields=("packed", "approved_months", "submitted_months"))
    mark_stale([(agency.pk, month.year)], cause)


def row_of(revision):
    """The revision as a month of a panel, shape (items,)."""
    lines = revision.lines.values_list("item_id", "known_by", "quantity")
    return panels.month_row(_quantities(lines), _asked()[revision.edition_id])


def rebuild(years_by_agency, *, cause):
    """Make the panels anew from approved lines and mark them stale.

    `years_by_agency`: agency id → years.
    """
    keys = [(agency, year) for agency, years in years_by_agency.items() for year in years]
    # Deleting first waits for an approval under way; only then are its lines there to be read.
    for agency, years in years_by_agency.items():
        Panel.objects.filter(agency=agency, year__in=years).delete()
    Panel.objects.bulk_create(dict(from_lines(years_by_agency)).values(), batch_size=500)
    mark_stale(keys, cause)


def from_lines(years_by_agency):
    """Unsaved panels as reports and approved lines make them: pairs of (agency id, year) and Panel."""
    asked, states = _asked(), _states(years_by_agency)
    approved_months = {(agency, year): months for agency, year, months in _approved_months(years_by_agency)}
    for place, (expected, submitted) in states.items():
        values, bits = panels.empty(), 0
        for month, (edition, rows) in approved_months.get(place, {}).items():
            values[month.month - 1] = panels.month_row(_quantities(rows), asked[edition])
            bits |= _bit(month)
        agency, year = place
        yield (
            place,
            Panel(
                agency_id=agency,
                year=year,
                packed=panels.pack(values),
                approved_months=bits,
                expected_months=expected,
                submitted_months=submitted,
            ),
        )


def _states(years_by_agency):
    """(agency id, year) → bits of the months that are owed, and of those that wait for review."""
    found = {}
    agencies = sorted(years_by_agency)
    for start in range(0, len(agencies), 500):
        reports = Report.objects.filter(agency__in=agencies[start : start + 500]).order_by(
            "agency", "period__month"
        )
        for agency, month, status in reports.values_list("agency", "period__month", "latest__status"):
            if month.year in years_by_agency[agency]:
                expected, submitted = found.get((agency, month.year), (0, 0))
                waits = _bit(month) if status in WAITING else 0
                found[agency, month.year] = expected | _bit(month), submitted | waits
    return found


def _approved_months(years_by_agency):
    """(agency id, year, {month: (edition id, [(item, known_by, quantity)])}), one query an institution."""
    for agency, years in years_by_agency.items():
        found = defaultdict(dict)
        lines = Line.objects.filter(
            revision__report__agency=agency,
            revision__report__period__month__year__in=years,
            revision=F("revision__report__approved"),
        ).values_list(
            "revision__report__period__month", "revision__edition", "item_id", "known_by", "quantity"
        )
        for month, edition, *row in lines.order_by():
            found[month.year].setdefault(month, (edition, []))[1].append(row)
        yield from ((agency, year, months) for year, months in sorted(found.items()))


def _asked():
    """Edition id → the item codes it asks for."""
    asked = defaultdict(set)
    for edition, item in EditionItem.objects.values_list("edition", "item"):
        asked[edition].add(item)
    return asked


def _quantities(rows):
    """Item code → number; None where it was not metered, 0 where it does not apply."""
    return {
        item: None if known_by == KnownBy.NOT_METERED else float(quantity or 0)
        for item, known_by, quantity in rows
    }


def _bit(month):
    return 1 << (month.month - 1)
