"""Which role may do what to a month's report: one table, asked by actions and by the templates' buttons."""

from django.core.exceptions import PermissionDenied

from agencies.access import SEES_FIGURES, Role

from .models import Status
from .models.filing import EDITABLE, WAITING

VERBS = {
    "save": frozenset({Role.FILER}),
    "submit": frozenset({Role.FILER}),
    "withdraw": frozenset({Role.FILER}),
    # A department endorses and returns where it reviews first.
    "endorse": frozenset({Role.DEPARTMENT}),
    "approve": frozenset({Role.REVIEWER}),
    "return": frozenset({Role.REVIEWER, Role.DEPARTMENT}),
    "correct": frozenset({Role.FILER, Role.REVIEWER}),
    "abandon": frozenset({Role.FILER, Role.REVIEWER}),
    "extend": frozenset({Role.MANAGER}),
    # The second look is the bureau's own work: others read figures, not how the bureau came to believe them.
    "bulk_approve": frozenset({Role.REVIEWER}),
    "look": frozenset({Role.REVIEWER}),
    "draw": frozenset({Role.REVIEWER, Role.MANAGER}),
    "see_looks": frozenset({Role.REVIEWER, Role.MANAGER}),
    "keep_evidence": frozenset({Role.FILER}),
    # A department takes its system's workbook and may look at one that comes back; what is written, "save" decides.
    "take_template": frozenset({Role.FILER, Role.DEPARTMENT}),
    "upload": frozenset({Role.FILER, Role.DEPARTMENT}),
}
# From which states a verb sets out; a button stands only where its verb may follow.
SETS_OUT_FROM = {
    "save": ("missing", Status.DRAFT, Status.RETURNED, Status.WITHDRAWN),
    "submit": (Status.DRAFT,),
    "withdraw": WAITING,
    "endorse": (Status.SUBMITTED,),
    "approve": WAITING,
    "return": WAITING,
    "correct": (Status.APPROVED,),
    "abandon": EDITABLE,
}


def may_somewhere(user, verb):
    """Whether one of the user's current roles carries the verb, at whatever agency."""
    return bool(VERBS[verb] & user.roles)


def may(user, verb, agency):
    """Whether the user holds, at the agency or above it, a role that carries the verb."""
    return user.holds(VERBS[verb], agency)


def may_now(user, verb, report):
    """Whether the verb may follow, for this user, from where the report stands: what a button asks.

    Four eyes are asked by the action alone, which reads the trail.
    """
    if report.status not in SETS_OUT_FROM[verb] or not may(user, verb, report.agency):
        return False
    return _FITS.get(verb, lambda user, report: True)(user, report)


def may_return(user, report):
    """The bureau at any time, a department while its first review is due."""
    return user.holds(VERBS["approve"], report.agency) or report.awaits_first_review


_FITS = {
    "endorse": lambda user, report: report.awaits_first_review,
    "approve": lambda user, report: not report.awaits_first_review,
    "return": may_return,
    "abandon": lambda user, report: report.is_correcting,
}


# What is done to the bureau's own: the rules of the checks, the calendar, and what it watches over a year.
BUREAU_VERBS = {
    "see_rules": frozenset({Role.MANAGER, Role.REVIEWER}),
    "set_limit": frozenset({Role.MANAGER}),
    "see_calendar": frozenset({Role.MANAGER, Role.REVIEWER, Role.DEPARTMENT, Role.OBSERVER}),
    "set_calendar": frozenset({Role.MANAGER}),
    # Who files sees the own institution's line.
    "see_quality": SEES_FIGURES,
    "see_completeness": frozenset({Role.MANAGER, Role.REVIEWER, Role.DEPARTMENT, Role.OBSERVER}),
    "see_joint_review": frozenset({Role.MANAGER, Role.REVIEWER, Role.DEPARTMENT, Role.OBSERVER}),
    "compute_joint_review": frozenset({Role.MANAGER, Role.REVIEWER}),
    "verify": frozenset({Role.REVIEWER}),
}


def may_tend(user, verb):
    """Whether one of the user's current roles carries this verb; which rows it reaches, visible_to says."""
    return bool(BUREAU_VERBS[verb] & user.roles)


def permit(user, verb):
    """Raises PermissionDenied where `may_tend` says no."""
    if not may_tend(user, verb):
        raise PermissionDenied
