"""示范案例库 and 技术集: what is in force of the two registers, for everybody to browse and search."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from . import access
from .models import RecordVersion, Register
from .record_forms import WordsFilter

PAGE_SIZE = 20
SHELVES = ("case", "technology")


def library(request, slug):
    """One shelf. Examples are there to be followed, so everybody who sees the plan sees those of all institutions."""
    access.permit(request.user, "see_plan")
    if slug not in SHELVES:
        raise Http404
    register = get_object_or_404(Register.objects.prefetch_related("fields"), slug=slug)
    filters = WordsFilter(request.GET, label="名称或内容")
    words = filters.chosen_words
    entries = RecordVersion.objects.in_force().filter(record__register=register, happened_on__isnull=False)
    # A shelf is a hundred entries, not a register of thousands: its texts are searched as they stand.
    found = entries.filter(Q(name__icontains=words) | Q(values__icontains=words)) if words else entries
    page = Paginator(found.select_related("record__agency").order_by("-happened_on", "-pk"), PAGE_SIZE)
    page = page.get_page(request.GET.get("page"))
    context = {
        "register": register,
        "shelves": Register.objects.filter(slug__in=SHELVES),
        "filters": filters,
        "page_obj": page,
        "entries": [(version, version.said(register.fields.all())) for version in page],
    }
    return render(request, "targets/library.html", context)
