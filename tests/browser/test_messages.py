"""A filer in a real browser: the number of unread messages, a reminder opened, a kind switched off."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from agencies.models import Message, MessageSwitch
from reporting import calendar, tasks
from reporting.models import Period
from tests.factories import District

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def district(transactional_db, settings):
    """The month that has ended is overdue, and the job of the reminders has run twice."""
    settings.REMIND_FROM_HOUR = 0
    district, today = District(), timezone.localdate()
    district.report(calendar.first_of_previous(today))
    Period.objects.update(due_on=today - timedelta(days=1), opens_on=today - timedelta(days=20))
    Period.objects.update(closes_on=today + timedelta(days=30))
    for _ in range(2):
        tasks.send_reminders()
    return district


def sign_in(page, user, live_server):
    client = Client()
    client.force_login(user)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])


@pytest.mark.parametrize("width", [375, 1440])
def test_a_filer_opens_a_reminder_and_switches_a_kind_off(district, new_page, live_server, width):
    page = new_page(width=width)
    sign_in(page, district.filer, live_server)
    page.goto("/")
    page.get_by_role("link", name="消息，1 条未读").click()
    expect(page.get_by_role("heading", name="逾期未报")).to_have_count(1)
    page.get_by_role("button", name="打开").press("Enter")
    expect(page).to_have_url(f"{live_server.url}{Message.objects.get(recipient=district.filer).address}")
    page.get_by_role("link", name="消息，0 条未读").click()
    expect(page.get_by_text("已读", exact=True)).to_be_visible()
    page.get_by_role("link", name="消息设置").click()
    page.get_by_role("checkbox", name="通过").uncheck()
    page.locator("[name=email]").fill("one@yuzhong.example")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存：电子邮箱已更改；通过：关。")).to_be_visible()
    expect(page.get_by_role("checkbox", name="通过")).not_to_be_checked()
    assert list(MessageSwitch.objects.values_list("kind", "is_on")) == [("approved", False)]


@pytest.mark.parametrize("width", [375, 1440])
def test_all_are_marked_read_at_once(district, new_page, live_server, width):
    page = new_page(width=width)
    sign_in(page, district.department_user, live_server)
    page.goto("/messages/")
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.get_by_text("已将 1 条消息标为已读。")).to_be_visible()
    expect(page.get_by_role("button", name="全部标为已读")).to_have_count(0)
    excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert excess <= 0
