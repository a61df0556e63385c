"""The edge between the factor library's rows and the kernel: a rule set as plain values and arrays."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ..models.catalogue import Carrier, Item, Mark
from ..models.factors import Coefficient, CoefficientSet, EmissionFactor, FactorSet, RuleSet
from ..panels import PANEL_ITEMS
from .exact import Boundary, ItemRule
from .kernel import Weights

# Rule sets that are kept as read, those of yesterday's library among them.
KEPT = 16
_LIBRARY = [
    model._meta.db_table for model in (Item, RuleSet, CoefficientSet, Coefficient, FactorSet, EmissionFactor)
]


@dataclass(frozen=True)
class Vintage:
    """The grid factor of a year; provisional where the year's own is not published."""

    kg_co2_per_kwh: Decimal
    data_year: int
    is_provisional: bool


@dataclass(frozen=True)
class ItemRows:
    """The library's rows that an item's values were read from; None where none was asked."""

    coefficient: Coefficient | None = None
    factor: EmissionFactor | None = None


@dataclass(frozen=True)
class Rules:
    """A rule set, loaded: how each item counts, the grid's vintages, the boundary; and the rows that say so.

    rows_by_item, vintage_rows: by item code and by data year, for those who ask where a number comes from.
    """

    rule_set: RuleSet
    by_item: dict[str, ItemRule]
    vintages: dict[int, Decimal]
    rows_by_item: dict[str, ItemRows] = field(default_factory=dict)
    vintage_rows: dict[int, EmissionFactor] = field(default_factory=dict)

    @property
    def boundary(self):
        return Boundary(
            self.rule_set.has_vehicle_fuel_in_energy_per_m2, self.rule_set.has_vehicle_fuel_in_carbon_per_m2
        )

    @property
    def target_vintage(self):
        """The one frozen factor of the target basis, for the base year and every later one."""
        return self.exactly(self.rule_set.target_grid_year)

    def exactly(self, year):
        """The vintage of that data year. Raises ValueError naming the years that exist."""
        if year not in self.vintages:
            years = "、".join(map(str, sorted(self.vintages)))
            raise ValueError(f"“{self.rule_set.grid_factors}”没有 {year} 年的因子，现有：{years}。")
        return Vintage(self.vintages[year], year, is_provisional=False)

    def inventory_vintage(self, year):
        """The year's own vintage; else the latest published before it, else the earliest: both provisional."""
        earlier = [vintage for vintage in self.vintages if vintage <= year]
        data_year = max(earlier) if earlier else min(self.vintages)
        return Vintage(self.vintages[data_year], data_year, is_provisional=data_year != year)

    def weights(self):
        """The arrays of the kernel, in the order of PANEL_ITEMS."""
        nothing = ItemRule(Decimal(0), Decimal(0))
        rows = [self.by_item.get(code, nothing) for code in PANEL_ITEMS]
        return Weights(
            kgce_per_unit=np.array([float(row.kgce_per_unit) for row in rows]),
            kg_co2_per_unit=np.array([float(row.kg_co2_per_unit) for row in rows]),
            is_vehicle_fuel=np.array([row.is_vehicle_fuel for row in rows]),
            is_grid_electricity=np.array([row.is_grid_electricity for row in rows]),
        )


def active_slug():
    """The rule set in force; that of the setting where the library is empty."""
    return RuleSet.objects.active().values_list("slug", flat=True).first() or settings.ACTIVE_RULE_SET


def load(slug):
    """Raises ValueError naming what is missing: the rule set, or a coefficient or factor that an item needs.

    What was read is kept for the same content of the library on the same day: each approval asks for it.
    """
    if connection.vendor != "postgresql":
        return _read(slug)
    return _read_once(slug, _content(), timezone.localdate())


def _content():
    """A hash over every row of the library as it is now."""
    hashes = [f"(SELECT md5(string_agg(t::text, '' ORDER BY t)) FROM {table} t)" for table in _LIBRARY]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(hashes)}")
        return cursor.fetchone()


@lru_cache(maxsize=KEPT)
def _read_once(slug, content, today):
    return _read(slug)


def _read(slug):
    rule_set = (
        RuleSet.objects.select_related("coefficient_set", "fuel_factors", "grid_factors")
        .filter(slug=slug)
        .first()
    )
    if rule_set is None:
        known = "、".join(RuleSet.objects.values_list("slug", flat=True)) or "无（请先运行 load_factors）"
        raise ValueError(f"没有核算口径“{slug}”，现有：{known}。")
    items = Item.objects.exclude(carrier="")
    coefficients = _latest(rule_set.coefficient_set.coefficients.all())
    factors = _latest(rule_set.fuel_factors.factors.all())
    rows = {item.code: _item_rows(rule_set, item, coefficients, factors) for item in items}
    by_item = {item.code: _item_rule(item, rows[item.code]) for item in items}
    vintage_rows = _vintage_rows(rule_set.grid_factors)
    vintages = {year: row.kg_co2_per_unit for year, row in vintage_rows.items()}
    return Rules(rule_set, by_item, vintages, rows, vintage_rows)


def _latest(rows):
    """(carrier, unit) → the row in use with the latest valid_from: a corrected row follows the old one."""
    in_use = rows.filter(valid_from__lte=timezone.localdate()).order_by("valid_from")
    return {(row.carrier, row.unit): row for row in in_use}


def _vintage_rows(factor_set):
    """Data year → row. A row marked unverified is shipped for reference and never calculated with."""
    published = factor_set.factors.filter(
        carrier=Carrier.ELECTRICITY, data_year__isnull=False, valid_from__lte=timezone.localdate()
    )
    rows = published.exclude(mark=Mark.UNVERIFIED)
    found = {row.data_year: row for row in rows.order_by("valid_from")}
    if not found:
        raise ValueError(f"“{factor_set}”没有可用的电网因子。")
    return found


def _item_rows(rule_set, item, coefficients, factors):
    """The rows that an item needs: self-used PV has no carbon, grid electricity its factor by year."""
    is_pv = item.carrier == Carrier.PV_SELF_USE
    needs_coefficient = rule_set.counts_pv_self_use or not is_pv
    needs_factor = not is_pv and item.carrier != Carrier.ELECTRICITY
    return ItemRows(
        _needed(coefficients, item, rule_set.coefficient_set) if needs_coefficient else None,
        _needed(factors, item, rule_set.fuel_factors) if needs_factor else None,
    )


def _item_rule(item, rows):
    is_pv = item.carrier == Carrier.PV_SELF_USE
    return ItemRule(
        kgce_per_unit=rows.coefficient.kgce_per_unit if rows.coefficient else Decimal(0),
        kg_co2_per_unit=rows.factor.kg_co2_per_unit if rows.factor else Decimal(0),
        is_vehicle_fuel=item.is_vehicle_fuel and not is_pv,
        is_grid_electricity=item.carrier == Carrier.ELECTRICITY,
    )


def _needed(rows, item, where):
    """The row for the item's carrier and unit: nothing that was filed may drop out of a sum unseen."""
    if (item.carrier, item.unit) not in rows:
        raise ValueError(
            f"“{where}”缺少 {item.get_carrier_display()}(每{item.unit})的数值，指标 {item} 无法核算。"
        )
    return rows[(item.carrier, item.unit)]
