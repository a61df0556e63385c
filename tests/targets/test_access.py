"""Every role × every verb on figures and plan, wherever the role is held; driven by the tables of targets.access."""

import pytest
from django.core.exceptions import PermissionDenied

from agencies.access import Role
from targets import access
from tests.factories import BureauFactory, DepartmentFactory, InstitutionFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

F, D, R, M, V, A, S = Role
BUREAU = {M, R, V}

# A verb of a table that has no row here fails, and so does a table that is not named here.
EXPECTED = {
    "VERBS": {
        "see_cockpit": BUREAU | {D},
        "see_groups": BUREAU,
        "see_institutions": BUREAU | {D, F},
        "keep_views": BUREAU | {D, F},
        "see_lineage": BUREAU | {D, F},
        "see_effect": BUREAU | {D, F},
        "see_changes": BUREAU,
        "propose": {M},
        "rehearse": {M, R},
        "sign": {M, R},
        "activate": {M},
        "see_publications": BUREAU | {D},
        "seal": {M},
        "edit_plan": {M},
        "recalculate": {M},
        "see_plan": BUREAU | {D, F},
        "keep_records": {F, D, M},
        "review_records": {R},
    },
}


@pytest.fixture
def places():
    """Where a role may be held. The verbs of targets are not about an agency: which rows, visible_to decides."""
    bureau = BureauFactory()
    department = DepartmentFactory(parent=bureau)
    return bureau, department, InstitutionFactory(parent=department)


def test_the_matrix_has_every_table_and_every_verb():
    tables = {name: set(table) for name, table in vars(access).items() if name.endswith("VERBS")}

    assert tables == {name: set(verbs) for name, verbs in EXPECTED.items()}


@pytest.mark.parametrize("role", Role)
def test_each_role_carries_its_verbs_wherever_it_is_held(places, role):
    expected = {verb for verb, roles in EXPECTED["VERBS"].items() if role in roles}

    for place in places:
        user = user_with(role, place)
        assert {verb for verb in access.VERBS if access.may(user, verb)} == expected


@pytest.mark.parametrize("role", Role)
def test_who_may_not_is_refused(places, role):
    user = user_with(role, places[0])
    for verb, roles in EXPECTED["VERBS"].items():
        if role in roles:
            access.permit(user, verb)
        else:
            with pytest.raises(PermissionDenied):
                access.permit(user, verb)


def test_without_a_role_nothing_is_allowed():
    user = UserFactory(is_superuser=True, is_staff=True)

    assert not any(access.may(user, verb) for verb in access.VERBS)
