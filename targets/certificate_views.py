"""The page of an institution's year that is printed and signed."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from agencies.models import Agency

from . import access, cards, certificate, institution_page
from .cards import Plan, RuleSets


def certificate_detail(request, key, year):
    access.permit(request.user, "see_institutions")
    institutions = Agency.objects.institutions().visible_to(request.user).select_related("parent")
    agency = get_object_or_404(institutions, key=key)
    plan, rule_sets = Plan(), RuleSets(request.GET.get("rules"))
    rows = institution_page.under(institution_page.all_figures(agency), rule_sets.chosen)
    row = rows.get(year)
    if row is None:
        raise Http404
    context = {
        "agency": agency,
        "year": year,
        "period": plan.period(year),
        "rule_sets": rule_sets,
        "bureau": Agency.objects.get(key=agency.path.strip("/").split("/")[0]),
        "row": row,
        "approved": cards.months_in_words(cards.months_in(row.approved_months)),
        "compared": cards.months_in_words(cards.months_in(row.compared_months)),
        "cards": institution_page.target_cards(rows, plan, year),
        "sealed": certificate.sealed(agency, year, rule_sets.chosen, row),
        "printed_at": timezone.now(),
    }
    return render(request, "targets/certificate.html", context)
