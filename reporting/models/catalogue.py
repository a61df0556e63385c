"""The catalogue of what is asked: items, and the editions of the statistics regime that ask for them."""

from django.db import models


class Mark(models.TextChoices):
    """How well a number or a text is supported."""

    OFFICIAL = "A", "官方或原始文本"
    CONSISTENT = "B", "转引且相互一致"
    INFERRED = "C", "由公布数推得"
    UNVERIFIED = "U", "未核实"


class Section(models.TextChoices):
    ENERGY = "energy", "能源"
    WATER = "water", "用水"
    VEHICLE = "vehicle", "车辆"
    BUILDING = "building", "建筑"


class Carrier(models.TextChoices):
    ELECTRICITY = "electricity", "电力"
    COAL = "coal", "煤炭"
    NATURAL_GAS = "natural_gas", "天然气"
    PETROL = "petrol", "汽油"
    DIESEL = "diesel", "柴油"
    LPG = "lpg", "液化石油气"
    HEAT = "heat", "热力"
    OTHER = "other", "其他能源"
    PV_SELF_USE = "pv_self_use", "光伏自用"
    KEROSENE = "kerosene", "煤油"
    FUEL_OIL = "fuel_oil", "燃料油"
    ANTHRACITE = "anthracite", "无烟煤"


class Item(models.Model):
    """One thing that is counted, under the code of the national regime; stable across editions."""

    code = models.CharField("代码", max_length=8, primary_key=True)
    name = models.CharField("名称", max_length=40)
    unit = models.CharField("单位", max_length=8)
    section = models.CharField("栏目", max_length=8, choices=Section)
    cost_code = models.CharField("费用代码", max_length=8, blank=True)
    carrier = models.CharField("能源品种", max_length=12, choices=Carrier, blank=True)
    is_vehicle_fuel = models.BooleanField("车辆用油", default=False)
    decimals = models.PositiveSmallIntegerField("小数位", default=2)
    definition = models.CharField("指标解释", max_length=200, blank=True)
    source = models.CharField("依据", max_length=120)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)

    class Meta:
        verbose_name = verbose_name_plural = "指标"
        ordering = ("code",)

    def __str__(self):
        return f"{self.code} {self.name}"

    @property
    def has_cost(self):
        return bool(self.cost_code)


class EditionQuerySet(models.QuerySet):
    def for_month(self, month):
        """The edition valid in that month (a date); the earliest covers all older months."""
        return (
            self.filter(valid_from__lte=month).order_by("-valid_from").first()
            or self.order_by("valid_from").first()
        )


class Edition(models.Model):
    """An edition of the statistics regime; the form of a month is built from the one valid then."""

    slug = models.SlugField("版本", max_length=8, unique=True)
    title = models.CharField("名称", max_length=80)
    valid_from = models.DateField("适用数据月份起", unique=True)
    document = models.CharField("文号", max_length=120)
    mark = models.CharField("核实程度", max_length=1, choices=Mark)
    items = models.ManyToManyField(Item, through="EditionItem", related_name="editions")

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "制度版本"
        ordering = ("valid_from",)

    def __str__(self):
        return self.title


class EditionItem(models.Model):
    """An item as an edition asks for it."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="rows")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="edition_rows")
    position = models.PositiveSmallIntegerField("次序")
    is_required = models.BooleanField("必答")

    class Meta:
        verbose_name = verbose_name_plural = "版本指标"
        ordering = ("edition", "position")
        constraints = (
            models.UniqueConstraint(fields=("edition", "item"), name="edition_asks_item_once"),
            models.UniqueConstraint(fields=("edition", "position"), name="edition_position_once"),
        )

    def __str__(self):
        return f"{self.edition_id} {self.item_id}"
