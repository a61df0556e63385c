"""The queue: what is at stake comes first and says why; who sees which part of it."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.access import Role
from agencies.models import Agency
from reporting import actions
from reporting.models import ReviewRisk
from tests.factories import InstitutionFactory, user_with

pytestmark = pytest.mark.django_db

MARCH, LAST_MARCH = date(2025, 3, 1), date(2024, 3, 1)
QUEUE = "reporting:review-queue"


def another(district):
    agency = InstitutionFactory(parent=district.department)
    return {"agency": agency, "by": user_with(Role.FILER, agency)}


def shown(client, user, **query):
    client.force_login(user)
    response = client.get(reverse(QUEUE), query)
    assert response.status_code == 200
    return response


def reports(response):
    return [row.report for row in response.context["page_obj"]]


@pytest.fixture
def waiting(district):
    """Small and doubtful, large and calm, small and calm: handed in in another order."""
    small, large, doubtful = another(district), another(district), another(district)
    for place, kwh in ((small, 1000), (large, 200000), (doubtful, 10000)):
        district.approved(LAST_MARCH, {"110": kwh}, **place)
    return {
        "small": district.submitted(MARCH, {"110": 1001}, **small),
        "large": district.submitted(MARCH, {"110": 200001}, **large),
        "doubtful": district.submitted(MARCH, {"110": 50000}, **doubtful),
    }


def test_what_is_at_stake_comes_first(district, client, waiting):
    page = shown(client, district.reviewer)
    # Doubtful: 6.145 tce × (0.1 + 2); large: 24.58 × 0.1; small: 0.12 × 0.1; each late and without documents.
    assert reports(page) == [waiting["doubtful"], waiting["large"], waiting["small"]]
    assert [row.fault for row in page.context["page_obj"]] == ["检查有疑问", "风险值不低于限值", ""]


def test_each_place_in_the_order_says_why(district, client, waiting):
    page = shown(client, district.reviewer).content.decode()
    for words in (
        "填报用能 6.15 tce，上年同月 1.23 tce",
        "疑问 1 项，其中突变 1 项",
        "近 12 月审过 1 月，逾期 1 次",
        "缺凭证：电",
        "没有疑问",
        "风险大的在前",
    ):
        assert words in page


def test_the_queue_can_be_read_by_waiting_time(district, client, waiting):
    page = shown(client, district.reviewer, sort="waiting")
    assert reports(page) == [waiting["small"], waiting["large"], waiting["doubtful"]]
    assert "等待最久的在前" in page.content.decode()
    assert reports(shown(client, district.reviewer, sort="-waiting"))[0] == waiting["doubtful"]
    assert reports(shown(client, district.reviewer, sort="nonsense"))[0] == waiting["doubtful"]


def test_what_was_not_weighed_comes_last_and_says_so(district, client, waiting):
    ReviewRisk.objects.filter(revision=waiting["doubtful"].latest).delete()
    page = shown(client, district.reviewer)
    assert reports(page)[-1] == waiting["doubtful"]
    assert "尚未计算" in page.content.decode()


def test_only_the_quiet_ones_or_the_others_can_be_shown(district, client, waiting):
    assert reports(shown(client, district.reviewer, kind="quiet")) == [waiting["small"]]
    assert reports(shown(client, district.reviewer, kind="other")) == [waiting["doubtful"], waiting["large"]]


def test_the_change_of_electricity_and_the_late_hand_in_stand_beside(district, client, waiting):
    page = shown(client, district.reviewer).content.decode()
    assert "+400.0 %" in page
    assert "逾期提交" in page


def test_a_department_that_reviews_first_has_its_own_queue(district, client, waiting):
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    page = shown(client, district.department_user)
    assert reports(page) == [waiting["doubtful"], waiting["large"], waiting["small"]]
    assert "<h1" in page.content.decode()
    assert page.context["state"] == "待初审"
    assert not page.context["may_bulk"]
    assert reports(shown(client, district.reviewer)) == []
    assert len(reports(shown(client, district.reviewer, state="first"))) == 3
    actions.endorse(waiting["large"], by=district.department_user)
    assert reports(shown(client, district.reviewer)) == [waiting["large"]]
    assert waiting["large"] not in reports(shown(client, district.department_user))
    assert reports(shown(client, district.department_user, state="bureau")) == [waiting["large"]]


def test_a_department_sees_nothing_of_another(district, client, waiting):
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    elsewhere = InstitutionFactory(parent__parent=district.bureau)
    stranger = user_with(Role.DEPARTMENT, elsewhere.parent)
    assert reports(shown(client, stranger)) == []


@pytest.mark.parametrize("person", ["filer", "manager", "observer", "auditor", "administrator"])
def test_who_reviews_nothing_has_no_queue(district, client, person):
    client.force_login(getattr(district, person))
    assert client.get(reverse(QUEUE)).status_code == 403


@pytest.mark.parametrize("query", [{}, {"kind": "quiet"}, {"sort": "waiting"}])
def test_the_queue_costs_the_same_at_one_and_at_three_rows(district, client, query):
    client.force_login(district.reviewer)

    def cost():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(QUEUE), query).status_code == 200
        return len(captured)

    for number in range(3):
        place = another(district)
        district.approved(LAST_MARCH, {"110": 1000 + number}, **place)
        district.submitted(MARCH, {"110": 1000 + number}, **place)
        if number == 0:
            at_one = cost()
    assert cost() == at_one


def test_after_a_decision_the_riskiest_of_the_others_is_next(district, client, waiting):
    client.force_login(district.reviewer)
    address = reverse("reporting:report-approve", args=(waiting["large"].agency.key, MARCH))
    response = client.post(address, follow=True)
    assert response.context["next_report"] == waiting["doubtful"]
