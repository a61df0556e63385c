"""What every verb on a month's report shares: who may, how it stands now, the move of its state, the trail's row."""

from django.core.exceptions import PermissionDenied
from django.db.models import Max

from agencies import trail
from agencies.models import Event
from agencies.models.trail import Verb

from .. import access, hits, locks, returned
from ..entries import Entry
from ..models import Edition, Item, Line, Report, Revision, Status
from ..models.filing import content_hash
from ..refusals import Locked, WrongStatus

REASON_LENGTH = Revision._meta.get_field("reason").max_length


def permit(by, verb, report):
    if not access.may(by, verb, report.agency):
        raise PermissionDenied


def locked(report):
    """The report as it stands now, held until the transaction ends.

    Locked first and read afterwards: rows joined to a row that had to be waited for are older than the wait.
    """
    found = Report.objects.select_for_update().get(pk=report.pk)
    found.agency, found.period = report.agency, report.period
    if found.latest_id:
        found.latest = Revision.objects.select_related("edition").get(pk=found.latest_id)
        found.latest.report = found
    return found


def expect(report, *statuses):
    if report.status not in statuses:
        raise WrongStatus(f"{report.agency} {report.period} 现为“{report.status_name}”，不能进行此操作。")
    return report.latest


def expect_editable(report):
    """Raises WrongStatus where the month stands elsewhere, Locked where the calendar keeps it."""
    if not report.is_editable:
        raise WrongStatus(f"{report.agency} {report.period} 现为“{report.status_name}”，不能修改。")
    if lock := locks.of(report):
        raise Locked(lock)


def expect_opened(report, codes):
    """Raises Locked where single cells were returned and these are others."""
    opened = returned.unlocked(report)
    if opened is not None and (closed := set(codes) - opened):
        raise Locked(locks.of_cells(Item.objects.filter(pk__in=closed)))


def fingerprint(report, revision, lines, explained=()):
    return content_hash(
        report.agency.key, report.period.month, revision.number, revision.edition.slug, lines, explained
    )


def move(revision, source, target, **facts):
    """The old status stands in the WHERE: of two people clicking at once, one wins."""
    moved = Revision.objects.filter(pk=revision.pk, status=source).update(status=target, **facts)
    if not moved:
        raise WrongStatus(f"{revision} 刚刚已由他人处理，请刷新查看。")


def open_revision(report, by):
    expect_editable(report)
    latest = report.latest
    reasons = {
        "missing": "",
        Status.RETURNED: f"退回后修改：{latest.return_reason if latest else ''}",
        Status.WITHDRAWN: "撤回后修改",
    }
    asked = returned.asked_in(report)
    return next_revision(report, by, reasons[report.status][:REASON_LENGTH], answers=asked)


def next_revision(report, by, reason, answers=None):
    """The following version, which begins as a copy of the one before it: the trail then tells only what changed."""
    latest = report.latest
    edition = latest.edition if latest else Edition.objects.for_month(report.period.month)
    newest = report.revisions.aggregate(newest=Max("number"))["newest"] or 0
    revision = Revision.objects.create(
        report=report,
        number=newest + 1,
        edition=edition,
        reason=reason,
        opened_by=by,
        begun_from=latest,
        answers=answers,
    )
    Report.objects.filter(pk=report.pk).update(latest=revision)
    if latest:
        Line.objects.bulk_create(
            [Entry.of(line).line(revision, line.item) for line in latest.lines.select_related("item")]
        )
        hits.carry_over(latest, revision)
    return revision


def last_save(report):
    return (
        Event.objects.about(report.agency, report.period.month).filter(verb=Verb.SAVE).order_by("-pk").first()
    )


def record(verb, revision, by, detail=""):
    report = revision.report
    trail.record(
        verb,
        by=by,
        agency=report.agency,
        month=report.period.month,
        revision_number=revision.number,
        detail=detail,
    )
