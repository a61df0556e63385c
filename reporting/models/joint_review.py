"""The yearly 会审: what has to be verified of an institution, computed, and what a reviewer found of it."""

from django.db import models
from django.db.models import Q

from agencies.access import SEES_FIGURES
from agencies.models import Agency, User
from agencies.models.register import below


class PointKind(models.TextChoices):
    """Why something has to be verified."""

    AREA_YEAR = "area-year", "建筑面积比上年变化大"
    PEOPLE_YEAR = "people-year", "用能人数比上年变化大"
    AREA_JUMP = "area-jump", "建筑面积月间变化大"
    PEOPLE_JUMP = "people-jump", "用能人数月间变化大"
    ENERGY_PER_AREA = "energy-per-area", "单位面积能耗超出通常范围"
    ENERGY_PER_PERSON = "energy-per-person", "人均能耗超出通常范围"
    WATER_PER_PERSON = "water-per-person", "人均用水超出通常范围"
    CORRECTION = "correction", "年内有更正"
    NOT_APPROVED = "not-approved", "有月份没有通过的数据"


class Verdict(models.TextChoices):
    OPEN = "open", "待核"
    TRUE = "true", "属实"
    CORRECTED = "corrected", "已更正"


class JointReviewRun(models.Model):
    """When a year's points were computed; the newest row of a year holds."""

    year = models.PositiveSmallIntegerField("年份", db_index=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField("要求计算", auto_now_add=True)
    computed_at = models.DateTimeField("计算于", null=True)
    points = models.PositiveIntegerField("事项数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "会审计算"
        ordering = ("-pk",)

    def __str__(self):
        return f"{self.year}年会审"


class JointReviewPointQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(below(user.paths_of(SEES_FIGURES), "agency__path"))

    def for_list(self):
        """With the institution that a row names, in the order of the register."""
        return self.select_related("agency__parent").order_by("agency__path", "pk")


class JointReviewPoint(models.Model):
    """Something to verify, as it was last computed; a read model, made anew by every run.

    place: what tells points of one kind apart (the year, a month, a version); month: the report whose lines show it.
    verdict repeats the newest JointReview of the same words: where the numbers moved since, it is open again.
    """

    year = models.PositiveSmallIntegerField("年份")
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField("事项", max_length=20, choices=PointKind)
    place = models.CharField(max_length=20)
    month = models.DateField("月份", null=True)
    statement = models.CharField("内容", max_length=500)
    verdict = models.CharField("核实结果", max_length=10, choices=Verdict, default=Verdict.OPEN)

    objects = JointReviewPointQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "会审事项"
        ordering = ("agency", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("year", "agency", "kind", "place"), name="joint_review_point_once_a_place"
            ),
        )

    def __str__(self):
        return f"{self.agency_id} {self.year} {self.get_kind_display()} {self.place}"

    @property
    def identity(self):
        return self.agency_id, self.kind, self.place, self.statement


class JointReview(models.Model):
    """What a reviewer found of a point, with the words that it had then; append-only, the newest holds."""

    year = models.PositiveSmallIntegerField("年份")
    agency = models.ForeignKey(
        Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField("事项", max_length=20, choices=PointKind)
    place = models.CharField(max_length=20)
    statement = models.CharField("内容", max_length=500)
    verdict = models.CharField("核实结果", max_length=10, choices=Verdict)
    note = models.CharField("核实说明", max_length=200)
    by = models.ForeignKey(User, verbose_name="核实人", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("核实时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "会审核实"
        ordering = ("pk",)
        indexes = (models.Index(fields=("year", "agency"), name="joint_review_year_agency"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(note=""),
                name="joint_review_has_note",
                violation_error_message="请写明怎样核实的。",
            ),
        )

    def __str__(self):
        return f"{self.agency_id} {self.year} {self.get_verdict_display()}"

    @property
    def identity(self):
        return self.agency_id, self.kind, self.place, self.statement
