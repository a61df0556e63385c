"""Filing a month as its filer does it: cell by cell, by keyboard alone, offline, in two tabs, with a doubt."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from playwright.sync_api import expect

from reporting import actions
from reporting.entries import Entry
from reporting.models import EditionItem, Report, Status
from tests.factories import BuildingFactory, District, OccupancyFactory, entries, explain

pytestmark = pytest.mark.django_db(transaction=True)

LAST_YEAR, FEBRUARY, MARCH = date(2024, 3, 1), date(2025, 2, 1), date(2025, 3, 1)
BEFORE = {"110": 9000, "120": 90, "102": 1000, "103": 50, "104": 2, "1501": 120, "140": 300}

# Goes to the next warning without a reason, as the tabulator does; its name, or null where all are explained.
NEXT_REASON = """() => {
    const next = [...document.querySelectorAll("[data-rule]")].find((field) => !field.value);
    next?.focus();
    return next?.name ?? null;
}"""


@pytest.fixture
def district(transactional_db):
    district = District()
    for month in (LAST_YEAR, FEBRUARY):
        district.approved(month, BEFORE)
    return district


@pytest.fixture
def report(district):
    return district.report(MARCH)


@pytest.fixture
def open_form(new_page, live_server, district, report):
    """Open the form of March, signed in as its filer."""

    def opened(**size):
        page = new_page(**size)
        client = Client()
        client.force_login(district.filer)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(f"/reports/{report.agency.key}/2025-03/edit/")
        return page

    return opened


def field(page, name):
    return page.locator(f"[name='{name}']")


def state(page, code):
    return page.locator(f"tr[data-item='{code}'] [data-state]")


def stored(report):
    latest = Report.objects.get(pk=report.pk).latest
    return {line.item_id: Entry.of(line) for line in latest.lines.all()} if latest else {}


def leave(page, name, text):
    field(page, name).fill(text)
    field(page, name).blur()


def test_a_whole_month_is_filed_by_keyboard_alone(open_form, report):
    page = open_form()
    codes = list(
        EditionItem.objects.filter(edition__slug="2025", is_required=True)
        .order_by("position")
        .values_list("item", flat=True)
    )
    numbers = {
        "110": "8800",
        "120": "88",
        "1501": "118",
        "140": "310",
        "102": "1000",
        "103": "50",
        "104": "2",
    }
    field(page, "quantity-110").focus()
    filed = 0
    for _ in range(30):
        code = page.evaluate("document.activeElement.name").removeprefix("quantity-")
        page.keyboard.press("Control+A")
        page.keyboard.type(numbers.get(code, "0"))
        filed += 1
        page.keyboard.press("Enter")
    assert filed >= 20
    expect(page.locator("[data-save-state]")).to_have_text("全部已保存")
    assert set(codes) <= set(stored(report))
    submit = page.get_by_role("button", name="提交", exact=True)
    asked, done = page.get_by_text("处疑问待说明原因"), page.get_by_text("已提交，等待区机关事务管理局审核。")
    submit.focus()
    page.keyboard.press("Enter")
    expect(asked).to_be_visible()
    for _ in range(5):
        while page.evaluate(NEXT_REASON):
            page.keyboard.type("已核对")
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
        submit.focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(2000)
        if done.count():
            break
    expect(done).to_be_visible()
    assert Report.objects.get(pk=report.pk).status == Status.SUBMITTED


def test_each_cell_is_saved_as_it_is_left(open_form, report):
    page = open_form()
    leave(page, "quantity-110", "8800")
    expect(state(page, "110")).to_contain_text("已保存")
    assert stored(report)["110"] == Entry(Decimal(8800))
    assert stored(report)["102"] == Entry(Decimal(1000)), (
        "what was carried over is stored with the first cell"
    )
    page.reload()
    expect(field(page, "quantity-110")).to_have_value("8800")


def test_a_unit_typed_or_chosen_is_converted_and_said(open_form, report):
    page = open_form()
    leave(page, "quantity-110", "0.88万kWh")
    expect(state(page, "110")).to_contain_text("0.88万kWh = 8800")
    expect(field(page, "quantity-110")).to_have_value("8800")
    field(page, "quantity-120").fill("0.009")
    page.locator("[data-unit-of='quantity-120']").select_option("万m³")
    expect(field(page, "quantity-120")).to_have_value("90")
    assert stored(report)["120"].quantity == 90


def test_a_refused_value_stays_typed_and_is_not_stored(open_form, report, complaints):
    page = open_form()
    leave(page, "quantity-110", "九千")
    expect(state(page, "110")).to_contain_text("有错误，没有保存：请填写数字")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator("[data-save-state]")).to_contain_text("尚有 1 项没有保存")
    expect(field(page, "quantity-110")).to_have_value("九千")
    assert "110" not in stored(report)
    leave(page, "quantity-110", "9000")
    expect(state(page, "110")).to_contain_text("已保存")
    complaints.clear()


def test_a_doubt_asks_for_its_reason_beside_the_cell(open_form, report):
    page = open_form()
    leave(page, "quantity-110", "20000")
    expect(state(page, "110")).to_contain_text("已保存，有疑问")
    reason = page.locator("tr[data-said-of='110'] [data-rule]").first
    reason.fill("新增中央空调")
    reason.blur()
    expect(state(page, "110")).to_have_text("已保存，疑问已说明")
    assert (
        Report.objects.get(pk=report.pk).latest.hits.get(rule=reason.get_attribute("data-rule")).reason
        == "新增中央空调"
    )


def test_what_was_typed_offline_is_sent_when_the_network_is_back(open_form, report, complaints):
    page = open_form()
    leave(page, "quantity-120", "91")
    expect(state(page, "120")).to_contain_text("已保存")
    page.context.set_offline(True)
    leave(page, "quantity-110", "8800")
    expect(state(page, "110")).to_contain_text("未联网，已留在本机")
    leave(page, "quantity-140", "310")
    assert set(stored(report)) >= {"120"}
    assert "110" not in stored(report)
    page.context.set_offline(False)
    expect(state(page, "110")).to_contain_text("已保存")
    expect(state(page, "140")).to_contain_text("已保存")
    assert stored(report)["140"].quantity == 310
    complaints.clear()


def test_what_was_typed_offline_survives_a_closed_tab(open_form, report, complaints):
    page = open_form()
    page.context.set_offline(True)
    leave(page, "quantity-110", "8800")
    expect(state(page, "110")).to_contain_text("未联网")
    page.context.set_offline(False)
    page.evaluate("window.stop()")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(page.url)
    expect(state(page, "110")).to_contain_text("已保存")
    assert stored(report)["110"].quantity == 8800
    complaints.clear()


def test_of_two_tabs_the_second_sees_both_answers_and_chooses(open_form, report, complaints):
    first, second = open_form(), open_form()
    leave(first, "quantity-110", "100")
    expect(state(first, "110")).to_contain_text("已保存")
    leave(second, "quantity-110", "999")
    conflict = second.locator("tr[data-item='110'] .conflict")
    expect(conflict).to_contain_text("已在别处保存：100")
    expect(field(second, "quantity-110")).to_have_value("999")
    assert stored(report)["110"].quantity == 100
    conflict.get_by_role("button", name="采用已保存的").click()
    expect(field(second, "quantity-110")).to_have_value("100")
    leave(second, "quantity-110", "200")
    expect(state(second, "110")).to_contain_text("已保存")
    leave(first, "quantity-110", "300")
    first.locator(".conflict").get_by_role("button", name="保留我填的").click()
    expect(state(first, "110")).to_contain_text("已保存")
    assert stored(report)["110"].quantity == 300
    complaints.clear()


def test_a_month_submitted_elsewhere_is_locked_and_says_why(open_form, district, report, complaints):
    page = open_form()
    actions.save_draft(report, entries(report, BEFORE), by=district.filer)
    explain(report, by=district.filer)
    actions.submit(report, by=district.filer)
    leave(page, "quantity-110", "1")
    expect(page.locator("[data-save-state]")).to_contain_text("已锁定：")
    expect(page.locator("[data-save-state]")).to_contain_text("现为“已提交”，不能修改")
    expect(field(page, "quantity-110")).to_be_disabled()
    complaints.clear()


def test_a_column_from_a_spreadsheet_goes_down_the_rows(open_form, report):
    page = open_form()
    field(page, "quantity-110").focus()
    page.evaluate(
        """() => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "8,800\\t7040\\r\\n0\\r\\n310\\t900\\r\\n");
        const options = {clipboardData, bubbles: true, cancelable: true};
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
    }"""
    )
    expect(state(page, "140")).to_contain_text("已保存")
    lines = stored(report)
    assert lines["110"] == Entry(Decimal(8800), cost_yuan=Decimal(7040))
    assert lines["140"] == Entry(Decimal(310), cost_yuan=Decimal(900))


def test_sums_are_filled_in_and_shown_as_such(open_form, report):
    page = open_form()
    leave(page, "quantity-PV1", "700")
    leave(page, "quantity-PV2", "300")
    expect(field(page, "quantity-PV")).to_have_value("1000")
    leave(page, "quantity-1502", "12.5")
    expect(page.locator(".section-total").first).to_contain_text("自动合计")


def test_an_empty_area_takes_the_registers_with_one_click(open_form, district, report):
    OccupancyFactory(building=BuildingFactory(manager=district.institution, floor_area_m2=1050))
    actions.save_draft(report, {"110": Entry(Decimal(9000))}, by=district.filer)
    page = open_form()
    page.get_by_role("button", name="按名录填写").click()
    expect(state(page, "102")).to_contain_text("已保存")
    assert stored(report)["102"].quantity == 1050


def test_a_slip_of_the_unit_is_corrected_with_one_click(open_form, report):
    page = open_form()
    leave(page, "quantity-110", "0.9")
    click = page.locator("tr[data-said-of='110'] [data-suggest-for='quantity']")
    expect(click).to_contain_text("数量改为 9,000")
    click.click()
    expect(field(page, "quantity-110")).to_have_value("9000")
    expect(state(page, "110")).to_contain_text("已保存")
    assert stored(report)["110"].quantity == 9000
