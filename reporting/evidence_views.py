"""Pages of evidence: the list, the upload, a document with its division by months, and its file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from agencies.access import SEES_FIGURES

from . import access, evidence_actions, evidence_files, shown_files, suggestions
from .evidence_forms import EvidenceFilters, EvidenceForm, ReplacementForm
from .findings import ELECTRICITY
from .models import Evidence, EvidenceItem, EvidenceUse, Line, Report

PAGE_SIZE = 50
REFUSALS = (evidence_files.NotStored, evidence_actions.AlreadyReplaced, evidence_actions.Duplicate)


def evidence_list(request):
    if not request.user.roles & SEES_FIGURES:
        raise PermissionDenied
    filters = EvidenceFilters(request.GET)
    rows = EvidenceItem.objects.select_related("item")
    documents = filters.narrow(Evidence.objects.visible_to(request.user)).select_related("agency")
    documents = documents.prefetch_related(Prefetch("items", rows))
    page = Paginator(documents, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"filters": filters, "page_obj": page, "may_add": _keeps_any(request.user)}
    return render(request, "reporting/evidence_list.html", context)


def evidence_new(request):
    if not _keeps_any(request.user):
        raise PermissionDenied
    form = EvidenceForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        evidence = _stored(request, form, lambda: _attach(request, form))
        if evidence:
            return redirect("reporting:evidence-detail", evidence.pk)
    return render(request, "reporting/evidence_form.html", {"form": form})


def evidence_detail(request, pk):
    evidence = _evidence(request, pk)
    uses = EvidenceUse.objects.order_by("month")
    rows = list(evidence.items.select_related("item").prefetch_related(Prefetch("uses", uses)))
    may_keep = access.may(request.user, "keep_evidence", evidence.agency)
    context = {
        "evidence": evidence,
        "rows": [(row, _parts(evidence, row)) for row in _with_lines(evidence, rows)],
        "replaced": list(evidence.replaces.all()),
        "is_foreign_account": _is_foreign_account(evidence, rows),
        "may_replace": may_keep and evidence.replaced_by_id is None,
        "may_take_out": may_keep and evidence_actions.is_removable(evidence),
    }
    return render(request, "reporting/evidence_detail.html", context)


def evidence_file(request, pk):
    """The file itself: for those who see the agency's figures, with a trace of who looked."""
    evidence = _evidence(request, pk)
    try:
        content = evidence_actions.look_at(evidence, by=request.user)
    except evidence_files.Damaged as damaged:
        messages.error(request, str(damaged))
        return redirect("reporting:evidence-detail", pk)
    return shown_files.response(evidence, content)


def evidence_replace(request, pk):
    evidence = _evidence(request, pk, verb="keep_evidence")
    form = ReplacementForm(
        request.POST or None,
        request.FILES or None,
        user=request.user,
        replaced=evidence,
        initial=_stated(evidence),
    )
    if request.method == "POST" and form.is_valid():
        new = _stored(request, form, lambda: _replace(request, form, evidence))
        if new:
            return redirect("reporting:evidence-detail", new.pk)
    return render(request, "reporting/evidence_form.html", {"form": form, "replaced": evidence})


@require_POST
def evidence_delete(request, pk):
    evidence = _evidence(request, pk, verb="keep_evidence")
    name = str(evidence)
    try:
        evidence_actions.take_out(evidence, by=request.user)
    except evidence_actions.InUse as refusal:
        messages.error(request, str(refusal))
        return redirect("reporting:evidence-detail", pk)
    messages.success(request, f"已删除凭证 {name}。")
    return redirect("reporting:evidence-list")


def _evidence(request, pk, verb=None):
    """The document, 404 for strangers; with a verb, 403 for a colleague without the right to it."""
    documents = Evidence.objects.visible_to(request.user).select_related(
        "agency", "uploaded_by", "replaced_by"
    )
    evidence = get_object_or_404(documents, pk=pk)
    if verb and not access.may(request.user, verb, evidence.agency):
        raise PermissionDenied
    return evidence


def _is_foreign_account(evidence, rows):
    """Whether an electricity bill names an account that is none of the agency's in the register."""
    if not evidence.account_number or ELECTRICITY not in [row.item_id for row in rows]:
        return False
    known = set(evidence.agency.electricity_accounts.values_list("number", flat=True))
    return bool(known) and evidence.account_number not in known


def _keeps_any(user):
    return bool(user.paths_of(access.VERBS["keep_evidence"]))


def _attach(request, form):
    evidence = evidence_actions.attach(form.cleaned_data["agency"], form.document(), by=request.user)
    messages.success(request, f"已登记凭证 {evidence}。下面是它按天分到各月的结果。")
    return evidence


def _replace(request, form, evidence):
    new = evidence_actions.replace(
        evidence, form.document(), by=request.user, reason=form.cleaned_data["reason"]
    )
    messages.success(request, f"已用 {new} 替换凭证 {evidence}，原凭证保留备查。")
    return new


def _stored(request, form, store):
    """What the verb stored, or None with its refusal on the form."""
    try:
        return store()
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
    except ValidationError as refusal:
        form.add_error(None, refusal.messages)
    return None


def _stated(evidence):
    """What the replaced document states, as a start for the new one."""
    start = {
        name: getattr(evidence, name)
        for name in ("agency", "first_day", "last_day", "account_number", "document_number")
    }
    for number, row in enumerate(evidence.items.all(), start=1):
        start[f"item-{number}"] = row.item_id
        start[f"quantity-{number}"] = f"{row.quantity.normalize():f}"
        start[f"cost-{number}"] = row.cost_yuan
    return start


def _with_lines(evidence, rows):
    """The rows, each use with the report and the line in question of its month."""
    months = evidence_actions.months_of(evidence)
    reports = Report.objects.filter(agency=evidence.agency_id, period__month__in=months).with_state()
    by_month = {report.period.month: report for report in reports}
    lines = Line.objects.filter(
        revision__in=[report.latest_id for report in by_month.values() if report.latest_id],
        item__in=[row.item_id for row in rows],
    )
    filed = {(line.revision_id, line.item_id): line for line in lines}
    for row in rows:
        for use in row.uses.all():
            use.report = by_month.get(use.month)
            use.line = use.report and filed.get((use.report.latest_id, row.item_id))
    return rows


def _parts(evidence, row):
    """The uses of a row with their formula in words."""
    for use in row.uses.all():
        row.evidence, use.row = evidence, row
        use.working = suggestions.working(use)
    return list(row.uses.all())
