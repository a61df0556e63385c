"""What managers do to the plan: one verb, one transaction, one trail row."""

from django.db import transaction

from agencies import trail
from agencies.actions import changes_of
from agencies.models.trail import Verb
from reporting import approved, notices
from reporting.models import Panel

from . import access, recalculation
from .models import PlanPeriod, Target

FORECAST_TASK = "targets.tasks.refresh_forecasts"


@transaction.atomic
def save_plan(row, *, by):
    """Store a plan period or a target; a period's figures are computed anew, for their base year may be another."""
    access.permit(by, "edit_plan")
    row.full_clean()
    changes = changes_of(row)
    if row.pk and not changes:
        return
    what = f"{row._meta.verbose_name} {row}"
    detail = f"{what}：{'；'.join(changes)}" if changes else f"新增{what}"
    years = _years_of(row)
    row.save()
    trail.record(Verb.LOAD, by=by, detail=detail)
    if years:
        _mark_stale(years, f"{what}变更")
    if isinstance(row, Target):
        notices.ask_for(FORECAST_TASK)


@transaction.atomic
def recalculate(rule_set, *, by):
    """Compute everything anew under a rule set, by the workers; it then stands beside the one in force."""
    access.permit(by, "recalculate")
    run = recalculation.begin(rule_set.slug, by=by, cause="局管理员重新计算")
    recalculation.fan_out(run)
    return run


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
