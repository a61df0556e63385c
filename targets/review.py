"""Four eyes: whatever one person proposes another decides, once. For restatements and proposals alike."""

from django.core.exceptions import PermissionDenied, ValidationError

from reporting.actions import WrongStatus

from . import access

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


def decide(row, what, **facts):
    """The old status stands in the WHERE: of two people deciding at once one wins. facts: the new columns."""
    if not type(row).objects.filter(pk=row.pk, status=PROPOSED).update(**facts):
        raise WrongStatus(f"这项{what}已由他人处理。")
