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

from .access_table import (
    API,
    BY_NUMBER,
    ELSEWHERE,
    ELSEWHERE_TESTED,
    NOT_BY_GET,
    NOTHING,
    OK,
    OPEN,
    OWN,
    RECORD_PAGES,
    REFUSED,
    TO_LOGIN,
    VERBS,
    A,
    D,
    F,
    M,
    R,
    S,
    V,
)

pytestmark = pytest.mark.django_db

MONTH = date(2025, 3, 1)
QUANTITIES = {"110": 1000, "102": 100, "103": 10}


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
