"""The page of a plan period's end."""

from tempfile import TemporaryFile

from django.contrib import messages
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from agencies import trail
from agencies.models.trail import Verb
from reporting.refusals import WrongStatus

from . import access, actions, assessment, cockpit
from .cards import Plan, RuleSets
from .lineage import of_node
from .plan import scorecard


def assessment_detail(request, year):
    access.permit(request.user, "see_cockpit")
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    period = _period(plan, year)
    node = cockpit.highest_node(request.user)
    rows = cockpit.Rows(request.user, of_node(node), rule_sets.chosen)
    lines = scorecard.final_lines(period, node)
    context = {
        "node": node,
        "period": period,
        "year": year,
        "rule_sets": rule_sets,
        "head": cockpit.head(rows, year),
        "outcomes": assessment.outcomes(rows, plan, period),
        "systems": assessment.systems(rows, plan, period),
        "next_period": assessment.following(plan, period),
        "openings": assessment.openings(rows, plan, period),
        "scored": scorecard.scored(lines),
        "gaps": scorecard.gaps(lines),
        "may_carry": access.may(request.user, "edit_plan"),
    }
    return render(request, "targets/assessment.html", context)


def evidence_pack(request, year):
    """The evidence of the scored tasks as a ZIP, for those who see the node; the trail tells of it."""
    access.permit(request.user, "see_cockpit")
    period, node = _period(Plan(), year), cockpit.highest_node(request.user)
    # The response closes it.
    file = TemporaryFile()  # noqa: SIM115
    entries = scorecard.pack(period, node, file)
    file.seek(0)
    detail = f"{node} {period} 期末考核证据包，{entries} 个文件"
    trail.record(Verb.EXPORT, by=request.user, agency=node, detail=detail)
    return FileResponse(file, as_attachment=True, filename=f"assessment-{year}-{node.key}.zip")


@require_POST
def gaps_carry(request, year):
    """Take the gaps into the next plan period."""
    try:
        carried = actions.carry_gaps(_period(Plan(), year), by=request.user)
    except WrongStatus as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"已结转 {carried} 项任务。" if carried else "没有新的任务可结转。")
    return redirect("targets:assessment", year)


def _period(plan, year):
    """The period that ended with the year; 404 without one."""
    periods = assessment.ended(plan, timezone.localdate().year)
    period = next((each for each in periods if each.end_year == year), None)
    if period is None:
        raise Http404
    return period
