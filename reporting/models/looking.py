"""Quiet months approved together, and the second look that a draw asks for afterwards."""

from django.db import models
from django.db.models import Count, F, Q

from agencies.models import User

from .filing import Report, Revision


class BulkApproval(models.Model):
    """One decision over many quiet months, for a recorded ground; `rule` is what counted as quiet at that moment.

    A worker carries it out month by month; finished_at and what belongs to it are written once, at the end.
    """

    made_by = models.ForeignKey(User, verbose_name="办理人", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("办理时间", auto_now_add=True)
    # Of who decided: the trail names it, though a worker writes.
    address = models.GenericIPAddressField("来源地址", null=True)
    ground = models.CharField("依据", max_length=200)
    rule = models.TextField("当时的安静规则")
    finished_at = models.DateTimeField("办结时间", null=True)
    approved = models.PositiveIntegerField("通过", default=0)
    left_out = models.PositiveIntegerField("未通过", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "批量通过"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(ground=""),
                name="bulk_approval_has_ground",
                violation_error_message="批量通过时请写明依据。",
            ),
        )

    def __str__(self):
        return f"批量通过 {self.pk} 号"

    @property
    def is_under_way(self):
        return self.finished_at is None


class Outcome(models.TextChoices):
    WAITING = "waiting", "排队中"
    APPROVED = "approved", "已通过"
    LEFT_OUT = "left-out", "未通过"


class BulkEntry(models.Model):
    """A month that was chosen, as it was seen; what became of it is written once."""

    bulk = models.ForeignKey(
        BulkApproval, verbose_name="批量通过", on_delete=models.PROTECT, related_name="entries"
    )
    report = models.ForeignKey(Report, verbose_name="月报", on_delete=models.PROTECT, related_name="+")
    # None where the month was seen in another version than waits now: a draft may still go.
    revision = models.ForeignKey(
        Revision, verbose_name="版次", on_delete=models.PROTECT, null=True, related_name="bulk_entries"
    )
    seen = models.CharField("所见内容哈希", max_length=64)
    outcome = models.CharField("结果", max_length=8, choices=Outcome, default=Outcome.WAITING)
    why = models.CharField("未通过的原因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "批量通过的月报"
        ordering = ("bulk", "pk")
        constraints = (
            models.UniqueConstraint(fields=("bulk", "report"), name="bulk_entry_once_a_report"),
            models.CheckConstraint(
                condition=(Q(outcome=Outcome.LEFT_OUT) & ~Q(why=""))
                | (~Q(outcome=Outcome.LEFT_OUT) & Q(why="")),
                name="bulk_entry_left_out_for_reason",
            ),
            models.CheckConstraint(
                condition=Q(revision__isnull=False) | Q(outcome=Outcome.LEFT_OUT),
                name="bulk_entry_has_what_was_seen",
            ),
        )

    def __str__(self):
        return f"{self.bulk} {self.report}"


class Draw(models.Model):
    """A draw of what is looked at again: out of a bulk approval, or out of the institutions of a year.

    seed and population are all that is needed to repeat it (`sampling`).
    """

    bulk = models.OneToOneField(
        BulkApproval, verbose_name="批量通过", on_delete=models.PROTECT, null=True, related_name="draw"
    )
    year = models.PositiveSmallIntegerField("年份", null=True)
    seed = models.CharField("种子", max_length=64)
    population = models.PositiveIntegerField("总体")
    drawn_by = models.ForeignKey(User, verbose_name="抽取人", on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField("抽取时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "抽取"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(bulk__isnull=False, year__isnull=True) | Q(bulk__isnull=True, year__isnull=False),
                name="draw_of_a_bulk_or_a_year",
            ),
            models.CheckConstraint(condition=~Q(seed=""), name="draw_has_seed"),
        )

    def __str__(self):
        return str(self.bulk) if self.bulk_id else f"{self.year}年补抽"


class Found(models.TextChoices):
    WAITING = "waiting", "待复核"
    TRUE = "true", "属实"
    WRONG = "wrong", "有误"


class SecondLookQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(revision__report__in=Report.objects.visible_to(user))

    def of_year(self, year):
        """Of the months of a year, whenever they were looked at."""
        return self.filter(revision__report__period__month__year=year)

    def for_list(self):
        """What waits first, the oldest draw first; with everything that a row shows."""
        beside = (
            "revision__report__agency",
            "revision__report__period",
            "revision__decided_by",
            "draw__bulk",
        )
        rows = self.select_related(*beside, "looked_by")
        return rows.order_by(F("looked_at").desc(nulls_first=True), "draw", "pk")

    def counted(self):
        """How many there are, of how many institutions, decided, and found wrong."""
        institution, is_decided = "revision__report__agency", ~Q(result=Found.WAITING)
        return self.order_by().aggregate(
            drawn=Count("pk"),
            drawn_institutions=Count(institution, distinct=True),
            looked=Count("pk", filter=is_decided),
            looked_institutions=Count(institution, filter=is_decided, distinct=True),
            wrong=Count("pk", filter=Q(result=Found.WRONG)),
        )


class SecondLook(models.Model):
    """An approved month that a draw chose, and what somebody else than its approver found; decided once."""

    revision = models.OneToOneField(
        Revision, verbose_name="版次", on_delete=models.PROTECT, related_name="second_look"
    )
    draw = models.ForeignKey(Draw, verbose_name="抽取", on_delete=models.PROTECT, related_name="looks")
    result = models.CharField("结果", max_length=7, choices=Found, default=Found.WAITING)
    note = models.CharField("说明", max_length=300, blank=True)
    looked_by = models.ForeignKey(
        User, verbose_name="复核人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    looked_at = models.DateTimeField("复核时间", null=True)

    objects = SecondLookQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "抽查复核"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(result=Found.WAITING, looked_by__isnull=True, looked_at__isnull=True)
                | (~Q(result=Found.WAITING) & Q(looked_by__isnull=False, looked_at__isnull=False)),
                name="second_look_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(result=Found.WAITING) | ~Q(note=""),
                name="second_look_says_what_was_checked",
                violation_error_message="请写明核对了什么、结果如何。",
            ),
        )

    def __str__(self):
        return f"抽查 {self.revision}"

    @property
    def is_waiting(self):
        return self.result == Found.WAITING

    @property
    def is_wrong(self):
        return self.result == Found.WRONG
