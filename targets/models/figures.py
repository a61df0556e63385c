"""Figures computed from the panels: read by pages, written by the refreshing job alone."""

from django.db import models

from agencies.models import Agency
from reporting.models import RuleSet

from .columns import IndicatorColumns


class FigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(agency__in=Agency.objects.visible_to(user))


def first_year():
    """Of the figures that a rule set has, null for none: one row of an index, however many figures there are."""
    figures = Figure.objects.filter(rule_set=models.OuterRef("pk")).order_by("year")
    return models.Subquery(figures.values("year")[:1])


class Figure(IndicatorColumns):
    """One institution's year under one rule set."""

    agency = models.ForeignKey(Agency, verbose_name="机构", on_delete=models.PROTECT, related_name="figures")
    approved_months = models.PositiveSmallIntegerField("已通过月份", help_text="第 m 位为 m+1 月")
    compared_months = models.PositiveSmallIntegerField(
        "可比月份", help_text="两年均有数据的月份，第 m 位为 m+1 月"
    )
    expected_months = models.PositiveSmallIntegerField("应报月份", default=0)
    submitted_months = models.PositiveSmallIntegerField("待审核月份", default=0)
    packed = models.BinaryField("各月数值", help_text="QUANTITIES × 12 个月的 float64")

    objects = FigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构指标"
        ordering = ("agency", "year")
        constraints = (
            models.UniqueConstraint(fields=("agency", "year", "rule_set"), name="figure_once_a_rule_set"),
        )
        # The rule set first: each approval asks which ones have any figure.
        indexes = (models.Index(fields=("rule_set", "year"), name="figure_rule_set_year"),)

    def __str__(self):
        return f"{self.agency} {self.year}年"

    @property
    def whose(self):
        """(kind, key, panel) of its explanation."""
        return INSTITUTION, self.agency.key, ""


# An institution beside the kinds of groups.
INSTITUTION = "institution"


class GroupKind(models.TextChoices):
    NODE = "node", "机构树节点"
    TYPE = "type", "机构类型"
    STREET = "street", "街道"


class GroupPanel(models.TextChoices):
    """Which institution-months a comparison takes."""

    ALL = "all", "全部机构"
    COMPARABLE = "comparable", "可比机构"


class GroupFigureQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Tree nodes the user can see; types and streets for those who see the whole tree."""
        nodes = Agency.objects.visible_to(user).values("key")
        visible = models.Q(kind=GroupKind.NODE, key__in=nodes)
        if user.sees_whole_tree:
            visible |= ~models.Q(kind=GroupKind.NODE)
        return self.filter(visible)


class GroupFigure(IndicatorColumns):
    """A group's year: a node of the tree (district, system), a type or a street. Ratios of sums, never means."""

    kind = models.CharField("分组", max_length=6, choices=GroupKind)
    key = models.CharField("分组编码", max_length=40)
    panel = models.CharField("比较范围", max_length=10, choices=GroupPanel)
    institutions = models.PositiveIntegerField("有数据机构数")
    institution_months = models.PositiveIntegerField("有数据机构月数")
    registered = models.PositiveIntegerField("应报机构数", default=0)
    months_expected = models.PositiveIntegerField("应报机构月数", default=0)
    months_approved = models.PositiveIntegerField("已通过机构月数", default=0)
    months_submitted = models.PositiveIntegerField("待审核机构月数", default=0)
    packed = models.BinaryField("各月数值", help_text="QUANTITIES × 12 个月的 float64")

    objects = GroupFigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "分组指标"
        ordering = ("kind", "key", "year")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "key", "year", "rule_set", "panel"), name="group_figure_once_a_rule_set"
            ),
        )

    def __str__(self):
        return f"{self.get_kind_display()} {self.key} {self.year}年 {self.get_panel_display()}"

    @property
    def whose(self):
        """(kind, key, panel) of its explanation."""
        return self.kind, self.key, self.panel

    @property
    def months_missing(self):
        return self.months_expected - self.months_approved - self.months_submitted


class PartialSums(models.Model):
    """What a group's year sums up to within one block of institutions: `targets.sums` in its storage layout.

    After an approval only its block is summed anew; the group's figures are folded from the blocks.
    """

    rule_set = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("年份")
    block = models.PositiveIntegerField("区块")
    kind = models.CharField("分组", max_length=6, choices=GroupKind)
    key = models.CharField("分组编码", max_length=40)
    packed = models.BinaryField("各部分之和", help_text="sums.PARTS 的 float64")

    class Meta:
        verbose_name = verbose_name_plural = "分组部分和"
        ordering = ("year", "kind", "key", "block")
        constraints = (
            models.UniqueConstraint(
                fields=("rule_set", "year", "kind", "key", "block"), name="partial_sums_once_a_block"
            ),
        )

    def __str__(self):
        return f"{self.get_kind_display()} {self.key} {self.year}年 区块{self.block}"
