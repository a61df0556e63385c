"""Pages of the checks' rules: how often each spoke and what became of it, and its thresholds with their history."""

from collections import defaultdict
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from . import access, calendar, check_limits, thresholds
from .checks import RULES, Rule
from .models import CheckLimit, RuleHit
from .models.catalogue import Mark
from .models.checking import Outcome
from .rule_forms import HitFilters, LimitForm, initial_of

PAGE_SIZE = 50


@dataclass(frozen=True)
class Counted:
    """A rule beside how often it spoke and what became of it."""

    rule: Rule
    hits: int = 0
    accepted: int = 0
    corrected: int = 0
    returned: int = 0
    open: int = 0
    short: tuple = ()

    @property
    def share_accepted(self):
        """Of the hits that came to an end, those that were kept with a reason; None where none did."""
        ended = self.accepted + self.corrected + self.returned
        return self.accepted / ended if ended else None

    @property
    def severity_name(self):
        return "错误" if self.rule.is_error else "疑问"

    @property
    def mark_name(self):
        return Mark(self.rule.mark).label if self.rule.mark else ""


def rule_list(request):
    _permit(request.user, "see_rules")
    filters = HitFilters(request.GET)
    counts = {row["rule"]: row for row in filters.narrow(_recent_hits(request.user)).counted()}
    changed, names = _changed(), thresholds.item_names()
    rows = [
        _counted(rule, counts, thresholds.in_short(thresholds.standing(rule, changed[rule.slug], names)))
        for rule in RULES.values()
    ]
    return render(request, "reporting/rule_list.html", {"filters": filters, "rows": rows, "since": _since()})


@require_http_methods(["GET", "POST"])
def rule_detail(request, slug):
    _permit(request.user, "see_rules")
    if slug not in RULES:
        raise Http404
    rule, history = RULES[slug], _history(slug)
    form = _form(request, rule, history)
    if request.method == "POST":
        _permit(request.user, "set_limit")
        if form is None:
            raise Http404
        if form.is_valid():
            check_limits.set_limit(form.limit(), by=request.user)
            messages.success(request, f"已设定“{rule.title}”的阈值，从下一次检查起适用。")
            return redirect("reporting:rule-detail", slug)
    return _detail_page(request, rule, history, form)


def _detail_page(request, rule, history, form):
    filters = HitFilters(request.GET)
    recent = filters.narrow(_recent_hits(request.user).filter(rule=rule.slug))
    shown_hits = recent.select_related("item", "revision__report__agency", "revision__report__period")
    names = thresholds.item_names()
    context = {
        "rule": rule,
        "counted": _counted(rule, {row["rule"]: row for row in recent.counted()}),
        "thresholds": thresholds.standing(rule, history, names),
        "history": thresholds.set_before(rule, history, names),
        "form": form if access.may_tend(request.user, "set_limit") else None,
        "filters": filters,
        "page_obj": Paginator(shown_hits.order_by("-pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "since": _since(),
    }
    return render(request, "reporting/rule_detail.html", context)


def _form(request, rule, history):
    """The form of a rule that has limits: as sent, or begun from the limit that the address names."""
    if not rule.meaning:
        return None
    if request.method == "POST":
        return LimitForm(request.POST, rule=rule)
    wanted = request.GET.get("set_item", ""), request.GET.get("set_type", "")
    standing = {(each.item, each.type_code): each.limit for each in check_limits.in_force(rule, history)}
    initial = initial_of(rule, *wanted, standing[wanted]) if wanted in standing else {}
    return LimitForm(rule=rule, initial=initial)


def _recent_hits(user):
    return RuleHit.objects.visible_to(user).of_months_since(_since())


def _since():
    """The first of the months that are counted: a year before this one."""
    return calendar.same_month_last_year(timezone.localdate().replace(day=1))


def _counted(rule, counts, short=()):
    found = counts.get(rule.slug, {})
    numbers = {str(name): found.get(str(name), 0) for name in ("hits", *Outcome)}
    return Counted(rule, **numbers, short=tuple(short))


def _changed():
    """Rule → the bureau's rows, the oldest first; one query."""
    found = defaultdict(list)
    for row in CheckLimit.objects.order_by("pk"):
        found[row.rule].append(row)
    return found


def _history(slug):
    return list(CheckLimit.objects.filter(rule=slug).select_related("set_by").order_by("pk"))


def _permit(user, verb):
    if not access.may_tend(user, verb):
        raise PermissionDenied
