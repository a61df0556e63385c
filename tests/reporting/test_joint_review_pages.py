"""Pages of the yearly 会审: asked for, listed for who may see it, verified, exported; and the job behind it."""

import csv

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.models import Event
from reporting import joint_review, tasks
from reporting.models import JointReview, JointReviewPoint, JointReviewRun
from tests.factories import DepartmentFactory, InstitutionFactory
from tests.targets.months import settle
from tests.targets.pages import cost, squeezed

YEAR = timezone.localdate().year - 1
LIST = reverse("reporting:joint-review-list")
COMPUTE = reverse("reporting:joint-review-compute", args=[YEAR])
NOTE = "已核对不动产权证，3月新增一层"


@pytest.fixture
def listed(district):
    """Two institutions with a fifth more area than the year before, one of them of another department."""
    stranger = InstitutionFactory(parent=DepartmentFactory(parent=district.bureau), name="外人")
    for agency in (district.institution, stranger):
        for year, area in ((YEAR - 1, 1000), (YEAR, 1200)):
            settle(agency, year, area=area, kwh=8000, people=30, m3=100)
    joint_review.compute(JointReviewRun.objects.create(year=YEAR).pk)
    assert JointReviewPoint.objects.count() == 2
    return district


def read(client, user, query=""):
    client.force_login(user)
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200
    return answer


def point_page(agency, kind="area-year", place=f"{YEAR}"):
    return reverse("reporting:joint-review-point", args=[YEAR, agency.key, kind, place])


def sent(agency, **changed):
    point = JointReviewPoint.objects.get(agency=agency)
    fields = {"verdict": "true", "note": NOTE, "seen_statement": point.statement, "seen_verdict": "open"}
    return fields | changed


def test_last_year_is_shown_and_a_department_sees_its_own(client, listed):
    assert len(read(client, listed.observer).context["page_obj"]) == 2
    html = squeezed(read(client, listed.department_user).content.decode())
    assert "1,200.00 m²（12个月），+20.00 %，超过 10 %" in html
    assert "外人" not in html
    client.force_login(listed.department_user)
    stranger = JointReviewPoint.objects.exclude(agency=listed.institution).get().agency
    assert client.get(point_page(stranger)).status_code == 404


def test_the_page_is_asked_for_and_the_job_computes_it_once(client, district):
    settle(district.institution, YEAR - 1, area=1000, kwh=8000, people=30, m3=100)
    settle(district.institution, YEAR, area=1200, kwh=8000, people=30, m3=100)
    client.force_login(district.manager)
    html = client.post(COMPUTE, follow=True).content.decode()
    assert f"已交后台计算{YEAR}年会审事项" in html
    assert "正在计算" in client.post(COMPUTE, follow=True).content.decode()
    run = JointReviewRun.objects.get()
    for _ in range(2):
        tasks.compute_joint_review(run.pk)
    tasks.compute_joint_review(run.pk + 1)
    run.refresh_from_db()
    assert (run.points, JointReviewPoint.objects.count()) == (1, 1)
    assert Event.objects.filter(verb="recalculate", actor=district.manager).count() == 1


@pytest.mark.parametrize("who", ["filer", "department_user", "observer", "auditor", "administrator"])
def test_who_may_not_ask_for_it_is_refused(client, district, who):
    client.force_login(getattr(district, who))
    assert client.post(COMPUTE).status_code == 403
    assert not JointReviewRun.objects.exists()


def test_a_reviewer_verifies_a_point_and_the_list_has_it(client, listed):
    client.force_login(listed.reviewer)
    answer = client.post(f"{point_page(listed.institution)}?verdict=open", sent(listed.institution))
    assert (answer.status_code, answer.url) == (302, f"{LIST}?verdict=open")
    review = JointReview.objects.get()
    assert (review.verdict, review.note, review.by) == ("true", NOTE, listed.reviewer)
    assert len(read(client, listed.reviewer, "?verdict=open").context["page_obj"]) == 1
    done = squeezed(read(client, listed.reviewer, "?verdict=true").content.decode())
    assert listed.institution.name in done
    assert NOTE in squeezed(client.get(point_page(listed.institution)).content.decode())


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"verdict": ""}, "verdict", "请选择核实结果。"),
        ({"note": ""}, "note", "请写明怎样核实的，如“已核对不动产权证，3月新增一层”。"),
        ({"seen_statement": "别的"}, "__all__", "数据已有变动，这一事项现为："),
    ],
)
def test_a_wrong_answer_is_named_and_what_was_typed_stays(client, listed, changed, field, sentence):
    client.force_login(listed.reviewer)
    answer = client.post(point_page(listed.institution), sent(listed.institution, **changed))
    assert answer.context["form"].errors[field][0].startswith(sentence)
    assert JointReview.objects.count() == 0
    if field != "note":
        assert NOTE in answer.content.decode()


@pytest.mark.parametrize("who", ["department_user", "manager", "observer"])
def test_who_only_sees_has_no_form_and_may_not_post(client, listed, who):
    client.force_login(getattr(listed, who))
    address = point_page(listed.institution)
    assert client.get(address).context["form"] is None
    assert client.post(address, sent(listed.institution)).status_code == 403
    assert JointReview.objects.count() == 0


def test_the_file_says_what_the_page_says_with_verdict_and_who(client, listed):
    point = JointReviewPoint.objects.get(agency=listed.institution)
    joint_review.verify(point, verdict="true", note=NOTE, by=listed.reviewer)
    client.force_login(listed.manager)
    answer = client.get(f"{reverse('reporting:joint-review-export')}?verdict=true")
    [row] = csv.DictReader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines())
    assert {listed.institution.name, point.statement, "属实", NOTE, listed.reviewer.name} <= set(row.values())
    event = Event.objects.order_by("sequence").last()
    assert (event.verb, event.detail) == ("export", f"年度会审；{YEAR}年；核实结果 属实；1 项")


def test_the_list_costs_the_same_for_two_points_and_for_six(client, listed):
    client.force_login(listed.reviewer)
    two = cost(client, LIST)
    for _ in range(4):
        agency = InstitutionFactory(parent=listed.department)
        for year, area in ((YEAR - 1, 1000), (YEAR, 1200)):
            settle(agency, year, area=area, kwh=8000, people=30, m3=100)
    joint_review.compute(JointReviewRun.objects.create(year=YEAR).pk)
    assert cost(client, LIST) == two
