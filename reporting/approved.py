"""Keeps the panels equal to the approved lines: month by month at approval, whole years at import and repair."""

from collections import defaultdict

from django.db.models import F

from . import panels
from .models import EditionItem, KnownBy, Line, Panel, StaleMark


def write_month(revision):
    """Put an approved revision into its institution's panel and mark the year stale, in the caller's transaction."""
    agency, month = revision.report.agency, revision.report.period.month
    new = {"packed": panels.pack(panels.empty())}
    panel, _ = Panel.objects.select_for_update().get_or_create(agency=agency, year=month.year, defaults=new)
    lines = revision.lines.values_list("item_id", "known_by", "quantity")
    values = panel.values
    values[month.month - 1] = panels.month_row(_quantities(lines), _asked()[revision.edition_id])
    panel.packed, panel.approved_months = panels.pack(values), panel.approved_months | _bit(month)
    panel.save(update_fields=("packed", "approved_months"))
    StaleMark.objects.create(agency=agency, year=month.year)


def rebuild(years_by_agency):
    """Make the panels anew from approved lines and mark them stale.

    `years_by_agency`: agency id → years.
    """
    keys = [(agency, year) for agency, years in years_by_agency.items() for year in years]
    # Deleting first waits for an approval under way; only then are its lines there to be read.
    for agency, years in years_by_agency.items():
        Panel.objects.filter(agency=agency, year__in=years).delete()
    Panel.objects.bulk_create(dict(from_lines(years_by_agency)).values(), batch_size=500)
    StaleMark.objects.bulk_create([StaleMark(agency_id=agency, year=year) for agency, year in keys])


def from_lines(years_by_agency):
    """Unsaved panels as the approved lines make them: pairs of (agency id, year) and Panel."""
    asked = _asked()
    for agency, year, months in _approved_months(years_by_agency):
        values, bits = panels.empty(), 0
        for month, (edition, rows) in months.items():
            values[month.month - 1] = panels.month_row(_quantities(rows), asked[edition])
            bits |= _bit(month)
        yield (
            (agency, year),
            Panel(agency_id=agency, year=year, packed=panels.pack(values), approved_months=bits),
        )


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
