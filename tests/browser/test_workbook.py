"""The workbook route in a real browser with a real worker: planted errors come back in their cells, then pass."""

from datetime import date
from io import BytesIO

import openpyxl
import pytest
from django.test import Client
from playwright.sync_api import expect

from reporting.models import Line, Report
from reporting.workbook import layout
from tests.factories import District

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

MARCH = date(2025, 3, 1)
FIGURES = {"110": 9000, "120": 90, "102": 1000, "103": 50, "104": 2}
# What is wrong, at which column, and what is typed in its place afterwards.
PLANTED = {
    ("110", "quantity"): ("九千", 9000),
    ("120", "known_by"): ("水表", None),
    ("104", "quantity"): (2.5, 2),
}


@pytest.fixture
def district(transactional_db):
    return District()


def sign_in(context, user, address):
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])


def downloaded(page, link):
    with page.expect_download() as download:
        page.get_by_role("link", name=link).first.click()
    return openpyxl.load_workbook(BytesIO(download.value.path().read_bytes()))


def cell(sheet, item, code):
    row = next(row for row in range(layout.FIRST_ROW, sheet.max_row + 1)
               if str(sheet.cell(row, 1).value).endswith(f"|{item}"))  # fmt: skip
    return sheet.cell(row, layout.CODES.index(code) + 1)


def upload(page, book):
    content = BytesIO()
    book.save(content)
    page.goto("/workbooks/")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.get_by_label("填好的工作簿").set_input_files(
        {"name": "三月.xlsx", "mimeType": kind, "buffer": content.getvalue()}
    )
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/workbooks/*/")


def filled(book):
    """Every asked item answered, three of them wrongly."""
    sheet = book[layout.DATA]
    for row in range(layout.FIRST_ROW, sheet.max_row + 1):
        if str(sheet.cell(row, layout.CODES.index("item") + 1).value).endswith("＊"):
            sheet.cell(row, layout.CODES.index("known_by") + 1).value = "不适用"
    for item, quantity in FIGURES.items():
        cell(sheet, item, "quantity").value, cell(sheet, item, "known_by").value = quantity, None
    for (item, code), (wrong, _) in PLANTED.items():
        cell(sheet, item, code).value = wrong
    return book


def test_three_planted_errors_come_back_in_their_cells_and_the_mended_file_is_accepted(
    new_page, live_server, district, celery_worker_process
):
    celery_worker_process()
    report = district.report(MARCH)
    page = new_page()
    sign_in(page.context, district.filer, live_server.url)
    page.goto("/")
    page.get_by_role("link", name="Excel 填报").click()
    upload(page, filled(downloaded(page, "本月（2025年3月）")))

    expect(page.get_by_text("有 3 格不能接受，没有写入任何内容。")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="确认写入")).to_have_count(0)
    page.get_by_role("link", name="不能接受 3 格").click()
    for place, sentence in (
        ("数据!I4", "请填写数字，如 1234.5（kWh）。"),
        ("数据!J12", "“水表”不在可选范围：请选计量、估算、不适用、未计量。"),
        ("数据!I13", "请填整数（辆）。"),
    ):
        row = page.get_by_role("row").filter(has_text=place)
        expect(row).to_contain_text(sentence)
    assert not Line.objects.exists()

    returned = downloaded(page, "下载标出问题的文件")
    sheet = returned[layout.DATA]
    for (item, code), (_, right) in PLANTED.items():
        wrong = cell(sheet, item, code)
        assert wrong.comment is not None, f"{item} {code} has no comment"
        wrong.value, wrong.comment = right, None
    assert returned[layout.FAULTS].max_row == 1 + len(PLANTED)
    upload(page, returned)

    expect(page.get_by_role("heading", name="核对结果")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="确认写入").click()
    expect(page.get_by_text("已写入草稿")).to_be_visible(timeout=30_000)
    report = Report.objects.get(pk=report.pk)
    quantities = {line.item_id: line.quantity for line in report.latest.lines.exclude(quantity=None)}
    assert quantities == FIGURES

    page.goto(f"/reports/{report.agency.key}/2025-03/edit/")
    expect(page.locator("[name='quantity-110']")).to_have_value("9000")


def test_the_route_works_without_scripts(browser, live_server, district, celery_worker_process):
    celery_worker_process()
    district.report(MARCH)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    sign_in(context, district.filer, live_server.url)
    page.goto("/workbooks/")
    book = downloaded(page, "本月（2025年3月）")
    cell(book[layout.DATA], "110", "quantity").value = 9000
    upload(page, book)
    for heading in ("核对结果", "已写入"):
        for _ in range(100):
            if page.get_by_role("heading", name=heading).count():
                break
            page.wait_for_timeout(200)
            page.reload()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        if heading == "核对结果":
            with page.expect_navigation():
                page.get_by_role("button", name="确认写入").click()
    assert Line.objects.get().quantity == FIGURES["110"]
    context.close()


@pytest.mark.parametrize("width", [375, 1440])
def test_no_page_of_the_route_scrolls_sideways(new_page, live_server, district, celery_worker_process, width):
    celery_worker_process()
    district.report(MARCH)
    page = new_page(width=width)
    sign_in(page.context, district.filer, live_server.url)
    page.goto("/workbooks/")
    upload(page, filled(downloaded(page, "本月（2025年3月）")))
    expect(page.get_by_text("有 3 格不能接受")).to_be_visible(timeout=30_000)
    for address in ("/workbooks/", page.url):
        page.goto(address)
        excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert excess <= 0, f"{address} is {excess} px too wide at {width}"
