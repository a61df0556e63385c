"""The page of an approval's effect, its short form on the report's page, and who gets to see what of it."""

from datetime import date

import pytest
from django.urls import reverse

from reporting import actions
from targets import publications, refresh
from tests.factories import entries, explain

from .months import settle
from .pages import squeezed, text

pytestmark = pytest.mark.django_db

MONTH = date(2024, 6, 1)
QUANTITIES = {"110": 5000, "120": 5, "102": 100, "103": 10}


@pytest.fixture
def district(district):
    """Five percent less than in 2020, which is enough; a correction of one month, which is not, waits."""
    settle(district.institution, 2020)
    settle(district.institution, 2024, kwh=950)
    refresh.refresh_all()
    publications.seal("month", 2024, 6, by=district.manager)
    report = district.report(MONTH)
    actions.open_correction(report, by=district.filer, reason="抄错")
    report.refresh_from_db()
    actions.save_draft(report, entries(report, QUANTITIES), by=district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    refresh.refresh_all()
    return district


def address(district):
    return reverse("targets:report-effect", args=[district.institution.key, MONTH])


def report_page(district):
    return reverse("reporting:report-detail", args=[district.institution.key, MONTH])


def fragment(client, user, district):
    client.force_login(user)
    response = client.get(address(district), headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "HX-Request" in response["Vary"]
    return squeezed(response.content.decode())


def test_the_page_shows_lines_figures_status_ranks_and_seals(district, client):
    page = squeezed(text(client, district.reviewer, address(district)))
    for words in (
        "与现行版次不同的行",
        "+426.32 %",
        "全年总量",
        "本年要求 −4.00 %",
        "进度正常",
        "进度滞后",
        "状态改变",
        "其余 4 项不变：用水量、建筑面积、用能人数、人均用水量",
        "2024年6月",
        "封存的数不变；通过后的差异由后台任务记入重述台账。",
        "全区",
    ):
        assert words in page, words
    assert "尚未计算" not in page


def test_the_short_form_shows_the_institution_the_district_and_where_to_read_on(district, client):
    short = fragment(client, district.reviewer, district)
    assert "<html" not in short
    for words in (
        "本机构 2024年",
        "全区 2024年",
        "状态改变",
        "涉及已封存的发布 <strong>1</strong> 个",
        "完整影响",
    ):
        assert words in short, words


def test_a_filer_sees_the_own_institution_and_no_group_rank_or_seal(district, client):
    for page in (
        squeezed(text(client, district.filer, address(district))),
        fragment(client, district.filer, district),
    ):
        assert "本机构" in page
        for words in ("全区", "类型内", "系统内", "封存", "/publications/", "/systems/"):
            assert words not in page, words


def test_the_report_page_loads_the_short_form_and_links_to_the_page(district, client):
    page = text(client, district.reviewer, report_page(district))
    assert f'hx-get="{address(district)}"' in page
    assert f'href="{address(district)}"' in page
    assert "通过后的影响" in page


def test_once_approved_the_panel_is_gone_and_the_page_says_so(district, client):
    actions.approve(district.report(MONTH), by=district.reviewer)
    assert "通过后的影响" not in text(client, district.reviewer, report_page(district))
    words = "最新的第2版已经通过，没有待通过的版次"
    assert words in text(client, district.reviewer, address(district))
    assert words in fragment(client, district.reviewer, district)


def test_marks_that_wait_are_said(district, client):
    settle(district.institution, 2025, [1])
    assert "另有 1 项更新尚未计算" in text(client, district.reviewer, address(district))


def test_who_has_no_figures_is_refused_and_another_month_is_not_there(district, client):
    for user in (district.auditor, district.administrator):
        client.force_login(user)
        assert client.get(address(district)).status_code == 403
    client.force_login(district.reviewer)
    other = reverse("targets:report-effect", args=[district.institution.key, date(2031, 1, 1)])
    assert client.get(other).status_code == 404
