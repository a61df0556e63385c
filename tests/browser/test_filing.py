"""Filing and review in a real browser: by keyboard, on a telephone, without scripts, and when things go wrong."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from playwright.sync_api import expect

from reporting import actions
from reporting.entries import Entry
from reporting.models import Report, Status
from tests.factories import District, entries

pytestmark = pytest.mark.django_db(transaction=True)

FEBRUARY, MARCH = date(2025, 2, 1), date(2025, 3, 1)
# Nothing here is in doubt, given the costs.
FIGURES = {"110": 9000, "120": 150, "102": 1000, "103": 50, "104": 0}


@pytest.fixture
def district(transactional_db):
    return District()


@pytest.fixture
def page_of(new_page, live_server):
    """Open a page on which the user is signed in."""

    def open_page(user, **size):
        page = new_page(**size)
        sign_in(page.context, user, live_server.url)
        return page

    return open_page


def sign_in(context, user, address):
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])


def path_of(report, end=""):
    return f"/reports/{report.agency.key}/{report.period.month:%Y-%m}/{end}"


def field(page, name):
    return page.locator(f"[name='{name}']")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def focused(page):
    return page.evaluate("document.activeElement.name")


def status_of(report):
    return Report.objects.get(pk=report.pk).status


def test_the_tabulator_goes_along_a_row_and_enter_down_the_column(district, page_of):
    page = page_of(district.filer)
    page.goto(path_of(district.report(MARCH), "edit/"))
    field(page, "quantity-110").focus()
    for expected in ("known_by-110", "payment-110", "cost-110", "note-110", "quantity-130"):
        page.keyboard.press("Tab")
        assert focused(page) == expected
    for key, expected in (("Enter", "140"), ("ArrowUp", "130"), ("ArrowDown", "140"), ("Shift+Enter", "130")):
        page.keyboard.press(key)
        assert focused(page) == f"quantity-{expected}"


def test_a_returned_month_is_found_mended_and_submitted_again(district, page_of):
    report = district.submitted(MARCH, FIGURES)
    reviewer = page_of(district.reviewer)
    reviewer.goto("/review/")
    reviewer.get_by_role("link", name=district.institution.name).click()
    button(reviewer, "退回").click()
    expect(reviewer.get_by_text("请写明退回原因")).to_be_visible()
    reviewer.get_by_label("退回原因").fill("电量与电费不符")
    button(reviewer, "退回").click()
    expect(reviewer.get_by_text("填报员会看到原因")).to_be_visible()

    filer = page_of(district.filer)
    filer.goto("/")
    expect(filer.get_by_text("退回原因：电量与电费不符")).to_be_visible()
    filer.get_by_role("link", name="继续填报").click()
    expect(field(filer, "quantity-110")).to_have_value("9000")
    field(filer, "quantity-110").fill("8500")
    button(filer, "提交").click()
    expect(filer.get_by_text("已提交，等待区机关事务管理局审核。")).to_be_visible()

    reviewer.goto(path_of(report))
    expect(reviewer.get_by_text("上一版 9,000")).to_be_visible()
    assert status_of(report) == Status.SUBMITTED


@pytest.mark.parametrize("width", [375, 1440])
def test_no_page_scrolls_sideways(district, page_of, width):
    report = district.approved(FEBRUARY, FIGURES)
    actions.save_draft(district.report(MARCH), {"110": Entry(Decimal(5))}, by=district.filer)
    april = district.submitted(date(2025, 4, 1), FIGURES)
    pages = {
        district.filer: ("/", "/reports/", path_of(report), path_of(district.report(MARCH), "edit/")),
        district.reviewer: ("/review/", path_of(april)),
        district.department_user: ("/",),
        district.manager: ("/rules/", "/rules/last-year/", "/rules/energy-per-area/"),
    }
    for user, addresses in pages.items():
        page = page_of(user, width=width)
        for address in addresses:
            page.goto(address)
            excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert excess <= 0, f"{address} is {excess} px too wide at {width}"


def test_a_month_is_filed_and_approved_without_scripts(district, browser, live_server):
    report = district.report(MARCH)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(context, district.filer, live_server.url)
    page.goto(path_of(report, "edit/"))
    for code, entry in entries(report, FIGURES).items():
        field(page, f"quantity-{code}").fill("" if entry.quantity is None else str(entry.quantity))
        field(page, f"known_by-{code}").select_option(str(entry.known_by))
        if entry.payment:
            field(page, f"payment-{code}").select_option(entry.payment)
    button(page, "检查").click()
    expect(page.locator(".verdict-body")).to_be_visible()
    button(page, "提交").click()
    expect(page.get_by_text("已提交，等待区机关事务管理局审核。")).to_be_visible()
    sign_in(context, district.reviewer, live_server.url)
    page.goto(path_of(report))
    button(page, "通过").click()
    expect(page.get_by_text("指标由后台任务计算").first).to_be_visible()
    assert status_of(report) == Status.APPROVED
    context.close()
