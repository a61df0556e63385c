"""Which role may do what to a month's report: one table, asked by actions and by the templates' buttons."""

from agencies.access import Role

from .models import Status

VERBS = {
    "save": frozenset({Role.FILER}),
    "submit": frozenset({Role.FILER}),
    "withdraw": frozenset({Role.FILER}),
    "approve": frozenset({Role.REVIEWER}),
    "return": frozenset({Role.REVIEWER}),
    "correct": frozenset({Role.FILER, Role.REVIEWER}),
    "keep_evidence": frozenset({Role.FILER}),
    # A department takes its system's workbook and may look at one that comes back; what is written, "save" decides.
    "take_template": frozenset({Role.FILER, Role.DEPARTMENT}),
    "upload": frozenset({Role.FILER, Role.DEPARTMENT}),
}
# From which states a verb sets out; a button stands only where its verb may follow.
SETS_OUT_FROM = {
    "save": ("missing", Status.DRAFT, Status.RETURNED, Status.WITHDRAWN),
    "submit": (Status.DRAFT,),
    "withdraw": (Status.SUBMITTED,),
    "approve": (Status.SUBMITTED,),
    "return": (Status.SUBMITTED,),
    "correct": (Status.APPROVED,),
}


def may_somewhere(user, verb):
    """Whether one of the user's current roles carries the verb, at whatever agency."""
    return bool(VERBS[verb] & user.roles)


def may(user, verb, agency):
    """Whether the user holds, at the agency or above it, a role that carries the verb."""
    return user.holds(VERBS[verb], agency)


# What is done to the rules of the checks: the bureau's own, not an institution's.
RULE_VERBS = {
    "see_rules": frozenset({Role.MANAGER, Role.REVIEWER}),
    "set_limit": frozenset({Role.MANAGER}),
}


def may_tend(user, verb):
    """Whether one of the user's current roles carries this verb on the rules."""
    return bool(RULE_VERBS[verb] & user.roles)
