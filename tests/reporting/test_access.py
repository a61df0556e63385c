"""Every role × every verb on a month's report × where the role is held; driven by the tables of reporting.access."""

from datetime import date

import pytest
from django.urls import reverse

from agencies.access import Role
from reporting import access
from reporting.models import Report
from tests.factories import DepartmentFactory, InstitutionFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

F, D, R, M, V, A, S = Role

# A verb of a table that has no row here fails, and so does a table that is not named here.
EXPECTED = {
    "VERBS": {
        "save": {F},
        "submit": {F},
        "withdraw": {F},
        "endorse": {D},
        "approve": {R},
        "return": {R, D},
        "correct": {F, R},
        "abandon": {F, R},
        "extend": {M},
        "bulk_approve": {R},
        "look": {R},
        "draw": {R, M},
        "see_looks": {R, M},
        "keep_evidence": {F},
        "take_template": {F, D},
        "upload": {F, D},
    },
    "BUREAU_VERBS": {
        "see_rules": {M, R},
        "set_limit": {M},
        "see_calendar": {D, R, M, V},
        "set_calendar": {M},
        "see_quality": {F, D, R, M, V},
        "see_completeness": {D, R, M, V},
        "see_joint_review": {D, R, M, V},
        "compute_joint_review": {R, M},
        "verify": {R},
    },
}
# Where a role is held → whether it reaches the institution that is asked about.
REACHES = {
    "institution": True,
    "department": True,
    "bureau": True,
    "sibling": False,
    "other_department": False,
    "institution_of_other_department": False,
}


@pytest.fixture
def places(district):
    other = DepartmentFactory(parent=district.bureau)
    return {
        "institution": district.institution,
        "department": district.department,
        "bureau": district.bureau,
        "sibling": InstitutionFactory(parent=district.department),
        "other_department": other,
        "institution_of_other_department": InstitutionFactory(parent=other),
    }


def carried(table, role):
    return {verb for verb, roles in EXPECTED[table].items() if role in roles}


def test_the_matrix_has_every_table_and_every_verb():
    tables = {name: set(table) for name, table in vars(access).items() if name.endswith("VERBS")}

    assert tables == {name: set(verbs) for name, verbs in EXPECTED.items()}


@pytest.mark.parametrize("place", REACHES)
@pytest.mark.parametrize("role", Role)
def test_a_verb_reaches_the_agency_of_the_role_and_what_is_below_it(district, places, role, place):
    user = user_with(role, places[place])

    may = {verb for verb in access.VERBS if access.may(user, verb, district.institution)}

    assert may == (carried("VERBS", role) if REACHES[place] else set())


@pytest.mark.parametrize("role", Role)
def test_a_verb_never_reaches_upwards(district, role):
    user = user_with(role, district.institution)

    for above in (district.department, district.bureau):
        assert not any(access.may(user, verb, above) for verb in access.VERBS)


@pytest.mark.parametrize("role", Role)
def test_each_role_carries_its_verbs_somewhere_wherever_it_is_held(places, role):
    for place in places.values():
        user = user_with(role, place)
        assert {verb for verb in access.VERBS if access.may_somewhere(user, verb)} == carried("VERBS", role)
        assert {verb for verb in access.BUREAU_VERBS if access.may_tend(user, verb)} == carried(
            "BUREAU_VERBS", role
        )


def test_a_verb_sets_out_from_known_verbs_only():
    assert set(access.SETS_OUT_FROM) <= set(access.VERBS)


def test_without_a_role_nothing_is_allowed(district):
    user = UserFactory(is_superuser=True, is_staff=True)

    assert not any(access.may(user, verb, district.institution) for verb in access.VERBS)
    assert not any(access.may_somewhere(user, verb) for verb in access.VERBS)
    assert not any(access.may_tend(user, verb) for verb in access.BUREAU_VERBS)


# The trail of a report: for who sees the report


def trail_of(client, user, report):
    client.force_login(user)
    address = reverse("reporting:report-detail", args=[report.agency.key, report.period.month])
    answer = client.get(address)
    return answer.status_code, list(answer.context["events"]) if answer.status_code == 200 else []


def test_filers_read_the_trail_of_their_own_report_and_of_nobody_elses(client, district, places):
    report = district.submitted(date(2025, 3, 1), {"110": 100})
    sibling = district.submitted(
        date(2025, 3, 1), {"110": 7}, agency=places["sibling"], by=user_with(F, places["sibling"])
    )

    status, events = trail_of(client, district.filer, report)
    assert status == 200
    assert {event.get_verb_display() for event in events} == {"保存草稿", "提交"}
    assert {event.agency for event in events} == {district.institution}

    assert trail_of(client, district.filer, sibling) == (404, [])
    for place in ("sibling", "institution_of_other_department"):
        assert trail_of(client, user_with(F, places[place]), report) == (404, [])
    assert Report.objects.visible_to(district.filer).filter(pk=sibling.pk).count() == 0


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_who_sees_no_figures_reads_no_report_of_which_the_trail_tells(client, district, role):
    report = district.submitted(date(2025, 3, 1), {"110": 100})

    assert trail_of(client, getattr(district, role), report) == (404, [])
