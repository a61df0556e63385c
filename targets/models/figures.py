"""Figures computed from the panels: read by pages, written by the refreshing job alone."""

import numpy as np
from django.db import models

from agencies.access import SEES_FIGURES
from agencies.models import Agency
from reporting.models import RuleSet

from ..indicators import QUANTITIES


def _number(title):
    return models.FloatField(title, null=True)


class IndicatorColumns(models.Model):
    """A year's totals and intensities. Unknown is null.

    kg_co2_target: every year on one frozen grid factor (考核口径); kg_co2_inventory: each year on its own (清单口径).
    *_base: the base year's figure over the months that are compared; *_change: relative change against it.
    """

    year = models.PositiveSmallIntegerField("年份")
    base_year = models.PositiveSmallIntegerField("基准年", null=True)
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    is_provisional = models.BooleanField("清单因子为暂用", default=False)
    computed_at = models.DateTimeField("计算时间", auto_now_add=True)

    kgce = _number("综合能耗(kgce)")
    kgce_vehicle_fuel = _number("其中车辆用油(kgce)")
    kg_co2_target = _number("碳排放，考核口径(kgCO₂)")
    kg_co2_inventory = _number("碳排放，清单口径(kgCO₂)")
    kg_co2_vehicle_fuel = _number("其中车辆用油(kgCO₂)")
    water_m3 = _number("用水量(m³)")
    floor_area_m2 = _number("建筑面积(m²)")
    people = _number("用能人数(人)")

    kgce_per_m2 = _number("单位建筑面积能耗(kgce/m²)")
    kgce_per_m2_base = _number("单位建筑面积能耗，基准")
    kgce_per_m2_change = _number("单位建筑面积能耗，变化率")
    kg_co2_per_m2 = _number("单位建筑面积碳排放，考核口径(kgCO₂/m²)")
    kg_co2_per_m2_base = _number("单位建筑面积碳排放，基准")
    kg_co2_per_m2_change = _number("单位建筑面积碳排放，变化率")
    kgce_per_person = _number("人均综合能耗(kgce/人)")
    kgce_per_person_base = _number("人均综合能耗，基准")
    kgce_per_person_change = _number("人均综合能耗，变化率")
    m3_per_person = _number("人均用水量(m³/人)")
    m3_per_person_base = _number("人均用水量，基准")
    m3_per_person_change = _number("人均用水量，变化率")
    kg_co2_per_m2_inventory = _number("单位建筑面积碳排放，清单口径(kgCO₂/m²)")
    kg_co2_per_m2_inventory_base = _number("单位建筑面积碳排放，清单口径，基准")
    kg_co2_per_m2_inventory_change = _number("单位建筑面积碳排放，清单口径，变化率")

    class Meta:
        abstract = True

    def value(self, indicator):
        return getattr(self, indicator)

    def base(self, indicator):
        return getattr(self, f"{indicator}_base")

    def change(self, indicator):
        return getattr(self, f"{indicator}_change")


class FigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(agency__in=Agency.objects.visible_to(user))


class Figure(IndicatorColumns):
    """One institution's year under one rule set."""

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="figures")
    approved_months = models.PositiveSmallIntegerField("已通过月份", help_text="第 m 位为 m+1 月")
    compared_months = models.PositiveSmallIntegerField(
        "可比月份", help_text="两年均有数据的月份，第 m 位为 m+1 月"
    )
    packed = models.BinaryField("各月数值", help_text="QUANTITIES × 12 个月的 float64")

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构指标"
        ordering = ("agency", "year")
        constraints = (
            models.UniqueConstraint(fields=("agency", "year", "rule_set"), name="figure_once_a_rule_set"),
        )
        indexes = (models.Index(fields=("year", "rule_set"), name="figure_year_rule_set"),)

    def __str__(self):
        return f"{self.agency} {self.year}年"

    @property
    def monthly(self):
        """Array (8, 12): the rows of `indicators.QUANTITIES`, NaN where unknown."""
        return np.frombuffer(bytes(self.packed), dtype="<f8").reshape(len(QUANTITIES), -1)


class GroupKind(models.TextChoices):
    NODE = "node", "机构树节点"
    TYPE = "type", "机构类型"
    STREET = "street", "街道"


class GroupPanel(models.TextChoices):
    """Which institution-months a comparison takes."""

    ALL = "all", "全部机构"
    COMPARABLE = "comparable", "可比机构"


class GroupFigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Tree nodes the user can see; types and streets for those who see the whole tree."""
        nodes = Agency.objects.visible_to(user).values("key")
        visible = models.Q(kind=GroupKind.NODE, key__in=nodes)
        if Agency.objects.filter(parent=None, path__in=user.paths_of(SEES_FIGURES)).exists():
            visible |= ~models.Q(kind=GroupKind.NODE)
        return self.filter(visible)


class GroupFigure(IndicatorColumns):
    """A group's year: a node of the tree (district, system), a type or a street. Ratios of sums, never means."""

    kind = models.CharField("分组", max_length=6, choices=GroupKind)
    key = models.CharField("分组编码", max_length=40)
    panel = models.CharField("比较范围", max_length=10, choices=GroupPanel)
    institutions = models.PositiveIntegerField("有数据机构数")
    institution_months = models.PositiveIntegerField("已通过机构月数")
    packed = models.BinaryField("各月数值", help_text="QUANTITIES × 12 个月的 float64")

    objects = GroupFigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "分组指标"
        ordering = ("kind", "key", "year")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "key", "year", "rule_set", "panel"), name="group_figure_once_a_rule_set"
            ),
        )

    def __str__(self):
        return f"{self.get_kind_display()} {self.key} {self.year}年 {self.get_panel_display()}"

    @property
    def monthly(self):
        """Array (8, 12): the rows of `indicators.QUANTITIES`, NaN where unknown."""
        return np.frombuffer(bytes(self.packed), dtype="<f8").reshape(len(QUANTITIES), -1)
