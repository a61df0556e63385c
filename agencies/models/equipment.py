"""What an agency runs besides buildings and vehicles: data rooms, PV plants, charging stations; each with its dates."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from .register import Agency


class EquipmentQuerySet(models.QuerySet):
    def in_use_in(self, month, last_day):
        """Those in use on any day from the first of the month to its last day."""
        return self.filter(in_use_from__lte=last_day).filter(
            Q(in_use_to__isnull=True) | Q(in_use_to__gte=month)
        )


class Equipment(models.Model):
    """A named thing of an agency, in use from one day to another."""

    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="%(class)ss"
    )
    name = models.CharField("名称", max_length=60)
    in_use_from = models.DateField("启用日期")
    in_use_to = models.DateField("停用日期", null=True, blank=True)

    objects = EquipmentQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("agency", "name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(in_use_to__isnull=True) | Q(in_use_to__gte=F("in_use_from")),
                name="%(class)s_dates_in_order",
                violation_error_message="停用日期不能早于启用日期。",
            ),
        )

    def __str__(self):
        return self.name


class DataRoom(Equipment):
    area_m2 = models.DecimalField("机房面积（m²）", max_digits=10, decimal_places=2)
    racks = models.PositiveIntegerField("机柜数（个）")
    installed_kw = models.DecimalField("装机功率（kW）", max_digits=10, decimal_places=2)

    history = HistoricalRecords()

    class Meta(Equipment.Meta):
        verbose_name = verbose_name_plural = "机房"
        constraints = (
            *Equipment.Meta.constraints,
            models.CheckConstraint(
                condition=Q(area_m2__gt=0, installed_kw__gte=0),
                name="dataroom_has_area",
                violation_error_message="机房面积应大于 0，功率不能为负。",
            ),
        )


class PvPlant(Equipment):
    capacity_kw = models.DecimalField("装机容量（kW）", max_digits=10, decimal_places=2)

    history = HistoricalRecords()

    class Meta(Equipment.Meta):
        verbose_name = verbose_name_plural = "光伏"
        constraints = (
            *Equipment.Meta.constraints,
            models.CheckConstraint(
                condition=Q(capacity_kw__gt=0),
                name="pvplant_has_capacity",
                violation_error_message="装机容量应大于 0 kW。",
            ),
        )


class ChargingStation(Equipment):
    piles = models.PositiveIntegerField("充电桩数（个）")

    history = HistoricalRecords()

    class Meta(Equipment.Meta):
        verbose_name = verbose_name_plural = "充电设施"
        constraints = (
            *Equipment.Meta.constraints,
            models.CheckConstraint(
                condition=Q(piles__gt=0),
                name="chargingstation_has_piles",
                violation_error_message="充电桩数应大于 0。",
            ),
        )
