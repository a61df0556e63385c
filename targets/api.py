"""The figures' lineage as JSON: the same rows, the same object as the pages."""

from django.http import Http404
from rest_framework.response import Response
from rest_framework.views import APIView

from . import access, lineage


def explained(owner, *asked, explain=lineage.explain):
    """The lineage; Http404 where the owner is a stranger's or there is no such figure."""
    if owner is None:
        raise Http404
    try:
        return explain(owner, *asked)
    except ValueError as error:
        raise Http404(str(error)) from error


class InstitutionLineage(APIView):
    def get(self, request, key, year, measure):
        access.permit(request.user, "see_lineage")
        owner = lineage.find_institution(request.user, key)
        found = explained(owner, year, measure, request.query_params)
        return Response(lineage.as_plain(found))


class OwnerLineage(APIView):
    """Any explanation of a figure of somebody's. find, explain: of `lineage`, given where the address is named."""

    find = staticmethod(lineage.find_group)
    explain = staticmethod(lineage.explain)

    def get(self, request, kind, key, **asked):
        access.permit(request.user, "see_lineage")
        owner = self.find(request.user, kind, key)
        found = explained(owner, *asked.values(), request.query_params, explain=self.explain)
        return Response(lineage.as_plain(found))


class PublishedLineage(APIView):
    def get(self, request, **asked):
        access.permit(request.user, "see_publications")
        found = explained(request.user, *asked.values(), explain=lineage.explain_published)
        return Response(lineage.as_plain(found))


class RehearsalLineage(APIView):
    def get(self, request, effect):
        access.permit(request.user, "see_changes")
        found = explained(request.user, effect, explain=lineage.explain_rehearsed)
        return Response(lineage.as_plain(found))
