"""A change of how figures are made, on trial: a factor, a rule set, a correction; and what such a change would do."""

from django.db import models
from django.db.models import F, Q

from agencies.models import Agency, User
from reporting.models import FactorSet, Report, RuleSet
from reporting.models.catalogue import Carrier, Mark

from .plan import Indicator
from .restatement import Restatement

INVENTORY = "kg_co2_per_m2_inv"


class Proposal(models.Model):
    """Its effect is listed before anybody but the proposer activates it."""

    class Kind(models.TextChoices):
        FACTOR = "factor", "碳排放因子"
        RULE_SET = "rule-set", "核算口径"
        CORRECTION = "correction", "更正（只试算）"

    class Status(models.TextChoices):
        PROPOSED = "proposed", "待启用"
        ACTIVATED = "activated", "已启用"
        REJECTED = "rejected", "已否决"

    kind = models.CharField("类型", max_length=10, choices=Kind)
    factor_set = models.ForeignKey(
        FactorSet, verbose_name="因子集", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    carrier = models.CharField("能源品种", max_length=12, choices=Carrier, blank=True)
    unit = models.CharField("单位", max_length=8, blank=True)
    data_year = models.PositiveSmallIntegerField("数据年份", null=True, blank=True)
    kg_co2_per_unit = models.DecimalField(
        "因子(kgCO₂/单位)", max_digits=18, decimal_places=9, null=True, blank=True
    )
    published_on = models.DateField("发布日期", null=True, blank=True)
    mark = models.CharField("核实程度", max_length=1, choices=Mark, blank=True)
    rule_set = models.ForeignKey(
        RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    report = models.ForeignKey(
        Report, verbose_name="月报", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField("理由", max_length=500)
    document = models.CharField("依据文件", max_length=160)
    status = models.CharField("状态", max_length=9, choices=Status, default=Status.PROPOSED)
    proposed_by = models.ForeignKey(
        User, verbose_name="提出人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField("提出时间", auto_now_add=True)
    rehearsed_at = models.DateTimeField("试算时间", null=True)
    rehearsed_from = models.JSONField("试算依据", default=dict, blank=True, help_text="见 targets.inputs")
    decided_by = models.ForeignKey(
        User, verbose_name="决定人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField("决定时间", null=True)
    decision_note = models.CharField("决定意见", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "试算与启用"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    kind="factor",
                    factor_set__isnull=False,
                    kg_co2_per_unit__gte=0,
                    rule_set__isnull=True,
                    report__isnull=True,
                )
                | Q(kind="rule-set", rule_set__isnull=False, factor_set__isnull=True, report__isnull=True)
                | Q(kind="correction", report__isnull=False, factor_set__isnull=True, rule_set__isnull=True),
                name="proposal_has_what_it_changes",
                violation_error_message="只填写所选类型的内容：因子填因子集和数值，口径选口径，更正填月报。",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(document=""),
                name="proposal_says_why",
                violation_error_message="请写明理由和依据文件。",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_at__isnull=True)
                | (~Q(status="proposed") & Q(decided_at__isnull=False)),
                name="proposal_decided_or_not",
            ),
        )

    def __str__(self):
        return f"试算{self.pk}：{self.subject}"

    @property
    def tag(self):
        """The code under which status tags know this state."""
        return {"proposed": "submitted", "rejected": "returned"}.get(self.status, "approved")

    @property
    def decider(self):
        return self.decided_by

    @property
    def decision_time(self):
        return self.decided_at

    @property
    def subject(self):
        if self.kind == self.Kind.FACTOR:
            year = f"{self.data_year}年" if self.data_year else ""
            value = f"{self.kg_co2_per_unit.normalize():f} kgCO₂/{self.unit}"
            return f"{self.factor_set} {self.get_carrier_display()}{year} {value}"
        return str(self.rule_set if self.kind == self.Kind.RULE_SET else self.report)


class ProposalEffectQuerySet(models.QuerySet):
    def flips_first(self):
        return self.order_by("-is_flip", F("agency").asc(nulls_last=True), "year", "pk")


class ProposalEffect(models.Model):
    """One indicator of one institution's or group's year, before and after; written by the rehearsal alone."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, null=True, related_name="effects")
    restatement = models.ForeignKey(Restatement, on_delete=models.CASCADE, null=True, related_name="effects")
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, null=True, related_name="+"
    )
    group_kind = models.CharField("分组", max_length=6, blank=True)
    group_key = models.CharField("分组编码", max_length=40, blank=True)
    name = models.CharField("名称", max_length=200)
    year = models.PositiveSmallIntegerField("年份")
    column = models.CharField("指标", max_length=20)
    value_before = models.FloatField("数值，现行", null=True)
    value_after = models.FloatField("数值，试算", null=True)
    change_before = models.FloatField("变化率，现行", null=True)
    change_after = models.FloatField("变化率，试算", null=True)
    status_before = models.CharField("状态，现行", max_length=10, blank=True)
    status_after = models.CharField("状态，试算", max_length=10, blank=True)
    is_flip = models.BooleanField("状态改变", default=False)

    objects = ProposalEffectQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "试算结果"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(proposal__isnull=False, restatement__isnull=True)
                | Q(proposal__isnull=True, restatement__isnull=False),
                name="effect_of_one_change",
            ),
        )

    def __str__(self):
        return f"{self.name} {self.year}年 {self.column}"

    @property
    def label(self):
        known = dict(Indicator.choices) | {INVENTORY: "单位建筑面积碳排放，清单口径"}
        return known.get(self.column, self.column)
