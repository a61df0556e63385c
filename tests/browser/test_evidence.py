"""A bill and a register in a real browser: uploaded without scripts, confirmed into the month, on a telephone."""

from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from agencies.models import DataRoom, Vehicle
from reporting import evidence_actions
from reporting.models import Report
from tests.factories import District
from tests.reporting.documents import bill, png

from .test_filing import button, field, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = date(2025, 3, 1)


@pytest.fixture
def district(transactional_db, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path / "private"
    return District()


def line(report):
    return Report.objects.get(pk=report.pk).latest.lines.get(item="110")


def test_a_bill_of_two_months_is_uploaded_and_confirmed_without_scripts(
    district, browser, live_server, tmp_path
):
    report = district.report(MARCH)
    scan = tmp_path / "三月电费.png"
    scan.write_bytes(png())
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(context, district.filer, live_server.url)
    page.goto("/evidence/new/")
    field(page, "file").set_input_files(scan)
    field(page, "first_day").fill("2025-02-19")
    field(page, "last_day").fill("2025-03-20")
    field(page, "item-1").select_option("110")
    field(page, "quantity-1").fill("3,000")
    field(page, "cost-1").fill("1,800")
    button(page, "登记").click()
    expect(page.get_by_text("3000 kWh × 20 天 ÷ 30 天")).to_be_visible()
    page.get_by_role("link", name="用于填报").click()
    button(page, "确认填入 2,000 kWh").click()
    expect(page.get_by_text("已填入 电：2000")).to_be_visible()
    expect(page.get_by_text("与凭证相同，但")).to_be_visible()
    assert (line(report).quantity, line(report).cost_yuan) == (2000, 1200)
    context.close()


def test_a_wrong_file_is_named_and_the_rest_of_the_form_stays(district, new_page, live_server, tmp_path):
    fake = tmp_path / "电费.pdf"
    fake.write_text("just text")
    page = new_page()
    sign_in(page.context, district.filer, live_server.url)
    page.goto("/evidence/new/")
    field(page, "file").set_input_files(fake)
    field(page, "first_day").fill("2025-03-01")
    field(page, "last_day").fill("2025-03-31")
    field(page, "document_number").fill("DF-7")
    button(page, "登记").click()
    expect(page.locator(".error-summary")).to_contain_text("文件内容不是 PDF、PNG 或 JPEG")
    expect(field(page, "document_number")).to_have_value("DF-7")


def test_the_picture_opens_in_the_browser(district, new_page, live_server):
    evidence = evidence_actions.attach(
        district.institution, bill(content=png(), file_name="照片.png"), by=district.filer
    )
    page = new_page()
    sign_in(page.context, district.reviewer, live_server.url)
    page.goto(f"/evidence/{evidence.pk}/")
    page.get_by_role("link", name="打开文件").click()
    assert page.evaluate("document.images[0].naturalWidth") == 2


@pytest.mark.parametrize("width", [375, 1440])
def test_no_page_of_evidence_or_registers_scrolls_sideways(district, new_page, live_server, width):
    own = district.institution
    report = district.report(MARCH)
    evidence = evidence_actions.attach(own, bill(first=date(2025, 1, 5)), by=district.filer)
    Vehicle.objects.create(agency=own, plate="渝A12345", energy="petrol", registered_on=MARCH)
    DataRoom.objects.create(
        agency=own, name="机房", area_m2=Decimal(40), racks=6, installed_kw=30, in_use_from=MARCH
    )
    month = f"/reports/{own.key}/{report.period.month:%Y-%m}/"
    addresses = [
        "/evidence/",
        "/evidence/new/",
        f"/evidence/{evidence.pk}/",
        f"/evidence/{evidence.pk}/replace/",
    ]
    addresses += [month, f"{month}suggestions/110/", f"/registers/{own.key}/vehicle/new/"]
    addresses += [
        f"/registers/{own.key}/?tab={tab}&month=2025-03"
        for tab in ("buildings", "vehicles", "rooms", "power")
    ]
    page = new_page(width=width)
    sign_in(page.context, district.filer, live_server.url)
    for address in addresses:
        assert page.goto(address).status == 200
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert excess <= 0, f"{address} is {excess} px too wide at {width}"
