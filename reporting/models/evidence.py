"""Evidence: the bill or document behind filed lines, and how its days fall into months."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from agencies.models import Agency, User

from .catalogue import Item


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(agency__in=Agency.objects.visible_to(user))

    def in_force(self):
        """Those that no later document replaced."""
        return self.filter(replaced_by__isnull=True)

    def touching(self, month):
        """Those whose period reaches into the month (a date)."""
        return self.filter(items__uses__month=month).distinct()


class Evidence(models.Model):
    """A document as it was uploaded. It never changes; a later one may replace it, for a reason."""

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="evidence")
    document_number = models.CharField("单据号码", max_length=60, blank=True)
    account_number = models.CharField("户号", max_length=30, blank=True)
    first_day = models.DateField("用量起日")
    last_day = models.DateField("用量止日")
    file_name = models.CharField("文件名", max_length=120)
    content_type = models.CharField("文件类型", max_length=40)
    size = models.PositiveIntegerField("字节数", validators=[MinValueValidator(1)])
    sha256 = models.CharField("文件哈希", max_length=64)
    uploaded_by = models.ForeignKey(User, verbose_name="登记人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("登记时间", auto_now_add=True)
    replaced_by = models.ForeignKey(
        "self", verbose_name="替换为", on_delete=models.PROTECT, null=True, related_name="replaces"
    )
    replace_reason = models.CharField("替换原因", max_length=200, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "凭证"
        ordering = ("-last_day", "-pk")
        indexes = (models.Index(fields=("agency", "sha256"), name="evidence_agency_hash"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="evidence_ends_after_start",
                violation_error_message="用量止日不能早于用量起日。",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by__isnull=True, replace_reason="")
                | (Q(replaced_by__isnull=False) & ~Q(replace_reason="")),
                name="evidence_replaced_for_reason",
                violation_error_message="请写明替换原因。",
            ),
        )

    def __str__(self):
        return self.document_number or self.file_name

    @property
    def days(self):
        return (self.last_day - self.first_day).days + 1

    @property
    def is_picture(self):
        return self.content_type.startswith("image/")


class EvidenceItem(models.Model):
    """What a document proves of one item, as its total stands on the paper."""

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="items", db_index=False)
    item = models.ForeignKey(Item, verbose_name="指标", on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField("数量", max_digits=18, decimal_places=4)
    unit = models.CharField("单位", max_length=8)
    cost_yuan = models.DecimalField("费用(元)", max_digits=16, decimal_places=2, null=True)
    is_divided = models.BooleanField("按天分摊")

    class Meta:
        verbose_name = verbose_name_plural = "凭证指标"
        ordering = ("evidence", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("evidence", "item"),
                name="evidence_item_once",
                violation_error_message="同一凭证的同一指标只填一行。",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0),
                name="evidence_item_not_negative",
                violation_error_message="数量不能为负。",
            ),
        )

    def __str__(self):
        return f"{self.item_id} {self.quantity} {self.unit}"


class EvidenceUse(models.Model):
    """The part of a document's item that falls in one month.

    Divided by days, the parts add up to the document's total; what is a state (an area) is whole in each month.
    """

    row = models.ForeignKey(EvidenceItem, on_delete=models.CASCADE, related_name="uses", db_index=False)
    month = models.DateField("月份")
    days = models.PositiveSmallIntegerField("天数")
    quantity = models.DecimalField("数量", max_digits=18, decimal_places=4)
    cost_yuan = models.DecimalField("费用(元)", max_digits=16, decimal_places=2, null=True)

    class Meta:
        verbose_name = verbose_name_plural = "凭证分月"
        ordering = ("row", "month")
        constraints = (
            models.UniqueConstraint(fields=("row", "month"), name="evidence_use_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="evidence_use_first_of_month"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=31), name="evidence_use_days"),
        )

    def __str__(self):
        return f"{self.month:%Y-%m} {self.quantity}"
