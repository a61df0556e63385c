"""The buildings that agencies occupy, read for `agencies.areas`: one query, however many agencies and months."""

from collections import defaultdict

from . import areas
from .models import Occupancy


class Occupied:
    """The areas of some agencies in any month."""

    def __init__(self, holdings):
        """holdings: of every building that one of the agencies has a share of, those of all its occupants."""
        self._holdings, self._buildings = defaultdict(list), defaultdict(dict)
        for holding in holdings:
            self._holdings[holding.building].append(holding)
            # A dict keeps the order and names each building once.
            self._buildings[holding.agency][holding.building] = None

    def area(self, agency, month):
        """The areas.MonthArea of an agency (its id) in a month, or None where it occupies no building then."""
        if agency not in self._buildings:
            return None
        return areas.month_area(agency, (self._holdings[each] for each in self._buildings[agency]), month)


def by(agencies):
    """What the agencies (their ids) occupy."""
    theirs = Occupancy.objects.filter(agency__in=agencies).order_by().values("building")
    return _read(Occupancy.objects.filter(building__in=theirs))


def by_all():
    """What all agencies of the register occupy."""
    return _read(Occupancy.objects.all())


def _read(occupancies):
    rows = occupancies.order_by("building_id", "agency_id", "valid_from", "pk").values_list(
        "agency",
        "building",
        "building__name",
        "building__manager",
        "building__manager__name",
        "building__floor_area_m2",
        "share",
        "valid_from",
        "valid_to",
        "building__in_use_from",
        "building__in_use_to",
    )
    return Occupied(_holding(*row) for row in rows)


def _holding(*row):
    *facts, valid_from, valid_to, in_use_from, in_use_to = row
    ends = [day for day in (valid_to, in_use_to) if day]
    return areas.Holding(*facts, max(valid_from, in_use_from), min(ends, default=None))
