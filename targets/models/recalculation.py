"""A recalculation of everything under a rule set, block by block, each block done by whichever worker takes it."""

from django.db import models

from agencies.models import User
from reporting.models import RuleSet


class Recalculation(models.Model):
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    cause = models.CharField("起因", max_length=300, blank=True)
    asked_by = models.ForeignKey(
        User, verbose_name="发起人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "重新计算"
        ordering = ("-pk",)

    def __str__(self):
        return f"{self.rule_set} {self.asked_at:%Y-%m-%d %H:%M}"


class RecalculatedBlock(models.Model):
    """One block of a recalculation: done once its figures and sums are committed."""

    recalculation = models.ForeignKey(Recalculation, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveIntegerField("区块")
    done_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "重新计算区块"
        ordering = ("recalculation", "number")
        constraints = (
            models.UniqueConstraint(fields=("recalculation", "number"), name="recalculated_block_once"),
        )

    def __str__(self):
        return f"{self.recalculation_id} 区块{self.number}"


class FigureBlock(models.Model):
    """A block's lock: whoever writes figures or sums of the block's institutions holds this row."""

    number = models.PositiveIntegerField("区块", primary_key=True)

    class Meta:
        verbose_name = verbose_name_plural = "指标区块"

    def __str__(self):
        return f"区块{self.number}"
