"""The calendar in a real browser: a closed month and its extension, and the yearly 会审 computed by a real worker."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from agencies.models import Message
from reporting.models import JointReview, Period, Report, Status
from tests.targets.months import settle

from .test_filing import MARCH, button, district, field, page_of, path_of
from .test_main_journey import DECEMBER, file_month
from .test_main_journey import district as with_history

__all__ = ["district", "page_of", "with_history"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

LAST_YEAR = timezone.localdate().year - 1
NOTE = "已核对不动产权证，3月新增一层"


def closed(report):
    """The month was due ten days ago and closed yesterday."""
    today = timezone.localdate()
    days = {
        "opens_on": today - timedelta(40),
        "due_on": today - timedelta(10),
        "closes_on": today - timedelta(1),
    }
    Period.objects.filter(pk=report.period_id).update(**days)
    return today


@pytest.mark.parametrize("width", [1440, 375])
def test_a_closed_month_is_extended_and_filed(with_history, page_of, width):
    district = with_history
    report = district.report(DECEMBER)
    today = closed(report)
    filer = page_of(district.filer, width=width)
    filer.goto(path_of(report, "edit/"))
    lock = filer.locator(".notice-warning").first
    for words in ("已于", "关闭填报", "联系区机关事务管理局的局管理员", "锁定至延期获批时为止"):
        expect(lock).to_contain_text(words)

    manager = page_of(district.manager, width=width)
    manager.goto(path_of(report))
    manager.get_by_role("link", name="为本单位延期").click()
    expect(manager.get_by_text("截止日已过：现在批准的延期只解除锁定，仍计为迟报")).to_be_visible()
    field(manager, "last_day").fill(f"{today - timedelta(1):%Y-%m-%d}")
    field(manager, "reason").fill("办公楼停电检修")
    button(manager, "批准延期").click()
    expect(manager.get_by_text("延至日期不能早于今天").first).to_be_visible()
    expect(field(manager, "reason")).to_have_value("办公楼停电检修")
    field(manager, "last_day").fill(f"{today + timedelta(2):%Y-%m-%d}")
    button(manager, "批准延期").click()
    expect(manager.get_by_role("row", name=district.institution.name)).to_contain_text("办公楼停电检修")
    excess = manager.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert excess <= 0

    assert Message.objects.filter(recipient=district.filer, kind="extended").count() == 1
    file_month(filer, district.institution.key)
    assert Report.objects.get(pk=report.pk).status == Status.SUBMITTED


def test_a_manager_moves_a_day_and_is_asked_before_anybody_is_locked_out(district, page_of):
    report = district.report(MARCH)
    today = timezone.localdate()
    manager = page_of(district.manager)
    manager.goto("/calendar/")
    manager.get_by_role("link", name=f"调整{report.period}的日期").click()
    field(manager, "closes_on").fill(f"{today - timedelta(1):%Y-%m-%d}")
    field(manager, "reason").fill("年度结账")
    button(manager, "保存调整").click()
    expect(manager.get_by_text("1 个机构今天还能填报，调整后立即锁定。").first).to_be_visible()
    manager.get_by_label("已知晓以上影响").check()
    button(manager, "保存调整").click()
    expect(manager.get_by_text(f"已调整{report.period}")).to_be_visible()
    expect(manager.get_by_role("row", name=str(report.period))).to_contain_text("已关闭")


def test_the_years_points_are_computed_by_a_worker_and_one_is_verified(
    district, page_of, celery_worker_process
):
    celery_worker_process()
    for year, area in ((LAST_YEAR - 1, 1000), (LAST_YEAR, 1200)):
        settle(district.institution, year, area=area, kwh=8000, people=30, m3=100)
    reviewer = page_of(district.reviewer)
    reviewer.goto("/joint-review/")
    button(reviewer, "计算").click()
    expect(reviewer.get_by_text("已交后台计算")).to_be_visible()
    row = reviewer.get_by_role("row", name="建筑面积比上年变化大")
    for _ in range(60):
        if row.count():
            break
        reviewer.wait_for_timeout(500)
        reviewer.reload()
    expect(row).to_contain_text("1,200.00 m²（12个月），+20.00 %，超过 10 %")
    row.get_by_role("link", name=f"核实{district.institution.name}").click()
    reviewer.get_by_label("属实").check()
    field(reviewer, "note").fill(NOTE)
    button(reviewer, "记录结果").click()
    expect(reviewer.get_by_text("已记录：")).to_be_visible()
    expect(reviewer.get_by_role("row", name="建筑面积比上年变化大")).to_contain_text("属实")
    assert JointReview.objects.get().note == NOTE
