"""The plan's tasks: what is asked, how it is measured, and where each stands."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from agencies.models import Agency
from reporting.models import RuleSet

from ..plan import formula, words
from ..plan.standing import Better, Kind, State
from .plan import Indicator, PlanPeriod
from .record import Register, RegisterField


class TaskKind(models.TextChoices):
    REDUCTION = Kind.REDUCTION.value, "强度下降"
    CUMULATIVE = Kind.CUMULATIVE.value, "累计完成量"
    RATIO = Kind.RATIO.value, "比率"
    THRESHOLD = Kind.THRESHOLD.value, "逐对象阈值"
    COUNT = Kind.COUNT.value, "计数"
    STATE = Kind.STATE.value, "清单或状态"


class Force(models.TextChoices):
    """How strictly the plan words it; 力争 and 原则上 never veto."""

    BINDING = "binding", "约束"
    STRIVING = "striving", "力争"
    OPEN = "open", "定性"


class Chapter(models.TextChoices):
    GOALS = "一", "一（三）主要目标"
    ENERGY = "二", "二、能源利用绿色低碳转型"
    BUILDINGS = "三", "三、建筑绿色低碳运行"
    TECHNOLOGY = "四", "四、低碳技术产品应用"
    EXAMPLES = "五", "五、示范创建与宣传"
    MANAGEMENT = "六", "六、管理能力提升"
    ORGANISATION = "七", "七、组织实施"


class PlanTask(models.Model):
    """One checkable row of the plan, in its own words. Filer and reviewer are data: the plan names few."""

    plan_period = models.ForeignKey(
        PlanPeriod, verbose_name="规划期", on_delete=models.PROTECT, related_name="tasks"
    )
    number = models.CharField("编号", max_length=12, help_text="方案自身编号加序号，如 三(二)-1")
    slug = models.SlugField(
        "网址编码", max_length=20, unique=True, help_text="规划期、章、节、序号，如 14-5-3-2-1"
    )
    position = models.PositiveSmallIntegerField("次序")
    chapter = models.CharField("章", max_length=1, choices=Chapter)
    quote = models.CharField("原文摘句", max_length=120)
    kind = models.CharField("型", max_length=1, choices=TaskKind)
    force = models.CharField("力度", max_length=8, choices=Force)
    asked = models.CharField("阈值与期限", max_length=160, blank=True)
    condition = models.CharField(
        "适用条件", max_length=40, blank=True, help_text="“有条件的”任务：名录与条件认定中的认定名称"
    )
    recorded = models.CharField("须记录数据", max_length=160)
    cadence = models.CharField("周期", max_length=12)
    formula = models.CharField("进度公式", max_length=160)
    evidence = models.CharField("证据", max_length=80)
    filer = models.CharField("填报", max_length=20)
    reviewer = models.CharField("审核", max_length=20)
    is_scored = models.BooleanField(
        "列入期末考核", default=False, help_text="方案写明数值或期限的任务：四项指标和九项任务"
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = verbose_name_plural = "方案任务"
        ordering = ("plan_period", "position")

    def __str__(self):
        return f"{self.number} {self.quote}"

    @property
    def is_filed_by_institutions(self):
        """Whether institutions answer for it themselves: 局, 系 and 发 alone do not."""
        return any(word in self.filer for word in ("单", "数"))


class TaskMeasure(models.Model):
    """A formula of a task. The first leads; the task stands where the worst of its judged measures stands."""

    task = models.ForeignKey(PlanTask, verbose_name="任务", on_delete=models.CASCADE, related_name="measures")
    position = models.PositiveSmallIntegerField("次序")
    name = models.CharField("名称", max_length=40)
    numerator = models.CharField("分子", max_length=160)
    denominator = models.CharField("分母", max_length=160, blank=True)
    unit = models.CharField("单位", max_length=12, blank=True)
    threshold = models.DecimalField(
        "阈值", max_digits=14, decimal_places=4, null=True, blank=True, help_text="百分比填小数，如 0.3"
    )
    better = models.CharField(
        "方向",
        max_length=4,
        blank=True,
        choices=[
            (Better.MORE.value, "不低于"),
            (Better.LESS.value, "不高于"),
            (Better.NEITHER.value, "不评判"),
        ],
    )
    is_yearly = models.BooleanField("每年重新要求", default=False)
    last_day = models.DateField("期限", null=True, blank=True)
    is_district_only = models.BooleanField("只对全区要求", default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = verbose_name_plural = "任务公式"
        ordering = ("task", "position")
        constraints = (
            models.UniqueConstraint(fields=("task", "position"), name="task_measure_once"),
            models.CheckConstraint(
                condition=Q(is_yearly=False) | Q(last_day__isnull=True),
                name="task_measure_dated_once",
                violation_error_message="每年重新要求的，不再填期限。",
            ),
        )

    def __str__(self):
        return self.name

    @property
    def is_share(self):
        return self.unit == "%"

    def clean(self):
        for name in ("numerator", "denominator"):
            try:
                if text := getattr(self, name):
                    _check(formula.parse(text), is_below=name == "denominator")
            except ValueError as fault:
                raise ValidationError({name: str(fault)}) from fault
        if self.threshold is not None and self.better == Better.NEITHER:
            raise ValidationError({"better": "填了阈值，请选择“不低于”或“不高于”；只看不评判的，阈值留空。"})
        base_year = self.task.plan_period.base_year if self.task_id else 0
        if self.last_day and self.last_day.year <= base_year:
            raise ValidationError({"last_day": f"期限应晚于规划期的基准年 {base_year} 年。"})


def _check(parsed, *, is_below):
    """Raises ValueError for what the board could not compute, with what would be accepted."""
    if parsed.aggregate == formula.Aggregate.REDUCTION:
        known = [each.value for each in Indicator]
        if parsed.source not in known:
            raise ValueError(f"没有指标“{parsed.source}”，可用：{'、'.join(known)}。")
        if is_below:
            raise ValueError("reduction 不能作分母：它本身就是与基准年之比。")
        return
    fields = _fields_of(parsed.source)
    if fields is None:
        sources = [*words.FIELDS, *Register.objects.values_list("slug", flat=True)]
        raise ValueError(f"没有来源“{parsed.source}”，可用：{'、'.join(sources)}。")
    formula.check(parsed, fields)


def _fields_of(source):
    """Field → whether it holds numbers, of a source with the attributes of its rows; None where there is none."""
    if source in words.FIELDS:
        own = {name: name not in words.IN_WORDS for name in words.FIELDS[source]}
    else:
        asked = RegisterField.objects.filter(register__slug=source)
        own = {field.code: field.kind == RegisterField.Kind.NUMBER for field in asked}
        if not own:
            return None
    return own | {name: name not in words.IN_WORDS for name in words.ATTRIBUTES}


class StateWord(models.TextChoices):
    NOT_STARTED = State.NOT_STARTED.value, "未开始"
    NORMAL = State.NORMAL.value, "正常"
    BEHIND = State.BEHIND.value, "滞后"
    DONE = State.DONE.value, "完成"
    OVERDUE = State.OVERDUE.value, "超期未完成"
    NOT_APPLICABLE = State.NOT_APPLICABLE.value, "不适用"


LATE = (StateWord.BEHIND, StateWord.OVERDUE)


class ProgressQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(agency__in=Agency.objects.visible_to(user))


class TaskProgress(models.Model):
    """Where a node of the tree stands with a measure in a year, as computed; of the first one, with the task.

    Institutions have rows only where something is recorded or asked of them.
    """

    measure = models.ForeignKey(
        TaskMeasure, verbose_name="公式", on_delete=models.CASCADE, related_name="progress"
    )
    agency = models.ForeignKey(
        Agency, verbose_name="机构或节点", on_delete=models.PROTECT, related_name="task_progress"
    )
    year = models.PositiveSmallIntegerField("年份")
    numerator = models.FloatField("分子", null=True)
    denominator = models.FloatField("分母", null=True)
    value = models.FloatField("完成值", null=True)
    required = models.FloatField("进度要求", null=True)
    threshold = models.FloatField("阈值", null=True, help_text="判定时的阈值；空为未对该层级提出")
    is_met = models.BooleanField("达到阈值")
    state = models.CharField("状态", max_length=12, choices=StateWord)
    as_of = models.DateField("截止日")
    rule_set = models.ForeignKey(RuleSet, verbose_name="核算口径", on_delete=models.PROTECT, related_name="+")
    computed_at = models.DateTimeField("计算时间")

    objects = ProgressQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "任务进度"
        ordering = ("measure", "agency", "year")
        constraints = (
            models.UniqueConstraint(fields=("measure", "agency", "year"), name="task_progress_once_a_year"),
        )
        indexes = (
            models.Index(fields=("agency", "year"), name="task_progress_of_agency"),
            models.Index(fields=("year", "state"), name="task_progress_by_state"),
        )

    def __str__(self):
        return f"{self.measure} {self.agency} {self.year}年"

    @property
    def is_late(self):
        return self.state in LATE


class BoardRun(models.Model):
    """What the stored progress of a plan period was made from: where it is another now, it is due."""

    plan_period = models.OneToOneField(
        PlanPeriod, verbose_name="规划期", on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    made_from = models.JSONField("计算依据", default=dict, help_text="见 plan.board.is_due")
    made_at = models.DateTimeField("计算时间", null=True)
    done = models.PositiveSmallIntegerField("已算年数", default=0)
    total = models.PositiveSmallIntegerField("应算年数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "任务进度批次"

    def __str__(self):
        return str(self.plan_period)

    @property
    def is_running(self):
        """Years are being computed, or a worker was killed at it: the sweep begins anew."""
        return self.done < self.total
