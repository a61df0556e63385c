"""The review desk in a real browser: quiet months approved together and looked at again, corrections and effects."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from agencies.access import Role
from agencies.models import Event
from reporting import actions
from reporting.models import Report, SecondLook, Status
from targets import publications, refresh
from tests.factories import InstitutionFactory, entries, explain, user_with
from tests.targets.months import settle

from .test_filing import button, district, field, page_of, path_of

__all__ = ["district", "page_of"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

MARCH, LAST_MARCH = date(2025, 3, 1), date(2024, 3, 1)
GROUND = "与上年同月相近，3月份集中审定"


def calm(district, number):
    """A month like that of the year before, of an institution of its own."""
    agency = InstitutionFactory(parent=district.department)
    place = {"agency": agency, "by": user_with(Role.FILER, agency)}
    district.approved(LAST_MARCH, {"110": 1000 + 10 * number}, **place)
    return district.submitted(MARCH, {"110": 1001 + 10 * number}, **place)


def loud(district):
    """A month that uses twice as much as the year before."""
    district.approved(LAST_MARCH, {"110": 10_000})
    return district.submitted(MARCH, {"110": 20_000})


def approve_quiet_ones(reviewer, loudest):
    """Through the queue, whose first row is the loudest institution's, and the list of what would be approved."""
    reviewer.goto("/review/")
    rows = reviewer.locator("main tbody tr")
    # The largest risk first, with its reason; it cannot be ticked.
    expect(rows.first).to_contain_text(loudest.name)
    expect(rows.first).to_contain_text("疑问 1 项")
    expect(rows.first.get_by_role("checkbox")).to_have_count(0)
    expect(reviewer.get_by_text("风险大的在前：规模 × 疑问 × 以往 × 凭证")).to_be_visible()
    reviewer.get_by_role("link", name="查看全部安静的 3 份").click()
    button(reviewer, "批量通过 3 份").click()
    expect(reviewer.get_by_text("请写明批量通过的依据。").first).to_be_visible()
    field(reviewer, "ground").fill(GROUND)
    button(reviewer, "批量通过 3 份").click()
    for _ in range(60):
        if Report.objects.filter(latest__status=Status.APPROVED, period__month=MARCH).count() == 3:
            break
        reviewer.wait_for_timeout(250)
    reviewer.reload()
    expect(reviewer.get_by_text(GROUND)).to_be_visible()


def find_true(other, look):
    other.goto("/looks/?year=2025")
    other.locator("main table").get_by_role("link", name=look.revision.report.agency.name).click()
    other.get_by_label("属实").check()
    field(other, "note").fill("已核对电费单")
    button(other, "记录结果").click()
    expect(other.get_by_text("已核对电费单").first).to_be_visible()


def test_quiet_months_are_approved_together_and_one_is_looked_at_by_another(
    district, page_of, celery_worker_process
):
    celery_worker_process()
    quiet, doubtful = [calm(district, number) for number in range(3)], loud(district)
    second = user_with(Role.REVIEWER, district.bureau)

    reviewer = page_of(district.reviewer)
    approve_quiet_ones(reviewer, district.institution)
    assert {Report.objects.get(pk=report.pk).status for report in quiet} == {Status.APPROVED}
    assert Report.objects.get(pk=doubtful.pk).status == Status.SUBMITTED
    approvals = Event.objects.filter(verb="approve", month=MARCH)
    assert [GROUND in event.detail for event in approvals] == [True] * 3

    # One of three is at least 5 %; not by who approved it.
    look = SecondLook.objects.get()
    reviewer.goto(f"/looks/{look.pk}/")
    expect(reviewer.get_by_text("须由另一名审核员复核")).to_be_visible()
    other = page_of(second)
    find_true(other, look)
    look.refresh_from_db()
    assert (look.result, look.looked_by) == ("true", second)


# 2020 and 2024: 1 000 and 950 kWh a month over 100 m²; 12 × 1 000 × 0.1229 / 100 = 14.748 and 14.0106 kgce/m².
JUNE = date(2024, 6, 1)


@pytest.fixture
def sealed(district):
    settle(district.institution, 2020)
    settle(district.institution, 2024, kwh=950)
    refresh.refresh_all()
    publications.seal("month", 2024, 6, by=district.manager)
    return district


def correct(district, page_of, kwh, reason):
    """A filer opens a correction on the page; what is then typed is handed in."""
    filer = page_of(district.filer)
    report = Report.objects.get(agency=district.institution, period__month=JUNE)
    filer.goto(path_of(report))
    filer.get_by_text("发起更正", exact=True).first.click()
    filer.get_by_label("更正原因").fill(reason)
    button(filer, "发起更正").click()
    expect(filer.get_by_text("更正进行中")).to_be_visible()
    report.refresh_from_db()
    quantities = {"110": kwh, "120": 5, "102": 100, "103": 10}
    actions.save_draft(report, entries(report, quantities), by=district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    refresh.refresh_all()
    return report


# Each correction: kWh of June, then kgce/m² of the year before and after.
CORRECTIONS = [
    # (11 × 950 + 5 000) × 0.1229 / 100 = 18.98805
    (5000, "14.01", "18.99"),
    # (11 × 950 + 2 000) × 0.1229 / 100 = 15.30105
    (2000, "18.99", "15.30"),
    # (11 × 950 + 900) × 0.1229 / 100 = 13.94915
    (900, "15.30", "13.95"),
]


def test_the_third_correction_shows_its_effect_and_works_like_the_first(sealed, page_of):
    reviewer = page_of(sealed.reviewer)
    for count, (kwh, before, after) in enumerate(CORRECTIONS, start=1):
        report = correct(sealed, page_of, kwh, f"第{count}次：抄错电表")
        in_force = Report.objects.get(pk=report.pk).approved
        reviewer.goto(path_of(report))
        expect(reviewer.get_by_text(f"已通过的第{count}版继续有效")).to_be_visible()
        short = reviewer.locator("#effect")
        expect(short).to_contain_text("本机构 2024年")
        expect(short).to_contain_text("全区 2024年")
        expect(short).to_contain_text(re.compile(r"涉及已封存的发布\s*1\s*个"))
        short.get_by_role("link", name="完整影响").click()
        row = reviewer.get_by_role("row").filter(has_text="单位建筑面积能耗").first
        expect(row).to_contain_text(before)
        expect(row).to_contain_text(after)
        assert Report.objects.get(pk=report.pk).approved == in_force
        reviewer.goto(path_of(report))
        button(reviewer, "通过").click()
        expect(reviewer.get_by_text("已通过").first).to_be_visible()
        approved = Report.objects.get(pk=report.pk).approved
        assert (approved.number, approved.lines.get(item="110").quantity) == (count + 1, kwh)
        refresh.refresh_all()
    reviewer.goto(f"/institutions/{sealed.institution.key}/?year=2024")
    expect(reviewer.locator(".stat").filter(has_text="单位建筑面积能耗").first).to_contain_text("13.95")
    # The four versions are all there still, and each with its reason.
    reviewer.goto(path_of(report, "?revision=2"))
    expect(reviewer.get_by_text("第1次：抄错电表").first).to_be_visible()
