"""What the bureau has published: sealed figures that never change, and the ledger of every later difference."""

import hashlib

from django.db import models

from agencies.models import Agency, User
from reporting.models import RuleSet

from ..indicators import INDICATORS, QUANTITIES
from .columns import Totals
from .figures import INSTITUTION

SEALED_COLUMNS = (
    *QUANTITIES,
    *(f"{indicator}{measure}" for indicator in INDICATORS for measure in ("", "_base", "_change")),
)


def _number():
    return models.FloatField(null=True)


class Publication(models.Model):
    """A month, quarter or year as it was published: by which rules, how complete, by whom, and its content hash."""

    class Kind(models.TextChoices):
        MONTH = "month", "月"
        QUARTER = "quarter", "季度"
        YEAR = "year", "年"

    kind = models.CharField("期间", max_length=7, choices=Kind)
    year = models.PositiveSmallIntegerField("年份")
    number = models.PositiveSmallIntegerField("月或季度", help_text="年度为 1")
    edition = models.PositiveSmallIntegerField("第几次发布")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    base_year = models.PositiveSmallIntegerField("基准年", null=True)
    registered = models.PositiveIntegerField("应报机构数")
    months_expected = models.PositiveIntegerField("应报机构月数")
    months_approved = models.PositiveIntegerField("已通过机构月数")
    months_submitted = models.PositiveIntegerField("待审核机构月数")
    note = models.CharField("说明", max_length=300, blank=True)
    content_hash = models.CharField("内容哈希", max_length=64)
    sealed_by = models.ForeignKey(
        User, verbose_name="封存人", on_delete=models.PROTECT, null=True, related_name="+"
    )
    sealed_at = models.DateTimeField("封存时间")

    class Meta:
        verbose_name = verbose_name_plural = "发布封存"
        ordering = ("-year", "kind", "-number", "-edition")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "year", "number", "rule_set", "edition"), name="publication_once_an_edition"
            ),
        )

    def __str__(self):
        again = f"（第{self.edition}次发布）" if self.edition > 1 else ""
        return f"{self.span_name}{again}"

    @property
    def span_name(self):
        words = {"month": f"{self.number}月", "quarter": f"第{self.number}季度", "year": ""}
        return f"{self.year}年{words[self.kind]}"

    @property
    def months(self):
        """The months of the span, 1 to 12."""
        length = {"month": 1, "quarter": 3, "year": 12}[self.kind]
        first = (self.number - 1) * length + 1
        return range(first, first + length)

    @property
    def months_missing(self):
        return self.months_expected - self.months_approved - self.months_submitted

    def expected_hash(self, rows):
        """SHA-256 over the span, its rules and coverage, and every sealed row; rows: PublishedFigure, in any order."""
        head = [self.kind, self.year, self.number, self.edition, self.rule_set.slug, self.base_year]
        coverage = [self.registered, self.months_expected, self.months_approved, self.months_submitted]
        lines = sorted(row.statement() for row in rows)
        text = "\n".join(["|".join(map(str, head + coverage)), self.note, *lines])
        return hashlib.sha256(text.encode()).hexdigest()


class SealedRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Institutions and nodes the user can see; types and streets only for those who see the whole tree."""
        seen = Agency.objects.visible_to(user)
        rows = self.filter(kind__in=(INSTITUTION, "node"), key__in=seen.values("key"))
        return self if user.sees_whole_tree else rows


class PublishedFigure(Totals):
    """One institution's or group's figures of the span as sealed."""

    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="figures")
    kind = models.CharField("层级", max_length=11)
    key = models.CharField("编码", max_length=40)
    panel = models.CharField("比较范围", max_length=10, help_text="机构为 all")
    name = models.CharField("当时名称", max_length=100)
    kgce_per_m2 = _number()
    kgce_per_m2_base = _number()
    kgce_per_m2_change = _number()
    kg_co2_per_m2 = _number()
    kg_co2_per_m2_base = _number()
    kg_co2_per_m2_change = _number()
    kgce_per_person = _number()
    kgce_per_person_base = _number()
    kgce_per_person_change = _number()
    m3_per_person = _number()
    m3_per_person_base = _number()
    m3_per_person_change = _number()
    kg_co2_per_m2_inv = _number()
    kg_co2_per_m2_inv_base = _number()
    kg_co2_per_m2_inv_change = _number()

    objects = SealedRowQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "已封存指标"
        ordering = ("publication", "kind", "key", "panel")
        constraints = (
            models.UniqueConstraint(
                fields=("publication", "kind", "key", "panel"), name="published_figure_once"
            ),
        )

    def __str__(self):
        return f"{self.publication} {self.name}"

    def statement(self):
        """The row as one canonical text."""
        numbers = [repr(getattr(self, column)) for column in SEALED_COLUMNS]
        return "|".join([self.kind, self.key, self.panel, self.name, *numbers])


class LedgerEntry(models.Model):
    """One sealed number that would be another now, found when figures were computed anew, and why."""

    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField("层级", max_length=11)
    key = models.CharField("编码", max_length=40)
    panel = models.CharField("比较范围", max_length=10)
    name = models.CharField("名称", max_length=100)
    column = models.CharField("指标", max_length=30)
    published = models.FloatField("发布时", null=True)
    before = models.FloatField("此前", null=True)
    now = models.FloatField("现在", null=True)
    cause = models.CharField("起因", max_length=300)
    found_at = models.DateTimeField("发现时间")

    objects = SealedRowQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "重述台账"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("publication", "kind", "key"), name="ledger_entry_of_row"),)

    def __str__(self):
        return f"{self.publication} {self.name} {self.column}"

    @property
    def title(self):
        return COLUMN_TITLES[self.column]


COLUMN_TITLES = {field.name: field.verbose_name for field in Totals._meta.fields} | {
    f"{indicator}{measure}": f"{title}{ending}"
    for indicator, title in (
        ("kgce_per_m2", "单位建筑面积能耗"),
        ("kg_co2_per_m2", "单位建筑面积碳排放（考核口径）"),
        ("kgce_per_person", "人均综合能耗"),
        ("m3_per_person", "人均用水量"),
        ("kg_co2_per_m2_inv", "单位建筑面积碳排放（清单口径）"),
    )
    for measure, ending in (("", ""), ("_base", "，基准"), ("_change", "，变化率"))
}
