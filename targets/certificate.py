"""An institution's year on one page: what is certified of it, and what was sealed of it beside what stands now."""

import math
from dataclasses import dataclass

from . import cards
from .indicators import SAME
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
        return [
            (each, getattr(self.row, each), self.now[each], _is_same(getattr(self.row, each), self.now[each]))
            for each in Indicator
        ]

    @property
    def has_changed(self):
        return not all(is_same for *_, is_same in self.figures)


def _is_same(one, other):
    return one == other if None in (one, other) else math.isclose(one, other, rel_tol=SAME, abs_tol=0.0)


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


def totals(row):
    """(words, value, unit, column) of the year's totals as they are shown; nothing where there are no figures."""
    if row is None:
        return []
    tonnes = cards.KG_PER_TONNE
    shown = (
        ("综合能耗", "kgce", "tce", tonnes),
        ("碳排放，考核口径", "kg_co2_target", "tCO₂", tonnes),
        ("碳排放，清单口径", "kg_co2_inventory", "tCO₂", tonnes),
        ("用水量", "water_m3", "m³", 1),
        ("建筑面积", "floor_area_m2", "m²", 1),
        ("用能人数", "people", "人", 1),
    )
    values = [(words, getattr(row, column), unit, column, scale) for words, column, unit, scale in shown]
    return [
        (words, None if value is None else value / scale, unit, column)
        for words, value, unit, column, scale in values
    ]
