"""The whole main job in a real browser, with a real worker: file, approve, compute, and the dashboard has moved.

Every figure below is worked out by hand from the quantities of this page, so that no code of the portal proves itself.
"""

import time
from datetime import date

import pytest
from playwright.sync_api import expect

from agencies.models import Agency, AgencyType
from reporting import history
from reporting.models import StaleMark
from targets import plan_library, refresh
from tests.factories import District

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

PASSWORD = "correct-horse-battery"
DECEMBER = date(2025, 12, 1)
PATIENCE_SECONDS = 90

# Each month of 2020, and of January to November 2025: kWh, m³, L of vehicle petrol, m², persons.
MONTH_2020 = {"110": 10_000, "120": 100, "1501": 100, "102": 1_000, "103": 50}
MONTH_2025 = {"110": 9_400, "120": 95, "1501": 100, "102": 1_000, "103": 50}
# What the filer types for December 2025.
TYPED = {"110": "9,000", "120": "90", "1501": "80", "102": "1000", "103": "50", "104": "2"}
NOT_APPLICABLE = ("PV", "PV1", "PV2")
COSTS = {"110": "5580", "120": "360", "1501": "640"}

# Petrol: 0.73 kg/L × 1.4714 kgce/kg = 1.074122 kgce/L and 2.179 kgCO₂/L; electricity 0.1229 kgce and 0.4743 kgCO₂.
# 2020: 120 000 kWh, 1 200 L. 2025: 11 × 9 400 + 9 000 = 112 400 kWh, 11 × 100 + 80 = 1 180 L, 11 × 95 + 90 = 1 135 m³.
CARDS = {
    # 120 000 × 0.1229 / 1 000 m² = 14.748; 112 400 × 0.1229 / 1 000 = 13.81396: −6.33 %, asked 5 %
    "单位建筑面积能耗": ("14.75", "13.81", "−6.33 %", "已达标"),
    # (120 000 × 0.4743 + 1 200 × 2.179) / 1 000 = 59.5308;
    # (53 311.32 + 2 571.22) / 1 000 = 55.88254: −6.13 %, asked 6 %
    "单位建筑面积碳排放": ("59.53", "55.88", "−6.13 %", "已达标"),
    # (14 748 + 1 288.9464) / 50 = 320.738928; (13 813.96 + 1 267.46396) / 50 = 301.6284792: −5.96 %, asked 6 %
    "人均综合能耗": ("320.74", "301.63", "−5.96 %", "未达标"),
    # 1 200 / 50 = 24; 1 135 / 50 = 22.7: −5.42 %, asked 4 %
    "人均用水量": ("24.00", "22.70", "−5.42 %", "已达标"),
}


@pytest.fixture
def district(transactional_db):
    plan_library.load()
    district = District()
    # A type without a published average: 21.6 m³ a person and year is below what organs usually use.
    Agency.objects.filter(pk=district.institution.pk).update(type_code=AgencyType.OTHER)
    key = district.institution.key
    rows = [
        {"agency": key, "year": str(year), "month": str(month), "item": item, "quantity": str(quantity)}
        for year, last, quantities in ((2020, 12, MONTH_2020), (2025, 11, MONTH_2025))
        for month in range(1, last + 1)
        for item, quantity in quantities.items()
    ]
    history.enter(history.Reader().read(rows), document="测试")
    refresh.refresh_all()
    district.report(DECEMBER)
    return district


def sign_in(page, user):
    page.goto("/login/")
    page.locator("[name=username]").fill(user.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/*")


def file_month(page, key):
    page.goto(f"/reports/{key}/2025-12/edit/")
    for item, text in TYPED.items():
        page.locator(f"[name='quantity-{item}']").fill(text)
        page.locator(f"[name='known_by-{item}']").select_option("metered")
    for item in NOT_APPLICABLE:
        page.locator(f"[name='known_by-{item}']").select_option("not_applicable")
    for item, text in COSTS.items():
        page.locator(f"[name='cost-{item}']").fill(text)
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已提交").first).to_be_visible()


def approve_month(page):
    page.goto("/review/")
    page.locator("main a[href*='2025-12']").first.click()
    page.get_by_role("button", name="通过").click()
    expect(page.get_by_text("已通过").first).to_be_visible()


def wait_for_figures():
    deadline = time.monotonic() + PATIENCE_SECONDS
    while StaleMark.objects.exists():
        assert time.monotonic() < deadline, "The worker has not computed the figures."
        time.sleep(0.1)


def card_texts(page, title):
    return page.locator(".target-card").filter(has_text=title).first.inner_text()


def assert_cards(page):
    for title, texts in CARDS.items():
        shown = card_texts(page, title)
        for text in texts:
            assert text in shown, f"{title}: {text} is not in {shown!r}"


def test_a_month_is_filed_approved_computed_and_moves_the_dashboard(
    new_page, district, celery_worker_process
):
    celery_worker_process()
    leader = new_page()
    sign_in(leader, district.manager)
    leader.goto("/cockpit/?year=2025")
    assert "−6.00 %" in card_texts(leader, "单位建筑面积能耗")

    filer = new_page()
    sign_in(filer, district.filer)
    file_month(filer, district.institution.key)

    reviewer = new_page()
    sign_in(reviewer, district.reviewer)
    approve_month(reviewer)
    wait_for_figures()

    leader.goto("/cockpit/?year=2025")
    assert_cards(leader)
    filer.goto(f"/institutions/{district.institution.key}/?year=2025")
    assert_cards(filer)


def test_an_approval_while_the_broker_is_down_still_reaches_the_figures(
    new_page, district, redis_server, celery_worker_process
):
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    filer = new_page()
    sign_in(filer, district.filer)
    file_month(filer, district.institution.key)

    redis_server.stop()
    reviewer = new_page()
    sign_in(reviewer, district.reviewer)
    approve_month(reviewer)
    assert StaleMark.objects.filter(cause__endswith="通过").count() == 1

    redis_server.start()
    wait_for_figures()
    reviewer.goto("/cockpit/?year=2025")
    assert_cards(reviewer)
