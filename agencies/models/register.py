"""The register: the tree of institutions, their buildings, meters and vehicles, each with its dates."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from .. import credit_code
from ..access import SEES_FIGURES

SHARE_TOTAL_LIMIT = 1


class AgencyKind(models.TextChoices):
    BUREAU = "bureau", "机关事务管理局"
    DEPARTMENT = "department", "主管部门"
    INSTITUTION = "institution", "公共机构"


class AgencyType(models.TextChoices):
    """Type codes of the statistics regime (reference: 公共机构能源资源消费统计调查制度)."""

    ORGAN = "01", "国家机关"
    EDUCATION = "021", "教育事业单位"
    SCIENCE = "022", "科技事业单位"
    CULTURE = "023", "文化事业单位"
    HEALTH = "024", "卫生事业单位"
    SPORT = "025", "体育事业单位"
    OTHER = "026", "其他事业单位"
    GROUP = "03", "团体组织"


def validate_credit_code(value):
    sentence = credit_code.fault(value)
    if sentence:
        raise ValidationError(sentence)


def below(paths, field="path"):
    """A condition: the agency (whose tree path is `field`) lies at or below any of the paths; no path, no row."""
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{field}__startswith": path})
    return found


class AgencyQuerySet(models.QuerySet):
    def institutions(self):
        return self.filter(kind=AgencyKind.INSTITUTION)

    def registered_in(self, month):
        """Institutions that owe a report for the month (a date)."""
        return self.filter(registered_from__lte=month).filter(
            Q(registered_to__isnull=True) | Q(registered_to__gte=month)
        )

    def within(self, paths):
        """The agencies at or below any of the tree paths; no path, no row."""
        return self.filter(below(paths))

    def visible_to(self, user):
        """The agencies whose figures the user's current roles let them see."""
        return self.within(user.paths_of(SEES_FIGURES))


class Agency(models.Model):
    """A node of the tree bureau → department in charge → institution. Only institutions file."""

    key = models.CharField(
        "机构编码",
        max_length=30,
        unique=True,
        validators=[RegexValidator(r"^[0-9A-Z][0-9A-Z-]*$", "机构编码由数字、大写字母和“-”组成。")],
        help_text="统一社会信用代码加本级后缀，如 115000000092782446-01；登记后不改。",
    )
    credit_code = models.CharField(
        "统一社会信用代码", max_length=18, blank=True, validators=[validate_credit_code]
    )
    name = models.CharField("名称", max_length=100)
    kind = models.CharField("层级", max_length=12, choices=AgencyKind, default=AgencyKind.INSTITUTION)
    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType)
    is_party_government_organ = models.BooleanField("党政机关", default=False)
    parent = models.ForeignKey(
        "self",
        verbose_name="主管单位",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    path = models.CharField("树路径", max_length=240, unique=True, editable=False)
    street = models.CharField("街道", max_length=40, blank=True)
    reviews_first = models.BooleanField(
        "先行初审",
        default=False,
        help_text="仅主管部门：勾选后，下属机构的月报须先经本部门审核，再由机关事务管理局审定。",
    )
    registered_from = models.DateField("纳入名录日期")
    registered_to = models.DateField("退出名录日期", null=True, blank=True)
    is_synthetic = models.BooleanField("演示数据", default=False, editable=False)

    history = HistoricalRecords()
    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构"
        ordering = ("path",)
        constraints = (
            models.CheckConstraint(
                condition=Q(registered_to__isnull=True) | Q(registered_to__gte=F("registered_from")),
                name="agency_leaves_after_joining",
                violation_error_message="退出名录日期不能早于纳入名录日期。",
            ),
            models.CheckConstraint(
                condition=Q(kind=AgencyKind.BUREAU) | Q(parent__isnull=False),
                name="agency_below_bureau_has_parent",
                violation_error_message="除机关事务管理局外，每个机构都要选择主管单位。",
            ),
            models.CheckConstraint(
                condition=Q(reviews_first=False) | Q(kind=AgencyKind.DEPARTMENT),
                name="agency_first_review_by_department",
                violation_error_message="只有主管部门可以先行初审，请取消“先行初审”或改选层级。",
            ),
        )

    def __str__(self):
        return self.name

    @property
    def is_institution(self):
        return self.kind == AgencyKind.INSTITUTION

    @property
    def first_reviewer(self):
        """The department above that reviews first, the nearest; None where the bureau decides alone."""
        keys = self.path.split("/")[:-2]
        above = ["/".join(keys[: depth + 1]) + "/" for depth in range(len(keys))]
        return Agency.objects.filter(reviews_first=True, path__in=above).order_by("path").last()

    def path_under(self, parent):
        return f"{parent.path if parent else ''}{self.key}/"

    def clean(self):
        if self.parent and self.key in self.parent.path.split("/"):
            raise ValidationError({"parent": f"“{self.parent}”是本机构或其下属，不能作主管单位。"})
        if self.parent and self.parent.is_institution:
            raise ValidationError(
                {"parent": f"“{self.parent}”是公共机构，只有主管部门和机关事务管理局可作主管单位。"}
            )
        if self.is_institution and not self._state.adding and self.children.exists():
            raise ValidationError({"kind": "本机构有下属机构，不能改为公共机构。"})


class BuildingQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(manager__in=Agency.objects.visible_to(user))


class Building(models.Model):
    name = models.CharField("建筑名称", max_length=100)
    address = models.CharField("地址", max_length=200, blank=True)
    manager = models.ForeignKey(
        Agency, verbose_name="管理单位", on_delete=models.PROTECT, related_name="managed_buildings"
    )
    floor_area_m2 = models.DecimalField("建筑面积（m²）", max_digits=12, decimal_places=2)
    built_year = models.PositiveSmallIntegerField("建成年份", null=True, blank=True)
    in_use_from = models.DateField("启用日期")
    in_use_to = models.DateField("停用日期", null=True, blank=True)

    history = HistoricalRecords()
    objects = BuildingQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "建筑"
        ordering = ("manager", "name")
        constraints = (
            models.CheckConstraint(
                condition=Q(floor_area_m2__gt=0),
                name="building_has_area",
                violation_error_message="建筑面积应大于 0 m²。",
            ),
            models.CheckConstraint(
                condition=Q(in_use_to__isnull=True) | Q(in_use_to__gte=F("in_use_from")),
                name="building_ends_after_start",
                violation_error_message="停用日期不能早于启用日期。",
            ),
        )

    def __str__(self):
        return self.name


class Occupancy(models.Model):
    """The share of a building's floor area that an agency uses between two dates."""

    building = models.ForeignKey(
        Building, verbose_name="建筑", on_delete=models.CASCADE, related_name="occupancies"
    )
    agency = models.ForeignKey(
        Agency, verbose_name="使用单位", on_delete=models.PROTECT, related_name="occupancies"
    )
    share = models.DecimalField("面积占比", max_digits=9, decimal_places=6, help_text="0 到 1，如 0.25")
    valid_from = models.DateField("自")
    valid_to = models.DateField("至", null=True, blank=True)

    history = HistoricalRecords()

    # A form that edits all shares of a building at once compares them with each other, not with the stored ones.
    is_checked_together = False

    class Meta:
        verbose_name = verbose_name_plural = "建筑占用"
        ordering = ("building", "agency", "valid_from")
        constraints = (
            models.CheckConstraint(
                condition=Q(share__gt=0, share__lte=1),
                name="occupancy_share_within_one",
                violation_error_message="面积占比应大于 0 且不超过 1。",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="occupancy_ends_after_start",
                violation_error_message="结束日期不能早于开始日期。",
            ),
        )

    def __str__(self):
        return f"{self.agency} 占 {self.building} {self.share}"

    def clean(self):
        if self.is_checked_together or None in (self.share, self.valid_from, self.building_id):
            return
        sentence = self.excess_beside(Occupancy.objects.filter(building=self.building_id).exclude(pk=self.pk))
        if sentence:
            raise ValidationError({"share": sentence})

    def excess_beside(self, others):
        """Why the share does not fit beside the building's other shares, or None."""
        taken = _greatest_sum(self, others)
        if taken + self.share <= SHARE_TOTAL_LIMIT:
            return None
        return f"同一时期该建筑已分配 {_plain(taken)}，最多还可填 {_plain(SHARE_TOTAL_LIMIT - taken)}。"


def _plain(share):
    return f"{max(share, 0):.6f}".rstrip("0").rstrip(".")


def _greatest_sum(occupancy, others):
    """The largest sum of the other shares on any day of this occupancy.

    The sum can only rise on a day on which some share begins, so those days are enough.
    """
    rows = [other for other in others if _overlap(occupancy, other)]
    days = [max(occupancy.valid_from, row.valid_from) for row in rows]
    return max((_sum_on(day, rows) for day in days), default=0)


def _overlap(one, two):
    starts_in_time = two.valid_to is None or one.valid_from <= two.valid_to
    return starts_in_time and (one.valid_to is None or two.valid_from <= one.valid_to)


def _sum_on(day, rows):
    return sum(
        row.share for row in rows if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)
    )


class ElectricityAccount(models.Model):
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.CASCADE, related_name="electricity_accounts"
    )
    number = models.CharField(
        "用电户号",
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^\d{6,20}$", "用电户号为6到20位数字。")],
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = verbose_name_plural = "用电户号"
        ordering = ("agency", "number")

    def __str__(self):
        return self.number


class Vehicle(models.Model):
    class Energy(models.TextChoices):
        PETROL = "petrol", "汽油"
        DIESEL = "diesel", "柴油"
        ELECTRIC = "electric", "纯电动"
        HYBRID = "hybrid", "插电混动"
        OTHER = "other", "其他"

    class Purpose(models.TextChoices):
        GENERAL = "general", "机要通信和应急保障"
        LAW_ENFORCEMENT = "law", "执法执勤"
        COMMUTING = "commuting", "通勤"
        SPECIAL = "special", "特种专业技术"
        OTHER = "other", "其他"

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="vehicles")
    plate = models.CharField("号牌号码", max_length=12)
    energy = models.CharField("能源类型", max_length=10, choices=Energy)
    purpose = models.CharField("用途", max_length=12, choices=Purpose, default=Purpose.OTHER)
    registered_on = models.DateField("登记日期")
    retired_on = models.DateField("报废或调出日期", null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = verbose_name_plural = "车辆"
        ordering = ("agency", "plate")
        constraints = (
            models.UniqueConstraint(
                fields=("plate",),
                condition=Q(retired_on__isnull=True),
                name="vehicle_plate_in_use_once",
                violation_error_message="该号牌已登记在用。请先登记原车辆的报废或调出日期。",
            ),
            models.CheckConstraint(
                condition=Q(retired_on__isnull=True) | Q(retired_on__gte=F("registered_on")),
                name="vehicle_retires_after_start",
                violation_error_message="报废或调出日期不能早于登记日期。",
            ),
        )

    def __str__(self):
        return self.plate
