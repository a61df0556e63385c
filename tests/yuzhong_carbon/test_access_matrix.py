"""Every address × every role: who gets in, who is sent to the login, who is refused, for whom nothing is there.

The addresses come from the URL resolver: a new one without a row here fails.
"""

from datetime import date

import pytest
from django.urls import get_resolver, reverse

from agencies.access import Role
from agencies.models import Building, Event, Vehicle
from reporting import evidence_actions
from reporting.models import Evidence, JointReviewPoint, PointKind
from targets import benchmarking, explaining, forecasting, plan_library, record_actions, refresh
from targets.models import RecordDocument, Register
from tests.factories import DepartmentFactory, District, InstitutionFactory, user_with
from tests.reporting.documents import bill
from tests.targets.months import settle

pytestmark = pytest.mark.django_db

MONTH = date(2025, 3, 1)
QUANTITIES = {"110": 1000, "102": 100, "103": 10}
OK, TO_LOGIN, REFUSED, NOTHING, NOT_BY_GET = 200, 302, 403, 404, 405
ELSEWHERE = 302

F, D, R, M, V, A, S = Role
EVERYBODY = set(Role)
SEES = {F, D, R, M, V}


def row(allowed, otherwise, status=OK):
    """Role → expected status: `status` for the allowed, `otherwise` for the rest."""
    return {role: status if role in allowed else otherwise for role in Role}


# Own reports and institutions: the roles that see figures; for the others there is nothing.
OWN = {
    "home": row({F, D}, ELSEWHERE),
    "agencies:trail-list": row({A}, REFUSED),
    "agencies:trail-export": row({A}, REFUSED),
    "agencies:message-list": dict.fromkeys(Role, OK),
    "agencies:message-settings": dict.fromkeys(Role, OK),
    "reporting:report-list": row(SEES, REFUSED),
    "reporting:report-detail": row(SEES, NOTHING),
    "reporting:report-edit": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:review-queue": row({R, D}, REFUSED),
    "reporting:bulk-new": row({R}, REFUSED),
    "reporting:bulk-detail": row({R, M}, REFUSED, NOTHING),
    "reporting:look-list": row({R, M}, REFUSED),
    "reporting:look-detail": row({R, M}, REFUSED, NOTHING),
    "targets:report-effect": row(SEES, REFUSED),
    "reporting:guide": dict.fromkeys(Role, OK),
    "reporting:calendar-list": row({D, R, M, V}, REFUSED),
    "reporting:calendar-edit": row({M}, REFUSED),
    "reporting:calendar-new": row({M}, REFUSED),
    "reporting:extension-new": row({M}, REFUSED),
    "reporting:extension-list": row({D, R, M, V}, REFUSED),
    "reporting:completeness": row({D, R, M, V}, REFUSED),
    "reporting:quality": row(SEES, REFUSED),
    "reporting:quality-export": row(SEES, REFUSED),
    "reporting:joint-review-list": row({D, R, M, V}, REFUSED),
    "reporting:joint-review-export": row({D, R, M, V}, REFUSED),
    "reporting:joint-review-point": row({D, R, M, V}, REFUSED),
    "reporting:rule-list": row({M, R}, REFUSED),
    "reporting:rule-detail": row({M, R}, REFUSED),
    "reporting:evidence-list": row(SEES, REFUSED),
    "reporting:evidence-new": row({F}, REFUSED),
    "reporting:evidence-detail": row(SEES, NOTHING),
    "reporting:evidence-file": row(SEES, NOTHING),
    "reporting:evidence-replace": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:suggestion-detail": row({F}, NOTHING) | dict.fromkeys({D, R, M, V}, REFUSED),
    "reporting:register-list": row({D, R, M, V}, REFUSED) | {F: ELSEWHERE},
    "reporting:register-detail": row(SEES, NOTHING),
    "reporting:register-new": row({F, M}, NOTHING) | dict.fromkeys({D, R, V}, REFUSED),
    "reporting:register-row": row({F, M}, NOTHING) | dict.fromkeys({D, R, V}, REFUSED),
    "reporting:building-month": row(SEES, NOTHING),
    "reporting:upload-list": row({F, D}, REFUSED),
    "reporting:upload-detail": row({F, D}, REFUSED, NOTHING),
    "reporting:upload-returned": row({F, D}, REFUSED, NOTHING),
    "reporting:template-month": row({F, D}, NOTHING) | dict.fromkeys({R, M, V}, REFUSED),
    "reporting:template-year": row({F, D}, NOTHING) | dict.fromkeys({R, M, V}, REFUSED),
    "targets:cockpit": row({D, R, M, V}, REFUSED),
    "targets:cockpit-wall": row({D, R, M, V}, REFUSED),
    "targets:assessment": row({D, R, M, V}, REFUSED),
    "targets:assessment-evidence": row({D, R, M, V}, REFUSED),
    "targets:leader-list": row({D, R, M, V}, REFUSED),
    "targets:system-detail": row({D, R, M, V}, REFUSED),
    "targets:certificate": row(SEES, REFUSED),
    "targets:group-list": row({R, M, V}, REFUSED),
    "targets:group-detail": row({R, M, V}, REFUSED),
    "targets:institution-list": row({D, R, M, V}, REFUSED) | {F: ELSEWHERE},
    "targets:institution-export": row(SEES, REFUSED),
    "targets:institution-detail": row(SEES, REFUSED),
    "targets:recalculation-list": row({M}, REFUSED),
    "targets:publication-list": row({D, R, M, V}, REFUSED),
    "targets:publication-detail": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:why-institution": row(SEES, REFUSED),
    "targets:why-group": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-effects": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-requirement": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-forecast": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-peak": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:why-published": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:why-rehearsed": row({R, M, V}, REFUSED, NOTHING),
    "targets:plan-board": row(SEES, REFUSED),
    "targets:plan-task": row(SEES, REFUSED),
    "targets:library": row(SEES, REFUSED),
    "targets:record-list": row(SEES, REFUSED),
    "targets:record-new": row({F, D, M}, REFUSED),
    "targets:record-detail": row(SEES, REFUSED),
    "targets:record-change": row({F, M}, REFUSED),
    "targets:record-document": row(SEES, REFUSED),
    "targets:record-export": row(SEES, REFUSED),
    "targets:record-import": row({F, D, M}, REFUSED),
    "targets:restatement-list": row({R, M, V}, REFUSED),
    "targets:restatement-new": row({M}, REFUSED),
    "targets:restatement-detail": row({R, M, V}, REFUSED, NOTHING),
    "targets:proposal-list": row({R, M, V}, REFUSED),
    "targets:proposal-new": row({M}, REFUSED),
    "targets:proposal-detail": row({R, M, V}, REFUSED, NOTHING),
    "password_change": row(EVERYBODY, REFUSED),
    "password_change_done": row(EVERYBODY, REFUSED),
    "admin:index": row({M, S}, TO_LOGIN),
}
API = {
    "targets:api-lineage-institution": row(SEES, REFUSED),
    "targets:api-lineage-group": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-effects": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-requirement": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-forecast": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-peak": row({D, R, M, V}, REFUSED) | {F: NOTHING},
    "targets:api-lineage-published": row({D, R, M, V}, REFUSED, NOTHING),
    "targets:api-lineage-rehearsed": row({R, M, V}, REFUSED, NOTHING),
}
OWN |= API
VERBS = {
    *(
        f"reporting:report-{verb}"
        for verb in ("submit", "withdraw", "endorse", "approve", "return", "correct", "check")
    ),
    "reporting:cell-save",
    "reporting:evidence-delete",
    "reporting:reason-save",
    "reporting:report-abandon",
    "targets:view-delete",
    *(f"targets:record-{verb}" for verb in ("submit", "withdraw", "abandon", "decide", "correct")),
    "targets:record-document-new",
    "targets:record-document-delete",
}
# A document or register row by its own number; the others stand under the key of their agency.
BY_NUMBER = ("evidence-detail", "evidence-file", "evidence-replace", "evidence-delete")
RECORD_PAGES = {
    f"targets:record-{page}"
    for page in ("detail", "change", "submit", "withdraw", "abandon", "decide", "correct", "document-new")
}
OPEN = {"login": OK, "healthz": OK, "readyz": OK}
# The admin's own addresses are tested role by role in tests/agencies/test_admin.py; logging out is a POST, and so is
# choosing in an upload, which is tested in tests/reporting/test_upload_views.py; what is posted to one's own messages,
# in tests/agencies/test_message_pages.py; computing a 会审, in tests/reporting/test_joint_review_pages.py; what is
# carried into the next plan period, in tests/targets/test_scorecard.py.
ELSEWHERE_TESTED = {
    *(
        "logout",
        "reporting:upload-choose",
        "reporting:joint-review-compute",
        "reporting:look-draw",
        "agencies:message-open",
        "agencies:messages-read",
        "targets:assessment-carry",
    ),
} | {f"targets:{change}-{verb}" for change in ("restatement", "proposal") for verb in ("decide", "rehearse")}


@pytest.fixture
def district(settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    plan_library.load()
    district = District()
    settle(district.institution, 2020)
    _keep(district.institution, district.filer)
    district.approved(MONTH, QUANTITIES)
    refresh.refresh_all()
    explaining.explain_all()
    forecasting.forecast_all()
    benchmarking.benchmark_all()
    return district


@pytest.fixture
def stranger(district):
    """Another department with an institution and a filed month of its own."""
    department = DepartmentFactory(parent=district.bureau)
    institution = InstitutionFactory(parent=department)
    filer = user_with(F, institution)
    settle(institution, 2020)
    _keep(institution, filer)
    district.approved(MONTH, QUANTITIES, agency=institution, by=filer)
    refresh.refresh_all()
    explaining.explain_all()
    forecasting.forecast_all()
    benchmarking.benchmark_all()
    return institution


def _keep(institution, filer):
    """A document, a vehicle, a building and a point of the 会审 of the institution."""
    JointReviewPoint.objects.create(
        year=MONTH.year, agency=institution, kind=PointKind.ENERGY_PER_AREA, place="2025", statement="高"
    )
    evidence_actions.attach(institution, bill(first=MONTH), by=filer)
    Vehicle.objects.create(agency=institution, plate=institution.key, energy="petrol", registered_on=MONTH)
    said = {"name": "食堂", "happened_on": MONTH, "ended_on": None, "values": {}}
    version = record_actions.enter(Register.objects.get(slug="canteen"), institution, said, by=filer)
    record_actions.attach(version, bill(first=MONTH).content, "a.pdf", by=filer)
    Building.objects.create(manager=institution, name="楼", floor_area_m2=1, in_use_from=MONTH)


def names(resolver=None, namespace=""):
    """Names of all the project's own addresses, with their namespace; the admin's only by its index."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            if pattern.namespace == "admin":
                yield "admin:index"
            else:
                yield from names(pattern, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


def nameless(resolver=None):
    """Addresses that `names` cannot see, the admin's own apart."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if not hasattr(pattern, "url_patterns"):
            if not pattern.name:
                yield str(pattern.pattern)
        elif pattern.namespace != "admin":
            yield from nameless(pattern)


def address(name, institution):
    return reverse(name, args=arguments(name, institution))


def arguments(name, institution):
    group, own = [institution.parent.key], [institution.key]
    month, figure = [*own, MONTH], [MONTH.year, "kgce"]
    known = {
        "targets:restatement-detail": [1_000_000],
        "targets:proposal-detail": [1_000_000],
        "targets:publication-detail": [1_000_000],
        "targets:assessment": [MONTH.year],
        "targets:assessment-evidence": [MONTH.year],
        "targets:assessment-carry": [MONTH.year],
        "targets:view-delete": [1_000_000],
        "targets:plan-task": ["14-5-3-2-1"],
        "targets:library": ["case"],
        "targets:record-new": ["project"],
        "targets:record-export": ["project"],
        "targets:record-import": ["project"],
        "targets:system-detail": group,
        "targets:certificate": [*own, MONTH.year],
        "targets:leader-list": ["energy"],
        "targets:group-list": ["type"],
        "targets:group-detail": ["type", institution.type_code],
        "targets:report-effect": month,
        "targets:institution-export": ["csv"],
        "targets:institution-detail": own,
        "reporting:report-list": [],
        "reporting:bulk-detail": [1_000_000],
        "reporting:look-detail": [1_000_000],
        "reporting:look-draw": [MONTH.year],
        "reporting:cell-save": [*month, "110"],
        "reporting:reason-save": month,
        "reporting:rule-detail": ["unit-price"],
        "reporting:calendar-edit": [MONTH],
        "reporting:extension-new": [MONTH],
        "reporting:extension-list": [MONTH],
        "reporting:joint-review-compute": [MONTH.year],
        "reporting:joint-review-point": [MONTH.year, *own, "energy-per-area", f"{MONTH.year}"],
        "reporting:suggestion-detail": [*month, "110"],
        "reporting:register-list": [],
        "reporting:register-detail": own,
        "reporting:register-new": [*own, "vehicle"],
        "reporting:upload-detail": [1_000_000],
        "reporting:upload-returned": [1_000_000],
        "reporting:template-month": month,
        "reporting:template-year": [*own, MONTH.year],
    }
    if name.removeprefix("reporting:") in BY_NUMBER:
        return [Evidence.objects.get(agency=institution).pk]
    if name.startswith("targets:record-document") and name != "targets:record-document-new":
        return [RecordDocument.objects.get(version__record__agency=institution).pk]
    if name in RECORD_PAGES:
        return [institution.records.get().pk]
    if name == "reporting:register-row":
        return [*own, "vehicle", institution.vehicles.get().pk]
    if name == "reporting:building-month":
        return [institution.managed_buildings.get().pk, MONTH]
    for page in ("why", "api-lineage"):
        known[f"targets:{page}-group"] = ["node", *group, *figure]
        known[f"targets:{page}-institution"] = [*own, *figure]
        known[f"targets:{page}-forecast"] = ["node", *group, MONTH.year, "kgce_per_m2"]
        known[f"targets:{page}-peak"] = ["node", *group]
        known[f"targets:{page}-published"] = [1_000_000, "node", *group, "all", "kgce"]
        known[f"targets:{page}-rehearsed"] = [1_000_000]
        known[f"targets:{page}-requirement"] = ["node", *group, MONTH.year, "kgce_per_m2"]
        known[f"targets:{page}-effects"] = ["node", *group, MONTH.year, "energy"]
    return known.get(name, month if name.startswith("reporting:report-") else [])


def user_of(district, role):
    return {
        F: district.filer,
        D: district.department_user,
        R: district.reviewer,
        M: district.manager,
        V: district.observer,
        A: district.auditor,
        S: district.administrator,
    }[role]


def test_every_address_has_its_row():
    assert set(names()) == OWN.keys() | VERBS | OPEN.keys() | ELSEWHERE_TESTED


def test_no_address_goes_without_a_name_and_a_row():
    # The admin's own sign-in page, which only redirects: tests/agencies/test_admin.py.
    assert list(nameless()) == ["admin/login/"]


def test_each_call_of_the_api_stands_in_the_trail(district, client):
    client.force_login(district.manager)
    met = [client.get(address(name, district.institution)).status_code for name in API]

    told = Event.objects.filter(verb="api").order_by("sequence").values_list("detail", "is_success")
    assert [
        (detail.endswith(f"→ {status}"), status < 400) for (detail, _), status in zip(told, met, strict=True)
    ] == [(True, is_success) for _, is_success in told]
    assert {OK, NOTHING} == set(met)


@pytest.mark.parametrize("role", Role)
def test_what_each_role_meets_at_its_own_addresses(district, client, role):
    client.force_login(user_of(district, role))
    met = {name: client.get(address(name, district.institution)).status_code for name in OWN}
    # An approved month is shown, not edited: who may edit is sent to it.
    expected = {name: statuses[role] for name, statuses in OWN.items()}
    if role == F:
        expected["reporting:report-edit"] = ELSEWHERE
    assert met == expected


@pytest.mark.parametrize("role", [F, D])
def test_what_is_outside_the_own_subtree_is_not_there(district, stranger, client, role):
    client.force_login(user_of(district, role))
    addresses = ["reporting:report-detail", "reporting:report-edit", "targets:institution-detail"]
    addresses += ["targets:report-effect"]
    addresses += ["reporting:template-month", "reporting:template-year"]
    addresses += ["reporting:evidence-detail", "reporting:evidence-file", "reporting:suggestion-detail"]
    addresses += [f"reporting:{page}" for page in ("register-detail", "register-row", "building-month")]
    addresses += [name for name in OWN if name.startswith("targets:why-")] + [*API]
    met = {name: client.get(address(name, stranger)).status_code for name in addresses}
    # Who sees no publications, or no changes, is told so, whoever's it is.
    asked_for = [name for name in addresses if name.endswith(("-published", "-rehearsed"))]
    refused = {name: REFUSED for name in asked_for if OWN[name][role] == REFUSED}
    assert met == dict.fromkeys(addresses, NOTHING) | refused


@pytest.mark.parametrize("role", [F, D])
@pytest.mark.parametrize("name", sorted(VERBS))
def test_no_verb_reaches_outside_the_own_subtree(district, stranger, client, role, name):
    client.force_login(user_of(district, role))
    assert client.post(address(name, stranger), {"reason": "x"}).status_code == NOTHING


@pytest.mark.parametrize("name", sorted(VERBS))
def test_no_verb_is_done_by_following_a_link(district, client, name):
    client.force_login(district.reviewer)
    assert client.get(address(name, district.institution)).status_code == NOT_BY_GET


@pytest.mark.parametrize("role", [A, S])
@pytest.mark.parametrize("name", sorted(VERBS))
def test_who_sees_no_figures_does_nothing_to_reports(district, client, role, name):
    client.force_login(user_of(district, role))
    assert client.post(address(name, district.institution), {"reason": "x"}).status_code in {REFUSED, NOTHING}


# What anybody with an account may send: the own password.
# What is everybody's own.
PASSWORD = {"password_change", "password_change_done", "agencies:message-settings"}


@pytest.mark.parametrize("role", [A, S])
def test_who_sees_no_figures_sends_nothing_anywhere(district, client, role):
    """An auditor reads the trail; whatever they send is refused, or read as the page that it is."""
    user = user_of(district, role)
    client.force_login(user)
    for name in sorted(OWN.keys() - PASSWORD - {"admin:index"}):
        answer = client.post(address(name, district.institution), {"reason": "x"})
        shown = ELSEWHERE if name == "home" else OWN[name][role]
        assert answer.status_code in {REFUSED, NOTHING, NOT_BY_GET, shown}, name
    told = Event.objects.filter(actor=user).values_list("verb", flat=True)
    assert set(told) <= {"login", "api", "export"}


def test_without_a_session_only_the_open_addresses_answer(district, client):
    for name in API:
        assert client.get(address(name, district.institution)).status_code == REFUSED, name
    for name in (OWN.keys() | VERBS) - API.keys():
        response = client.get(address(name, district.institution))
        assert (response.status_code, "login" in response.url) == (TO_LOGIN, True), name
    assert {name: client.get(address(name, district.institution)).status_code for name in OPEN} == OPEN
