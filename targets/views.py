"""Pages of what the months mean: the cockpit of a node, the institutions, one institution."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agencies.models import Agency, AgencyKind

from . import access, actions, cards, cockpit, institution_page, lineage, recalculation
from .cards import Plan, RuleSets
from .forms import CockpitFilters, InstitutionFilters, RecalculationForm, YearFilters
from .models import GroupPanel

PAGE_SIZE = 50
SHOWN_RUNS = 20


def cockpit_page(request):
    access.permit(request.user, "see_cockpit")
    return _node_page(request, cockpit.highest_node(request.user))


def system_detail(request, key):
    access.permit(request.user, "see_cockpit")
    nodes = Agency.objects.visible_to(request.user).exclude(kind=AgencyKind.INSTITUTION)
    return _node_page(request, get_object_or_404(nodes, key=key))


def _node_page(request, node):
    user, plan, rule_sets = request.user, Plan(), RuleSets(request.GET.get("rules"))
    rows = cockpit.Rows(user, node, rule_sets.chosen)
    filters = CockpitFilters(request.GET, **_years(plan, rows.whole_years), rule_sets=rule_sets)
    year, indicator = filters.chosen_year, filters.chosen_indicator
    context = {
        "node": node,
        "rule_sets": rule_sets,
        "filters": filters,
        "year": year,
        "period": plan.period(year),
        "indicator": indicator,
        "head": cockpit.head(rows, year),
        "cards": cockpit.target_cards(rows, plan, year),
        "charts": _paths_with_reasons(cockpit.path_charts(rows, plan, year), "node", node.key),
        "totals": _with_reasons(cockpit.totals_chart(rows), "node", node.key, rows.years),
        "row": rows.of(year, GroupPanel.ALL),
        "by_rule_set": rows.by_rule_set(year),
        "decompositions": node.decompositions.of(year, rule_sets.chosen),
        "forecasts": node.forecasts.filter(year=year, rule_set=rule_sets.chosen),
        "peaks": node.peak_results.filter(rule_set=rule_sets.chosen),
        "is_whole_year": rows.is_whole(year),
        "systems": cockpit.ranked_systems(rows, plan, year, indicator),
        "institutions": cockpit.ranked_institutions(user, node, rule_sets.chosen, plan, year, indicator),
        "filing": cockpit.filing(node, year, since=plan.first_year(year)),
        "overdue_since": plan.first_year(year),
    }
    return render(request, "targets/cockpit.html", context)


def institution_list(request):
    access.permit(request.user, "see_institutions")
    only = _only_institution(request.user)
    if only:
        return redirect("targets:institution-detail", only)
    rule_sets = RuleSets(request.GET.get("rules"))
    filters, plan = _institution_filters(request, rule_sets)
    year, indicator, sort = filters.chosen_year, filters.chosen_indicator, request.GET.get("sort", "")
    found = institution_page.listed(request.user, filters, plan, rule_sets.chosen, sort)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filters": filters,
        "year": year,
        "period": plan.period(year),
        "indicator": indicator,
        "indicators": cards.columns(),
        "rule_set": rule_sets.chosen,
        "rule_sets": rule_sets,
        "sort": sort,
        "page_obj": page,
        "rows": institution_page.list_rows(page, plan, year, indicator),
    }
    return render(request, "targets/institution_list.html", context)


def _only_institution(user):
    """The key of the one institution of those who see no cockpit."""
    if access.may(user, "see_cockpit"):
        return None
    keys = list(Agency.objects.institutions().visible_to(user).values_list("key", flat=True)[:2])
    return keys[0] if len(keys) == 1 else None


def _institution_filters(request, rule_sets):
    plan = Plan()
    years = _years(plan, institution_page.years_with_figures(request.user, rule_sets.chosen))
    filters = InstitutionFilters(
        request.GET,
        departments=institution_page.departments(request.user),
        rule_sets=rule_sets,
        **years,
    )
    return filters, plan


def institution_detail(request, key):
    access.permit(request.user, "see_institutions")
    institutions = Agency.objects.institutions().visible_to(request.user).select_related("parent")
    agency = get_object_or_404(institutions, key=key)
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    every = institution_page.all_figures(agency)
    rows = institution_page.under(every, rule_sets.chosen)
    years_whole = institution_page.whole_years(rows)
    years = _years(plan, years_whole)
    filters = YearFilters(request.GET, **years, rule_sets=rule_sets)
    by_rule_set = [row for row in every if row.year == filters.chosen_year]
    context = _detail(agency, plan, rows, filters) | {
        "rule_sets": rule_sets,
        "by_rule_set": by_rule_set,
        "decompositions": agency.decompositions.of(filters.chosen_year, rule_sets.chosen),
        "forecasts": agency.forecasts.filter(year=filters.chosen_year, rule_set=rule_sets.chosen),
        "peaks": agency.peak_results.filter(rule_set=rule_sets.chosen),
        "is_whole_year": years_whole.get(filters.chosen_year, False),
    }
    return render(request, "targets/institution_detail.html", context)


@require_http_methods(["GET", "POST"])
def recalculation_list(request):
    """The recalculations with their progress; a POST begins one and hands its blocks to the workers."""
    access.permit(request.user, "recalculate")
    form = RecalculationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.recalculate(form.cleaned_data["rule_set"], by=request.user)
        messages.success(request, "已交后台计算，本页显示进度。")
        return redirect("targets:recalculation-list")
    runs = list(recalculation.with_progress()[:SHOWN_RUNS])
    context = {"form": form, "runs": runs, "is_running": any(run.finished_at is None for run in runs)}
    template = "targets/includes/recalculations.html" if request.htmx else "targets/recalculation_list.html"
    return render(request, template, context)


def _detail(agency, plan, rows, filters):
    year = filters.chosen_year
    row = rows.get(year)
    return {
        "agency": agency,
        "filters": filters,
        "year": year,
        "period": plan.period(year),
        "row": row,
        "approved": cards.months_in_words(cards.months_in(row.approved_months)) if row else "无",
        "compared": cards.months_in_words(cards.months_in(row.compared_months)) if row else "无",
        "cards": institution_page.target_cards(rows, plan, year),
        "charts": _paths_with_reasons(
            institution_page.path_charts(rows, plan, year), lineage.INSTITUTION, agency.key
        ),
        "trends": _trends_with_reasons(institution_page.trend_charts(rows, year), agency.key, year),
        "totals": _with_reasons(
            cards.totals_chart(list(rows.values()), decimals=1), lineage.INSTITUTION, agency.key, rows
        ),
        "months": institution_page.months(agency, row, year),
        "buildings": institution_page.buildings(agency, year),
        "areas": institution_page.used_areas(agency, year),
        "vehicles": institution_page.vehicles(agency, year),
    }


def _with_reasons(chart, kind, key, years):
    """A chart of one point a year, each leading to the explanation of its total."""
    for point, year in zip(chart.get("points", ()), years, strict=bool(chart)):
        point["href"] = lineage.why(kind, key, year, "kg_co2_target")
    return chart


def _paths_with_reasons(charts, kind, key):
    for indicator, chart in charts:
        for point in chart.get("points", ()):
            asked = kind, key, point["year"], indicator.value
            point["href"] = lineage.why(*asked)
            # As the end year of the plan before it, a base year has to bring something else.
            if point["year"] != chart["base_year"]:
                point["required_href"] = lineage.why_requirement(*asked)
    return charts


def _trends_with_reasons(charts, key, year):
    for quantity, _, chart in charts:
        for point in chart.get("points", ()):
            address = lineage.why(lineage.INSTITUTION, key, year, quantity)
            point["href"] = f"{address}#month-{point['month']:02}"
    return charts


def _years(plan, whole):
    """The years to choose from, and the one to begin with. whole: year with figures → whether it is whole."""
    this_year = timezone.localdate().year
    return {
        "years": plan.year_choices(whole, this_year),
        "default_year": cards.default_year(whole, this_year),
    }
