"""The page of the candidates for 能效 and 水效领跑者, each with its reasons."""

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render

from . import access, institution_page, leaders
from .benchmarks import AHEAD, LEAST_PEERS
from .cards import Plan, RuleSets
from .forms import LeaderFilters, year_options
from .models import LeaderKind

PAGE_SIZE = 50


def leader_list(request, kind):
    access.permit(request.user, "see_cockpit")
    if kind not in LeaderKind:
        raise Http404
    kind, plan, rule_sets = LeaderKind(kind), Plan(), RuleSets(request.GET.get("rules"))
    years = institution_page.years_with_figures(request.user, rule_sets.chosen)
    filters = LeaderFilters(request.GET, rule_sets=rule_sets, **year_options(plan, years))
    year = filters.chosen_year
    every = filters.of_type(leaders.of_year(request.user, kind, year, rule_sets.chosen))
    page = Paginator(filters.with_verdict(every), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "kind": kind,
        "kinds": LeaderKind,
        "rule_sets": rule_sets,
        "filters": filters,
        "year": year,
        "period": plan.period(year),
        "least_peers": LEAST_PEERS,
        "ahead": AHEAD,
        "required": leaders.required(kind, plan, year),
        "counted": leaders.counted(every),
        "page_obj": page,
        "rows": leaders.listed(page, kind),
    }
    return render(request, "targets/leader_list.html", context)
