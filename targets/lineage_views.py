"""Pages that say why a number is what it is."""

from django.shortcuts import render

from . import access, api, lineage


def why_institution(request, key, year, measure):
    access.permit(request.user, "see_lineage")
    return _why(request, lineage.find_institution(request.user, key), year, measure)


def why_group(request, kind, key, year, measure):
    access.permit(request.user, "see_lineage")
    return _why(request, lineage.find_group(request.user, kind, key), year, measure)


def _why(request, owner, year, measure):
    found = api.explained(owner, year, measure, request.GET)
    context = {"lineage": found, "words": request.GET.get("words", "")}
    return render(request, "targets/lineage.html", context)


def why_effects(request, kind, key, year, quantity):
    access.permit(request.user, "see_lineage")
    owner = lineage.find_agency(request.user, kind, key)
    found = api.explained(owner, year, quantity, request.GET, explain=lineage.explain_effects)
    return render(request, "targets/effects_lineage.html", {"lineage": found})


def why_requirement(request, kind, key, year, indicator):
    access.permit(request.user, "see_lineage")
    owner = lineage.find_owner(request.user, kind, key)
    found = api.explained(owner, year, indicator, request.GET, explain=lineage.explain_requirement)
    return render(request, "targets/requirement_lineage.html", {"lineage": found})


def why_forecast(request, kind, key, year, indicator):
    access.permit(request.user, "see_lineage")
    owner = lineage.find_agency(request.user, kind, key)
    found = api.explained(owner, year, indicator, request.GET, explain=lineage.explain_forecast)
    return render(request, "targets/forecast_lineage.html", {"lineage": found})


def why_peak(request, kind, key):
    access.permit(request.user, "see_lineage")
    owner = lineage.find_agency(request.user, kind, key)
    found = api.explained(owner, request.GET, explain=lineage.explain_peak)
    return render(request, "targets/peak_lineage.html", {"lineage": found})


def why_published(request, **asked):
    """asked: publication, kind, key, panel, column."""
    access.permit(request.user, "see_publications")
    found = api.explained(request.user, *asked.values(), explain=lineage.explain_published)
    return render(request, "targets/published_lineage.html", {"lineage": found})


def why_rehearsed(request, effect):
    access.permit(request.user, "see_changes")
    found = api.explained(request.user, effect, explain=lineage.explain_rehearsed)
    return render(request, "targets/rehearsed_lineage.html", {"lineage": found})
