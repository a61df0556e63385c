"""The page of the completeness matrix."""

from django import forms
from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from . import access, completeness, part_forms

PAGE_SIZE = 50


class CompletenessFilters(part_forms.PartFilters):
    is_incomplete = forms.BooleanField(label="只看不完整的", required=False)

    def agencies(self):
        found = completeness.with_year(super().agencies(), self.chosen_year)
        if self.cleaned_data.get("is_incomplete"):
            found = completeness.incomplete(found, self.chosen_year, timezone.localdate())
        return found


@require_safe
def completeness_matrix(request):
    access.permit(request.user, "see_completeness")
    filters = CompletenessFilters(request.GET, user=request.user)
    agencies, year = filters.agencies(), filters.chosen_year
    page = Paginator(agencies.order_by("path"), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = completeness.rows_of(list(page.object_list), year, timezone.localdate())
    totals = completeness.totals_of(agencies, year)
    context = {
        "filters": filters,
        "year": year,
        "page_obj": page,
        "totals": totals,
        "approved": sum(total.approved for total in totals),
        "owed": sum(total.owed for total in totals),
        "legend": [(code, *words) for code, words in completeness.STATES.items()],
        "tabs": part_forms.tabs_for(request.user, "reporting:completeness"),
    }
    return render(request, "reporting/completeness.html", context)
