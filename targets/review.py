"""Four eyes: whatever one person proposes another decides, once, by effects that are those of now.

For restatements and proposals alike.
"""

from django.core.exceptions import PermissionDenied, ValidationError

from reporting.actions import WrongStatus

from . import access, inputs

PROPOSED = "proposed"


def permit(by, verb, row=None):
    """Raises PermissionDenied where the role lacks the verb, or the row is the person's own proposal."""
    if not access.may(by, verb) or (row and row.proposed_by_id == by.pk):
        raise PermissionDenied


def may_decide(user, row, verb):
    return row.status == PROPOSED and row.proposed_by_id != user.pk and access.may(user, verb)


def check_note(note):
    if not note:
        raise ValidationError({"note": "请写明否决理由。"})


def check_rehearsed(row, what, seen=""):
    """Raises WrongStatus unless the listed effects are those of now; until the decision is stored they stay so.

    seen: `version` of what the deciding person looked at; empty where that is not known.
    """
    stored = type(row).objects.select_for_update().get(pk=row.pk)
    if stored.status != PROPOSED:
        raise _taken(what)
    if stored.rehearsed_at is None:
        raise WrongStatus("影响尚未试算完毕，请稍后刷新本页再决定。")
    if sentence := inputs.outdated(stored):
        raise WrongStatus(f"{sentence}，请重新试算后再决定。")
    if seen and seen != version(stored):
        raise WrongStatus("在您打开本页之后又重新试算过，请核对现在的影响再决定。")


def version(row):
    """A text that every rehearsal changes: the form of the decision carries it."""
    return row.rehearsed_at.isoformat() if row.rehearsed_at else ""


def ask_again(row, by):
    """Have a waiting row rehearsed again; of two people asking at once one is told that it runs already."""
    permit(by, "rehearse")
    rehearsed = type(row).objects.filter(pk=row.pk, status=PROPOSED, rehearsed_at__isnull=False)
    if not rehearsed.update(rehearsed_at=None):
        raise WrongStatus("正在试算，或已有决定。")


def decide(row, what, **facts):
    """The old status stands in the WHERE: of two people deciding at once one wins. facts: the new columns."""
    if not type(row).objects.filter(pk=row.pk, status=PROPOSED).update(**facts):
        raise _taken(what)


def _taken(what):
    return WrongStatus(f"这项{what}已由他人处理。")
