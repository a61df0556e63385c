"""Why a year's energy, carbon and water differ from the base year's: stored effects that add up to the change."""

import numpy as np
from django.db import models

from agencies.models import Agency, AgencyKind
from reporting.models import RuleSet

from .. import decomposition
from ..decomposition import EFFECTS
from .figures import INSTITUTION, GroupKind


class Quantity(models.TextChoices):
    ENERGY = "energy", "综合能耗"
    CARBON = "carbon", "碳排放（考核口径）"
    CARBON_INVENTORY = "inventory", "碳排放（清单口径）"
    WATER = "water", "用水量"

    @property
    def unit(self):
        return {"energy": "tce", "water": "m³"}.get(self.value, "tCO₂")

    @property
    def scale(self):
        """How many of what is stored (kgce, kgCO₂, m³) make one of what is shown."""
        return 1 if self == Quantity.WATER else 1000


def _effect(title):
    return models.FloatField(title)


class Decomposition(models.Model):
    """One quantity of one institution's year, or of a tree node's, against the same months of the base year.

    In kgce, kgCO₂ or m³: base + the six effects = value, without residual (`targets.decomposition`). For a node
    everything known now stands against everything known then, so that `institutions` tells what more or fewer
    institutions make. `inputs` are what the effects are made from, so that they can be explained.
    """

    agency = models.ForeignKey(
        Agency, verbose_name="机构或节点", on_delete=models.PROTECT, related_name="decompositions"
    )
    year = models.PositiveSmallIntegerField("年份")
    base_year = models.PositiveSmallIntegerField("基准年")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    quantity = models.CharField("对象", max_length=10, choices=Quantity)
    compared_months = models.PositiveSmallIntegerField("可比月份")
    computed_at = models.DateTimeField("计算时间")
    base = _effect("基准年")
    value = _effect("当年")
    institutions = _effect("机构数")
    size = _effect("单位规模")
    structure = _effect("类型结构")
    intensity = _effect("强度")
    fuel_mix = _effect("用能结构")
    factor = _effect("碳排放因子")
    types = models.CharField("机构类型", max_length=60, help_text="类型编码，逗号分隔")
    carriers = models.CharField("能源品种", max_length=200, help_text="逗号分隔；用水为 water")
    inputs = models.BinaryField("输入", help_text="基准年、当年各一行 float64：decomposition.packed")

    class Meta:
        verbose_name = verbose_name_plural = "因素分解"
        ordering = ("agency", "year", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("agency", "year", "rule_set", "quantity"), name="decomposition_once_a_year"
            ),
        )

    def __str__(self):
        return f"{self.agency} {self.year}年 {self.get_quantity_display()}"

    @property
    def unit(self):
        return Quantity(self.quantity).unit

    @property
    def decimals(self):
        return 0 if self.quantity == Quantity.WATER else 2

    @property
    def effect_names(self):
        """The effects that can be any."""
        return [name for name in EFFECTS if name not in NO_EFFECT[self.quantity]]

    @property
    def effects(self):
        """(name, effect in the shown unit, as a fraction of the base) of the effects that can be any."""
        scale = Quantity(self.quantity).scale
        values = [(name, getattr(self, name)) for name in self.effect_names]
        return [(name, effect / scale, effect / self.base if self.base else None) for name, effect in values]

    @property
    def owner_kind(self):
        """Whose it is, as the addresses of explanations say."""
        return INSTITUTION if self.agency.kind == AgencyKind.INSTITUTION else GroupKind.NODE.value

    @property
    def split(self):
        """The effects term by term, made anew from `inputs`: `decomposition.Split` of one owner."""
        if self.quantity == Quantity.WATER:
            return decomposition.water_split(*self._sides)
        made = decomposition.energy_split if self.quantity == Quantity.ENERGY else decomposition.carbon_split
        return made(*self._sides)

    @property
    def kgce_by_carrier(self):
        """(kgce of the base year, of the year) of each of `carriers`, over the types; not for water."""
        return [side.kgce.sum(axis=(0, 1)).tolist() for side in self._sides]

    @property
    def _sides(self):
        """Base year and year, each of one owner."""
        rows = np.frombuffer(bytes(self.inputs), dtype="<f8").reshape(2, 1, -1)
        types, carriers = len(self.types.split(",")), len(self.carriers.split(","))
        if self.quantity == Quantity.WATER:
            return [decomposition.unpacked_water(each, types) for each in rows]
        return [decomposition.unpacked(each, types, carriers) for each in rows]

    @property
    def without(self):
        """The effects that this quantity cannot have; they are the last ones."""
        return NO_EFFECT[self.quantity]

    @property
    def shown_base(self):
        return self.base / Quantity(self.quantity).scale

    @property
    def shown_value(self):
        return self.value / Quantity(self.quantity).scale

    @property
    def change(self):
        return self.value / self.base - 1 if self.base else None


NO_EFFECT = {
    Quantity.ENERGY: ("factor",),
    Quantity.CARBON: (),
    Quantity.CARBON_INVENTORY: (),
    Quantity.WATER: ("fuel_mix", "factor"),
}
