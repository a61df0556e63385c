"""The page of a plan period's end."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone

from . import access, assessment, cockpit
from .cards import Plan, RuleSets
from .lineage import of_node


def assessment_detail(request, year):
    access.permit(request.user, "see_cockpit")
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    periods = assessment.ended(plan, timezone.localdate().year)
    period = next((each for each in periods if each.end_year == year), None)
    if period is None:
        raise Http404
    node = cockpit.highest_node(request.user)
    rows = cockpit.Rows(request.user, of_node(node), rule_sets.chosen)
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
    }
    return render(request, "targets/assessment.html", context)
