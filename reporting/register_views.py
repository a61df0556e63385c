"""本单位台账: buildings with their meters, vehicles, data rooms, PV and charging; the readings of a month."""

from datetime import date, timedelta
from itertools import zip_longest

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from agencies import actions as register
from agencies.access import SEES_FIGURES, Role, may_at
from agencies.models import Agency, Building

from . import calendar, register_actions, registered, shared_meters
from .register_forms import ReadingsForm, row_form, take_errors
from .register_kinds import KINDS, TABS, of_tab

PAGE_SIZE = 50
HISTORY = 20


def register_list(request):
    """To the one register that is a filer's own; who sees several chooses."""
    if not request.user.roles & SEES_FIGURES:
        raise PermissionDenied
    agencies = Agency.objects.visible_to(request.user)
    own = agencies.institutions().within(request.user.paths_of({Role.FILER}))
    if own.count() == 1 and agencies.count() == 1:
        return redirect("reporting:register-detail", own.get().key)
    words = request.GET.get("words", "").strip()
    agencies = agencies.filter(Q(name__icontains=words) | Q(key__icontains=words))
    page = Paginator(agencies.select_related("parent"), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "reporting/register_list.html", {"page_obj": page, "words": words})


def register_detail(request, key):
    """GET: what the agency keeps and the month's readings; POST stores the readings."""
    agency = _agency(request, key)
    tab = _tab(request)
    month = _month(request)
    form = _readings_form(request, agency, tab, month)
    if request.method == "POST":
        _permit(request, agency)
        if form.is_valid() and _store_readings(request, form):
            address = reverse("reporting:register-detail", args=[key])
            return redirect(f"{address}?tab={tab}&month={month:%Y-%m}")
    return render(request, "reporting/register_detail.html", _context(request, agency, tab, month, form))


def register_row(request, key, slug, pk=None):
    """One row of the register: entered, or changed, with what was changed before."""
    agency = _agency(request, key)
    _permit(request, agency)
    if slug not in KINDS:
        raise Http404
    kind = KINDS[slug]
    row = get_object_or_404(kind.of(agency), pk=pk) if pk else _new(kind, agency)
    form = row_form(kind, agency, request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid() and _store_row(request, form):
        messages.success(request, f"已保存{kind.name} {form.instance}。")
        return redirect(f"{reverse('reporting:register-detail', args=[key])}?tab={kind.tab}")
    context = {"agency": agency, "kind": kind, "row": row if pk else None, "form": form}
    context["history"] = _history(row) if pk else []
    return render(request, "reporting/register_row.html", context)


def building_month(request, pk, month):
    """How a building's month is divided: an occupant reads its own part, who sees the manager reads all."""
    seen = Agency.objects.visible_to(request.user)
    buildings = Building.objects.filter(
        Q(manager__in=seen) | Q(occupancies__agency__in=seen) | Q(meters__occupant__in=seen)
    )
    building = get_object_or_404(buildings.select_related("manager").distinct(), pk=pk)
    divisions = shared_meters.of_buildings(Building.objects.filter(pk=pk), month)
    keys = {key for division in divisions for key in division.agencies}
    visible = set(seen.filter(pk__in=keys).values_list("pk", flat=True))
    context = {
        "building": building,
        "month": month,
        "before": calendar.first_of_previous(month),
        "after": calendar.first_of_next(month),
        "divisions": [(division, *_rows(division, visible)) for division in divisions],
    }
    return render(request, "reporting/building_month.html", context)


def _rows(division, visible):
    """(rows of the agencies that the user sees, sum of the others or None)."""
    rows = [row for row in division.rows if row[0].pk in visible]
    others = [part for agency, _occupant, part in division.rows if agency.pk not in visible]
    return [(*row, division.working(row[0].pk)) for row in rows], (
        sum(part.quantity for part in others) if others else None
    )


def _agency(request, key):
    return get_object_or_404(Agency.objects.visible_to(request.user).select_related("parent"), key=key)


def _permit(request, agency):
    if not may_at(request.user, "keep_own_register", agency):
        raise PermissionDenied


def _tab(request):
    tab = request.GET.get("tab", TABS[0][0])
    if tab not in dict(TABS):
        raise Http404
    return tab


def _month(request):
    """The month that ?month= names, last month without it."""
    text = request.GET.get("month")
    if not text:
        return calendar.first_of_previous(timezone.localdate())
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as fault:
        raise Http404 from fault


def _readings_form(request, agency, tab, month):
    last_day = calendar.first_of_next(month) - timedelta(days=1)
    things = [(kind, thing) for kind in of_tab(tab) for thing in kind.with_readings(agency, month, last_day)]
    return ReadingsForm(request.POST or None, things=things, month=month)


def _store_readings(request, form):
    """All that was changed or none; a reading that contradicts itself is named at its field.

    A reading that somebody else changed meanwhile is left as it is, and named.
    """
    stored, taken = 0, []
    try:
        with transaction.atomic():
            for kind, thing in form.changed():
                try:
                    values, seen = form.values(kind, thing), form.shown(kind, thing)
                    stored += register_actions.read(
                        kind.reading, thing, form.month, values, by=request.user, seen=seen
                    )
                except register_actions.ReadingTaken as found:
                    taken.append(str(found))
                except ValidationError as refusal:
                    form.refuse(kind, thing, refusal)
                    raise
    except ValidationError:
        return False
    for sentence in taken:
        messages.warning(request, sentence)
    if stored or not taken:
        messages.success(request, f"已保存 {stored} 项读数。" if stored else "读数没有变化。")
    return True


def _history(row):
    """(record, what it changed in words), newest first."""
    records = list(row.history.select_related("history_user")[: HISTORY + 1])
    before = [record.instance for record in records[1:]]
    changes = [
        register.changes_between(old, record.instance) for record, old in zip(records, before, strict=False)
    ]
    return list(zip_longest(records[:HISTORY], changes[:HISTORY], fillvalue=()))


def _store_row(request, form):
    try:
        register.register_own(form.instance, by=request.user)
    except ValidationError as refusal:
        take_errors(form, refusal)
        return False
    return True


def _new(kind, agency):
    return kind.model() if kind.owner != "agency" else kind.model(agency=agency)


def _context(request, agency, tab, month, form):
    context = {
        "agency": agency,
        "tabs": TABS,
        "tab": tab,
        "month": month,
        "before": calendar.first_of_previous(month),
        "after": calendar.first_of_next(month),
        "form": form,
        "may_keep": may_at(request.user, "keep_own_register", agency),
        "kinds": [(kind, list(kind.of(agency)), form.rows(kind)) for kind in of_tab(tab)],
    }
    return context | _EXTRAS[tab](agency, month)


def _buildings(agency, month):
    occupied = Q(occupancies__agency=agency) | Q(meters__occupant=agency)
    buildings = Building.objects.filter(Q(manager=agency) | occupied).distinct().select_related("manager")
    return {"buildings": list(buildings)}


def _rooms(agency, month):
    return {"pue": registered.pue_of(list(KINDS["room"].of(agency)), month)}


def _power(agency, month):
    return {"charged": registered.charged_kwh(list(KINDS["station"].of(agency)), month)}


_EXTRAS = {"buildings": _buildings, "vehicles": lambda *_: {}, "rooms": _rooms, "power": _power}
