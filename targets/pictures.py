"""The pictures of a page, each of their points leading to the explanation of its figure."""

from . import charts, cockpit, institution_page, lineage
from .models import GroupPanel, Quantity


def of_group(owner, rows, plan, year, forecasts, rule_set):
    """rows: cockpit.Rows of the owner. Only nodes of the tree have a peak and effects."""
    peaks = list(owner.agency.peak_results.filter(rule_set=rule_set)) if owner.agency else []
    carbon, energy = cockpit.carbon_chart(rows, peaks), cockpit.energy_chart(rows)
    trends = charts.trend_charts(*(rows.of(each, GroupPanel.ALL) for each in (year, year - 1)), year)
    found = {
        "peaks": peaks,
        "charts": _paths(cockpit.path_charts(rows, plan, year, forecasts), owner.kind, owner.key),
        "carbon": _yearly(carbon, owner.kind, owner.key, rows.years, "kg_co2_target"),
        "energy": _yearly(energy, owner.kind, owner.key, rows.years, "kgce"),
        "trends": _monthly(trends, owner.kind, owner.key, year),
    }
    return found | _effects(owner.agency, year, rule_set) if owner.agency else found


def of_institution(agency, rows, plan, year, forecasts, rule_set):
    """rows: year → Figure."""
    peaks, every = list(agency.peak_results.filter(rule_set=rule_set)), list(rows.values())
    carbon, energy = (
        charts.carbon_chart(every, decimals=1, peaks=peaks),
        charts.energy_chart(every, decimals=2),
    )
    paths = institution_page.path_charts(rows, plan, year, forecasts)
    trends = charts.trend_charts(rows.get(year), rows.get(year - 1), year)
    found = {
        "peaks": peaks,
        "charts": _paths(paths, lineage.INSTITUTION, agency.key),
        "trends": _monthly(trends, lineage.INSTITUTION, agency.key, year),
        "carbon": _yearly(carbon, lineage.INSTITUTION, agency.key, rows, "kg_co2_target"),
        "energy": _yearly(energy, lineage.INSTITUTION, agency.key, rows, "kgce"),
    }
    return found | _effects(agency, year, rule_set)


def _effects(owner, year, rule_set):
    """Why the owner's year differs from its base year: the stored effects, and what they and the carriers look like."""
    found = list(owner.decompositions.filter(year=year, rule_set=rule_set))
    by_quantity = {row.quantity: row for row in found}
    energy, carbon = (by_quantity.get(each) for each in (Quantity.ENERGY, Quantity.CARBON))
    return {
        "decompositions": found,
        "mix": _explained(charts.mix_chart(energy), energy),
        "waterfalls": [
            (each.value, each.label, _explained(charts.waterfall_chart(row), row))
            for each, row in ((Quantity.ENERGY, energy), (Quantity.CARBON, carbon))
        ],
    }


def _explained(chart, row):
    for point in chart.get("points", ()):
        address = lineage.why_effects(row.owner_kind, row.agency.key, row.year, row.quantity)
        point["href"] = f"{address}#{point.get('effect', 'inputs')}"
    return chart


def _yearly(chart, kind, key, years, measure):
    """Of one point a year; the years ahead have nothing to explain."""
    for point, year in zip(chart.get("points", ()), years, strict=False):
        point["href"] = lineage.why(kind, key, year, measure)
    return chart


def _paths(found, kind, key):
    for indicator, chart in found:
        for point in chart.get("points", ()):
            asked = kind, key, point["year"], indicator.value
            point["href"] = lineage.why(*asked)
            # As the end year of the plan before it, a base year has to bring something else.
            if point["year"] != chart["base_year"]:
                point["required_href"] = lineage.why_requirement(*asked)
    return found


def _monthly(found, kind, key, year):
    for quantity, _, chart in found:
        for point in chart.get("points", ()):
            # Only an institution's months have lines of their own there.
            month = f"#month-{point['month']:02}" if kind == lineage.INSTITUTION else ""
            point["href"] = f"{lineage.why(kind, key, year, quantity)}{month}"
    return found
