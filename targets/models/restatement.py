"""The base year as it counts after a merger, split, move, re-survey or change of definition: both versions are kept."""

from django.db import models
from django.db.models import Q

from agencies.models import Agency, User
from reporting import panels
from reporting.models.panel import unpack_bits


class RestatementQuerySet(models.QuerySet):
    def in_force(self):
        """Signed ones, the earlier first: a later one builds on what it found."""
        return self.filter(status=Restatement.Status.SIGNED).order_by("signed_at", "pk")


class Restatement(models.Model):
    """A reviewed act: who proposed it and why, by which document, and who else signed it.

    Months of later years count against the restated base year from `applies_from` on; earlier ones, and the base year's
    own figures, stay as they were filed.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", "合并"
        SPLIT = "split", "拆分"
        MOVE = "move", "搬迁"
        RESURVEY = "resurvey", "面积复测"
        DEFINITION = "definition", "统计口径变更"

    class Status(models.TextChoices):
        PROPOSED = "proposed", "待签署"
        SIGNED = "signed", "已签署"
        REJECTED = "rejected", "已否决"

    kind = models.CharField("类型", max_length=10, choices=Kind)
    base_year = models.PositiveSmallIntegerField("基准年")
    applies_from = models.DateField("自何月起适用", help_text="当月1日")
    reason = models.CharField("理由", max_length=500)
    document = models.CharField("依据文件", max_length=200)
    status = models.CharField("状态", max_length=8, choices=Status, default=Status.PROPOSED)
    proposed_by = models.ForeignKey(
        User, verbose_name="提出人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField("提出时间", auto_now_add=True)
    rehearsed_at = models.DateTimeField("试算时间", null=True)
    rehearsed_from = models.JSONField("试算依据", default=dict, blank=True, help_text="见 targets.inputs")
    signed_by = models.ForeignKey(
        User, verbose_name="签署人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    signed_at = models.DateTimeField("签署时间", null=True)
    decision_note = models.CharField("签署意见", max_length=500, blank=True)

    objects = RestatementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "基准调整"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(document=""),
                name="restatement_says_why",
                violation_error_message="请写明理由和依据文件。",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", signed_at__isnull=True)
                | (~Q(status="proposed") & Q(signed_at__isnull=False)),
                name="restatement_signed_or_not",
            ),
        )

    def __str__(self):
        return f"{self.base_year}年基准调整 {self.pk}（{self.get_kind_display()}）"

    @property
    def tag(self):
        """The code under which status tags know this state."""
        return {"proposed": "submitted", "rejected": "returned"}.get(self.status, "approved")

    @property
    def decider(self):
        return self.signed_by

    @property
    def decision_time(self):
        return self.signed_at


class RestatedPanel(models.Model):
    """The base year of one institution as a restatement makes it; no expected month: it is not in the base any more."""

    restatement = models.ForeignKey(Restatement, on_delete=models.CASCADE, related_name="panels")
    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="+")
    packed = models.BinaryField("数值")
    expected_months = models.PositiveSmallIntegerField("计入基准的月份", help_text="第 m 位为 m+1 月")

    class Meta:
        verbose_name = verbose_name_plural = "调整后的基准年"
        ordering = ("restatement", "agency")
        constraints = (models.UniqueConstraint(fields=("restatement", "agency"), name="restated_panel_once"),)

    def __str__(self):
        return f"{self.restatement} {self.agency}"

    @property
    def values(self):
        """Array (12 months, items of PANEL_ITEMS)."""
        return panels.unpack(self.packed)

    @property
    def expected(self):
        """(12,) of 0.0 and 1.0."""
        return unpack_bits(self.expected_months)
