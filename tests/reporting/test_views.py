"""Pages of filing and review: who sees what, what a click does, and that lists cost the same however long."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from agencies.access import Role
from agencies.models import Event
from reporting import actions, urls
from reporting.entries import Entry
from reporting.models import Period, Report, Status
from tests.factories import InstitutionFactory, entries, user_with

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)
PEOPLE = ("filer", "department_user", "reviewer", "manager", "observer", "auditor", "administrator")


def at(name, report, *more):
    return reverse(f"reporting:{name}", args=(report.agency.key, report.period.month, *more))


def signed_in(client, user):
    client.force_login(user)
    return client


def text(response):
    return response.content.decode()


def post_of(report, **more):
    """What a browser sends for a complete month."""
    data = {"version": actions.version(report), "cost-110": "720", "cost-120": "320"}
    for code, entry in entries(report, {"110": "1200", "120": "80"}).items():
        data[f"quantity-{code}"] = "" if entry.quantity is None else str(entry.quantity)
        data[f"known_by-{code}"] = str(entry.known_by)
    return data | {name.replace("__", "-"): value for name, value in more.items()}


def again(report):
    return Report.objects.with_state().get(pk=report.pk)


def quantities(report):
    return dict(report.latest.lines.filter(quantity__isnull=False).values_list("item", "quantity"))


# Who may see and do what: status code by person. Strangers to figures get 404, colleagues without the right 403.

GET_PAGES = {
    "report-list": dict.fromkeys(PEOPLE, 200) | {"auditor": 403, "administrator": 403},
    "guide": dict.fromkeys(PEOPLE, 200),
    "review-queue": dict.fromkeys(PEOPLE, 403) | {"reviewer": 200, "department_user": 200},
    "report-detail": dict.fromkeys(PEOPLE, 200) | {"auditor": 404, "administrator": 404},
    "report-edit": dict.fromkeys(PEOPLE, 403) | {"filer": 200, "auditor": 404, "administrator": 404},
}
POST_PAGES = {
    name: dict.fromkeys(PEOPLE, 403) | {"auditor": 404, "administrator": 404} | allowed
    for name, allowed in {
        "report-submit": {"filer": 302},
        "report-withdraw": {"filer": 302},
        "report-endorse": {"department_user": 302},
        "report-approve": {"reviewer": 302},
        "report-return": {"reviewer": 302},
        "report-correct": {"filer": 302, "reviewer": 302},
        "report-abandon": {"filer": 302, "reviewer": 302},
        "report-check": {"filer": 200},
        "cell-save": {"filer": 423},
        "reason-save": {"filer": 423},
    }.items()
}


# Pages of workbooks, tested in test_upload_views.py and in the access matrix of the whole portal.
ELSEWHERE = {
    *(f"upload-{page}" for page in ("list", "detail", "choose", "returned")),
    *(f"template-{page}" for page in ("month", "year")),
}


def test_the_matrix_covers_every_address():
    """Of months; documents, registers and rules have tests of their own, all of them stand in test_access_matrix."""
    of_months = ("report-", "review-", "cell-", "reason-", "guide")
    names = {pattern.name for pattern in urls.urlpatterns if pattern.name.startswith(of_months)}
    assert names == set(GET_PAGES) | set(POST_PAGES)
    assert "reporting" in get_resolver().namespace_dict


def answers(client, district, method, address, *data):
    """Status code by person, each signed in in turn."""
    return {
        person: getattr(signed_in(client, getattr(district, person)), method)(address, *data).status_code
        for person in PEOPLE
    }


def address_of(name, report):
    if name in ("report-list", "review-queue", "guide"):
        return reverse(f"reporting:{name}")
    return at(name, report, *(["110"] if name == "cell-save" else []))


@pytest.mark.parametrize("name", GET_PAGES)
def test_a_page_is_for_its_readers(district, client, name):
    address = address_of(name, district.report(MARCH))
    assert answers(client, district, "get", address) == GET_PAGES[name]


@pytest.mark.parametrize("name", POST_PAGES)
def test_a_button_is_for_its_role(district, client, name):
    address = address_of(name, district.submitted(MARCH, {"110": 100}))
    assert answers(client, district, "post", address, {"reason": "有误"}) == POST_PAGES[name]


def test_without_signing_in_every_page_leads_to_the_sign_in(district, client):
    report = district.report(MARCH)
    for name in (*GET_PAGES, *POST_PAGES):
        address = address_of(name, report)
        assert client.get(address).headers["Location"] == f"/login/?next={address}"


def test_a_button_is_no_link(district, client):
    report = district.report(MARCH)
    signed_in(client, district.filer)
    assert {client.get(address_of(name, report)).status_code for name in POST_PAGES} == {405}


def test_the_neighbour_institution_is_not_found(district, client):
    other = InstitutionFactory(parent=district.department)
    report = district.report(MARCH, other)
    signed_in(client, district.filer)
    assert client.get(at("report-detail", report)).status_code == 404
    assert client.post(at("report-edit", report), post_of(report)).status_code == 404
    assert again(report).latest is None


# The list


def names_on(response):
    return [f"{report.agency.name} {report.period}" for report in response.context["page_obj"]]


def test_the_list_shows_newest_months_first_with_their_state(district, client):
    district.approved(FEBRUARY, {"110": 100})
    district.report(MARCH)
    response = signed_in(client, district.filer).get(reverse("reporting:report-list"))
    name = district.institution.name
    assert names_on(response) == [f"{name} 2025年3月", f"{name} 2025年2月"]
    assert all(words in text(response) for words in ("未填报", "逾期", "已通过", "共 2 条"))


@pytest.mark.parametrize(
    ("query", "months"),
    [
        ("", ["2025年3月", "2025年2月"]),
        ("?month=2025-02", ["2025年2月"]),
        ("?state=missing", ["2025年3月"]),
        ("?state=approved", ["2025年2月"]),
        ("?state=overdue", ["2025年3月"]),
        ("?words=甲小学", ["2025年3月", "2025年2月"]),
        ("?words=JIA", ["2025年3月", "2025年2月"]),
        ("?words=乙", []),
        ("?words=甲小学&state=returned", []),
    ],
)
def test_the_list_is_narrowed_by_its_search_bar(district, client, query, months):
    type(district.institution).objects.filter(pk=district.institution.pk).update(name="甲小学", key="JIA-1")
    district.approved(FEBRUARY, {"110": 100})
    district.report(MARCH)
    response = signed_in(client, district.manager).get(reverse("reporting:report-list") + query)
    assert [str(report.period) for report in response.context["page_obj"]] == months


def test_the_list_is_narrowed_to_a_department(district, client):
    other = InstitutionFactory(parent__parent=district.bureau)
    actions.open_period(MARCH)
    address = reverse("reporting:report-list")
    response = signed_in(client, district.manager).get(address, {"department": other.parent.pk})
    assert names_on(response) == [f"{other.name} 2025年3月"]


def test_the_list_goes_on_after_fifty_rows(district, client):
    InstitutionFactory.create_batch(50, parent=district.department)
    actions.open_period(MARCH)
    response = signed_in(client, district.manager).get(reverse("reporting:report-list"), {"page": 2})
    assert len(response.context["page_obj"]) == 1
    assert "共 51 条" in text(response)


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("name", "person"), [("report-list", "manager"), ("review-queue", "reviewer")])
def test_a_list_costs_the_same_at_one_and_at_three_rows(district, client, name, person):
    district.approved(date(2024, 3, 1), {"110": 100})
    district.submitted(MARCH, {"110": 200})
    Report.objects.exclude(period__month=MARCH).filter(approved__isnull=True).delete()
    signed_in(client, getattr(district, person))
    at_one = queries(client, reverse(f"reporting:{name}"))
    for _ in range(2):
        agency = InstitutionFactory(parent=district.department)
        filer = user_with(Role.FILER, agency)
        district.approved(date(2024, 3, 1), {"110": 100}, agency=agency, by=filer)
        district.submitted(MARCH, {"110": 200}, agency=agency, by=filer)
    assert queries(client, reverse(f"reporting:{name}")) == at_one


# The detail page and its buttons


def verbs_shown(response):
    return {name for name in POST_PAGES if f'/{name.removeprefix("report-")}/"' in text(response)}


@pytest.mark.parametrize(
    ("state", "person", "shown"),
    [
        ("missing", "filer", set()),
        ("draft", "filer", {"report-submit"}),
        ("submitted", "filer", {"report-withdraw"}),
        ("submitted", "reviewer", {"report-approve", "report-return"}),
        ("submitted", "manager", set()),
        ("approved", "filer", {"report-correct"}),
        ("approved", "reviewer", {"report-correct"}),
        ("approved", "observer", set()),
        ("returned", "reviewer", set()),
    ],
)
def test_only_the_buttons_that_may_follow_are_shown(district, client, state, person, shown):
    report = district.report(MARCH)
    if state != "missing":
        actions.save_draft(report, entries(report, {"110": 100}), by=district.filer)
    if state in ("submitted", "approved", "returned"):
        actions.submit(report, by=district.filer)
    if state == "approved":
        actions.approve(report, by=district.reviewer)
    if state == "returned":
        actions.send_back(report, by=district.reviewer, reason="有误")
    response = signed_in(client, getattr(district, person)).get(at("report-detail", report))
    assert verbs_shown(response) == shown


def test_the_detail_page_tells_values_warnings_and_trail(district, client):
    district.approved(date(2024, 3, 1), {"110": 10000})
    report = district.submitted(MARCH, {"110": 15000})
    page = text(signed_in(client, district.reviewer).get(at("report-detail", report)))
    assert "电比上年同月变化 +50.0 %，超过 30 %。" in page
    assert "+50.0 %" in page
    assert "内容哈希" in page
    assert f"{district.filer.name}" in page


def test_every_revision_can_be_looked_at(district, client):
    report = district.submitted(MARCH, {"110": 100})
    actions.send_back(report, by=district.reviewer, reason="电量有误")
    district.submitted(MARCH, {"110": 90})
    signed_in(client, district.reviewer)
    first = client.get(at("report-detail", report), {"revision": "1"})
    assert first.context["revision"].number == 1
    assert "电量有误" in text(first)
    latest = client.get(at("report-detail", report))
    assert latest.context["revision"].number == 2
    assert "上一版" in text(latest)
    assert client.get(at("report-detail", report), {"revision": "7"}).status_code == 404
    assert client.get(at("report-detail", report), {"revision": "x"}).status_code == 404


def test_a_second_click_becomes_a_sentence(district, client):
    report = district.submitted(MARCH, {"110": 100})
    signed_in(client, district.reviewer)
    client.post(at("report-approve", report))
    response = client.post(at("report-approve", report), follow=True)
    assert "现为“已通过”，不能进行此操作。" in text(response)
    assert Event.objects.filter(verb="approve").count() == 1


def test_a_blank_reason_is_asked_for_and_a_long_one_is_kept(district, client):
    report = district.submitted(MARCH, {"110": 100})
    signed_in(client, district.reviewer)
    blank = client.post(at("report-return", report), {"reason": "  "})
    assert "请写明退回原因，或在左侧要退回的指标下写明意见" in text(blank)
    long = client.post(at("report-return", report), {"reason": "长" * 501})
    assert "长" * 501 in text(long)
    assert again(report).status == Status.SUBMITTED


def test_a_correction_asks_for_its_reason(district, client):
    report = district.approved(MARCH, {"110": 100})
    signed_in(client, district.filer)
    assert "请写明更正原因" in text(client.post(at("report-correct", report), {"reason": ""}))
    client.post(at("report-correct", report), {"reason": "漏计3号楼电表"})
    report = again(report)
    assert (report.status, report.latest.reason, report.approved.number) == (Status.DRAFT, "漏计3号楼电表", 1)
    assert "更正中" in text(client.get(at("report-detail", report)))


def test_a_draft_that_is_not_ready_is_sent_back_to_its_form(district, client):
    report = district.report(MARCH)
    actions.save_draft(report, {"110": Entry(Decimal(100))}, by=district.filer)
    response = signed_in(client, district.filer).post(at("report-submit", report), follow=True)
    assert response.redirect_chain == [(at("report-edit", report), 302)]
    assert "未能提交" in text(response)


def test_a_withdrawn_month_can_be_edited(district, client):
    report = district.submitted(MARCH, {"110": 100})
    signed_in(client, district.filer).post(at("report-withdraw", report))
    assert client.get(at("report-edit", report)).status_code == 200


# The queue, more of which in test_review_queue.py


def test_a_likely_slip_of_the_unit_is_no_plain_percentage(district, client):
    district.approved(date(2024, 3, 1), {"110": 100000})
    report = district.submitted(MARCH, {"110": 10})
    signed_in(client, district.reviewer)
    for address in (reverse("reporting:review-queue"), at("report-detail", report)):
        page = text(client.get(address))
        assert "上年同月的 1/10000" in page
        assert "100.0 %" not in page


def test_the_queue_reaches_as_far_as_the_reviewers_role(district, client):
    district.submitted(MARCH, {"110": 150})
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    reviewer = user_with(Role.REVIEWER, elsewhere.parent)
    response = signed_in(client, reviewer).get(reverse("reporting:review-queue"))
    assert list(response.context["page_obj"]) == []
    assert "没有待审核的月报。" in text(response)


def test_after_a_decision_the_next_report_is_one_click_away(district, client):
    other = InstitutionFactory(parent=district.department)
    report = district.submitted(MARCH, {"110": 150})
    following = district.submitted(MARCH, {"110": 150}, agency=other, by=user_with(Role.FILER, other))
    response = signed_in(client, district.reviewer).post(at("report-approve", report), follow=True)
    assert response.context["next_report"] == following
    assert f"下一份待审：{other}" in text(response)
    last = client.post(at("report-approve", following), follow=True)
    assert last.context["next_report"] is None


def test_a_period_that_is_not_overdue_is_not_marked(district, client):
    report = district.report(MARCH)
    Period.objects.update(due_on=date(2999, 4, 10), closes_on=date(2999, 6, 9))
    page = text(signed_in(client, district.filer).get(at("report-detail", report)))
    assert "逾期" not in page
