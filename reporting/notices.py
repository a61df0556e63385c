"""What leaves the building after a commit: jobs, and messages to those whom an act concerns.

The messages are written in the transaction of their act. Their text names institution and month, no person and no
figure: the page that they lead to has both, for those who may see it.
"""

from django.urls import reverse

from agencies.access import Role
from agencies.jobs import ask_for
from agencies.models import Message, MessageKind
from agencies.notices import holders, paths_to, places, post, tell

# The job lives in the app above this one, so it is called by name; a test asserts that the name is registered.
REFRESH_TASK = "targets.tasks.refresh_figures"


def figures_changed():
    """Ask the worker for new figures once the transaction is committed."""
    ask_for(REFRESH_TASK)


def returned(revision):
    """Its filers are told that a submission came back."""
    text = "请按月报页上的退回原因修改后重新提交。"
    _tell_filers(MessageKind.RETURNED, revision.report, revision.number, "已退回", text)


def approved(revision):
    """Its filers are told that the month passed."""
    _tell_filers(MessageKind.APPROVED, revision.report, revision.number, "已通过", "审核已通过，数据已计入。")


def correction_opened(revision, *, by):
    """Its filers are told of a correction that somebody else opened; a filer's own needs no message."""
    if by.holds({Role.FILER}, revision.report.agency):
        return
    text = (
        "机关事务管理局发起了更正，请按月报页上的原因修改后重新提交；此前通过的版次在新版次通过前继续有效。"
    )
    _tell_filers(MessageKind.CORRECTION, revision.report, revision.number, "需要更正", text)


def extended(extensions):
    """The filers of each month are told of its later last day; as many queries for one as for all of a municipality."""
    above = {row.pk: paths_to(row.report.agency.path) for row in extensions}
    filers = places({Role.FILER}, set().union(*above.values()))[Role.FILER]
    post(
        Message(recipient=each, **_extended(row))
        for row in extensions
        for each in {user for path in above[row.pk] for user in filers.get(path, ())}
    )


def _extended(row):
    what, text = f"延期至 {row.last_day}", f"请于 {row.last_day} 前（含当日）提交。"
    return _about(MessageKind.EXTENDED, row.report, row.pk, what, text)


def _tell_filers(kind, report, which, what, text):
    tell(holders({Role.FILER}, report.agency), **_about(kind, report, which, what, text))


def _about(kind, report, which, what, text):
    """`which`: the revision's number, or what else tells two messages of one kind about one month apart."""
    agency, month = report.agency, report.period.month
    return {
        "kind": kind,
        "key": f"{kind}:{agency.key}:{month:%Y-%m}:{which}",
        "subject": f"{agency} {report.period}月报{what}",
        "text": text,
        "address": reverse("reporting:report-detail", args=(agency.key, month)),
    }
