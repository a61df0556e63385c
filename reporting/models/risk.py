"""What makes a waiting month worth a look, kept so that the database orders the queue."""

from django.db import models

from .. import risk
from .filing import Revision


class Earlier(models.TextChoices):
    """The month that a waiting one is measured against."""

    LAST_YEAR = "last-year", "上年同月"
    NEWEST = "newest", "最近已通过的月份"


class ReviewRisk(models.Model):
    """The risk of a waiting revision and the facts that make it.

    Not truth: `weighing.refresh` makes it anew from lines, panels, trail of decisions and documents at any time.
    """

    revision = models.OneToOneField(
        Revision, verbose_name="版次", on_delete=models.CASCADE, primary_key=True, related_name="risk"
    )
    score = models.DecimalField("风险值", max_digits=20, decimal_places=4, null=True)
    earlier_tce = models.DecimalField("以前月份用能(tce)", max_digits=16, decimal_places=4, null=True)
    earlier = models.CharField("以前月份", max_length=9, choices=Earlier, blank=True)
    stated_tce = models.DecimalField("填报用能(tce)", max_digits=20, decimal_places=4, null=True)
    doubts = models.PositiveSmallIntegerField("疑问", default=0)
    jumps = models.PositiveSmallIntegerField("突变", default=0)
    slips = models.PositiveSmallIntegerField("量级", default=0)
    decided = models.PositiveSmallIntegerField("近12月审过", default=0)
    returned = models.PositiveSmallIntegerField("近12月退回", default=0)
    late = models.PositiveSmallIntegerField("近12月逾期", default=0)
    troubled = models.PositiveSmallIntegerField("近12月退回或逾期", default=0)
    asked = models.PositiveSmallIntegerField("须附凭证", default=0)
    lacking = models.CharField("缺凭证", max_length=60, blank=True, help_text="指标编码，以“,”分隔")
    weighed_at = models.DateTimeField("计算时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "审核风险"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(earlier="", earlier_tce__isnull=True)
                | (~models.Q(earlier="") & models.Q(earlier_tce__isnull=False)),
                name="review_risk_earlier_month_has_energy",
            ),
        )

    def __str__(self):
        return f"{self.revision_id} {self.score}"

    @property
    def facts(self):
        plain = ("doubts", "jumps", "slips", "decided", "returned", "late", "troubled", "asked")
        return risk.Facts(
            earlier_tce=self.earlier_tce,
            earlier=self.get_earlier_display(),
            stated_tce=self.stated_tce,
            lacking=tuple(filter(None, self.lacking.split(","))),
            **{name: getattr(self, name) for name in plain},
        )

    @property
    def change(self):
        """Energy as stated against the same month last year, as a fraction; None where that is not known."""
        is_known = self.earlier == Earlier.LAST_YEAR and self.stated_tce is not None and self.earlier_tce
        return (self.stated_tce - self.earlier_tce) / self.earlier_tce if is_known else None

    @property
    def factors(self):
        """The factors with their sentences: why the month stands where it does."""
        return risk.factors(self.facts)
