"""Registers of the plan (台账): what they ask is data, so all of them share one model and one set of pages."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from agencies.models import Agency, User


class Register(models.Model):
    """A kind of record: what it is called, who keeps it, what its days mean."""

    class KeptBy(models.TextChoices):
        OWN = "own", "各单位登记"
        BUREAU = "bureau", "机关事务局登记"

    slug = models.SlugField("编码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=30)
    position = models.PositiveSmallIntegerField("次序")
    kept_by = models.CharField("登记方", max_length=6, choices=KeptBy)
    is_yearly = models.BooleanField("每年一条", default=False)
    date_name = models.CharField("日期含义", max_length=20)
    end_name = models.CharField("止日含义", max_length=20, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "台账"
        ordering = ("position",)

    def __str__(self):
        return self.name


class RegisterField(models.Model):
    """One thing that a register asks. `choices` are separated by “|”."""

    class Kind(models.TextChoices):
        NUMBER = "number", "数字"
        CHOICE = "choice", "选项"
        TEXT = "text", "文字"
        LONG = "long", "长文字"
        DAY = "day", "日期"

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="fields")
    code = models.SlugField("编码", max_length=24)
    position = models.PositiveSmallIntegerField("次序")
    name = models.CharField("名称", max_length=30)
    kind = models.CharField("类型", max_length=6, choices=Kind)
    unit = models.CharField("单位", max_length=12, blank=True)
    choices = models.CharField("选项", max_length=200, blank=True)
    is_required = models.BooleanField("必填", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "台账字段"
        ordering = ("register", "position")
        constraints = (
            models.UniqueConstraint(fields=("register", "code"), name="register_field_once"),
            models.CheckConstraint(
                condition=Q(kind="choice") & ~Q(choices="") | ~Q(kind="choice") & Q(choices=""),
                name="register_field_choices_of_choice",
                violation_error_message="选项字段应列出选项（用“|”分隔），其他类型留空。",
            ),
        )

    def __str__(self):
        return self.name

    @property
    def options(self):
        return self.choices.split("|") if self.choices else []

    @property
    def label(self):
        return f"{self.name}（{self.unit}）" if self.unit else self.name


class RecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(agency__in=Agency.objects.visible_to(user))


class Record(models.Model):
    """One entry of a register, of one institution; what it says stands in its versions."""

    register = models.ForeignKey(
        Register, verbose_name="台账", on_delete=models.PROTECT, related_name="records"
    )
    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="records")

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "台账记录"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("agency", "register"), name="record_of_agency"),)

    def __str__(self):
        return f"{self.register} {self.pk}"


class VersionStatus(models.TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审核"
    RETURNED = "returned", "已退回"
    ACCEPTED = "accepted", "已通过"


OPEN = (VersionStatus.DRAFT, VersionStatus.SUBMITTED, VersionStatus.RETURNED)


class VersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(record__agency__in=Agency.objects.visible_to(user))

    def in_force(self):
        """What counts: the accepted version of each record, unless it struck the record out."""
        return self.filter(is_current=True, is_void=False)

    def latest(self):
        """One row a record: its last version, whatever became of it."""
        later = RecordVersion.objects.filter(record=OuterRef("record"), number__gt=OuterRef("number"))
        return self.filter(~Exists(later))


class RecordVersion(models.Model):
    """What a record says, from the draft to the bureau's word on it; accepted, it never changes.

    A later version corrects or strikes out (is_void) for a reason; until it is accepted the one before counts.
    values: code of the register's field → text as it was typed, checked against the field's kind.
    """

    record = models.ForeignKey(Record, verbose_name="记录", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField("版次")
    status = models.CharField("状态", max_length=9, choices=VersionStatus, default=VersionStatus.DRAFT)
    name = models.CharField("名称", max_length=80)
    happened_on = models.DateField("日期", null=True, blank=True)
    ended_on = models.DateField("止日", null=True, blank=True)
    values = models.JSONField("内容", default=dict, blank=True)
    is_void = models.BooleanField("作废", default=False)
    reason = models.CharField("更正或作废原因", max_length=200, blank=True)
    is_current = models.BooleanField("现行", default=False)
    entered_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField("登记时间", default=timezone.now)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        User, verbose_name="审核人", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)
    comment = models.CharField("审核意见", max_length=200, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "台账记录版次"
        ordering = ("record", "-number")
        constraints = (
            models.UniqueConstraint(fields=("record", "number"), name="record_version_once"),
            models.UniqueConstraint(
                fields=("record",), condition=Q(is_current=True), name="record_one_current_version"
            ),
            models.UniqueConstraint(
                fields=("record",),
                condition=Q(status__in=OPEN),
                name="record_one_open_version",
                violation_error_message="该记录已有未办结的版次。",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("happened_on")),
                name="record_ends_after_start",
                violation_error_message="止日不能早于起日，填止日时也要填起日。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="record_later_version_has_reason",
                violation_error_message="请写明更正或作废的原因。",
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(status=VersionStatus.ACCEPTED),
                name="record_current_is_accepted",
            ),
        )
        indexes = (
            models.Index(fields=("status", "submitted_at"), name="record_version_waiting"),
            models.Index(fields=("record",), condition=Q(is_current=True), name="record_version_current"),
        )

    def __str__(self):
        return f"{self.name}（第 {self.number} 版）"

    def said(self, fields):
        """(field, text) of those of the register's fields that it answers."""
        return [(field, self.values[field.code]) for field in fields if self.values.get(field.code)]

    @property
    def is_editable(self):
        return self.status in (VersionStatus.DRAFT, VersionStatus.RETURNED)

    @property
    def is_waiting(self):
        return self.status == VersionStatus.SUBMITTED

    def clean(self):
        if self.ended_on and not self.happened_on:
            raise ValidationError({"happened_on": "填了止日，也请填起日。"})


class RecordDocument(models.Model):
    """Evidence of a version, kept as it was uploaded."""

    version = models.ForeignKey(RecordVersion, on_delete=models.PROTECT, related_name="documents")
    file_name = models.CharField("文件名", max_length=120)
    content_type = models.CharField("文件类型", max_length=40)
    size = models.PositiveIntegerField("字节数")
    sha256 = models.CharField("文件哈希", max_length=64)
    uploaded_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "台账证明材料"
        ordering = ("version", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("version", "sha256"),
                name="record_document_once",
                violation_error_message="这份材料已经附上。",
            ),
        )

    def __str__(self):
        return self.file_name
