"""What the rule engine found in a revision and how it was answered, and the limits that the bureau set."""

from django.db import models
from django.db.models import Count, Q

from agencies.models import Agency, AgencyType, User

from .catalogue import Item
from .filing import WAITING, Revision, Status

STOOD = Q(is_standing=True)


class Severity(models.TextChoices):
    ERROR = "error", "错误"
    WARNING = "warning", "疑问"


class Outcome(models.TextChoices):
    """What became of a hit."""

    ACCEPTED = "accepted", "说明后保留"
    CORRECTED = "corrected", "已更正"
    RETURNED = "returned", "被退回"
    OPEN = "open", "未办结"


_OUTCOMES = {
    Outcome.ACCEPTED: STOOD & Q(revision__status__in=(*WAITING, Status.APPROVED)),
    Outcome.CORRECTED: ~STOOD,
    Outcome.RETURNED: STOOD & Q(revision__status=Status.RETURNED),
    Outcome.OPEN: STOOD & Q(revision__status__in=(Status.DRAFT, Status.WITHDRAWN)),
}


class RuleHitQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(revision__report__agency__in=Agency.objects.visible_to(user))

    def of_months_since(self, month):
        return self.filter(revision__report__period__month__gte=month)

    def counted(self):
        """One row a rule: its hits, and how many of them came to each Outcome."""
        counts = {str(outcome): Count("pk", filter=fits) for outcome, fits in _OUTCOMES.items()}
        return self.order_by().values("rule").annotate(hits=Count("pk"), **counts)

    def standing(self):
        """What the checks said of the lines as they were last looked at."""
        return self.filter(is_standing=True)

    def unexplained(self):
        """Warnings that still wait for a reason."""
        return self.standing().filter(severity=Severity.WARNING, reason="")


class RuleHit(models.Model):
    """A rule that spoke up at an item of a revision, once or still; a draft's rows follow what is typed.

    From submission on it is frozen like the lines: the reasons are part of what was submitted.
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="hits", db_index=False)
    rule = models.CharField("规则", max_length=24)
    item = models.ForeignKey(
        Item, verbose_name="指标", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    severity = models.CharField("程度", max_length=7, choices=Severity)
    message = models.CharField("提示", max_length=300)
    expected = models.CharField("应为", max_length=120, blank=True)
    reason = models.CharField("填报说明", max_length=200, blank=True)
    is_standing = models.BooleanField("仍然存在", default=True)
    first_at = models.DateTimeField("首次出现", auto_now_add=True)

    objects = RuleHitQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "检查提示"
        ordering = ("revision", "item", "rule")
        constraints = (
            models.UniqueConstraint(fields=("revision", "rule", "item"), name="rule_hit_once_an_item"),
        )

    def __str__(self):
        return f"{self.rule} {self.item_id}"

    @property
    def outcome(self):
        """What became of it, in a word."""
        if not self.is_standing:
            return Outcome.CORRECTED.label
        if self.revision.status == Status.RETURNED:
            return Outcome.RETURNED.label
        is_filed = self.revision.status in (*WAITING, Status.APPROVED)
        return (Outcome.ACCEPTED if is_filed else Outcome.OPEN).label


class CheckLimit(models.Model):
    """A threshold as the bureau set it; append-only, the newest of the closest fit holds.

    item and type_code narrow it: both empty holds for all. What low, high and floor mean is said by the rule
    (docs/checks.md); floor is the absolute change below which a relative one says nothing.
    """

    rule = models.CharField("规则", max_length=24)
    item = models.ForeignKey(
        Item, verbose_name="指标", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    type_code = models.CharField("机构类型", max_length=3, choices=AgencyType, blank=True)
    low = models.DecimalField("下限", max_digits=16, decimal_places=4, null=True, blank=True)
    high = models.DecimalField("上限", max_digits=16, decimal_places=4, null=True, blank=True)
    floor = models.DecimalField("最小变化量", max_digits=16, decimal_places=4, null=True, blank=True)
    reason = models.CharField("依据或理由", max_length=200)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField("设定时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "检查阈值"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lte=models.F("high")),
                name="check_limit_low_below_high",
                violation_error_message="下限不能大于上限。",
            ),
        )

    def __str__(self):
        return f"{self.rule} {self.item_id or '全部'} {self.type_code or '全部'}"
