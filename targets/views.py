"""Pages of what the months mean: the cockpit of a node, type or street, one institution, the recalculations."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_http_methods

from agencies.models import Agency

from . import (
    access,
    actions,
    assessment,
    cards,
    cockpit,
    institution_page,
    kept,
    leaders,
    lineage,
    pictures,
    recalculation,
)
from .cards import Plan, RuleSets
from .forms import CockpitFilters, RecalculationForm, YearFilters, year_options
from .models import GroupKind, GroupPanel
from .plan import pages as plan_pages

PAGE_SIZE = 50
# Groups of institutions that are no nodes of the tree.
BESIDE_THE_TREE = (GroupKind.TYPE, GroupKind.STREET)
SHOWN_RUNS = 20
# Templates of a page's figures, in their order.
PARTS = ("cards", "carbon", "rest")
GROUP_LEAD = ("owner", "node", "year", "period", "indicator", "head", "narrowed", "whole_years")
INSTITUTION_LEAD = ("year", "period", "row", "approved", "compared", "whole_years")


def cockpit_page(request):
    access.permit(request.user, "see_cockpit")
    return _group_page(request, _highest(request.user))


def cockpit_wall(request):
    """The cockpit for a large screen: no menu, nothing to choose; it renews itself."""
    access.permit(request.user, "see_cockpit")
    owner, plan, rule_sets = _highest(request.user), Plan(), RuleSets(request.GET.get("rules"))
    shown = _shown(request, owner, plan, rule_sets)
    return render(
        request,
        "targets/cockpit_wall.html",
        shown | _beside(shown) | _now(request, owner, plan, rule_sets, shown),
    )


def system_detail(request, key):
    access.permit(request.user, "see_cockpit")
    return _group_page(request, _owner_or_404(request.user, GroupKind.NODE, key))


def group_detail(request, kind, key):
    """A type or a street."""
    access.permit(request.user, "see_groups")
    if kind not in BESIDE_THE_TREE:
        raise Http404
    return _group_page(request, _owner_or_404(request.user, kind, key))


def _highest(user):
    return lineage.of_node(cockpit.highest_node(user))


def _owner_or_404(user, kind, key):
    owner = lineage.find_group(user, kind, key)
    if owner is None:
        raise Http404
    return owner


def group_list(request, kind):
    """The types, or the streets, beside each other."""
    access.permit(request.user, "see_groups")
    if kind not in BESIDE_THE_TREE:
        raise Http404
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    rows = cockpit.Rows(request.user, _highest(request.user), rule_sets.chosen)
    filters = CockpitFilters(request.GET, **year_options(plan, rows.whole_years), rule_sets=rule_sets)
    year, indicator = filters.chosen_year, filters.chosen_indicator
    found = cockpit.ranked_groups(kind, rows.panel(year), rule_sets.chosen, plan, year, indicator)
    context = {
        "kind": GroupKind(kind),
        "kinds": BESIDE_THE_TREE,
        "rule_sets": rule_sets,
        "filters": filters,
        "year": year,
        "period": plan.period(year),
        "indicator": indicator,
        "head": cockpit.head(rows, year),
        "page_obj": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "targets/group_list.html", context)


def _group_page(request, owner):
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    page = kept.page(
        request, owner, plan, rule_sets, lambda: _rendered(request, _shown(request, owner, plan, rule_sets))
    )
    return render(request, "targets/cockpit.html", page | _now(request, owner, plan, rule_sets, page))


def _now(request, owner, plan, rule_sets, page):
    """What stands around the figures and changes by itself: the choices, and what is filed and waits."""
    filters = CockpitFilters(request.GET, **year_options(plan, page["whole_years"]), rule_sets=rule_sets)
    year, indicator = filters.chosen_year, filters.chosen_indicator
    since = plan.first_year(year)
    return {
        "filters": filters,
        "rule_sets": rule_sets,
        "ended": assessment.ended(plan, timezone.localdate().year),
        "waiting": cockpit.waiting(owner, since, year, rule_sets.chosen, indicator),
        "overdue_since": since,
    }


def _rendered(request, shown):
    """The figures of a group's page as they are kept: its parts as HTML, and what stands beside them."""
    parts = {part: render_to_string(f"targets/includes/group_{part}.html", shown, request) for part in PARTS}
    return parts | _beside(shown) | {name: shown[name] for name in GROUP_LEAD}


def _beside(shown):
    """What the list of what needs attention says of the figures."""
    ranking, row = shown["institutions"], shown["row"]
    return {
        "behind": ranking.behind,
        "compared": ranking.compared,
        "is_provisional": row is not None and row.is_provisional,
    }


def _shown(request, owner, plan, rule_sets):
    """All figures of the page."""
    rows = cockpit.Rows(request.user, owner, rule_sets.chosen)
    filters = CockpitFilters(request.GET, **year_options(plan, rows.whole_years), rule_sets=rule_sets)
    year = filters.chosen_year
    found = {
        "owner": owner,
        "node": owner.agency,
        "rule_sets": rule_sets,
        "year": year,
        "period": plan.period(year),
        "narrowed": _narrowed(owner),
        "may_see_groups": access.may(request.user, "see_groups"),
        "whole_years": rows.whole_years,
    }
    found |= _group_figures(owner, rows, plan, year, rule_sets.chosen)
    return found | _rankings(request.user, owner, rows, plan, filters, rule_sets.chosen)


def _group_figures(owner, rows, plan, year, rule_set):
    forecasts = _forecasts(owner.agency, year, rule_set)
    return {
        "head": cockpit.head(rows, year),
        "cards": cockpit.target_cards(rows, plan, year, forecasts),
        "row": rows.of(year, GroupPanel.ALL),
        "by_rule_set": rows.by_rule_set(year),
        "forecasts": forecasts,
        "is_whole_year": rows.is_whole(year),
        # The large screen shows none.
        "tasks": SimpleLazyObject(lambda: plan_pages.standing_of(owner.agency, year, plan.period(year))),
    } | pictures.of_group(owner, rows, plan, year, forecasts, rule_set)


def _rankings(user, owner, rows, plan, filters, rule_set):
    year, indicator = filters.chosen_year, filters.chosen_indicator
    return {
        "indicator": indicator,
        "systems": cockpit.ranked_systems(rows, plan, year, indicator),
        "institutions": cockpit.ranked_institutions(user, owner, rule_set, plan, year, indicator),
    }


def _narrowed(owner):
    """What the institution list's address has to say besides, to list only the owner's."""
    if owner.agency and owner.agency.parent_id is None:
        return ""
    fields = {GroupKind.NODE: "department", GroupKind.TYPE: "type_code", GroupKind.STREET: "street"}
    return f"&{urlencode({fields[owner.kind]: owner.key})}"


def _forecasts(agency, year, rule_set):
    """Only institutions and nodes of the tree have any."""
    return list(agency.forecasts.filter(year=year, rule_set=rule_set)) if agency else []


def institution_detail(request, key):
    access.permit(request.user, "see_institutions")
    institutions = Agency.objects.institutions().visible_to(request.user).select_related("parent")
    agency = get_object_or_404(institutions, key=key)
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    page = kept.page(
        request,
        lineage.of_institution(agency),
        plan,
        rule_sets,
        lambda: _institution(request, agency, plan, rule_sets),
    )
    filters = YearFilters(request.GET, **year_options(plan, page["whole_years"]), rule_sets=rule_sets)
    context = page | {"agency": agency, "filters": filters, "rule_sets": rule_sets}
    return render(request, "targets/institution_detail.html", context)


def _institution(request, agency, plan, rule_sets):
    """An institution's page as it is kept: its body as HTML, and what stands above it."""
    every = institution_page.all_figures(agency)
    rows = institution_page.under(every, rule_sets.chosen)
    years_whole = institution_page.whole_years(rows)
    filters = YearFilters(request.GET, **year_options(plan, years_whole), rule_sets=rule_sets)
    year = filters.chosen_year
    shown = _detail(agency, plan, rows, year, rule_sets.chosen) | {
        "whole_years": years_whole,
        "rule_sets": rule_sets,
        "by_rule_set": [row for row in every if row.year == year],
        "is_whole_year": years_whole.get(year, False),
    }
    body = render_to_string("targets/includes/institution_body.html", shown, request)
    return {name: shown[name] for name in INSTITUTION_LEAD} | {"body": body}


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


def _detail(agency, plan, rows, year, rule_set):
    row = rows.get(year)
    forecasts = _forecasts(agency, year, rule_set)
    return {
        "agency": agency,
        "year": year,
        "period": plan.period(year),
        "row": row,
        "approved": cards.months_in_words(cards.months_in(row.approved_months)) if row else "无",
        "compared": cards.months_in_words(cards.months_in(row.compared_months)) if row else "无",
        "cards": institution_page.target_cards(rows, plan, year, forecasts),
        "forecasts": forecasts,
        "basis": cockpit.basis(rule_set),
        "standing": leaders.standing(agency, year, rule_set),
        "months": institution_page.months(agency, row, year),
        "filed": institution_page.filing_record(agency, year),
        "buildings": institution_page.buildings(agency, year),
        "areas": institution_page.used_areas(agency, year),
        "vehicles": institution_page.vehicles(agency, year),
        "equipment": institution_page.equipment(agency, year),
        "tasks": plan_pages.standing_of(agency, year, plan.period(year)),
    } | pictures.of_institution(agency, rows, plan, year, forecasts, rule_set)
