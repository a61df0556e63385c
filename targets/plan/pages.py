"""What the plan's pages show: reads what the board's job stored, works nothing out."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Case, Count, FilteredRelation, Q, When
from django.utils import timezone

from agencies.models import AgencyKind

from ..models import LATE, Chapter, PlanPeriod, PlanTask, Register, StateWord, TaskMeasure, TaskProgress
from . import formula


@dataclass(frozen=True)
class Line:
    """A task with the progress of its leading measure at a node (None where nothing is stored), and whose is late."""

    task: PlanTask
    measure: TaskMeasure
    progress: TaskProgress | None
    late: int = 0

    @property
    def state(self):
        """An institution without a row: nothing recorded, or nothing asked of it."""
        if self.progress:
            return self.progress.state
        asks_by_share = self.measure.denominator or self.task.condition
        return StateWord.NOT_APPLICABLE if asks_by_share else StateWord.NOT_STARTED

    @property
    def state_word(self):
        return StateWord(self.state).label

    @property
    def is_late(self):
        return self.state in LATE


def periods():
    return list(PlanPeriod.objects.filter(tasks__isnull=False).distinct().order_by("base_year"))


def years_of(period):
    """The years of the period that have begun, the last one first."""
    this_year = timezone.localdate().year
    return [year for year in reversed(period.years[1:]) if year <= this_year]


def lines(period, node, year, agencies=None):
    """Every task of the period as it stands at a node: one query; late among `agencies` (a queryset): one more."""
    of_node = Q(progress__agency=node, progress__year=year)
    leading = TaskMeasure.objects.filter(task__plan_period=period, position=1)
    leading = leading.annotate(stored=FilteredRelation("progress", condition=of_node))
    leading = leading.select_related("task__plan_period", "stored__rule_set").order_by("task__position")
    late = _late(period, year, agencies) if agencies is not None else {}
    return [
        # A measure without a row comes without the attribute.
        Line(measure.task, measure, getattr(measure, "stored", None), late.get(measure.pk, 0))
        for measure in leading
    ]


def own_lines(period, agency, year):
    """The tasks that an institution answers for itself and that ask something of it, what is late first."""
    found = [line for line in lines(period, agency, year) if line.task.is_filed_by_institutions]
    asked = [line for line in found if line.state != StateWord.NOT_APPLICABLE]
    return sorted(asked, key=lambda line: (not line.is_late, line.task.position))


@dataclass(frozen=True)
class Standing:
    """The tasks on a page of figures: how many in each state, and those to look at; the board has them all."""

    period: PlanPeriod
    counted: list
    lines: list[Line]


def standing_of(agency, year, period):
    """An institution's own tasks, or those of a node that are late; None for who has none in that year: one query."""
    if agency is None or period is None:
        return None
    every = own_lines(period, agency, year) if agency.is_institution else lines(period, agency, year)
    if not every:
        return None
    shown = every if agency.is_institution else [line for line in every if line.is_late]
    return Standing(period, counted(every), shown)


def _late(period, year, agencies):
    rows = TaskProgress.objects.filter(
        measure__task__plan_period=period,
        measure__position=1,
        year=year,
        state__in=LATE,
        agency__in=agencies,
        agency__kind=AgencyKind.INSTITUTION,
    )
    return dict(rows.order_by().values_list("measure").annotate(Count("pk")))


def by_chapter(found):
    """(chapter, its lines) of those that have any."""
    chapters = defaultdict(list)
    for line in found:
        chapters[line.task.chapter].append(line)
    return [(chapter, chapters[chapter]) for chapter in Chapter if chapter in chapters]


def counted(found):
    """(state, how many lines) of each state, in their order."""
    states = [line.state for line in found]
    return [(state, states.count(state)) for state in StateWord]


@dataclass(frozen=True)
class Measured:
    """A measure of a task: the node's progress, year by year, and that of the nodes below it."""

    measure: TaskMeasure
    progress: TaskProgress | None
    years: list[TaskProgress]
    below: list[TaskProgress]


def measured(task, node, year):
    """The measures of a task at a node; two queries besides the measures."""
    own, below = defaultdict(list), defaultdict(list)
    for row in TaskProgress.objects.filter(measure__task=task, agency=node).order_by("year"):
        own[row.measure_id].append(row)
    children = TaskProgress.objects.filter(measure__task=task, agency__parent=node, year=year)
    for row in children.exclude(agency__kind=AgencyKind.INSTITUTION).select_related("agency"):
        below[row.measure_id].append(row)
    return [
        Measured(
            measure,
            next((row for row in own[measure.pk] if row.year == year), None),
            own[measure.pk],
            below[measure.pk],
        )
        for measure in task.measures.all()
    ]


def institutions(task, node, year):
    """The institutions at or below a node that the task asks something of, what is late first."""
    rows = TaskProgress.objects.filter(
        measure__task=task, measure__position=1, year=year, agency__path__startswith=node.path
    )
    rows = rows.filter(agency__kind=AgencyKind.INSTITUTION).select_related("agency__parent", "measure")
    return rows.order_by(Case(When(state__in=LATE, then=0), default=1), "agency__path")


def registers_of(task):
    """The registers that a task's formulas count, in their order."""
    texts = [text for each in task.measures.all() for text in (each.numerator, each.denominator) if text]
    slugs = {formula.parse(text).source for text in texts}
    return list(Register.objects.filter(slug__in=slugs))
