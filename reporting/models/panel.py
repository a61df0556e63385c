"""Approved truth as arrays: the read model that the accounting kernel works on."""

import numpy as np
from django.db import models

from agencies.models import Agency

from .. import panels
from ..panels import MONTHS


def unpack_bits(months):
    """A bit mask of months (bit m is month m + 1), or an array of them, as 0.0 and 1.0, shape (..., 12)."""
    return (np.asarray(months)[..., np.newaxis] >> np.arange(MONTHS) & 1).astype(np.float64)


def pack_bits(months):
    """The inverse of `unpack_bits`: (..., 12) → bit masks (...)."""
    return (np.asarray(months) > 0).astype(np.int64) @ (1 << np.arange(MONTHS))


class Panel(models.Model):
    """One institution's year: 12 months × PANEL_ITEMS as packed little-endian float64, NaN where unknown.

    It repeats approved lines and, of each month, whether it is owed and waits for review: nothing else.
    `approved.rebuild` makes it anew, `verify_ledger` compares.
    """

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="panels")
    year = models.PositiveSmallIntegerField("年份")
    packed = models.BinaryField("数值")
    approved_months = models.PositiveSmallIntegerField("已通过月份", default=0, help_text="第 m 位为 m+1 月")
    expected_months = models.PositiveSmallIntegerField("应报月份", default=0, help_text="第 m 位为 m+1 月")
    submitted_months = models.PositiveSmallIntegerField(
        "待审核月份", default=0, help_text="第 m 位为 m+1 月；更正待审核的月份在内"
    )

    class Meta:
        verbose_name = verbose_name_plural = "数据面板"
        ordering = ("agency", "year")
        constraints = (models.UniqueConstraint(fields=("agency", "year"), name="panel_once_a_year"),)

    def __str__(self):
        return f"{self.agency} {self.year}"

    @property
    def values(self):
        """A writable float64 array (12 months, items of PANEL_ITEMS)."""
        return panels.unpack(self.packed)


class StaleMark(models.Model):
    """A year of an institution whose figures no longer follow from its panel.

    Written with the approval, removed by whoever has recomputed: a lost job loses nothing.
    """

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.CASCADE, related_name="+")
    year = models.PositiveSmallIntegerField("年份")
    made_at = models.DateTimeField("产生时间", auto_now_add=True)
    cause = models.CharField("起因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "待重算标记"
        ordering = ("pk",)

    def __str__(self):
        return f"{self.agency_id} {self.year}"
