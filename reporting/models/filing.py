"""A filed month: period, report, its immutable revisions and their lines."""

import hashlib

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q

from agencies.access import SEES_FIGURES
from agencies.models import Agency, User
from agencies.models.register import below

from .catalogue import Edition, Item


class Status(models.TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已提交"
    ENDORSED = "endorsed", "部门已审"
    APPROVED = "approved", "已通过"
    RETURNED = "returned", "已退回"
    WITHDRAWN = "withdrawn", "已撤回"


WAITING = (Status.SUBMITTED, Status.ENDORSED)
OPEN = (Status.DRAFT, *WAITING)
EDITABLE = (Status.DRAFT, Status.RETURNED, Status.WITHDRAWN)
UNSETTLED = (*EDITABLE, *WAITING)


class KnownBy(models.TextChoices):
    """How a quantity is known. 0 is a measured zero; the last two have no number."""

    METERED = "metered", "计量"
    ESTIMATED = "estimated", "估算"
    NOT_APPLICABLE = "not_applicable", "不适用"
    NOT_METERED = "not_metered", "未计量"

    @property
    def has_quantity(self):
        return self in (KnownBy.METERED, KnownBy.ESTIMATED)


class Payment(models.TextChoices):
    """Whether the institution pays for it; with metered or not, the four cases of the regime."""

    PAID = "paid", "付费"
    UNPAID = "unpaid", "不付费"


WITH_QUANTITY = (KnownBy.METERED, KnownBy.ESTIMATED)


class Period(models.Model):
    """A month that is filed, with the days on which filing opens, is due and closes."""

    month = models.DateField("月份", unique=True)
    opens_on = models.DateField("开放日")
    due_on = models.DateField("截止日")
    closes_on = models.DateField("关闭日")

    class Meta:
        verbose_name = verbose_name_plural = "报送期"
        ordering = ("-month",)
        constraints = (
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="period_is_first_of_month",
                violation_error_message="月份应为当月1日。",
            ),
            models.CheckConstraint(
                condition=Q(opens_on__lte=models.F("due_on"), due_on__lte=models.F("closes_on")),
                name="period_days_in_order",
                violation_error_message="开放日、截止日、关闭日应依次不早于前一个。",
            ),
        )

    def __str__(self):
        return f"{self.month.year}年{self.month.month}月"

    def is_overdue(self, today):
        return today > self.due_on


def _is_unendorsed():
    """A condition: handed in below a department that reviews first, and not yet endorsed."""
    above = Agency.objects.filter(reviews_first=True).annotate(
        of=ExpressionWrapper(OuterRef("agency__path"), models.CharField())
    )
    return Q(latest__status=Status.SUBMITTED) & Exists(above.filter(of__startswith=F("path")))


# What a page shows of a report's state.
STATE = ("agency__parent", "period", "latest__edition", "latest__submitted_by", "approved")


class ReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(below(user.paths_of(SEES_FIGURES), "agency__path"))

    def with_state(self):
        return self.select_related(*STATE)

    def in_state(self, state):
        """Reports by the state of their latest revision; "missing" has none."""
        return self.filter(latest__isnull=True) if state == "missing" else self.filter(latest__status=state)

    def waiting(self):
        """Handed in and not yet decided, by whomever."""
        return self.filter(latest__status__in=WAITING).order_by("latest__submitted_at")

    def doubted(self):
        """Of whose latest version the checks have something to say."""
        return self.filter(Exists(Revision.objects.filter(pk=OuterRef("latest"), hits__is_standing=True)))

    def awaiting_first_review(self):
        """What departments that review first have still to look at."""
        return self.waiting().filter(_is_unendorsed())

    def awaiting_review(self):
        """What the bureau can decide on now."""
        return self.waiting().exclude(_is_unendorsed())

    def to_file(self):
        """What the filer still owes: nothing begun, a draft, or a return."""
        return self.filter(Q(latest__isnull=True) | Q(latest__status__in=EDITABLE))


class Report(models.Model):
    """What one agency owes for one month. Its state is that of its latest revision."""

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="reports")
    period = models.ForeignKey(Period, verbose_name="月份", on_delete=models.PROTECT, related_name="reports")
    latest = models.ForeignKey(
        "Revision", verbose_name="最新版次", on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved = models.ForeignKey(
        "Revision", verbose_name="生效版次", on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "月报"
        ordering = ("-period__month", "agency__path")
        constraints = (models.UniqueConstraint(fields=("agency", "period"), name="report_once_a_month"),)
        # Few beside those that are settled: a page that counts what is open must not read those.
        indexes = (
            models.Index(fields=("period",), condition=Q(latest__isnull=True), name="report_not_begun"),
        )

    def __str__(self):
        return f"{self.agency} {self.period}"

    @property
    def status(self):
        """Status of the latest revision, or "missing" where nothing was begun."""
        return Status(self.latest.status) if self.latest else "missing"

    @property
    def status_name(self):
        return self.latest.get_status_display() if self.latest else "未填报"

    @property
    def is_editable(self):
        return self.latest is None or self.latest.status in EDITABLE

    @property
    def is_correcting(self):
        """Whether a newer version is under way while an approved one is in force."""
        return self.approved_id is not None and self.latest_id != self.approved_id

    @property
    def awaits_first_review(self):
        return self.status == Status.SUBMITTED and self.agency.first_reviewer is not None


class Revision(models.Model):
    """One version of a report. A draft may change; from its submission on it never does."""

    report = models.ForeignKey(
        Report, verbose_name="月报", on_delete=models.PROTECT, related_name="revisions"
    )
    number = models.PositiveSmallIntegerField("版次")
    edition = models.ForeignKey(Edition, verbose_name="制度版本", on_delete=models.PROTECT)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.CharField("开版原因", max_length=200, blank=True)
    document_reference = models.CharField("来源文件", max_length=200, blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField("开版时间", auto_now_add=True)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True)
    content_hash = models.CharField("内容哈希", max_length=64, blank=True)
    begun_from = models.ForeignKey(
        "self", verbose_name="据以开版的版次", on_delete=models.PROTECT, null=True, related_name="+"
    )
    answers = models.ForeignKey(
        "self",
        verbose_name="回应的退回版次",
        on_delete=models.PROTECT,
        null=True,
        related_name="answered_by",
        help_text="仅退回部分指标时，本版只可修改该版所列指标。",
    )
    endorsed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    endorsed_at = models.DateTimeField("部门审核时间", null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField("审定时间", null=True)
    return_reason = models.CharField("退回原因", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "版次"
        ordering = ("report", "number")
        indexes = (
            models.Index(fields=("status",), condition=Q(status__in=UNSETTLED), name="revision_not_approved"),
        )
        constraints = (
            models.UniqueConstraint(fields=("report", "number"), name="revision_number_once"),
            models.UniqueConstraint(
                fields=("report",),
                condition=Q(status__in=OPEN),
                name="revision_one_open",
                violation_error_message="该月已有一个未办结的版次。",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.DRAFT, submitted_at__isnull=True)
                | (~Q(status=Status.DRAFT) & Q(submitted_at__isnull=False)),
                name="revision_draft_or_submitted",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RETURNED) | ~Q(return_reason=""),
                name="revision_return_has_reason",
                violation_error_message="退回时请写明原因。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="revision_reopened_for_reason",
                violation_error_message="请写明重新填报的原因。",
            ),
            models.CheckConstraint(
                condition=(~Q(status=Status.ENDORSED) & Q(endorsed_by__isnull=True, endorsed_at__isnull=True))
                | Q(endorsed_by__isnull=False, endorsed_at__isnull=False),
                name="revision_endorsed_by_somebody",
            ),
        )

    def __str__(self):
        return f"{self.report} 第{self.number}版"

    @property
    def is_draft(self):
        return self.status == Status.DRAFT

    @property
    def is_legacy(self):
        return bool(self.document_reference)


def content_hash(agency_key, month, number, edition_slug, lines, hits=()):
    """SHA-256 over everything a revision states; taken at submission, checked by verify_ledger.

    `lines`, in any order: rows with item_id, quantity, unit, cost_yuan, known_by, payment and note; `hits`: the
    warnings that stood, with rule, item_id and reason.
    """
    head = f"{agency_key}|{month:%Y-%m}|{number}|{edition_slug}"
    parts = [head, *sorted(map(_statement, lines)), *sorted(map(_explanation, hits))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _statement(line):
    """A line as one canonical text, the same on every database."""
    quantity = "" if line.quantity is None else f"{line.quantity:.4f}"
    cost = "" if line.cost_yuan is None else f"{line.cost_yuan:.2f}"
    # Lines of before the question of payment was asked keep the hash they had.
    way = f"{line.known_by}+{line.payment}" if line.payment else line.known_by
    return f"{line.item_id}|{quantity}|{line.unit}|{cost}|{way}|{line.note}"


def _explanation(hit):
    return f"reason|{hit.rule}|{hit.item_id}|{hit.reason}"


class Line(models.Model):
    """One filed item: how much, at what cost, and how it is known."""

    # The unique constraint's index serves both look-ups: the millions of lines carry no second one.
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="lines", db_index=False)
    item = models.ForeignKey(Item, verbose_name="指标", on_delete=models.PROTECT, db_index=False)
    quantity = models.DecimalField("数量", max_digits=18, decimal_places=4, null=True)
    unit = models.CharField("单位", max_length=8)
    cost_yuan = models.DecimalField("费用(元)", max_digits=16, decimal_places=2, null=True)
    known_by = models.CharField("获取方式", max_length=14, choices=KnownBy, default=KnownBy.METERED)
    payment = models.CharField("付费情况", max_length=6, choices=Payment, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "填报行"
        ordering = ("revision", "item")
        constraints = (
            models.UniqueConstraint(fields=("revision", "item"), name="line_once_an_item"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0),
                name="line_not_negative",
                violation_error_message="数量不能为负。",
            ),
            models.CheckConstraint(
                condition=Q(cost_yuan__gte=0),
                name="line_cost_not_negative",
                violation_error_message="费用不能为负。",
            ),
            models.CheckConstraint(
                condition=Q(known_by__in=WITH_QUANTITY, quantity__isnull=False)
                | (~Q(known_by__in=WITH_QUANTITY) & Q(quantity__isnull=True)),
                name="line_number_or_state",
                violation_error_message="“不适用”“未计量”不能带数量，“计量”“估算”必须有数量。",
            ),
            models.CheckConstraint(
                condition=~Q(payment=Payment.UNPAID) | Q(cost_yuan__isnull=True) | Q(cost_yuan=0),
                name="line_unpaid_costs_nothing",
                violation_error_message="“不付费”不能带费用：请清空费用，或改选“付费”。",
            ),
        )

    def __str__(self):
        return f"{self.item_id} {self.quantity} {self.unit}"
