"""The factor library: coal coefficients, emission factors and the rule sets (口径) that combine them.

Rows are append-only: a correction is a new row with a later valid_from. The database refuses changes.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from agencies.models import User

from .catalogue import Carrier, Mark


class CoefficientSet(models.Model):
    slug = models.SlugField("编码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "折标系数集"
        ordering = ("slug",)

    def __str__(self):
        return self.title


class Coefficient(models.Model):
    coefficient_set = models.ForeignKey(CoefficientSet, on_delete=models.PROTECT, related_name="coefficients")
    carrier = models.CharField("能源品种", max_length=12, choices=Carrier)
    unit = models.CharField("单位", max_length=8)
    kgce_per_unit = models.DecimalField("折标系数(kgce/单位)", max_digits=18, decimal_places=9)
    valid_from = models.DateField("生效日期")
    document = models.CharField("依据", max_length=160)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    class Meta:
        verbose_name = verbose_name_plural = "折标系数"
        ordering = ("coefficient_set", "carrier", "unit", "valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("coefficient_set", "carrier", "unit", "valid_from"), name="coefficient_once"
            ),
            models.CheckConstraint(condition=Q(kgce_per_unit__gte=0), name="coefficient_not_negative"),
        )

    def __str__(self):
        return f"{self.get_carrier_display()} {self.kgce_per_unit.normalize():f} kgce/{self.unit}"


class FactorSet(models.Model):
    slug = models.SlugField("编码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=80)
    has_vintages = models.BooleanField("逐年发布", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "碳排放因子集"
        ordering = ("slug",)

    def __str__(self):
        return self.title


class EmissionFactor(models.Model):
    """A factor with its three dates: the year it describes, when it was published, from when it is used."""

    factor_set = models.ForeignKey(FactorSet, on_delete=models.PROTECT, related_name="factors")
    carrier = models.CharField("能源品种", max_length=12, choices=Carrier)
    unit = models.CharField("单位", max_length=8)
    kg_co2_per_unit = models.DecimalField("因子(kgCO₂/单位)", max_digits=18, decimal_places=9)
    region = models.CharField("地区", max_length=6)
    data_year = models.PositiveSmallIntegerField("数据年份", null=True)
    published_on = models.DateField("发布日期", null=True)
    valid_from = models.DateField("生效日期")
    document = models.CharField("依据", max_length=160)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    class Meta:
        verbose_name = verbose_name_plural = "碳排放因子"
        ordering = ("factor_set", "carrier", "unit", "data_year", "valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("factor_set", "carrier", "unit", "data_year", "valid_from"),
                condition=Q(data_year__isnull=False),
                name="vintage_once",
            ),
            models.UniqueConstraint(
                fields=("factor_set", "carrier", "unit", "valid_from"),
                condition=Q(data_year__isnull=True),
                name="factor_once",
            ),
            models.CheckConstraint(condition=Q(kg_co2_per_unit__gte=0), name="factor_not_negative"),
        )

    def __str__(self):
        year = f"{self.data_year}年 " if self.data_year else ""
        return f"{self.get_carrier_display()} {year}{self.kg_co2_per_unit.normalize():f} kgCO₂/{self.unit}"


class FactorSeal(models.Model):
    """The content of a coefficient, factor or rule set when it entered the library: a changed row is found by it."""

    table = models.CharField("表", max_length=30)
    row = models.BigIntegerField("行")
    content_hash = models.CharField("内容哈希", max_length=64)
    sealed_at = models.DateTimeField("记录时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "参数内容哈希"
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("table", "row"), name="factor_seal_once"),)

    def __str__(self):
        return f"{self.table} {self.row}"


class RuleSetQuerySet(models.QuerySet):
    def active(self):
        """The rule set in force: the one activated last; before any activation the one of the setting."""
        newest = RuleSetActivation.objects.order_by("-pk").values("rule_set__slug")[:1]
        chosen = Coalesce(models.Subquery(newest), models.Value(settings.ACTIVE_RULE_SET))
        return self.filter(slug=chosen)


class RuleSet(models.Model):
    """A 口径: which coefficients and factors, and where the boundary runs. Every stored figure names one."""

    slug = models.SlugField("编码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=80)
    coefficient_set = models.ForeignKey(CoefficientSet, verbose_name="折标系数集", on_delete=models.PROTECT)
    fuel_factors = models.ForeignKey(
        FactorSet, verbose_name="燃料因子集", on_delete=models.PROTECT, related_name="fuel_rule_sets"
    )
    grid_factors = models.ForeignKey(
        FactorSet, verbose_name="电网因子集", on_delete=models.PROTECT, related_name="grid_rule_sets"
    )
    target_grid_year = models.PositiveSmallIntegerField("考核口径固定电网因子年份")
    target_grid_note = models.CharField("固定因子依据", max_length=200)
    has_vehicle_fuel_in_energy_per_m2 = models.BooleanField("单位面积能耗含车辆用油", default=False)
    has_vehicle_fuel_in_carbon_per_m2 = models.BooleanField("单位面积碳排放含车辆用油", default=True)
    counts_pv_self_use = models.BooleanField("光伏自用计入能耗", default=False)
    document = models.CharField("依据", max_length=200)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "核算口径"
        ordering = ("slug",)

    def __str__(self):
        return self.title


class RuleSetActivation(models.Model):
    """A rule set comes into force: who decided it, why, by which document. Append-only; the newest counts."""

    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    activated_at = models.DateTimeField("启用时间", auto_now_add=True)
    activated_by = models.ForeignKey(
        User, verbose_name="启用人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField("理由", max_length=500)
    document = models.CharField("依据文件", max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = "口径启用"
        ordering = ("-pk",)

    def __str__(self):
        return f"{self.rule_set} {self.activated_at:%Y-%m-%d}"
