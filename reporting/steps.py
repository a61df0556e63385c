"""What the pages of filing and review share: the report that is asked for, and one verb done and said."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect

from . import access, actions
from .models import Report
from .models.filing import STATE


def permitted_report(request, key, month, verb=None, beside=STATE):
    """The report, 404 for strangers; with a verb, 403 for a colleague without the right to it.

    `beside`: what is read with it.
    """
    reports = Report.objects.visible_to(request.user).select_related(*beside)
    report = get_object_or_404(reports, agency__key=key, period__month=month)
    if verb and not access.may(request.user, verb, report.agency):
        raise PermissionDenied
    return report


def act(request, report, verb, sentence):
    """Let the verb act, say what came of it, and show the report."""
    try:
        verb(report, by=request.user)
    except (actions.WrongStatus, actions.Stale) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)
    return redirect("reporting:report-detail", report.agency.key, report.period.month)
