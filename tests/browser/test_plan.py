"""The plan in a real browser, with a real worker: a renovation, a car and a title move the board and the scorecard.

The numbers are worked out by hand: one organ, 1 200 m² of the 40 000 asked for, one car of two with a battery.
"""

import time
from datetime import date

import pytest
from playwright.sync_api import expect

from agencies.models import Vehicle
from targets import plan_library
from targets.plan import board
from tests.factories import District
from tests.targets.months import settle
from yuzhong_carbon.demo.evidence import pdf

from .test_filing import button, field, page_of

__all__ = ["page_of"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_redis]

PATIENCE_SECONDS = 60


@pytest.fixture
def district(transactional_db, settings, tmp_path):
    settings.PRIVATE_MEDIA_ROOT = tmp_path
    plan_library.load()
    district = District()
    district.institution.is_party_government_organ = True
    district.institution.save()
    settle(district.institution, 2025)
    Vehicle.objects.create(
        agency=district.institution, plate="渝A00001", energy="diesel", registered_on=date(2021, 3, 1)
    )
    return district


def enter(page, slug, **typed):
    """A record of a register, typed, proved by a document and handed in."""
    page.goto(f"/records/new/{slug}/")
    for name, text in typed.items():
        box = field(page, name)
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(text)
        else:
            box.fill(text)
    button(page, "保存草稿").click()
    document = {"name": "证明.pdf", "mimeType": "application/pdf", "buffer": pdf(slug)}
    field(page, "file").set_input_files(document)
    button(page, "附上").click()
    expect(page.get_by_role("link", name="证明.pdf")).to_be_visible()
    button(page, "提交审核").click()
    expect(page.get_by_text("已提交，等待审核。")).to_be_visible()


def accept_all(page):
    """The bureau opens what waits, one after the other, and accepts it."""
    while True:
        page.goto("/records/?status=submitted")
        waiting = page.locator("main table a[href^='/records/']")
        if waiting.count() == 0:
            return
        waiting.first.click()
        button(page, "通过").click()
        expect(page.get_by_text("已通过，任务进度随后更新。")).to_be_visible()


def wait_for_board():
    deadline = time.monotonic() + PATIENCE_SECONDS
    while board.is_due():
        assert time.monotonic() < deadline, "The worker has not computed the board."
        time.sleep(0.2)


def task_row(page, number):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=number))


def test_a_renovation_a_car_and_a_title_move_the_board_and_the_scorecard(
    district, page_of, celery_worker_process
):
    celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")
    wait_for_board()
    manager = page_of(district.manager)
    manager.goto("/plan/?year=2025")
    expect(task_row(manager, "三(二)-1")).to_contain_text("0 m²")
    # The diesel car of 2021 is the only new one: none of one has a battery.
    expect(task_row(manager, "二(三)-3")).to_contain_text("0.00 %")
    expect(task_row(manager, "五(三)-1")).to_contain_text("超期未完成")

    filer = page_of(district.filer)
    enter(
        filer,
        "project",
        name="外墙改造",
        happened_on="2025-06-30",
        nature="改造",
        stage="已验收",
        area_m2="1200",
    )
    enter(
        filer, "title", name="节约型机关", happened_on="2024-11-01", kind="节约型机关", level="区", score="92"
    )
    change_cars(filer, district.institution.key)
    accept_all(page_of(district.reviewer))
    wait_for_board()

    manager.goto("/plan/?year=2025")
    expect(task_row(manager, "三(二)-1")).to_contain_text("1,200 m²")
    expect(task_row(manager, "二(三)-3")).to_contain_text("50.00 %")
    expect(task_row(manager, "五(三)-1")).to_contain_text("100.00 %")
    manager.goto("/assessment/2025/")
    expect(task_row(manager, "三(二)-1")).to_contain_text("未达标")
    expect(task_row(manager, "二(三)-3")).to_contain_text("达标")
    expect(task_row(manager, "五(三)-1")).to_contain_text("完成")
    task_row(manager, "三(二)-1").get_by_role("link", name="三(二)-1").click()
    manager.get_by_role("link", name="外墙改造").click()
    expect(manager.get_by_role("link", name="证明.pdf")).to_be_visible()


def change_cars(page, key):
    """The diesel car leaves, an electric one comes."""
    page.goto(f"/registers/{key}/?tab=vehicles")
    page.get_by_role("link", name="渝A00001").click()
    field(page, "retired_on").fill("2025-05-31")
    button(page, "保存").click()
    page.goto(f"/registers/{key}/vehicle/new/")
    field(page, "plate").fill("渝AD00001")
    field(page, "energy").select_option("electric")
    field(page, "registered_on").fill("2025-06-01")
    button(page, "保存").click()
    expect(page.get_by_text("已保存车辆 渝AD00001。")).to_be_visible()
