"""What a reviewer marks in a month, and the days that the bureau adds to one."""

from django.db import models
from django.db.models import Q

from agencies.models import User

from .catalogue import Item
from .filing import Report, Revision


class CellRemark(models.Model):
    """One item of a returned version that has to be looked at again, and why.

    A version returned with remarks unlocks only their items; one returned without unlocks all.
    """

    revision = models.ForeignKey(
        Revision, verbose_name="版次", on_delete=models.PROTECT, related_name="remarks", db_index=False
    )
    item = models.ForeignKey(
        Item, verbose_name="指标", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    comment = models.CharField("意见", max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = "退回指标"
        ordering = ("revision", "item")
        constraints = (
            models.UniqueConstraint(fields=("revision", "item"), name="cell_remark_once_an_item"),
            models.CheckConstraint(
                condition=~Q(comment=""),
                name="cell_remark_has_comment",
                violation_error_message="退回的指标请写明意见。",
            ),
        )

    def __str__(self):
        return f"{self.item}：{self.comment}"


class Extension(models.Model):
    """More days for one institution's month; append-only, the newest holds.

    is_in_time: granted before the month was due, so that filing by the new day counts as on time; later it only
    lifts the lock.
    """

    report = models.ForeignKey(
        Report, verbose_name="月报", on_delete=models.PROTECT, related_name="extensions"
    )
    last_day = models.DateField("延至")
    is_in_time = models.BooleanField("截止前批准")
    reason = models.CharField("延期原因", max_length=200)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField("批准时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "延期"
        ordering = ("report", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="extension_has_reason",
                violation_error_message="请写明延期原因。",
            ),
        )

    def __str__(self):
        return f"{self.report} 延至 {self.last_day}"
