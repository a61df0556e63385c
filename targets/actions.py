"""What managers do to the plan, and what readers keep of it: one verb, one transaction, one trail row."""

from django.core.exceptions import ValidationError
from django.db import transaction

from agencies import trail
from agencies.actions import changes_of
from agencies.models import Agency, User
from agencies.models.trail import Verb
from reporting import approved, notices
from reporting.models import Panel
from reporting.refusals import WrongStatus

from . import access, recalculation
from .models import PlanPeriod, PlanTask, Quota, SavedView, Target, TaskMeasure
from .plan import scorecard
from .record_actions import BOARD_TASK

FORECAST_TASK = "targets.tasks.refresh_forecasts"
BENCHMARK_TASK = "targets.tasks.refresh_benchmarks"
ASKED_LENGTH = PlanTask._meta.get_field("asked").max_length


@transaction.atomic
def save_plan(row, *, by):
    """Store a plan period, a target, a quota, a task, its measure, a register or what it asks.

    A period's figures are computed anew, for their base year may be another.
    """
    access.permit(by, "edit_plan")
    row.full_clean()
    changes = changes_of(row)
    if row.pk and not changes:
        return
    what = f"{row._meta.verbose_name} {row}"
    detail = f"{what}：{'；'.join(changes)}" if changes else f"新增{what}"
    years = _years_of(row)
    row._history_user = by
    row.save()
    trail.record(Verb.LOAD, by=by, detail=detail)
    if isinstance(row, PlanTask | TaskMeasure):
        notices.ask_for(BOARD_TASK)
    if years:
        _mark_stale(years, f"{what}变更")
    if isinstance(row, Target):
        notices.ask_for(FORECAST_TASK)
    if isinstance(row, Target | Quota):
        notices.ask_for(BENCHMARK_TASK)


@transaction.atomic
def recalculate(rule_set, *, by):
    """Compute everything anew under a rule set, by the workers; it then stands beside the one in force."""
    access.permit(by, "recalculate")
    run = recalculation.begin(rule_set.slug, by=by, cause="局管理员重新计算")
    recalculation.fan_out(run)
    return run


@transaction.atomic
def carry_gaps(period, *, by):
    """Take what a plan period asked in numbers and did not reach into the next one, undated; returns how many are new.

    The threshold stays until the next period hands down its own; what was carried before stays as it is.
    """
    access.permit(by, "edit_plan")
    following = PlanPeriod.objects.filter(base_year=period.end_year).first()
    root = Agency.objects.filter(parent=None).first()
    if following is None or root is None:
        raise WrongStatus(f"没有以 {period.end_year} 年为基准的下一规划期，请先在主数据管理中新建。")
    gaps = scorecard.gaps(scorecard.final_lines(period, root))
    fresh = [line for line in gaps if not _is_carried(line.task, following)]
    for line in fresh:
        _carry(line.task, following)
    if fresh:
        numbers = "、".join(line.task.number for line in fresh)
        trail.record(Verb.LOAD, by=by, detail=f"{period} 未达到的任务结转{following}：{numbers}")
        notices.ask_for(BOARD_TASK)
    return len(fresh)


def _carried_slug(task, following):
    return task.slug.replace(task.plan_period.slug, following.slug, 1)


def _is_carried(task, following):
    return PlanTask.objects.filter(slug=_carried_slug(task, following)).exists()


def _carry(task, following):
    measures = list(task.measures.all())
    slug, asked = _carried_slug(task, following), f"由{task.plan_period.name}结转，目标待下达：{task.asked}"
    task.pk, task.slug, task.plan_period, task.asked = None, slug, following, asked[:ASKED_LENGTH]
    task._state.adding = True
    task.save()
    for measure in measures:
        measure.pk, measure.task, measure.last_day = None, task, None
        measure._state.adding = True
        measure.save()


@transaction.atomic
def save_view(name, query, *, by):
    """Keep a comparison under a name; ValidationError where the name is taken, or too many are kept."""
    access.permit(by, "keep_views")
    # Of two clicks at once the second waits here, and finds what the first one kept.
    User.objects.select_for_update().get(pk=by.pk)
    own = SavedView.objects.visible_to(by)
    if kept := own.filter(name=name, query=query).first():
        return kept
    if own.count() >= SavedView.MOST:
        raise ValidationError(f"最多保存 {SavedView.MOST} 个视图：请先删除不用的。")
    view = SavedView(user=by, name=name, query=query)
    view.full_clean()
    view.save()
    trail.record(Verb.SETTING, by=by, detail=f"保存视图“{view}”")
    return view


@transaction.atomic
def delete_view(view, *, by):
    access.permit(by, "keep_views")
    deleted, _ = SavedView.objects.visible_to(by).filter(pk=view.pk).delete()
    if not deleted:
        raise WrongStatus(f"视图“{view}”已经删除。")
    trail.record(Verb.SETTING, by=by, detail=f"删除视图“{view}”")


def _years_of(row):
    """The years that are compared by this plan period, as it was and as it will be."""
    if not isinstance(row, PlanPeriod):
        return set()
    periods = [row, *PlanPeriod.objects.filter(pk=row.pk)]
    return {year for period in periods for year in period.years}


def _mark_stale(years, cause):
    found = Panel.objects.filter(year__in=years).values_list("agency", "year")
    approved.mark_stale(list(found), cause)
    notices.figures_changed()
