"""The figures' lineage as JSON: the same rows, the same object as the pages."""

from django.http import Http404
from rest_framework.response import Response
from rest_framework.views import APIView

from . import access, lineage


def explained(owner, year, measure, parameters, explain=lineage.explain):
    """The lineage; Http404 where the owner is a stranger's or there is no such figure."""
    if owner is None:
        raise Http404
    try:
        return explain(owner, year, measure, parameters)
    except ValueError as error:
        raise Http404(str(error)) from error


class InstitutionLineage(APIView):
    def get(self, request, key, year, measure):
        access.permit(request.user, "see_lineage")
        owner = lineage.find_institution(request.user, key)
        found = explained(owner, year, measure, request.query_params)
        return Response(lineage.as_plain(found))


class GroupLineage(APIView):
    def get(self, request, kind, key, year, measure):
        access.permit(request.user, "see_lineage")
        owner = lineage.find_group(request.user, kind, key)
        found = explained(owner, year, measure, request.query_params)
        return Response(lineage.as_plain(found))


class EffectsLineage(APIView):
    def get(self, request, kind, key, year, quantity):
        access.permit(request.user, "see_lineage")
        owner = lineage.find_agency(request.user, kind, key)
        found = explained(owner, year, quantity, request.query_params, lineage.explain_effects)
        return Response(lineage.as_plain(found))
