"""The edge of the formulas: what the portal knows, as tables that they count. Words and fields: docs/plan.md."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from django.db.models import Count, Sum

from agencies.models import Agency, AgencyKind, DataRoom, PvPlant, Vehicle
from reporting import quality
from reporting.models import Panel, RoomReading
from reporting.models.panel import unpack_bits
from reporting.panels import COLUMN, MONTHS, PANEL_ITEMS

from ..leaders import JUDGED
from ..models import (
    Benchmark,
    Figure,
    Indicator,
    PeakBasis,
    PeakResult,
    RecordVersion,
    RegisterField,
)
from . import formula
from .formula import Table

ELECTRICITY = "110"
BURNT = ("130", "140", "105", "1502", "1602")
ELECTRIC = {Vehicle.Energy.ELECTRIC, Vehicle.Energy.HYBRID}
KEY_USERS = formula.parse("any roster in force where kind = 重点用能单位")


@dataclass(frozen=True)
class Nodes:
    """The tree: bureau, departments and institutions in the order of their paths; (n,) each."""

    ids: np.ndarray
    paths: list[str]
    kinds: np.ndarray
    types: np.ndarray
    organs: np.ndarray
    joined: np.ndarray
    left: np.ndarray

    @classmethod
    def load(cls):
        columns = ("path", "pk", "kind", "type_code", "is_party_government_organ")
        # Sorted here: `groups` searches by code points, which need not be how the database collates.
        rows = sorted(Agency.objects.values_list(*columns, "registered_from", "registered_to"))
        paths, ids, kinds, types, organs, joined, left = _columns(rows, 7)
        return cls(
            np.array(ids, dtype=np.int64),
            list(paths),
            np.array(kinds, dtype=str),
            np.array(types, dtype=str),
            np.array(organs, dtype=np.float64),
            _days(joined),
            _days(left),
        )

    def __len__(self):
        return len(self.paths)

    def places(self, ids):
        """The index of each agency id."""
        found = np.searchsorted(self.ids, np.asarray(ids, dtype=np.int64), sorter=self._by_id)
        return self._by_id[found]

    @cached_property
    def _by_id(self):
        return np.argsort(self.ids)

    def groups(self):
        """(index of a bureau or department, end): it and those below it stand together in the order of paths."""
        paths = np.array(self.paths)
        return [
            (place, int(np.searchsorted(paths, self.paths[place] + "~")))
            for place in np.flatnonzero(self.kinds != AgencyKind.INSTITUTION)
        ]


def load(nodes, basis, years, today):
    """Source name → Table, of everything up to today; a handful of queries however many institutions."""
    return _registers(nodes) | {
        "institution": _of_nodes(nodes, AgencyKind.INSTITUTION),
        "system": _of_nodes(nodes, AgencyKind.DEPARTMENT),
        **_vehicles(nodes),
        "machine_room": _equipment(nodes, DataRoom, ("racks", "installed_kw")),
        "plant": _equipment(nodes, PvPlant, ("capacity_kw",)),
        "room": _rooms(nodes),
        "figure": _figures(nodes, basis),
        "filing": _filing(nodes, years, today),
        "quota": _quotas(nodes, basis),
        "peak": _peaks(nodes, basis),
    }


def attributes(nodes, tables, moment):
    """What each row has of its institution at a moment: field → (n nodes,)."""
    return {
        "organ": nodes.organs,
        "type": nodes.types,
        "level": nodes.kinds,
        "key": formula.evaluate(KEY_USERS, tables[KEY_USERS.source], len(nodes), moment),
    }


def with_attributes(table, of_nodes):
    return replace(
        table, fields={**table.fields, **{name: each[table.owners] for name, each in of_nodes.items()}}
    )


def _days(values):
    return np.array(
        [np.datetime64("NaT") if each is None else each for each in values], dtype="datetime64[D]"
    )


def _table(nodes, ids, days, ends=None, **fields):
    days = _days(days)
    nothing = np.full(len(days), "NaT", dtype="datetime64[D]")
    return Table(nodes.places(ids), days, nothing if ends is None else _days(ends), fields)


def _columns(rows, width):
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _numbers(values):
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)


def _words(values):
    return np.array(["" if each is None else each for each in values], dtype=str)


def _registers(nodes):
    """What is in force of every register."""
    asked = defaultdict(list)
    for field in RegisterField.objects.select_related("register"):
        asked[field.register.slug].append(field)
    rows = RecordVersion.objects.in_force().order_by("pk")
    found = defaultdict(list)
    for slug, *row in rows.values_list(
        "record__register__slug", "record__agency", "happened_on", "ended_on", "values"
    ):
        found[slug].append(row)
    return {slug: _register(nodes, found[slug], fields) for slug, fields in asked.items()}


def _register(nodes, rows, fields):
    ids, days, ends, values = _columns(rows, 4)
    columns = {
        field.code: (_numbers if field.kind == RegisterField.Kind.NUMBER else _words)(
            [each.get(field.code) or None for each in values]
        )
        for field in fields
    }
    return _table(nodes, ids, days, ends, **columns)


def _of_nodes(nodes, kind):
    places = np.flatnonzero(nodes.kinds == kind)
    return Table(places, nodes.joined[places], nodes.left[places], {})


def _vehicles(nodes):
    """Vehicles by the day of their registration, and those taken out by that day."""
    rows = list(Vehicle.objects.values_list("agency", "registered_on", "retired_on", "energy", "purpose"))
    ids, days, ends, energies, purposes = _columns(rows, 5)
    fields = {
        "energy": _words(energies),
        "purpose": _words(purposes),
        "nev": np.array([each in ELECTRIC for each in energies], dtype=np.float64),
    }
    vehicles = _table(nodes, ids, days, ends, **fields)
    gone = ~np.isnat(vehicles.ends)
    scrapped = Table(
        vehicles.owners[gone],
        vehicles.ends[gone],
        np.full(int(gone.sum()), "NaT", dtype="datetime64[D]"),
        {name: values[gone] for name, values in vehicles.fields.items()},
    )
    return {"vehicle": vehicles, "scrapped": scrapped}


def _equipment(nodes, model, names):
    rows = list(model.objects.values_list("agency", "in_use_from", "in_use_to", *names))
    ids, days, ends, *columns = _columns(rows, 3 + len(names))
    return _table(
        nodes, ids, days, ends, **{name: _numbers(each) for name, each in zip(names, columns, strict=True)}
    )


def _rooms(nodes):
    """PUE of each data room's whole years: total electricity ÷ that of the IT equipment over twelve months."""
    years = (
        RoomReading.objects.order_by()
        .values_list("room__agency", "room__name", "month__year")
        .annotate(months=Count("pk"), total=Sum("total_kwh"), it=Sum("it_kwh"))
        .filter(months=MONTHS, it__gt=0)
    )
    renovated = {
        (agency, name): day.year
        for agency, name, day in RecordVersion.objects.in_force()
        .filter(record__register__slug="room_project", values__kind="改造", happened_on__isnull=False)
        .values_list("record__agency", "name", "happened_on")
    }
    rows = [
        (agency, date(year, 1, 1), total / it, renovated.get((agency, name), year + 1) <= year)
        for agency, name, year, _months, total, it in years
    ]
    ids, days, pue, is_renovated = _columns(rows, 4)
    return _table(nodes, ids, days, pue=_numbers(pue), renovated=np.array(is_renovated, dtype=np.float64))


def _figures(nodes, basis):
    """Energy by year, of the approved months; NaN where one of them does not know the item."""
    stored = Figure.objects.filter(rule_set=basis.rule_set).values_list(
        "agency", "year", "kgce", "people", "kg_co2_target"
    )
    totals = {(agency, year): numbers for agency, year, *numbers in stored}
    rows = [
        (*row[:2], bytes(row[2]), row[3])
        for row in Panel.objects.values_list("agency", "year", "packed", "approved_months")
        if row[:2] in totals
    ]
    ids, years, packed, months = _columns(rows, 4)
    used = _used(b"".join(packed), months)
    kgce, people, carbon = (_numbers(each) for each in _columns([totals[row[:2]] for row in rows], 3))
    days = [date(year, 1, 1) for year in years]
    fields = _carriers(used, basis) | {"kgce": kgce, "people": people}
    return _table(nodes, ids, days, accountable=(~np.isnan(carbon)).astype(np.float64), **fields)


def _carriers(used, basis):
    """What the formulas ask of the used items, (n,) each. used: (n, items)."""

    def kgce_of(code):
        return used[:, COLUMN[code]] * kgce_per_unit(code)

    def kgce_per_unit(code):
        return float(basis.loaded.by_item[code].kgce_per_unit)

    return {
        "electricity_kwh": used[:, COLUMN[ELECTRICITY]],
        "electricity_kgce": kgce_of(ELECTRICITY),
        "fossil_kgce": np.sum([kgce_of(code) for code in BURNT], axis=0),
        "pv_kwh": used[:, COLUMN["PV"]],
        # What PV makes and the institution uses itself, converted as electricity.
        "renewable_kgce": used[:, COLUMN["PV1"]] * kgce_per_unit(ELECTRICITY),
        "polluting": (used[:, COLUMN["130"]] > 0).astype(np.float64),
    }


def _used(packed, months):
    """Sums of the approved months, (n, items)."""
    values = np.frombuffer(packed, dtype="<f8").reshape(-1, MONTHS, len(PANEL_ITEMS))
    approved = unpack_bits(np.array(months, dtype=np.int64)).astype(bool)
    return np.where(approved[:, :, np.newaxis], values, 0.0).sum(axis=1)


def _filing(nodes, years, today):
    rows = [
        (agency, date(year, 1, 1), each.on_time, each.owed, each.right, each.approved)
        for year in years
        for agency, each in quality.of_year(Agency.objects.institutions(), year, today).items()
    ]
    ids, days, *counts = _columns(rows, 6)
    names = ("on_time", "owed", "right", "approved")
    return _table(
        nodes, ids, days, **{name: _numbers(each) for name, each in zip(names, counts, strict=True)}
    )


def _quotas(nodes, basis):
    rows = list(
        Benchmark.objects.filter(
            rule_set=basis.rule_set, indicator=Indicator.ENERGY_PER_AREA, band__in=JUDGED
        ).values_list("agency", "year", "band")
    )
    ids, years, bands = _columns(rows, 3)
    return _table(nodes, ids, [date(year, 1, 1) for year in years], band=_words(bands))


def _peaks(nodes, basis):
    """Begun with the year after the peak: only then it is behind."""
    rows = list(
        PeakResult.objects.filter(
            rule_set=basis.rule_set, basis=PeakBasis.TARGET, peak_year__isnull=False
        ).values_list("agency", "peak_year", "status")
    )
    ids, years, states = _columns(rows, 3)
    return _table(nodes, ids, [date(year + 1, 1, 1) for year in years], status=_words(states))
