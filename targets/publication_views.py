"""Pages of what is published: the seals, and one of them with what its numbers would be now."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Value, When
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from . import access, lineage, publications
from .models import LedgerEntry, Publication, PublishedFigure
from .publication_forms import RowFilters, SealForm

PAGE_SIZE = 50
SHOWN_ENTRIES = 100


@require_http_methods(["GET", "POST"])
def publication_list(request):
    access.permit(request.user, "see_publications")
    form = SealForm(request.POST or None)
    if request.method == "POST":
        access.permit(request.user, "seal")
        if form.is_valid() and (sealed := _sealed(request, form)):
            return redirect("targets:publication-detail", sealed.pk)
    found = Publication.objects.select_related("rule_set", "sealed_by")
    found = found.annotate(differences=Count("entries")).order_by("-year", "kind", "-number", "-edition")
    context = {
        "form": form if access.may(request.user, "seal") else None,
        "page_obj": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "targets/publication_list.html", context)


def _sealed(request, form):
    """The new publication, or None with the reason beside the form."""
    span = form.cleaned_data
    try:
        sealed = publications.seal(
            span["kind"], span["year"], span["number"], by=request.user, note=span["note"]
        )
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return None
    messages.success(request, f"已封存：{sealed}。")
    return sealed


def publication_detail(request, pk):
    access.permit(request.user, "see_publications")
    publication = get_object_or_404(Publication.objects.select_related("rule_set", "sealed_by"), pk=pk)
    filters = RowFilters(request.GET)
    entries = LedgerEntry.objects.visible_to(request.user).filter(publication=publication)
    rows = PublishedFigure.objects.visible_to(request.user).filter(publication=publication)
    if filters.only_differing:
        rows = rows.filter(key__in=entries.filter(column__startswith=filters.indicator).values("key"))
    page = Paginator(rows.order_by(_SHOWN_ORDER, "key", "panel"), PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(entries[:SHOWN_ENTRIES])
    context = {
        "publication": publication,
        "filters": filters,
        "page_obj": page,
        "rows": _with_now(list(page), publication, filters.indicator),
        "entries": _with_causes(shown, request.user),
        "entry_count": entries.count(),
    }
    return render(request, "targets/publication_detail.html", context)


_SHOWN_ORDER = Case(
    When(kind="node", then=Value(0)),
    When(kind="type", then=Value(1)),
    When(kind="street", then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Shown:
    """A sealed row beside what it would be now: (published, now) of value, base and change, columns names these."""

    figure: PublishedFigure
    columns: tuple
    value: tuple
    base: tuple
    change: tuple

    @property
    def is_different(self):
        return any(then != now for then, now in (self.value, self.base, self.change))


def _with_now(figures, publication, indicator):
    entries = publication.entries.filter(
        key__in={figure.key for figure in figures}, column__startswith=indicator
    ).order_by("pk")
    now = {(entry.kind, entry.key, entry.panel, entry.column): entry.now for entry in entries}

    def pair(figure, column):
        published = getattr(figure, column)
        return published, now.get((figure.kind, figure.key, figure.panel, column), published)

    columns = tuple(f"{indicator}{ending}" for ending in ("", "_base", "_change"))
    return [Shown(figure, columns, *(pair(figure, column) for column in columns)) for figure in figures]


def _with_causes(entries, user):
    """(entry, its cause in parts) of each."""
    parts = lineage.causes.linked(entries, user)
    return [(entry, parts[entry.pk]) for entry in entries]
