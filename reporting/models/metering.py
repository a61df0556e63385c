"""Meters of buildings and the monthly readings of what the registers hold, each entered once by who runs it."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from agencies.models import Agency, Building, ChargingStation, DataRoom, PvPlant, User, Vehicle

from .catalogue import Item


def _kwh(label, **options):
    return models.DecimalField(label, max_digits=16, decimal_places=2, **options)


class MeterQuerySet(models.QuerySet):
    def in_use_in(self, month, last_day):
        """Those in use on any day from the first of the month to its last day."""
        return self.filter(valid_from__lte=last_day).filter(Q(valid_to__isnull=True) | Q(valid_to__gte=month))


class Meter(models.Model):
    """A meter of a building: of the whole, or below that of one occupant alone."""

    building = models.ForeignKey(
        Building, verbose_name="建筑", on_delete=models.PROTECT, related_name="meters"
    )
    item = models.ForeignKey(Item, verbose_name="计量指标", on_delete=models.PROTECT, related_name="+")
    number = models.CharField("表号", max_length=40)
    occupant = models.ForeignKey(
        Agency,
        verbose_name="分表用户",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sub_meters",
        help_text="总表不选；只计一家用量的分表选该单位",
    )
    valid_from = models.DateField("启用日期")
    valid_to = models.DateField("停用日期", null=True, blank=True)

    history = HistoricalRecords()
    objects = MeterQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "表计"
        ordering = ("building", "item", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("building", "item", "number"),
                name="meter_number_once",
                violation_error_message="该建筑已有同一表号的表计。",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="meter_ends_after_start",
                violation_error_message="停用日期不能早于启用日期。",
            ),
        )

    def __str__(self):
        return f"{self.item.name}表 {self.number}"

    @property
    def agency(self):
        """Who enters it: the building's manager."""
        return self.building.manager

    @property
    def is_main(self):
        return self.occupant_id is None


class Reading(models.Model):
    """What was read of one thing in one month."""

    # The field that names the thing read.
    of = ""

    month = models.DateField("月份")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField("登记时间", auto_now=True)

    class Meta:
        abstract = True
        constraints = (models.CheckConstraint(condition=Q(month__day=1), name="%(class)s_first_of_month"),)


def _once(field):
    return models.UniqueConstraint(fields=(field, "month"), name="%(class)s_once_a_month")


def _not_negative(*fields):
    condition = Q(**{f"{field}__gte": 0 for field in fields})
    sentence = "读数不能为负。"
    return models.CheckConstraint(
        condition=condition, name="%(class)s_not_negative", violation_error_message=sentence
    )


class MeterReading(Reading):
    """The month's consumption of a meter; the cost stands at the main meters."""

    of = "meter"

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="readings", db_index=False)
    quantity = models.DecimalField("用量", max_digits=18, decimal_places=4)
    cost_yuan = models.DecimalField("费用（元）", max_digits=16, decimal_places=2, null=True, blank=True)

    class Meta(Reading.Meta):
        verbose_name = verbose_name_plural = "表计读数"
        ordering = ("meter", "month")
        constraints = (*Reading.Meta.constraints, _once("meter"), _not_negative("quantity"))

    def __str__(self):
        return f"{self.meter} {self.month:%Y-%m}"


class VehicleMileage(Reading):
    of = "vehicle"

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="readings", db_index=False)
    kilometres = models.DecimalField("行驶里程（km）", max_digits=10, decimal_places=1)

    class Meta(Reading.Meta):
        verbose_name = verbose_name_plural = "车辆里程"
        ordering = ("vehicle", "month")
        constraints = (*Reading.Meta.constraints, _once("vehicle"), _not_negative("kilometres"))

    def __str__(self):
        return f"{self.vehicle} {self.month:%Y-%m}"


class RoomReading(Reading):
    """A data room's electricity: the whole, and of it the IT equipment and, where metered, the cooling."""

    of = "room"

    room = models.ForeignKey(DataRoom, on_delete=models.PROTECT, related_name="readings", db_index=False)
    total_kwh = _kwh("总用电（kWh）")
    it_kwh = _kwh("IT设备用电（kWh）")
    cooling_kwh = _kwh("空调用电（kWh）", null=True, blank=True)

    class Meta(Reading.Meta):
        verbose_name = verbose_name_plural = "机房用电"
        ordering = ("room", "month")
        constraints = (
            *Reading.Meta.constraints,
            _once("room"),
            _not_negative("it_kwh", "total_kwh"),
            models.CheckConstraint(
                condition=Q(cooling_kwh__isnull=True, total_kwh__gte=F("it_kwh"))
                | Q(cooling_kwh__gte=0, total_kwh__gte=F("it_kwh") + F("cooling_kwh")),
                name="roomreading_holds_its_parts",
                violation_error_message="机房总用电不能小于IT设备与空调用电之和。",
            ),
        )

    def __str__(self):
        return f"{self.room} {self.month:%Y-%m}"


class PvReading(Reading):
    of = "plant"

    plant = models.ForeignKey(PvPlant, on_delete=models.PROTECT, related_name="readings", db_index=False)
    generated_kwh = _kwh("发电量（kWh）")
    self_used_kwh = _kwh("自用（kWh）")
    exported_kwh = _kwh("上网（kWh）")

    class Meta(Reading.Meta):
        verbose_name = verbose_name_plural = "光伏发电"
        ordering = ("plant", "month")
        constraints = (
            *Reading.Meta.constraints,
            _once("plant"),
            _not_negative("self_used_kwh", "exported_kwh"),
            models.CheckConstraint(
                condition=Q(generated_kwh=F("self_used_kwh") + F("exported_kwh")),
                name="pvreading_adds_up",
                violation_error_message="发电量应等于自用与上网之和。",
            ),
        )

    def __str__(self):
        return f"{self.plant} {self.month:%Y-%m}"


class ChargingReading(Reading):
    of = "station"

    station = models.ForeignKey(
        ChargingStation, on_delete=models.PROTECT, related_name="readings", db_index=False
    )
    kwh = _kwh("充电量（kWh）")

    class Meta(Reading.Meta):
        verbose_name = verbose_name_plural = "充电量"
        ordering = ("station", "month")
        constraints = (*Reading.Meta.constraints, _once("station"), _not_negative("kwh"))

    def __str__(self):
        return f"{self.station} {self.month:%Y-%m}"
