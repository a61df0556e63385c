"""The edge of the decomposition: panels into types and carriers, and the effects of every institution and node stored.

A job of its own, behind the figures: it reads the same panels block by block.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Max

from agencies.models import Agency, AgencyType
from reporting import bulk, panels
from reporting.accounting import rules
from reporting.models import Item
from reporting.models.panel import pack_bits

from . import blocks, decomposition, refresh
from .decomposition import EFFECTS, Side, WaterSide
from .models import Decomposition, Figure, Quantity

TYPES = list(AgencyType.values)


@dataclass(frozen=True)
class Carriers:
    """How the panel's items count, carrier by carrier: arrays (carriers, items)."""

    kgce: np.ndarray
    kg_co2: np.ndarray
    is_grid: np.ndarray


@dataclass(frozen=True)
class Used:
    """Months of institutions or of a node's types, each (n, types, 12, …), 0 where not counted.

    counted: how many institutions are known; kgce and kg_co2 by carrier; grid_kwh of the electricity carrier.
    """

    counted: np.ndarray
    area: np.ndarray
    kgce: np.ndarray
    kg_co2: np.ndarray
    grid_kwh: np.ndarray
    water_counted: np.ndarray
    people: np.ndarray
    water: np.ndarray

    def __add__(self, other):
        return Used(*(mine + theirs for mine, theirs in zip(_arrays(self), _arrays(other), strict=True)))


def _arrays(used):
    return [getattr(used, name) for name in Used.__dataclass_fields__]


def is_due():
    """Whether figures were made after the effects."""
    of = {"rule_set__slug": rules.active_slug()}
    figures = Figure.objects.filter(**of).aggregate(last=Max("computed_at"))["last"]
    effects = Decomposition.objects.filter(**of).aggregate(last=Max("computed_at"))["last"]
    return figures is not None and (effects is None or figures > effects)


def explain_all():
    """Every institution's and node's effects under the rule set in force; returns how many rows."""
    basis = refresh.basis_of(rules.active_slug())
    carriers, nodes = carriers_of(basis.loaded), defaultdict(dict)
    done = 0
    for _, loaded in blocks.load_each():
        used = {year: used_in(loaded, year, carriers) for year in loaded.years}
        with transaction.atomic():
            done += _explain_institutions(loaded, used, basis)
        for node, by_year in _by_node(loaded, used).items():
            for year, sums in by_year.items():
                nodes[node][year] = nodes[node][year] + sums if year in nodes[node] else sums
    with transaction.atomic():
        return done + _explain_nodes(nodes, basis)


def carriers_of(loaded):
    """The carriers of a rule set, as weights over the panel's items."""
    items = Item.objects.exclude(carrier="").filter(code__in=panels.PANEL_ITEMS)
    names = sorted({item.carrier for item in items})
    shape = (len(names), len(panels.PANEL_ITEMS))
    found = Carriers(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for item in items:
        place, rule = (names.index(item.carrier), panels.COLUMN[item.code]), loaded.by_item[item.code]
        found.kgce[place] = float(rule.kgce_per_unit)
        found.kg_co2[place] = float(rule.kg_co2_per_unit)
        found.is_grid[place] = float(rule.is_grid_electricity)
    return found


def used_in(loaded, year, carriers):
    """A year of a block's institutions as `Used` with one type; a month counts where its energy and area are known."""
    quantities = loaded.quantities[:, year - loaded.first_year]
    area, people = (quantities[..., panels.COLUMN[code]] for code in ("102", "103"))
    water = quantities[..., panels.COLUMN["120"]]
    by_carrier = [
        _by_carrier(quantities, weights) for weights in (carriers.kgce, carriers.kg_co2, carriers.is_grid)
    ]
    is_known = ~np.isnan(by_carrier[0].sum(axis=-1) + area)
    has_water = ~np.isnan(water + people)
    return Used(
        *(
            np.where(known if values.ndim == 2 else known[..., np.newaxis], values, 0.0)[:, np.newaxis]
            for known, values in (
                (is_known, np.ones_like(area)),
                (is_known, area),
                *((is_known, values) for values in by_carrier),
                (has_water, np.ones_like(area)),
                (has_water, people),
                (has_water, water),
            )
        )
    )


def _by_carrier(quantities, weights):
    """(n, 12, carriers): an item without weight does not make its carrier unknown."""
    columns = []
    for weight in weights:
        at = np.flatnonzero(weight)
        columns.append(quantities[..., at] @ weight[at])
    return np.stack(columns, axis=-1)


def _explain_institutions(loaded, used, basis):
    done = 0
    stored = Decomposition.objects.filter(
        rule_set=basis.rule_set, agency__gte=loaded.agencies[0], agency__lte=loaded.agencies[-1]
    )
    stored.filter(agency__kind="institution").delete()
    for year in loaded.years:
        base_year = basis.base_years.get(year)
        if base_year in used:
            done += _store(loaded.agencies, used[year], used[base_year], year, basis)
    return done


def _by_node(loaded, used):
    """Node key → year → `Used` of the node (1, types, 12, …)."""
    rows = Agency.objects.filter(pk__gte=loaded.agencies[0], pk__lte=loaded.agencies[-1])
    agencies = {row.pk: row for row in rows.only("path", "type_code")}
    members = defaultdict(lambda: np.zeros((len(TYPES), len(loaded.agencies))))
    for column, pk in enumerate(loaded.agencies.tolist()):
        for key in agencies[pk].path.strip("/").split("/")[:-1]:
            members[key][TYPES.index(agencies[pk].type_code), column] = 1.0
    return {
        key: {
            year: Used(
                *(np.einsum("tn,n...->t...", matrix, values[:, 0])[np.newaxis] for values in _arrays(of))
            )
            for year, of in used.items()
        }
        for key, matrix in members.items()
    }


def _explain_nodes(nodes, basis):
    agencies = dict(Agency.objects.filter(key__in=nodes).values_list("key", "pk"))
    Decomposition.objects.filter(rule_set=basis.rule_set).exclude(agency__kind="institution").delete()
    done = 0
    for key, by_year in nodes.items():
        for year, used in by_year.items():
            base = by_year.get(basis.base_years.get(year))
            if base is not None:
                done += _store(np.array([agencies[key]]), used, base, year, basis)
    return done


def _store(agencies, used, base, year, basis):
    """The rows of these owners that have any month to compare; returns how many."""
    months = _window(used.counted, base.counted)
    now, then = _side(used, months), _side(base, months)
    vintages = [
        float(basis.loaded.inventory_vintage(each).kg_co2_per_kwh) for each in (year, basis.base_years[year])
    ]
    frozen = float(basis.loaded.target_vintage.kg_co2_per_kwh)
    sides = {
        Quantity.ENERGY: (then[0], now[0], decomposition.energy_effects),
        Quantity.CARBON: (
            _with_carbon(then, frozen),
            _with_carbon(now, frozen),
            decomposition.carbon_effects,
        ),
        Quantity.CARBON_INVENTORY: (
            _with_carbon(then, vintages[1]),
            _with_carbon(now, vintages[0]),
            decomposition.carbon_effects,
        ),
    }
    done = 0
    for quantity, (before, after, effects_of) in sides.items():
        name = "kgce" if quantity == Quantity.ENERGY else "kg_co2"
        totals = [getattr(side, name).sum(axis=(1, 2)) for side in (before, after)]
        done += _write(agencies, quantity, totals, effects_of(before, after), months, year, basis)
    window = _window(used.water_counted, base.water_counted)
    before, after = _water_side(base, window), _water_side(used, window)
    totals = [side.water_m3.sum(axis=1) for side in (before, after)]
    effects = decomposition.water_effects(before, after)
    return done + _write(agencies, Quantity.WATER, totals, effects, window, year, basis)


def _window(now, then):
    """The months in which anything is counted in both years, (n, 12) of 0 and 1."""
    return ((now.sum(axis=1) > 0) & (then.sum(axis=1) > 0)).astype(float)


def _side(used, months):
    """(Side without carbon, kgCO₂ of fuels by carrier, grid kWh by carrier) over the window's months."""
    window = months[:, np.newaxis]
    length = np.maximum(months.sum(axis=1), 1.0)
    side = Side(
        institutions=(used.counted * window).sum(axis=(1, 2)) / length,
        activity=(used.area * window).sum(axis=2) / length[:, np.newaxis],
        kgce=(used.kgce * window[..., np.newaxis]).sum(axis=2),
    )
    return side, *((each * window[..., np.newaxis]).sum(axis=2) for each in (used.kg_co2, used.grid_kwh))


def _with_carbon(parts, kg_co2_per_kwh):
    side, kg_co2, grid_kwh = parts
    return Side(side.institutions, side.activity, side.kgce, kg_co2 + grid_kwh * kg_co2_per_kwh)


def _water_side(used, months):
    window, length = months[:, np.newaxis], np.maximum(months.sum(axis=1), 1.0)
    return WaterSide(
        institutions=(used.water_counted * window).sum(axis=(1, 2)) / length,
        activity=(used.people * window).sum(axis=2) / length[:, np.newaxis],
        water_m3=(used.water * window).sum(axis=2),
    )


def _write(agencies, quantity, totals, effects, months, year, basis):
    kept = months.any(axis=1)
    if not kept.any():
        return 0
    columns = {name: getattr(effects, name)[kept] for name in EFFECTS} | {
        "agency": agencies[kept],
        "year": year,
        "base_year": basis.base_years[year],
        "rule_set": basis.rule_set.pk,
        "quantity": np.full(int(kept.sum()), str(quantity.value)),
        "compared_months": pack_bits(months[kept]),
        "computed_at": basis.computed_at,
        "base": totals[0][kept],
        "value": totals[1][kept],
    }
    bulk.insert_columns(Decomposition, blocks.spread(columns, int(kept.sum())))
    return int(kept.sum())
