"""Review in a real browser: single cells returned and answered, a first review, a correction given up."""

from datetime import date

import pytest
from playwright.sync_api import expect

from agencies.models import Agency
from reporting import actions
from reporting.models import Report, Status

from .test_filing import FIGURES, button, district, field, page_of, path_of

__all__ = ["district", "page_of"]

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = date(2025, 3, 1)


def fresh(report):
    return Report.objects.get(pk=report.pk)


def test_a_reviewer_returns_single_cells_and_the_filer_can_change_only_these(district, page_of):
    report = district.submitted(MARCH, FIGURES)
    reviewer = page_of(district.reviewer)
    reviewer.goto(path_of(report))
    row = reviewer.locator("#item-110")
    row.get_by_text("退回此项").click()
    row.get_by_label("电 退回意见").fill("与电费单不符")
    expect(reviewer.locator("[data-returned]")).to_contain_text("将只退回 1 项：电。")
    button(reviewer, "退回").click()
    expect(reviewer.get_by_text("的 1 项指标，填报员会看到原因。")).to_be_visible()

    filer = page_of(district.filer)
    filer.goto("/")
    expect(filer.get_by_text("退回指标：电（110）：与电费单不符").first).to_be_visible()
    filer.get_by_role("link", name="继续填报").click()
    expect(filer.get_by_text("只退回了部分指标")).to_be_visible()
    expect(field(filer, "quantity-120")).to_be_disabled()
    field(filer, "quantity-110").fill("8800")
    field(filer, "quantity-110").press("Enter")
    expect(filer.locator("[data-save-state]")).to_have_text("全部已保存")
    button(filer, "提交").click()
    expect(filer.get_by_text("已提交，等待区机关事务管理局审核。")).to_be_visible()

    reviewer.goto(path_of(report))
    answer = reviewer.get_by_role("region", name="退回指标的答复")
    expect(answer).to_contain_text("与电费单不符")
    expect(answer.get_by_role("row").nth(1)).to_contain_text("9000")
    expect(answer.get_by_role("row").nth(1)).to_contain_text("8800")
    expect(answer).to_contain_text("已改")
    button(reviewer, "通过").click()
    assert fresh(report).approved.lines.get(item="110").quantity == 8800


def test_nothing_typed_by_the_reviewer_is_lost_when_the_return_says_nothing(district, page_of):
    report = district.submitted(MARCH, FIGURES)
    reviewer = page_of(district.reviewer, width=375, height=812)
    reviewer.goto(path_of(report))
    button(reviewer, "退回").click()
    expect(reviewer.get_by_text("请写明退回原因，或在左侧要退回的指标下写明意见").first).to_be_visible()
    assert fresh(report).status == Status.SUBMITTED


def test_without_scripts_the_locked_cells_keep_what_they_hold(district, browser, live_server, page_of):
    report = district.submitted(MARCH, FIGURES)
    actions.send_back(report, by=district.reviewer, cells={"110": "与电费单不符"})
    signed_in = page_of(district.filer).context.cookies()
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(signed_in)
    page = context.new_page()
    page.goto(path_of(report, "edit/"))
    field(page, "quantity-110").fill("8800")
    button(page, "保存草稿").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    context.close()
    stored = dict(fresh(report).latest.lines.values_list("item", "quantity"))
    assert (stored["110"], stored["120"], stored["102"]) == (8800, 150, 1000)


def test_a_department_reviews_first(district, page_of):
    Agency.objects.filter(pk=district.department.pk).update(reviews_first=True)
    report = district.submitted(MARCH, FIGURES)
    reviewer = page_of(district.reviewer)
    reviewer.goto(path_of(report))
    expect(reviewer.get_by_text("初审之后方可通过")).to_be_visible()
    expect(button(reviewer, "通过")).to_have_count(0)
    department = page_of(district.department_user)
    department.goto(path_of(report))
    button(department, "初审通过").click()
    expect(department.get_by_text("部门已审").first).to_be_visible()
    reviewer.goto(path_of(report))
    button(reviewer, "通过").click()
    assert fresh(report).status == Status.APPROVED


def test_a_correction_is_opened_and_given_up(district, page_of):
    report = district.approved(MARCH, FIGURES)
    filer = page_of(district.filer)
    filer.goto(path_of(report))
    filer.get_by_text("发起更正", exact=True).first.click()
    filer.get_by_label("更正原因").fill("漏计3号楼电表")
    button(filer, "发起更正").click()
    expect(filer.get_by_text("更正进行中")).to_be_visible()
    filer.on("dialog", lambda dialog: dialog.accept())
    button(filer, "放弃更正").click()
    expect(filer.get_by_text("已放弃更正，已通过的版次继续有效。")).to_be_visible()
    assert (fresh(report).status, fresh(report).revisions.count()) == (Status.APPROVED, 1)
