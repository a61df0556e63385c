"""Where a running year will end, and whether carbon has peaked: stored by a job, read by pages."""

from django.db import models

from agencies.models import Agency, AgencyKind
from reporting.models import RuleSet

from ..peak import Peak
from .figures import INSTITUTION
from .plan import Indicator

# What an indicator divides, as it is shown: unit, and how many of what is stored make one of it.
FLOWS = {
    Indicator.ENERGY_PER_AREA: ("tce", 1000),
    Indicator.CARBON_PER_AREA: ("tCO₂", 1000),
    Indicator.ENERGY_PER_PERSON: ("tce", 1000),
    Indicator.WATER_PER_PERSON: ("m³", 1),
}


def _number(title):
    return models.FloatField(title, null=True)


def _kind(agency):
    return INSTITUTION if agency.kind == AgencyKind.INSTITUTION else "node"


class Forecast(models.Model):
    """One indicator of an institution's running year, or of a tree node's, as it may end (`targets.projection`).

    base: the whole base year as it counts for this year, restatements in force included, null where it is not whole;
    target: what the plan's path asks of this year, in the indicator's unit, null without a base or where 待下达;
    low, high: interval of that level;
    *_per_month: kgce, kgCO₂ or m³. mape, mape_last_year, hit_rate: of the owner's own earlier years, `tested` of them.
    """

    agency = models.ForeignKey(
        Agency, verbose_name="机构或节点", on_delete=models.PROTECT, related_name="forecasts"
    )
    year = models.PositiveSmallIntegerField("年份")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    indicator = models.CharField("指标", max_length=16, choices=Indicator)
    known_months = models.PositiveSmallIntegerField("已知月数")
    is_history_enough = models.BooleanField("历史足够")
    value = _number("预测值")
    low = _number("区间下限")
    high = _number("区间上限")
    level = models.FloatField("区间置信水平")
    base = _number("基准年")
    target = _number("本年要求")
    probability = _number("达标概率")
    allowed_per_month = _number("剩余月均可用量")
    projected_per_month = _number("剩余月均预测量")
    mape = _number("回测平均误差")
    mape_last_year = _number("以上年值作预测的平均误差")
    hit_rate = _number("区间命中率")
    tested = models.PositiveSmallIntegerField("回测年数")
    computed_at = models.DateTimeField("计算时间")

    class Meta:
        verbose_name = verbose_name_plural = "年末预测"
        ordering = ("agency", "year", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("agency", "year", "rule_set", "indicator"), name="forecast_once_a_year"
            ),
        )

    def __str__(self):
        return f"{self.agency} {self.year}年 {self.get_indicator_display()}"

    @property
    def owner_kind(self):
        """Of its explanation."""
        return _kind(self.agency)

    @property
    def unit(self):
        return Indicator(self.indicator).unit

    @property
    def flow_unit(self):
        return FLOWS[self.indicator][0]

    @property
    def is_out_of_reach(self):
        """Whether even using nothing more would miss the target."""
        return self.allowed_per_month is not None and self.allowed_per_month < 0

    @property
    def shown_allowed(self):
        return self._shown(self.allowed_per_month)

    @property
    def shown_projected(self):
        return self._shown(self.projected_per_month)

    def _shown(self, flow):
        return None if flow is None else flow / FLOWS[self.indicator][1]


class ForecastRun(models.Model):
    """What the stored forecasts and peak tests of a rule set were made from: where it is another now, they are due."""

    rule_set = models.OneToOneField(
        RuleSet, verbose_name="核算口径", on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    made_from = models.JSONField("计算依据", help_text="见 forecasting.is_due")
    made_at = models.DateTimeField("计算时间")

    class Meta:
        verbose_name = verbose_name_plural = "预测批次"

    def __str__(self):
        return f"{self.rule_set} {self.made_at:%Y-%m-%d %H:%M}"


class PeakStatus(models.TextChoices):
    PEAKED = Peak.PEAKED.value, "已达峰"
    PEAKED_LATE = Peak.PEAKED_LATE.value, "已达峰，晚于期限"
    PLATEAU = Peak.PLATEAU.value, "平台期"
    RISING = Peak.RISING.value, "仍在上升"
    TOO_SHORT = Peak.TOO_SHORT.value, "历史不足"


class PeakBasis(models.TextChoices):
    TARGET = "target", "考核口径"
    INVENTORY = "inventory", "清单口径"


class PeakResult(models.Model):
    """The peak test (`targets.peak`) of an institution's or a node's whole years, on one of the two bases.

    is_provisional: a whole year counts on the grid factor of another year, its own not being published;
    recent_yearly_trend: of the last three whole years, −0.02 for two percent less a year; sen_slope: kgCO₂ a year.
    """

    agency = models.ForeignKey(
        Agency, verbose_name="机构或节点", on_delete=models.PROTECT, related_name="peak_results"
    )
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    basis = models.CharField("口径", max_length=9, choices=PeakBasis)
    status = models.CharField("状态", max_length=11, choices=PeakStatus)
    peak_year = models.PositiveSmallIntegerField("峰值年", null=True)
    last_whole_year = models.PositiveSmallIntegerField("最近全年", null=True)
    deadline = models.PositiveSmallIntegerField("期限")
    is_provisional = models.BooleanField("清单因子为暂用", default=False)
    recent_yearly_trend = _number("近三年趋势")
    kendall_p = _number("Mann-Kendall p")
    sen_slope = _number("Sen 斜率(kgCO₂/年)")
    computed_at = models.DateTimeField("计算时间")

    class Meta:
        verbose_name = verbose_name_plural = "碳达峰判定"
        # The target basis first.
        ordering = ("agency", "-basis")
        constraints = (
            models.UniqueConstraint(fields=("agency", "rule_set", "basis"), name="peak_once_a_basis"),
        )

    def __str__(self):
        return f"{self.agency} {self.get_basis_display()} {self.get_status_display()}"

    @property
    def owner_kind(self):
        """Of its explanation."""
        return _kind(self.agency)

    @property
    def grid_factors(self):
        """Which factors the years count on, in words."""
        if self.basis == PeakBasis.TARGET:
            return "各年同一固定值"
        return "各年当年值，未发布的年度暂用最近值" if self.is_provisional else "各年当年值"

    @property
    def tonnes_a_year(self):
        return None if self.sen_slope is None else self.sen_slope / 1000
