"""How the institutions of a type lie in a month: a small read model beside the panels."""

from django.db import models

from agencies.models import AgencyType


class Measure(models.TextChoices):
    ELECTRICITY_PER_AREA = "kwh-per-m2", "每平方米用电"
    WATER_PER_PERSON = "m3-per-person", "人均用水"


class PeerQuartiles(models.Model):
    """Quartiles of one measure over the approved months of a type; `peers.refresh` makes them anew from panels."""

    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType)
    month = models.DateField("月份")
    measure = models.CharField("指标", max_length=13, choices=Measure)
    institutions = models.PositiveIntegerField("机构数")
    low = models.FloatField("下四分位")
    median = models.FloatField("中位数")
    high = models.FloatField("上四分位")

    class Meta:
        verbose_name = verbose_name_plural = "同类分布"
        ordering = ("type_code", "measure", "month")
        constraints = (
            models.UniqueConstraint(
                fields=("type_code", "measure", "month"), name="peer_quartiles_once_a_month"
            ),
        )

    def __str__(self):
        return f"{self.type_code} {self.month:%Y-%m} {self.measure}"
