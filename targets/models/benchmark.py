"""Quotas, and where each institution's whole year stands: among its peers, against the quota, as a candidate."""

from django.db import models
from django.db.models import F, Q

from agencies.models import Agency, AgencyType
from reporting.models import RuleSet
from reporting.models.catalogue import Mark

from ..benchmarks import AHEAD, LEAST_PEERS, Band, Verdict, ahead
from .figures import FigureQuerySet
from .plan import Indicator

# What quotas exist for; carbon has none.
RATIONED = (Indicator.ENERGY_PER_AREA, Indicator.ENERGY_PER_PERSON, Indicator.WATER_PER_PERSON)


def _number(title):
    return models.FloatField(title, null=True)


def _limit(title):
    return models.DecimalField(title, max_digits=12, decimal_places=4)


class QuotaQuerySet(models.QuerySet):
    def of_year(self, year):
        """(type, indicator) → the quota of a year: the latest one that was valid from its first day."""
        rows = self.filter(valid_from__lte=f"{year}-01-01").order_by("valid_from")
        return {(row.type_code, row.indicator): row for row in rows}


class Quota(models.Model):
    """What a standard allows institutions of a type in a year: 约束值 ≥ 基准值 ≥ 引导值, in the indicator's unit.

    It judges the years that begin on or after `valid_from`. Energy counts only where the rule set converts
    electricity as the standard does (`electricity_kgce_per_kwh`: 0.1229 当量, about 0.3 等价).
    """

    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType)
    indicator = models.CharField(
        "指标", max_length=16, choices=[(each.value, each.label) for each in RATIONED]
    )
    electricity_kgce_per_kwh = models.DecimalField(
        "电力折标系数(kgce/kWh)",
        max_digits=6,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="定额标准采用的系数，当量值 0.1229；人均用水量留空。",
    )
    constraint_value = _limit("约束值")
    benchmark_value = _limit("基准值")
    guide_value = _limit("引导值")
    valid_from = models.DateField("施行日期")
    document = models.CharField("依据", max_length=160)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    objects = QuotaQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "能耗定额"
        ordering = ("type_code", "indicator", "valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("type_code", "indicator", "valid_from"),
                name="quota_once_a_day",
                violation_error_message="该类型、指标在这一施行日期已有定额：请修改原有的一条。",
            ),
            models.CheckConstraint(
                condition=Q(guide_value__gt=0)
                & Q(benchmark_value__gte=F("guide_value"))
                & Q(constraint_value__gte=F("benchmark_value")),
                name="quota_in_order",
                violation_error_message="应为 约束值 ≥ 基准值 ≥ 引导值 > 0。",
            ),
            models.CheckConstraint(
                condition=Q(indicator=Indicator.WATER_PER_PERSON, electricity_kgce_per_kwh__isnull=True)
                | (
                    ~Q(indicator=Indicator.WATER_PER_PERSON)
                    & Q(electricity_kgce_per_kwh__isnull=False, electricity_kgce_per_kwh__gt=0)
                ),
                name="quota_says_how_electricity_counts",
                violation_error_message="能耗定额应填电力折标系数（如 0.1229）；人均用水量定额应留空。",
            ),
        )

    def __str__(self):
        limits = " ≥ ".join(f"{limit:g}" for limit in self.limits)
        of = f"{self.get_type_code_display()} {self.get_indicator_display()}"
        return f"{of} {limits} {self.unit}，{self.valid_from:%Y-%m-%d} 起"

    @property
    def unit(self):
        return Indicator(self.indicator).unit

    @property
    def limits(self):
        """约束值, 基准值, 引导值 as the figures are: floats."""
        return float(self.constraint_value), float(self.benchmark_value), float(self.guide_value)


class BandWord(models.TextChoices):
    OVER = Band.OVER.value, "超约束值"
    CONSTRAINT = Band.CONSTRAINT.value, "约束值以内"
    BENCHMARK = Band.BENCHMARK.value, "基准值以内"
    GUIDE = Band.GUIDE.value, "引导值以内"
    INCOMPARABLE = Band.INCOMPARABLE.value, "折标口径不同，不可比"
    NONE = Band.NONE.value, "无定额"


class Benchmark(models.Model):
    """One indicator of an institution's whole year among the institutions of its type (`targets.benchmarks`).

    There is none where a month is unknown. peers: institutions of the type with a whole year, itself among them;
    rank: 1 for the lowest, null where they are too few; above: how many of them are higher; peer_*: their quartiles.
    """

    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="benchmarks"
    )
    year = models.PositiveSmallIntegerField("年份")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    indicator = models.CharField("指标", max_length=16, choices=Indicator)
    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType)
    value = models.FloatField("数值")
    peers = models.PositiveIntegerField("同类机构数")
    rank = models.PositiveIntegerField("位次", null=True)
    above = models.PositiveIntegerField("高于本机构的家数", null=True)
    peer_low = _number("同类下四分位")
    peer_median = _number("同类中位数")
    peer_high = _number("同类上四分位")
    quota = models.ForeignKey(
        Quota, verbose_name="定额", on_delete=models.PROTECT, null=True, related_name="+"
    )
    band = models.CharField("定额档次", max_length=12, choices=BandWord)
    computed_at = models.DateTimeField("计算时间")

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "同类对标"
        ordering = ("agency", "year", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("agency", "year", "rule_set", "indicator"), name="benchmark_once_a_year"
            ),
        )
        indexes = (models.Index(fields=("rule_set", "year", "indicator", "band"), name="benchmark_by_band"),)

    def __str__(self):
        return f"{self.agency} {self.year}年 {self.get_indicator_display()}"

    @property
    def part_above(self):
        """The part of the other peers that are higher; None where it is not ranked."""
        return None if self.above is None else self.above / (self.peers - 1)

    @property
    def unit(self):
        return Indicator(self.indicator).unit


class LeaderKind(models.TextChoices):
    """A leader is sought by the first indicator; no other of its kind may stand in the way."""

    ENERGY = "energy", "能效领跑者"
    WATER = "water", "水效领跑者"

    @property
    def indicators(self):
        if self == LeaderKind.WATER:
            return (Indicator.WATER_PER_PERSON,)
        return (Indicator.ENERGY_PER_AREA, Indicator.ENERGY_PER_PERSON)


class VerdictWord(models.TextChoices):
    CANDIDATE = Verdict.CANDIDATE.value, "候选"
    NOT_AHEAD = Verdict.NOT_AHEAD.value, f"未进入同类前 {round(100 * AHEAD)} %"
    ABOVE_MEDIAN = Verdict.ABOVE_MEDIAN.value, "人均综合能耗高于同类中位数"
    BEHIND = Verdict.BEHIND.value, "较基准年下降未达要求"
    OVER_QUOTA = Verdict.OVER_QUOTA.value, "超定额约束值"
    FEW_PEERS = Verdict.FEW_PEERS.value, f"同类不足 {LEAST_PEERS} 家"
    INCOMPLETE = Verdict.INCOMPLETE.value, "当年或基准年不足 12 个月"


class Candidacy(models.Model):
    """Whether an institution comes into question as leader of its type in a year, and why not.

    months, base_months: how many months know every indicator of the kind; rank, peers: of its first indicator.
    """

    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="candidacies"
    )
    year = models.PositiveSmallIntegerField("年份")
    base_year = models.PositiveSmallIntegerField("基准年")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("类别", max_length=6, choices=LeaderKind)
    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType)
    verdict = models.CharField("结论", max_length=12, choices=VerdictWord)
    months = models.PositiveSmallIntegerField("当年月数")
    base_months = models.PositiveSmallIntegerField("基准年月数")
    peers = models.PositiveIntegerField("同类机构数")
    rank = models.PositiveIntegerField("位次", null=True)
    computed_at = models.DateTimeField("计算时间")

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "领跑者参评"
        ordering = ("type_code", F("rank").asc(nulls_last=True), "agency")
        constraints = (
            models.UniqueConstraint(
                fields=("agency", "year", "rule_set", "kind"), name="candidacy_once_a_year"
            ),
        )
        indexes = (
            models.Index(fields=("rule_set", "year", "kind", "type_code", "rank"), name="candidacy_in_order"),
        )

    def __str__(self):
        return f"{self.agency} {self.year}年 {self.get_kind_display()}"

    @property
    def is_candidate(self):
        return self.verdict == VerdictWord.CANDIDATE

    @property
    def ahead(self):
        """How many ranks of its type are ahead."""
        return ahead(self.peers)


class BenchmarkRun(models.Model):
    """What the stored benchmarks of a rule set were made from: where it is another now, they are due."""

    rule_set = models.OneToOneField(
        RuleSet, verbose_name="核算口径", on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    made_from = models.JSONField("计算依据", help_text="见 benchmarking.is_due")
    made_at = models.DateTimeField("计算时间")

    class Meta:
        verbose_name = verbose_name_plural = "对标批次"

    def __str__(self):
        return f"{self.rule_set} {self.made_at:%Y-%m-%d %H:%M}"
