"""The seven roles, and which of them may do what to the register, accounts and the trail."""

from django.db.models import TextChoices


class Role(TextChoices):
    FILER = "filer", "填报员"
    DEPARTMENT = "department", "主管部门"
    REVIEWER = "reviewer", "局审核员"
    MANAGER = "manager", "局管理员"
    OBSERVER = "observer", "协同部门"
    AUDITOR = "auditor", "审计员"
    ADMINISTRATOR = "administrator", "系统管理员"


# Whose work needs to see what institutions file and use. Auditors see the trail only, administrators accounts only.
SEES_FIGURES = frozenset({Role.FILER, Role.DEPARTMENT, Role.REVIEWER, Role.MANAGER, Role.OBSERVER})

# Who grants a role, who makes a figure count and who audits both: no two of these meet in one person (三员分立).
GRANTING = frozenset({Role.ADMINISTRATOR})
DECIDING = frozenset({Role.REVIEWER, Role.MANAGER, Role.DEPARTMENT, Role.FILER})
AUDITING = frozenset({Role.AUDITOR})

VERBS = {
    "edit_register": frozenset({Role.MANAGER}),
    "keep_own_register": frozenset({Role.FILER, Role.MANAGER}),
    "edit_accounts": frozenset({Role.ADMINISTRATOR}),
    "see_trail": frozenset({Role.AUDITOR}),
}


def may_at(user, verb: str, agency) -> bool:
    """Whether the user holds, at the agency or above it, a role that carries the verb."""
    return user.holds(VERBS[verb], agency)


def may(user, verb: str) -> bool:
    """Whether one of the user's current roles carries this verb."""
    return bool(VERBS[verb] & user.roles)
