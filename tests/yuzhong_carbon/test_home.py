"""Where each role starts, and what the load balancer is told."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agencies.access import Role
from agencies.models import Membership
from reporting import actions
from reporting.models import Period
from tests.factories import District, InstitutionFactory, UserFactory, entries, user_with

pytestmark = pytest.mark.django_db

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)


@pytest.fixture
def district():
    return District()


def home(client, user):
    client.force_login(user)
    return client.get("/")


def text(response):
    return response.content.decode()


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("reviewer", "/review/"),
        ("manager", "/cockpit/"),
        ("observer", "/cockpit/"),
        ("auditor", "/trail/"),
        ("administrator", "/admin/"),
    ],
)
def test_a_role_starts_where_its_work_is(district, client, person, address):
    response = home(client, getattr(district, person))
    assert (response.status_code, response.url) == (302, address)
    assert client.get(address).status_code == 200


def test_without_a_role_one_is_told_whom_to_ask(client, district):
    user = UserFactory()
    Membership.objects.create(
        user=user,
        agency=district.institution,
        role=Role.FILER,
        valid_from=date(2020, 1, 1),
        valid_to=date(2020, 12, 31),
    )
    page = text(home(client, user))
    assert "目前没有任何角色" in page
    assert "系统管理员" in page


def owed(response):
    return [(str(row.report.period), row.days_left) for row in response.context["owed"]]


def test_a_filer_sees_what_is_owed_and_how_long_there_is(district, client):
    today = timezone.localdate()
    for month, days in ((FEBRUARY, -3), (MARCH, 5)):
        period = actions.open_period(month)
        Period.objects.filter(pk=period.pk).update(
            opens_on=MARCH, due_on=today + timedelta(days), closes_on="2999-01-01"
        )
    response = home(client, district.filer)
    assert owed(response) == [("2025年2月", -3), ("2025年3月", 5)]
    assert "已逾期 3 天" in text(response)
    assert "还有 5 天" in text(response)
    assert f"/reports/{district.institution.key}/2025-03/edit/" in text(response)


def test_a_filer_sees_why_a_month_came_back(district, client):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="电量与电费不符")
    page = text(home(client, district.filer))
    assert "退回原因：电量与电费不符" in page
    assert "继续填报" in page


def test_a_filer_who_owes_nothing_is_told_so(district, client):
    district.approved(FEBRUARY, {"110": 100})
    district.submitted(MARCH, {"110": 100})
    response = home(client, district.filer)
    assert owed(response) == []
    assert "没有待填报的月份" in text(response)
    assert [str(report.period) for report in response.context["waiting"]] == ["2025年3月"]
    assert [str(revision.report.period) for revision in response.context["decided"]] == ["2025年2月"]


def test_a_filer_sees_own_institutions_only(district, client):
    InstitutionFactory(parent=district.department)
    actions.open_period(MARCH)
    assert len(home(client, district.filer).context["owed"]) == 1


def test_a_department_sees_its_institutions_in_the_current_period(district, client):
    other = InstitutionFactory(parent=district.department)
    InstitutionFactory(parent__parent=district.bureau)
    district.submitted(FEBRUARY, {"110": 100})
    district.submitted(MARCH, {"110": 100})
    response = home(client, district.department_user)
    states = [(report.agency, report.status) for report in response.context["page_obj"]]
    assert states == [(district.institution, "submitted"), (other, "missing")]
    assert [(label, number) for label, _state, number in response.context["counts"] if number] == [
        ("未填报", 1),
        ("已提交", 1),
    ]
    assert "2025年3月" in text(response)


def test_before_the_first_period_a_department_is_told_so(district, client):
    assert "还没有开放的报送期" in text(home(client, district.department_user))


def test_home_costs_the_same_for_one_institution_and_for_three(district, client):
    def queries(user):
        client.force_login(user)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    filer = user_with(Role.FILER, district.department)
    report = district.report(MARCH)
    actions.save_draft(report, entries(report, {"110": 1}), by=filer)
    before = queries(filer), queries(district.department_user)
    for agency in InstitutionFactory.create_batch(2, parent=district.department):
        report = district.report(MARCH, agency)
        actions.save_draft(report, entries(report, {"110": 1}), by=filer)
    assert (queries(filer), queries(district.department_user)) == before


def test_the_portal_says_that_it_lives(client):
    assert (client.get("/healthz").status_code, client.get("/healthz").content) == (200, b"ok\n")


@pytest.mark.needs_redis
def test_the_portal_is_ready_with_database_and_broker(client):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"database: ok\nbroker: ok\n")


@pytest.mark.needs_redis
def test_without_a_broker_the_portal_is_still_ready_and_says_so(client, redis_server):
    redis_server.stop()
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"database: ok\nbroker: down\n")


def test_the_admin_has_no_sign_in_of_its_own(district, client):
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").url == "/login/?next=/admin/"
    client.force_login(district.filer)
    assert client.get("/admin/", follow=True).status_code == 403


def test_signing_in_leads_home_and_out_again(district, client):
    data = {"username": district.filer.username, "password": "correct-horse-battery"}
    assert client.post("/login/", data).url == "/"
    assert client.post("/logout/").url == "/login/"
    assert client.get("/").url == "/login/?next=/"
