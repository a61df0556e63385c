"""The columns that every row of figures has: totals, and for each indicator what `targets.measures` says of it."""

from functools import cached_property

import numpy as np
from django.db import models

from reporting.models import RuleSet

from ..indicators import MONTHS, QUANTITIES


def _number(title):
    return models.FloatField(title, null=True)


class Totals(models.Model):
    """A span's sums of the known months; area and people as time-weighted means. Unknown is null.

    kg_co2_target: every year on one frozen grid factor (考核口径); kg_co2_inventory: each year on its own (清单口径).
    """

    kgce = _number("综合能耗(kgce)")
    kgce_vehicle_fuel = _number("其中车辆用油(kgce)")
    kg_co2_target = _number("碳排放，考核口径(kgCO₂)")
    kg_co2_inventory = _number("碳排放，清单口径(kgCO₂)")
    kg_co2_vehicle_fuel = _number("其中车辆用油(kgCO₂)")
    water_m3 = _number("用水量(m³)")
    floor_area_m2 = _number("建筑面积(m²)")
    people = _number("用能人数(人)")

    class Meta:
        abstract = True


class IndicatorColumns(Totals):
    """A year's totals and intensities.

    *_base: the base year's figure over the months that are compared; *_change: relative change against it; both also
    against the base year as it was filed, before any restatement (*_base_filed, *_change_filed);
    *_denominator: the part of *_change that area or people make; *_yoy: change against the same months of last year;
    *_rolling, *_roll_change: the twelve months up to the last one, and their change against the whole base year;
    *_low, *_high: the least and greatest change that the missing months could still make of it.
    """

    year = models.PositiveSmallIntegerField("年份")
    base_year = models.PositiveSmallIntegerField("基准年", null=True)
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    is_provisional = models.BooleanField("清单因子为暂用", default=False)
    bounded_months = models.PositiveSmallIntegerField(
        "已知或可估月份", default=0, help_text="两年均已知或缺报可以估计上下限的月份，第 m 位为 m+1 月"
    )
    rolling_month = models.PositiveSmallIntegerField("滚动期末月", null=True)
    computed_at = models.DateTimeField("计算时间")

    kgce_per_m2 = _number("单位建筑面积能耗(kgce/m²)")
    kgce_per_m2_base = _number("单位建筑面积能耗，基准")
    kgce_per_m2_change = _number("单位建筑面积能耗，变化率")
    kgce_per_m2_base_filed = _number("单位建筑面积能耗，原基准")
    kgce_per_m2_change_filed = _number("单位建筑面积能耗，较原基准变化率")
    kgce_per_m2_denominator = _number("单位建筑面积能耗，变化率中分母的部分")
    kgce_per_m2_yoy = _number("单位建筑面积能耗，较上年变化率")
    kgce_per_m2_rolling = _number("单位建筑面积能耗，滚动12个月")
    kgce_per_m2_roll_change = _number("单位建筑面积能耗，滚动12个月变化率")
    kgce_per_m2_low = _number("单位建筑面积能耗，变化率下限")
    kgce_per_m2_high = _number("单位建筑面积能耗，变化率上限")

    kg_co2_per_m2 = _number("单位建筑面积碳排放，考核口径(kgCO₂/m²)")
    kg_co2_per_m2_base = _number("单位建筑面积碳排放，考核口径，基准")
    kg_co2_per_m2_change = _number("单位建筑面积碳排放，考核口径，变化率")
    kg_co2_per_m2_base_filed = _number("单位建筑面积碳排放，考核口径，原基准")
    kg_co2_per_m2_change_filed = _number("单位建筑面积碳排放，考核口径，较原基准变化率")
    kg_co2_per_m2_denominator = _number("单位建筑面积碳排放，考核口径，变化率中分母的部分")
    kg_co2_per_m2_yoy = _number("单位建筑面积碳排放，考核口径，较上年变化率")
    kg_co2_per_m2_rolling = _number("单位建筑面积碳排放，考核口径，滚动12个月")
    kg_co2_per_m2_roll_change = _number("单位建筑面积碳排放，考核口径，滚动12个月变化率")
    kg_co2_per_m2_low = _number("单位建筑面积碳排放，考核口径，变化率下限")
    kg_co2_per_m2_high = _number("单位建筑面积碳排放，考核口径，变化率上限")

    kgce_per_person = _number("人均综合能耗(kgce/人)")
    kgce_per_person_base = _number("人均综合能耗，基准")
    kgce_per_person_change = _number("人均综合能耗，变化率")
    kgce_per_person_base_filed = _number("人均综合能耗，原基准")
    kgce_per_person_change_filed = _number("人均综合能耗，较原基准变化率")
    kgce_per_person_denominator = _number("人均综合能耗，变化率中分母的部分")
    kgce_per_person_yoy = _number("人均综合能耗，较上年变化率")
    kgce_per_person_rolling = _number("人均综合能耗，滚动12个月")
    kgce_per_person_roll_change = _number("人均综合能耗，滚动12个月变化率")
    kgce_per_person_low = _number("人均综合能耗，变化率下限")
    kgce_per_person_high = _number("人均综合能耗，变化率上限")

    m3_per_person = _number("人均用水量(m³/人)")
    m3_per_person_base = _number("人均用水量，基准")
    m3_per_person_change = _number("人均用水量，变化率")
    m3_per_person_base_filed = _number("人均用水量，原基准")
    m3_per_person_change_filed = _number("人均用水量，较原基准变化率")
    m3_per_person_denominator = _number("人均用水量，变化率中分母的部分")
    m3_per_person_yoy = _number("人均用水量，较上年变化率")
    m3_per_person_rolling = _number("人均用水量，滚动12个月")
    m3_per_person_roll_change = _number("人均用水量，滚动12个月变化率")
    m3_per_person_low = _number("人均用水量，变化率下限")
    m3_per_person_high = _number("人均用水量，变化率上限")

    kg_co2_per_m2_inv = _number("单位建筑面积碳排放，清单口径(kgCO₂/m²)")
    kg_co2_per_m2_inv_base = _number("单位建筑面积碳排放，清单口径，基准")
    kg_co2_per_m2_inv_change = _number("单位建筑面积碳排放，清单口径，变化率")
    kg_co2_per_m2_inv_base_filed = _number("单位建筑面积碳排放，清单口径，原基准")
    kg_co2_per_m2_inv_change_filed = _number("单位建筑面积碳排放，清单口径，较原基准变化率")
    kg_co2_per_m2_inv_denominator = _number("单位建筑面积碳排放，清单口径，变化率中分母的部分")
    kg_co2_per_m2_inv_yoy = _number("单位建筑面积碳排放，清单口径，较上年变化率")
    kg_co2_per_m2_inv_rolling = _number("单位建筑面积碳排放，清单口径，滚动12个月")
    kg_co2_per_m2_inv_roll_change = _number("单位建筑面积碳排放，清单口径，滚动12个月变化率")
    kg_co2_per_m2_inv_low = _number("单位建筑面积碳排放，清单口径，变化率下限")
    kg_co2_per_m2_inv_high = _number("单位建筑面积碳排放，清单口径，变化率上限")

    class Meta:
        abstract = True

    @cached_property
    def monthly(self):
        """Array (8, 12) of `packed`: the rows of `indicators.QUANTITIES`, NaN where unknown."""
        return np.frombuffer(bytes(self.packed), dtype="<f8").reshape(len(QUANTITIES), -1)

    @cached_property
    def months_with_energy(self):
        """The months (1 to 12) of which the energy is known."""
        known = ~np.isnan(self.monthly[QUANTITIES.index("kgce")])
        return [int(month) + 1 for month in np.flatnonzero(known)]

    @cached_property
    def covers_year(self):
        """Whether all months are known, each of half the fullest month's area: one early December ends no year."""
        area = np.nan_to_num(self.monthly[QUANTITIES.index("floor_area_m2")])
        return len(self.months_with_energy) == MONTHS and bool(area.min() >= area.max() / 2)

    def value(self, indicator):
        return getattr(self, indicator)

    def base(self, indicator):
        return getattr(self, f"{indicator}_base")

    def change(self, indicator):
        return getattr(self, f"{indicator}_change")

    def measure(self, indicator, name):
        """Another of the measures: "base_filed", "change_filed", "denominator", "yoy", "rolling", "low" …"""
        return getattr(self, f"{indicator}_{name}")

    def is_restated(self, indicator):
        """Whether the base year counts differently from how it was filed."""
        return self.base(indicator) != self.measure(indicator, "base_filed")
