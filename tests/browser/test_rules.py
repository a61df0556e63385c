"""The bureau moves a threshold in a real browser, and finds the old one in the history."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from reporting.models import CheckLimit
from tests.factories import District

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [375, 1440])
def test_a_threshold_is_begun_from_the_one_in_force_and_stands_in_the_history(
    transactional_db, new_page, live_server, width
):
    client, page = Client(), new_page(width=width)
    client.force_login(District().manager)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])
    page.goto("/rules/")
    page.get_by_role("link", name="比上年同月变化大").click()
    page.get_by_role("link", name="调整电全部类型的阈值").click()
    expect(page.locator("[name=high]")).to_have_value("30")
    expect(page.locator("[name=floor]")).to_have_value("800")
    page.locator("[name=high]").fill("45")
    page.get_by_role("button", name="设定").click()
    expect(page.get_by_text("请写明依据或理由").first).to_be_visible()
    expect(page.locator("[name=high]")).to_have_value("45")
    page.locator("[name=reason]").fill("空调季提前")
    page.get_by_role("button", name="设定").click()
    expect(page.get_by_text("已设定“比上年同月变化大”的阈值")).to_be_visible()
    expect(page.get_by_role("heading", name="设定记录")).to_be_visible()
    expect(page.get_by_text("空调季提前").first).to_be_visible()
    assert CheckLimit.objects.get().high * 100 == 45
