"""What approving a report would do: a page, and the short form of it that the report's own page loads."""

from django.shortcuts import get_object_or_404, render
from django.views.decorators.vary import vary_on_headers

from reporting.models import Report

from . import access, effect, effect_lines

_BESIDE = ("agency__parent", "period", "latest", "approved")


@vary_on_headers("HX-Request")
def report_effect(request, key, month):
    access.permit(request.user, "see_effect")
    reports = Report.objects.visible_to(request.user).select_related(*_BESIDE)
    report = get_object_or_404(reports, agency__key=key, period__month=month)
    context = {
        "report": report,
        "effect": effect.of(report, request.user),
        "lines": effect_lines.changed(report),
        "may_see_seals": access.may(request.user, "see_publications"),
    }
    template = "targets/includes/effect_short.html" if request.htmx else "targets/effect.html"
    return render(request, template, context)
