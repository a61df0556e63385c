"""Plan periods and their targets: data with a source document, never constants."""

from django.db import models
from django.db.models import F, Q

from reporting.models.catalogue import Mark

from .. import progress


class Indicator(models.TextChoices):
    ENERGY_PER_AREA = "kgce_per_m2", "单位建筑面积能耗"
    CARBON_PER_AREA = "kg_co2_per_m2", "单位建筑面积碳排放"
    ENERGY_PER_PERSON = "kgce_per_person", "人均综合能耗"
    WATER_PER_PERSON = "m3_per_person", "人均用水量"

    @property
    def unit(self):
        return UNITS[self]


UNITS = {
    Indicator.ENERGY_PER_AREA: "kgce/m²",
    Indicator.CARBON_PER_AREA: "kgCO₂/m²",
    Indicator.ENERGY_PER_PERSON: "kgce/人",
    Indicator.WATER_PER_PERSON: "m³/人",
}


class PlanPeriodQuerySet(models.QuerySet):
    def of_year(self, year):
        """The plan period that judges a year: after its base year, up to its end year."""
        return self.filter(base_year__lt=year, end_year__gte=year).order_by("base_year").first()


class PlanPeriod(models.Model):
    slug = models.SlugField("编码", max_length=8, unique=True)
    name = models.CharField("名称", max_length=40)
    base_year = models.PositiveSmallIntegerField("基准年")
    end_year = models.PositiveSmallIntegerField("目标年")

    objects = PlanPeriodQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "规划期"
        ordering = ("base_year",)
        constraints = (
            models.CheckConstraint(
                condition=Q(end_year__gt=F("base_year")),
                name="plan_ends_after_base",
                violation_error_message="目标年应晚于基准年。",
            ),
        )

    def __str__(self):
        return self.name

    @property
    def years(self):
        return range(self.base_year, self.end_year + 1)


class Target(models.Model):
    """What a plan period asks of an indicator; without a value it is still to be handed down (待下达)."""

    plan_period = models.ForeignKey(
        PlanPeriod, verbose_name="规划期", on_delete=models.PROTECT, related_name="targets"
    )
    indicator = models.CharField("指标", max_length=16, choices=Indicator)
    reduction_percent = models.DecimalField(
        "下降率(%)", max_digits=5, decimal_places=2, null=True, blank=True
    )
    path = models.CharField(
        "进度路径", max_length=8, choices=[("linear", "直线"), ("compound", "等比")], default="linear"
    )
    document = models.CharField("依据", max_length=160)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    class Meta:
        verbose_name = verbose_name_plural = "目标"
        ordering = ("plan_period", "pk")
        constraints = (
            models.UniqueConstraint(fields=("plan_period", "indicator"), name="target_once_an_indicator"),
            models.CheckConstraint(
                condition=Q(reduction_percent__gt=0, reduction_percent__lt=100),
                name="target_is_a_reduction",
                violation_error_message="下降率应在 0 与 100 之间；未下达时留空。",
            ),
        )

    def __str__(self):
        return f"{self.plan_period} {self.get_indicator_display()}"

    @property
    def reduction(self):
        """The target as a fraction, or None."""
        return None if self.reduction_percent is None else float(self.reduction_percent) / 100

    def required(self, year):
        """The reduction that the path asks for by the end of the year; None without a target value."""
        if self.reduction is None:
            return None
        period = self.plan_period
        return progress.required_reduction(
            self.reduction, period.base_year, period.end_year, year, progress.Path(self.path)
        )

    def year_verdict(self, yoy, change, year):
        """The verdict on a whole year from its changes against last year and the base year; None off the path."""
        period = self.plan_period
        if not period.base_year < year <= period.end_year:
            return None
        yearly, cumulative = (None if each is None else -each for each in (yoy, change))
        return progress.year_verdict(
            yearly,
            cumulative,
            self.reduction,
            period.base_year,
            period.end_year,
            year,
            progress.Path(self.path),
        )

    def standing(self, change, year):
        """Status of a relative change against the base year (−0.05 for five percent less)."""
        achieved = None if change is None else -change
        period = self.plan_period
        return progress.standing(
            achieved, self.reduction, period.base_year, period.end_year, year, progress.Path(self.path)
        )
