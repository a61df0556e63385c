"""How a month lies among the institutions of its type: quartiles kept beside the panels, and read for one report."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import transaction

from . import calendar
from .checks import Limit
from .models import Panel, PeerQuartiles
from .models.peers import Measure
from .panels import COLUMN, MONTHS, PANEL_ITEMS

# With fewer a quartile is somebody's own figure.
LEAST = 5
NEWEST_YEARS = 3
QUARTERS = (25, 50, 75)
# Measure → the items whose ratio it is, and its unit.
RATIOS = {
    Measure.ELECTRICITY_PER_AREA: ("110", "102", "kWh/m²"),
    Measure.WATER_PER_PERSON: ("120", "103", "m³/人"),
}
# Item code → the check of an intensity that stands at it, and its unit.
BANDS = {
    "102": ("energy-per-area", "kgce/m²"),
    "103": ("energy-per-person", "kgce/人"),
    "120": ("water-per-person", "m³/人"),
}


@dataclass(frozen=True)
class Peer:
    """A month beside its peers: own value (None: unknown), their quartiles (None: fewer than LEAST), the check's band.

    band: (low, high) of a year and its unit, as the checks of intensity ask; None where there is none for the type.
    """

    unit: str = ""
    value: float | None = None
    quartiles: PeerQuartiles | None = None
    band: Limit | None = None
    band_unit: str = ""

    @property
    def has_measure(self):
        return bool(self.unit)


def beside(report, lines, limits):
    """Item code → Peer, for the items that have a measure or a band: one query.

    The same month of last year, or else the newest month until the report's own, in which enough peers are approved.
    """
    month, type_code = report.period.month, report.agency.type_code
    rows = PeerQuartiles.objects.filter(type_code=type_code, month__lte=month).order_by("month")
    newest, last_year = {}, {}
    for row in rows:
        newest[row.measure] = row
        if row.month == calendar.same_month_last_year(month):
            last_year[row.measure] = row
    quantities = {line.item_id: line.quantity for line in lines}
    found = {}
    for measure, (item, size, unit) in RATIOS.items():
        value = _ratio(quantities.get(item), quantities.get(size))
        found[item] = {
            "unit": unit,
            "value": value,
            "quartiles": last_year.get(measure) or newest.get(measure),
        }
    for item, (rule, unit) in BANDS.items():
        band = limits.of(rule, item, type_code)
        if not band.is_open:
            found[item] = found.get(item, {}) | {"band": band, "band_unit": unit}
    return {item: Peer(**facts) for item, facts in found.items()}


def refresh_newest():
    """The quartiles of the newest years that have panels; how many rows."""
    years = Panel.objects.order_by("-year").values_list("year", flat=True).distinct()[:NEWEST_YEARS]
    return sum(refresh(year) for year in list(years))


@transaction.atomic
def refresh(year):
    """Make the quartiles of a year's months anew from its panels; how many rows."""
    rows = [*_rows(year)]
    PeerQuartiles.objects.filter(month__year=year).delete()
    PeerQuartiles.objects.bulk_create(rows)
    return len(rows)


def _rows(year):
    types, approved, values = _loaded(year)
    for measure, (item, size, _unit) in RATIOS.items():
        ratios = ratio(values[..., COLUMN[item]], values[..., COLUMN[size]], approved)
        for type_code in np.unique(types):
            of_type = ratios[types == type_code]
            for month in range(MONTHS):
                known = of_type[:, month][~np.isnan(of_type[:, month])]
                if len(known) >= LEAST:
                    low, median, high = map(float, np.percentile(known, QUARTERS))
                    yield PeerQuartiles(
                        type_code=str(type_code),
                        month=date(year, month + 1, 1),
                        measure=measure,
                        institutions=len(known),
                        low=low,
                        median=median,
                        high=high,
                    )


def ratio(quantity, size, approved):
    """quantity ÷ size, shape (institutions, months); NaN where unknown, of size 0, or not approved."""
    is_known = approved & (size > 0)
    return np.divide(quantity, size, out=np.full(size.shape, np.nan), where=is_known)


def _loaded(year):
    """Type codes (n,), approved months (n, 12) as booleans, and values (n, 12, items) of a year's panels."""
    rows = list(
        Panel.objects.filter(year=year, approved_months__gt=0)
        .order_by()
        .values_list("agency__type_code", "approved_months", "packed")
    )
    types = np.array([row[0] for row in rows], dtype=str)
    bits = np.array([row[1] for row in rows], dtype=np.int64)
    packed = b"".join(bytes(row[2]) for row in rows)
    values = np.frombuffer(packed, dtype="<f8").reshape(-1, MONTHS, len(PANEL_ITEMS))
    return types, (bits[:, np.newaxis] >> np.arange(MONTHS) & 1).astype(bool), values


def _ratio(quantity, size):
    return None if quantity is None or not size else float(quantity / size)
