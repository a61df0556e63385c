"""Which role may see and do what with figures and the plan: one table, asked by views and admin."""

from django.core.exceptions import PermissionDenied

from agencies.access import SEES_FIGURES, Role
from agencies.models import Agency, AgencyKind

from .models import Register

VERBS = {
    # The department sees its own system: which rows, visible_to decides.
    "see_cockpit": frozenset({Role.MANAGER, Role.REVIEWER, Role.OBSERVER, Role.DEPARTMENT}),
    # Types and streets go across the systems: only who sees the whole tree.
    "see_groups": frozenset({Role.MANAGER, Role.REVIEWER, Role.OBSERVER}),
    "see_institutions": SEES_FIGURES,
    # Views of the institutions are their owner's alone.
    "keep_views": SEES_FIGURES,
    "see_lineage": SEES_FIGURES,
    # Whose work is the report itself; of its groups everybody sees those whose figures they see elsewhere.
    "see_effect": SEES_FIGURES,
    "see_changes": frozenset({Role.MANAGER, Role.REVIEWER, Role.OBSERVER}),
    "propose": frozenset({Role.MANAGER}),
    "rehearse": frozenset({Role.MANAGER, Role.REVIEWER}),
    "sign": frozenset({Role.MANAGER, Role.REVIEWER}),
    "activate": frozenset({Role.MANAGER}),
    "see_publications": frozenset({Role.MANAGER, Role.REVIEWER, Role.OBSERVER, Role.DEPARTMENT}),
    "seal": frozenset({Role.MANAGER}),
    "edit_plan": frozenset({Role.MANAGER}),
    "recalculate": frozenset({Role.MANAGER}),
    # Whose tasks and records: which rows, visible_to decides.
    "see_plan": SEES_FIGURES,
    "keep_records": frozenset({Role.FILER, Role.DEPARTMENT, Role.MANAGER}),
    "review_records": frozenset({Role.REVIEWER}),
}


def may(user, verb: str) -> bool:
    """Whether one of the user's current roles carries this verb."""
    return bool(VERBS[verb] & user.roles)


def permit(user, verb: str) -> None:
    """Raises PermissionDenied unless the user may."""
    if not may(user, verb):
        raise PermissionDenied


def kept_agencies(user, register):
    """For whom the user enters records of a register: its own people for an agency, the bureau for anyone."""
    kept = Agency.objects.within(user.paths_of({Role.MANAGER}))
    if register.kept_by == Register.KeptBy.OWN:
        departments = Agency.objects.filter(kind=AgencyKind.DEPARTMENT)
        kept |= Agency.objects.within(user.paths_of({Role.FILER}))
        kept |= departments.within(user.paths_of({Role.DEPARTMENT}))
    return kept


def may_keep(user, register, agency) -> bool:
    """Whether the user enters records of a register for an agency."""
    return kept_agencies(user, register).filter(pk=agency.pk).exists()


def may_review(user, agency) -> bool:
    """Whether the user decides on the records of an agency; not on what they entered themselves, says the action."""
    return user.holds(VERBS["review_records"], agency)
