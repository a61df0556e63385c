"""An institution's year on one page: what is certified of it, and what was sealed of it beside what stands now."""

from dataclasses import dataclass

from .effect_rows import Pair
from .lineage import INSTITUTION
from .models import Indicator, Publication, PublishedFigure


@dataclass(frozen=True)
class Sealed:
    """The institution's row in the latest publication of the year."""

    row: PublishedFigure
    publication: Publication
    now: dict

    @property
    def figures(self):
        """(indicator, sealed value, value now, whether they are the same) of each indicator."""
        pairs = [(each, Pair(getattr(self.row, each), self.now[each])) for each in Indicator]
        return [(each, pair.before, pair.after, not pair.is_changed) for each, pair in pairs]

    @property
    def has_changed(self):
        return not all(is_same for *_, is_same in self.figures)


def sealed(agency, year, rule_set, row):
    """None where the year was never sealed with the institution in it. row: the figures that stand now, or None."""
    found = PublishedFigure.objects.filter(
        kind=INSTITUTION,
        key=agency.key,
        publication__kind=Publication.Kind.YEAR,
        publication__year=year,
        publication__rule_set=rule_set,
    )
    latest = found.select_related("publication").order_by("-publication__edition").first()
    if latest is None:
        return None
    return Sealed(latest, latest.publication, {each: row.value(each) if row else None for each in Indicator})
