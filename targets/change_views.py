"""Pages of changes that are reviewed before they count: restated base years, factors and rule sets on trial."""

from dataclasses import dataclass
from types import ModuleType

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from reporting.actions import WrongStatus

from . import access, inputs, lineage, proposals, rehearsal, restatements, review
from .change_forms import DecisionForm, ProposalForm, RestatementForm
from .models import Proposal, Restatement

PAGE_SIZE = 50


@dataclass(frozen=True)
class Subject:
    """What the pages of restatements and of proposals differ in."""

    model: type
    verbs: ModuleType
    accept: object
    route: str
    accept_word: str
    done_word: str
    related: tuple


RESTATEMENTS = Subject(
    Restatement, restatements, restatements.sign, "targets:restatement", "签署", "已签署。", ()
)
PROPOSALS = Subject(
    Proposal,
    proposals,
    proposals.activate,
    "targets:proposal",
    "启用",
    "已启用，指标正在重新计算。",
    ("factor_set", "rule_set", "report__agency", "report__period"),
)


def restatement_list(request):
    return _list(request, RESTATEMENTS)


def proposal_list(request):
    return _list(request, PROPOSALS)


def restatement_detail(request, pk):
    return _detail(request, RESTATEMENTS, pk)


def proposal_detail(request, pk):
    return _detail(request, PROPOSALS, pk)


@require_POST
def restatement_decide(request, pk):
    return _decide(request, RESTATEMENTS, pk)


@require_POST
def proposal_decide(request, pk):
    return _decide(request, PROPOSALS, pk)


@require_POST
def restatement_rehearse(request, pk):
    return _rehearse(request, RESTATEMENTS, pk)


@require_POST
def proposal_rehearse(request, pk):
    return _rehearse(request, PROPOSALS, pk)


def restatement_new(request):
    access.permit(request.user, "propose")
    form = RestatementForm(request.POST or None)
    if form.is_valid():
        return _proposed(
            request, RESTATEMENTS, form, lambda: restatements.propose(form.draft(), by=request.user)
        )
    return _form(request, RESTATEMENTS, form)


def proposal_new(request):
    access.permit(request.user, "propose")
    form = ProposalForm(request.POST or None)
    if form.is_valid():
        return _proposed(request, PROPOSALS, form, lambda: proposals.propose(form.instance, by=request.user))
    return _form(request, PROPOSALS, form)


def _proposed(request, subject, form, propose):
    try:
        row = propose()
    except ValidationError as fault:
        form.add_error(None, fault)
        return _form(request, subject, form)
    messages.success(request, "已提出，影响正在试算。")
    return redirect(f"{subject.route}-detail", row.pk)


def _form(request, subject, form):
    return render(request, "targets/change_form.html", _words(subject) | {"form": form})


def _list(request, subject):
    access.permit(request.user, "see_changes")
    rows = subject.model.objects.select_related("proposed_by", *subject.related)
    rows = rows.annotate(flips=Count("effects", filter=Q(effects__is_flip=True)))
    page = Paginator(rows.order_by("-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    waiting = [row for row in page if row.status == review.PROPOSED]
    now = inputs.shared() if waiting else {}
    for row in waiting:
        row.outdated = inputs.outdated(row, now)
    context = {
        "page_obj": page,
        "may_propose": access.may(request.user, "propose"),
    }
    return render(request, "targets/change_list.html", _words(subject) | context)


def _detail(request, subject, pk, form=None):
    access.permit(request.user, "see_changes")
    row = _row(subject, pk)
    effects = row.effects.flips_first().select_related("agency")
    page = Paginator(effects, PAGE_SIZE).get_page(request.GET.get("page"))
    links = lineage.rehearsed.links(list(page))
    context = {
        "change": row,
        "panels": row.panels.select_related("agency") if subject is RESTATEMENTS else (),
        "summary": _summary(row),
        "page_obj": page,
        "effects": [(effect, links[effect.pk]) for effect in page],
        "outdated": inputs.outdated(row),
        "version": review.version(row),
        "may_rehearse": access.may(request.user, "rehearse"),
        "may_decide": subject.verbs.may_decide(request.user, row),
        "is_only_rehearsed": getattr(row, "kind", "") == Proposal.Kind.CORRECTION,
        "form": form or DecisionForm(),
    }
    return render(request, "targets/change_detail.html", _words(subject) | context)


def _summary(row):
    found = row.effects.aggregate(
        institutions=Count("agency", distinct=True),
        flips=Count("pk", filter=Q(is_flip=True)),
        flipped=Count("agency", filter=Q(is_flip=True), distinct=True),
        groups=Count("group_key", filter=Q(agency=None), distinct=True),
    )
    years = list(row.effects.order_by("year").values_list("year", flat=True).distinct())
    return found | {"years": years, "publications": rehearsal.touched_publications(years)}


def _decide(request, subject, pk):
    access.permit(request.user, "see_changes")
    row, form = _row(subject, pk), DecisionForm(request.POST)
    is_accepted = request.POST.get("decision") == "accept"
    if not form.is_valid():
        return _detail(request, subject, pk, form)
    try:
        verb = subject.accept if is_accepted else subject.verbs.reject
        seen = {"seen": form.cleaned_data["seen"]} if is_accepted else {}
        verb(row, by=request.user, note=form.cleaned_data["note"], **seen)
    except ValidationError as fault:
        form.add_error(None, fault)
        return _detail(request, subject, pk, form)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, subject.done_word if is_accepted else "已否决。")
    return redirect(f"{subject.route}-detail", pk)


def _rehearse(request, subject, pk):
    access.permit(request.user, "rehearse")
    try:
        subject.verbs.rehearse_again(_row(subject, pk), by=request.user)
    except WrongStatus as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "影响正在重新试算。")
    return redirect(f"{subject.route}-detail", pk)


def _row(subject, pk):
    people = ("proposed_by", "signed_by" if subject is RESTATEMENTS else "decided_by")
    return get_object_or_404(subject.model.objects.select_related(*people, *subject.related), pk=pk)


def _words(subject):
    return {
        "title": subject.model._meta.verbose_name,
        "accept_word": subject.accept_word,
        "route_list": f"{subject.route}-list",
        "route_new": f"{subject.route}-new",
        "route_detail": f"{subject.route}-detail",
        "route_decide": f"{subject.route}-decide",
        "route_rehearse": f"{subject.route}-rehearse",
    }
