"""Why a year's energy, carbon and water differ from the base year's: stored effects that add up to the change."""

from django.db import models

from agencies.models import Agency
from reporting.models import RuleSet

from ..decomposition import EFFECTS


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
    institutions make.
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
    def effects(self):
        """(name, effect in the shown unit, as a fraction of the base) of the effects that can be any."""
        scale = Quantity(self.quantity).scale
        names = [name for name in EFFECTS if name not in NO_EFFECT[self.quantity]]
        fields = [(self._meta.get_field(name).verbose_name, getattr(self, name)) for name in names]
        return [
            (title, effect / scale, effect / self.base if self.base else None) for title, effect in fields
        ]

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
