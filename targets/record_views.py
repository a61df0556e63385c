"""Pages of the registers: the records, one record with its versions and evidence, and the bureau's word on it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from agencies.models import Agency
from reporting import evidence_files, file_types, shown_files
from reporting.refusals import WrongStatus

from . import access, record_actions
from .models import RecordDocument, RecordVersion, Register, VersionStatus
from .record_forms import DocumentForm, ReasonForm, RecordFilters, RecordForm, WordsFilter

PAGE_SIZE = 50
STEPS = {
    "submit": (record_actions.submit, "已提交，等待审核。"),
    "withdraw": (record_actions.withdraw, "已撤回，可以修改后再提交。"),
}
DECISIONS = {
    "accept": (record_actions.accept, "已通过，任务进度随后更新。"),
    "return": (record_actions.return_back, "已退回。"),
}


def record_list(request):
    access.permit(request.user, "see_plan")
    filters = RecordFilters(request.GET)
    versions = RecordVersion.objects.visible_to(request.user).latest()
    versions = filters.narrow(versions).select_related("record__register", "record__agency").order_by("-pk")
    context = {
        "filters": filters,
        "page_obj": Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page")),
        "registers": Register.objects.all(),
        "register": filters.chosen_register,
        "query": request.GET.urlencode(),
        "may_add": access.may(request.user, "keep_records"),
    }
    return render(request, "targets/record_list.html", context)


def record_new(request, slug):
    """A new record: for whom, where the user keeps it for several, ?agency= says."""
    register = get_object_or_404(Register.objects.prefetch_related("fields"), slug=slug)
    agency = _keeper(request, register)
    if agency is None:
        return _choose_agency(request, register)
    form = RecordForm(request.POST or None, register=register, fields=register.fields.all())
    if request.method == "POST" and form.is_valid():
        version = _stored(form, lambda: record_actions.enter(register, agency, form.said, by=request.user))
        if version:
            messages.success(request, "已保存草稿：附上证明材料后提交审核。")
            return redirect("targets:record-detail", version.record_id)
    context = {"register": register, "agency": agency, "form": form}
    return render(request, "targets/record_form.html", context)


def record_change(request, pk):
    """The content of a draft or of what came back."""
    version = _open_version(request, pk)
    register = version.record.register
    form = RecordForm(request.POST or None, register=register, fields=register.fields.all(), version=version)
    if request.method == "POST" and form.is_valid():
        try:
            if _stored(form, lambda: record_actions.change(version, form.said, by=request.user)):
                messages.success(request, "已保存。")
                return redirect("targets:record-detail", pk)
        except WrongStatus as refusal:
            messages.warning(request, str(refusal))
    context = {"register": register, "agency": version.record.agency, "form": form, "version": version}
    return render(request, "targets/record_form.html", context)


def record_detail(request, pk):
    """All versions of a record, the last one first, with their evidence, and what may be done next."""
    versions = _versions(request, pk)
    latest, register = versions[0], versions[0].record.register
    keeps = access.may_keep(request.user, register, latest.record.agency)
    decides = access.may_review(request.user, latest.record.agency) and latest.is_waiting
    context = {
        "record": latest.record,
        "latest": latest,
        "versions": [(each, each.said(register.fields.all())) for each in versions],
        "may_change": keeps and latest.is_editable,
        "may_withdraw": keeps and latest.is_waiting,
        "decides": decides and latest.entered_by_id != request.user.pk,
        "is_own": decides and latest.entered_by_id == request.user.pk,
        "may_correct": keeps and latest.status == VersionStatus.ACCEPTED and not latest.is_void,
        "document_form": DocumentForm(),
        "reason_form": ReasonForm(),
    }
    return render(request, "targets/record_detail.html", context)


@require_POST
def record_step(request, pk, step):
    """Submit or withdraw."""
    version, (act, sentence) = _versions(request, pk)[0], STEPS[step]
    return _done(request, pk, lambda: act(version, by=request.user), sentence)


@require_POST
def record_abandon(request, pk):
    """Give up what is open: the page of a record without any version is gone with it."""
    version = _versions(request, pk)[0]
    found = _done(request, pk, lambda: record_actions.abandon(version, by=request.user), "已放弃。")
    is_gone = not RecordVersion.objects.filter(record=pk).exists()
    return redirect("targets:record-list") if is_gone else found


@require_POST
def record_decide(request, pk):
    """The bureau's word: accept, or return with a reason."""
    version, comment = _versions(request, pk)[0], request.POST.get("comment", "")[:200]
    act, sentence = DECISIONS.get(request.POST.get("word"), DECISIONS["return"])
    return _done(request, pk, lambda: act(version, by=request.user, comment=comment), sentence)


@require_POST
def record_correct(request, pk):
    """Open the next version, to correct the record or (?void) to strike it out."""
    record, form = _versions(request, pk)[0].record, ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请写明更正或作废的原因。")
        return redirect("targets:record-detail", pk)
    reason, is_void = form.cleaned_data["reason"], "void" in request.POST
    return _done(
        request,
        pk,
        lambda: record_actions.correct(record, by=request.user, reason=reason, is_void=is_void),
        "已打开新版次：提交并通过之前，原版次继续有效。",
    )


@require_POST
def document_new(request, pk):
    """Attach evidence to a draft."""
    version, form = _open_version(request, pk), DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "；".join(each for errors in form.errors.values() for each in errors))
        return redirect("targets:record-detail", pk)
    file = form.cleaned_data["file"]
    return _done(
        request,
        pk,
        lambda: record_actions.attach(version, file.read(), file.name, by=request.user),
        f"已附上 {file.name}。",
    )


@require_POST
def document_delete(request, pk):
    document = _document(request, pk)
    _done(
        request,
        document.version.record_id,
        lambda: record_actions.detach(document, by=request.user),
        "已取下。",
    )
    return redirect("targets:record-detail", document.version.record_id)


def document_file(request, pk):
    """The document itself, for those who see the record."""
    document = _document(request, pk)
    try:
        content = record_actions.content_of(document)
    except evidence_files.Damaged as damaged:
        messages.error(request, str(damaged))
        return redirect("targets:record-detail", document.version.record_id)
    return shown_files.response(document, content)


def _versions(request, pk):
    access.permit(request.user, "see_plan")
    versions = RecordVersion.objects.visible_to(request.user).filter(record=pk).prefetch_related("documents")
    found = list(
        versions.select_related("record__register", "record__agency", "entered_by", "decided_by").order_by(
            "-number"
        )
    )
    return found or [get_object_or_404(versions)]


def _open_version(request, pk):
    version = _versions(request, pk)[0]
    if not access.may_keep(request.user, version.record.register, version.record.agency):
        raise PermissionDenied
    return version


def _document(request, pk):
    access.permit(request.user, "see_plan")
    documents = RecordDocument.objects.select_related("version__record__agency", "version__record__register")
    return get_object_or_404(
        documents.filter(version__in=RecordVersion.objects.visible_to(request.user)), pk=pk
    )


def _choose_agency(request, register):
    filters = WordsFilter(request.GET, label="机构名称")
    kept = access.kept_agencies(request.user, register).filter(name__icontains=filters.chosen_words)
    page = Paginator(kept, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"register": register, "page_obj": page, "filters": filters}
    return render(request, "targets/record_agency.html", context)


def _keeper(request, register):
    """For whom the record is: the one that ?agency= names, or the only one; None where there is a choice."""
    if key := request.GET.get("agency"):
        agency = get_object_or_404(Agency.objects.visible_to(request.user), key=key)
        if not access.may_keep(request.user, register, agency):
            raise PermissionDenied
        return agency
    kept = access.kept_agencies(request.user, register)[:2]
    if not kept:
        raise PermissionDenied
    return kept[0] if len(kept) == 1 else None


def _stored(form, store):
    """What `store` returns, or None with the refusal beside the field that it concerns."""
    try:
        return store()
    except ValidationError as refusal:
        for name, errors in refusal.message_dict.items():
            form.add_error(name if name in form.fields else None, errors)
        return None


def _done(request, pk, act, sentence):
    try:
        act()
    except (WrongStatus, evidence_files.NotStored, file_types.NotAccepted) as refusal:
        messages.warning(request, str(refusal))
    except ValidationError as refusal:
        messages.error(request, "；".join(refusal.messages))
    else:
        messages.success(request, sentence)
    return redirect("targets:record-detail", pk)
