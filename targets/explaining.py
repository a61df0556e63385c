"""The edge of the decomposition: panels into types and carriers, and the effects of every institution and node stored.

A job of its own, behind the figures: it reads the same panels block by block.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Max

from agencies.models import Agency, AgencyKind, AgencyType
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
    """How the panel's items count, carrier by carrier: arrays (carriers, items) in the order of the names."""

    names: list[str]
    kgce: np.ndarray
    kg_co2: np.ndarray
    is_grid: np.ndarray


@dataclass(frozen=True)
class Owners:
    """Whose effects are stored, and what their figures are laid out by: type codes of each, and carriers for all."""

    agencies: np.ndarray
    types: np.ndarray
    carriers: str


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
    """Whether figures were made, or the register changed, after the last run that came to its end.

    The nodes are written last, so theirs is the time of a whole run.
    """
    of = {"rule_set__slug": rules.active_slug()}
    figures = Figure.objects.filter(**of).aggregate(last=Max("computed_at"))["last"]
    if figures is None:
        return False
    nodes = Decomposition.objects.filter(**of).exclude(agency__kind=AgencyKind.INSTITUTION)
    explained = nodes.aggregate(last=Max("computed_at"))["last"]
    changed = Agency.history.aggregate(last=Max("history_date"))["last"]
    return explained is None or figures > explained or (changed is not None and changed > explained)


def explain_all():
    """Every institution's and node's effects under the rule set in force; returns how many rows."""
    basis = refresh.basis_of(rules.active_slug())
    carriers, nodes = carriers_of(basis.loaded), defaultdict(dict)
    done = 0
    for _, loaded in blocks.load_each():
        used = {year: used_in(loaded, year, carriers) for year in loaded.years}
        agencies = _agencies(loaded)
        types = np.array([agencies[pk].type_code for pk in loaded.agencies.tolist()])
        with transaction.atomic():
            owners = Owners(loaded.agencies, types, ",".join(carriers.names))
            done += _explain_institutions(owners, loaded, used, basis)
        for node, by_year in _by_node(agencies, loaded, used).items():
            for year, sums in by_year.items():
                nodes[node][year] = nodes[node][year] + sums if year in nodes[node] else sums
    with transaction.atomic():
        return done + _explain_nodes(nodes, carriers, basis)


def carriers_of(loaded):
    """The carriers of a rule set, as weights over the panel's items."""
    items = Item.objects.exclude(carrier="").filter(code__in=panels.PANEL_ITEMS)
    names = sorted({item.carrier for item in items})
    shape = (len(names), len(panels.PANEL_ITEMS))
    found = Carriers(names, np.zeros(shape), np.zeros(shape), np.zeros(shape))
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


def _agencies(loaded):
    """Id → the institution, with what says where it counts."""
    rows = Agency.objects.filter(pk__gte=loaded.agencies[0], pk__lte=loaded.agencies[-1])
    return {row.pk: row for row in rows.only("path", "type_code")}


def _explain_institutions(owners, loaded, used, basis):
    done = 0
    stored = Decomposition.objects.filter(
        rule_set=basis.rule_set, agency__gte=loaded.agencies[0], agency__lte=loaded.agencies[-1]
    )
    stored.filter(agency__kind="institution").delete()
    for year in loaded.years:
        base_year = basis.base_years.get(year)
        if base_year in used:
            done += _store(owners, used[year], used[base_year], year, basis)
    return done


def _by_node(agencies, loaded, used):
    """Node key → year → `Used` of the node (1, types, 12, …)."""
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


def _explain_nodes(nodes, carriers, basis):
    agencies = dict(Agency.objects.filter(key__in=nodes).values_list("key", "pk"))
    Decomposition.objects.filter(rule_set=basis.rule_set).exclude(agency__kind="institution").delete()
    done = 0
    for key, by_year in nodes.items():
        owners = Owners(np.array([agencies[key]]), np.array([",".join(TYPES)]), ",".join(carriers.names))
        for year, used in by_year.items():
            base = by_year.get(basis.base_years.get(year))
            if base is not None:
                done += _store(owners, used, base, year, basis)
    return done


def _store(owners, used, base, year, basis):
    """The rows of these owners that have any month to compare; returns how many."""
    months = _window(used.counted, base.counted)
    now, then = _side(used, months), _side(base, months)
    vintages = [
        float(basis.loaded.inventory_vintage(each).kg_co2_per_kwh) for each in (basis.base_years[year], year)
    ]
    frozen = [float(basis.loaded.target_vintage.kg_co2_per_kwh)] * 2
    of = year, basis
    done = _write(owners, Quantity.ENERGY, (then[0], now[0]), months, *of)
    for quantity, factors in ((Quantity.CARBON, frozen), (Quantity.CARBON_INVENTORY, vintages)):
        sides = [_with_carbon(side, factor) for side, factor in zip((then, now), factors, strict=True)]
        done += _write(owners, quantity, sides, months, *of)
    window = _window(used.water_counted, base.water_counted)
    sides = _water_side(base, window), _water_side(used, window)
    return done + _write(owners, Quantity.WATER, sides, window, *of)


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


def _write(owners, quantity, sides, months, year, basis):
    """sides: of the base year and of the year, as the quantity's split takes them."""
    kept = months.any(axis=1)
    rows = int(kept.sum())
    if not rows:
        return 0
    split_of, total_of = KERNELS[quantity]
    effects, totals = split_of(*sides).effects, [total_of(side) for side in sides]
    inputs = np.stack([decomposition.packed(side)[kept] for side in sides], axis=1)
    columns = {name: getattr(effects, name)[kept] for name in EFFECTS} | {
        "agency": owners.agencies[kept],
        "year": year,
        "base_year": basis.base_years[year],
        "rule_set": basis.rule_set.pk,
        "quantity": str(quantity.value),
        "compared_months": pack_bits(months[kept]),
        "computed_at": basis.computed_at,
        "base": totals[0][kept],
        "value": totals[1][kept],
        "types": owners.types[kept],
        "carriers": str(quantity.value) if quantity == Quantity.WATER else owners.carriers,
        "inputs": blocks.packed_rows(inputs),
    }
    bulk.insert_columns(Decomposition, blocks.spread(columns, rows))
    return rows


def _carbon_of(side):
    return side.kg_co2.sum(axis=(1, 2))


# Quantity → how its change is split, and its total of a side.
KERNELS = {
    Quantity.ENERGY: (decomposition.energy_split, lambda side: side.kgce.sum(axis=(1, 2))),
    Quantity.CARBON: (decomposition.carbon_split, _carbon_of),
    Quantity.CARBON_INVENTORY: (decomposition.carbon_split, _carbon_of),
    Quantity.WATER: (decomposition.water_split, lambda side: side.water_m3.sum(axis=1)),
}
