"""`make screenshots`: pictures of the demo's pages at 1440 and 375 px, into docs/screenshots/.

Starts the demo in a folder of its own (or takes the running one: BASE_URL=http://127.0.0.1:8000) and ends it.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import QUIET, chromium_program
from tests.ports import free_port
from yuzhong_carbon.demo import PASSWORD

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET = REPOSITORY / "docs" / "screenshots"
WIDTHS = (1440, 375)
TALLEST = 6_000
START_SECONDS = 180

# File name → account and where to go: an address, or links to follow by their selector.
PAGES = {
    "login": (None, ["/login/"]),
    "to-do": ("tianbao", ["/"]),
    "form": ("tianbao", ["/", "main a[href$='/edit/']"]),
    "workbooks": ("tianbao", ["/workbooks/"]),
    "report": ("shenhe", ["/review/", "main table a[href^='/reports/']"]),
    "review-queue": ("shenhe", ["/review/"]),
    "first-review": ("zhuguan", ["/review/"]),
    "bulk-new": ("shenhe", ["/review/bulk/?all=quiet"]),
    "bulk": ("shenhe", ["/looks/", "main a[href^='/review/bulk/']"]),
    "looks": ("shenhe2", ["/looks/"]),
    "look": ("shenhe2", ["/looks/", "main table a[href^='/looks/']"]),
    "effect": ("shenhe", ["/review/", "main table a[href^='/reports/']", "#effect a[href$='/effect/']"]),
    "calendar": ("guanli", ["/calendar/"]),
    "extend": ("guanli", ["/calendar/", "main table a[href$='/extend/']"]),
    "completeness": ("guanli", ["/completeness/"]),
    "quality": ("guanli", ["/quality/"]),
    "joint-review": ("shenhe", ["/joint-review/"]),
    "joint-review-point": ("shenhe", ["/joint-review/", "main table a[href^='/joint-review/']"]),
    "messages": ("tianbao", ["/messages/"]),
    "rules": ("guanli", ["/rules/"]),
    "rule": ("guanli", ["/rules/last-year/"]),
    "evidence-list": ("tianbao", ["/evidence/"]),
    "evidence": ("tianbao", ["/evidence/", "main table tr:nth-child(2) a[href^='/evidence/']"]),
    "evidence-new": ("tianbao", ["/evidence/new/"]),
    "register-buildings": ("tianbao", ["/registers/"]),
    "register-rooms": ("tianbao", ["/registers/", ".tabs a[href*='rooms']"]),
    "report-list": ("guanli", ["/reports/"]),
    "cockpit": ("guanli", ["/cockpit/"]),
    "cockpit-2026": ("guanli", ["/cockpit/?year=2026"]),
    "system": ("guanli", ["/cockpit/", "main a[href^='/systems/']"]),
    "cockpit-wall": ("guanli", ["/cockpit/wall/"]),
    "assessment": ("guanli", ["/cockpit/", "main a[href^='/assessment/']"]),
    "leaders": ("guanli", ["/leaders/energy/?year=2025&verdict=all"]),
    "plan-board": ("guanli", ["/plan/?period=14-5&year=2025"]),
    "plan-task": ("guanli", ["/plan/14-5-3-2-1/?year=2025"]),
    "own-tasks": ("tianbao", ["/plan/?period=14-5&year=2025"]),
    "records": ("shenhe", ["/records/"]),
    "record-new": ("tianbao", ["/records/new/project/"]),
    "record": ("shenhe", ["/records/?status=submitted", "main table a[href^='/records/']"]),
    "group-types": ("guanli", ["/groups/type/?year=2025"]),
    "group-streets": ("guanli", ["/groups/street/?year=2025"]),
    "street": ("guanli", ["/groups/street/?year=2025", "main table a[href^='/groups/street/']"]),
    "certificate": (
        "guanli",
        ["/institutions/?year=2025", "main table a[href^='/institutions/']", "a[href$='/certificate/']"],
    ),
    "institution-list": ("guanli", ["/institutions/"]),
    "institution": ("guanli", ["/institutions/", "main table a[href^='/institutions/']"]),
    "trail": ("shenji", ["/trail/"]),
    "why-district": ("guanli", ["/cockpit/", "main .target-card a.why"]),
    "why-institution": (
        "guanli",
        ["/cockpit/", "main .target-card a.why", "main table a[href^='/why/institutions/']"],
    ),
    "why-effects": ("guanli", ["/cockpit/", "main td a[href^='/why/effects/']"]),
    "why-requirement": ("guanli", ["/cockpit/?year=2024", "main a[href^='/why/requirement/']"]),
    "why-forecast": ("guanli", ["/cockpit/?year=2026", "main a[href^='/why/forecast/']"]),
    "why-peak": ("guanli", ["/cockpit/", "main a[href^='/why/peak/']"]),
    "why-published": (
        "guanli",
        ["/publications/", "main table a[href^='/publications/']", "main table a[href^='/why/published/']"],
    ),
    "why-rehearsed": (
        "guanli",
        ["/restatements/", "main table a[href^='/restatements/']", "main table a[href^='/why/rehearsed/']"],
    ),
    "publications": ("guanli", ["/publications/"]),
    "publication": ("guanli", ["/publications/", "main table a[href^='/publications/']"]),
    "restatements": ("guanli", ["/restatements/"]),
    "restatement": ("guanli", ["/restatements/", "main table a[href^='/restatements/']"]),
    "proposal": ("guanli", ["/proposals/", "main table a[href^='/proposals/']"]),
    "recalculations": ("guanli", ["/recalculations/"]),
    "register": ("guanli", ["/admin/agencies/agency/"]),
}


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with running_demo() as base_url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_program(), args=QUIET)
        for name, (account, way) in PAGES.items():
            for width in WIDTHS:
                context = chromium.new_context(
                    base_url=base_url, locale="zh-CN", viewport={"width": width, "height": 900}
                )
                take(context.new_page(), account, way, TARGET / f"{name}-{width}.png")
                context.close()
        chromium.close()


def take(page: Page, account: str | None, way: list[str], path: Path) -> None:
    if account:
        page.goto("/login/")
        page.locator("[name=username]").fill(account)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
    for step in way:
        if step.startswith("/"):
            page.goto(step)
        else:
            page.locator(step).first.click()
    page.wait_for_load_state("networkidle")
    # A window as high as the page: what sticks to the bottom of the window stands at the end, as on the last screen.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(height, TALLEST)})
    # The charts draw themselves in; a picture of half a line says nothing.
    page.wait_for_timeout(900)
    page.screenshot(path=path, full_page=True)
    sys.stdout.write(f"{path.relative_to(REPOSITORY)}\n")


@contextmanager
def running_demo() -> Iterator[str]:
    if base_url := os.environ.get("BASE_URL"):
        yield base_url
        return
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = os.environ | {"VAR_DIR": folder, "PORT": str(port)}
        demo = subprocess.Popen([sys.executable, "manage.py", "rundemo"], cwd=REPOSITORY, env=environment)
        try:
            yield wait_for(demo, f"http://127.0.0.1:{port}")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=30)


def wait_for(demo: subprocess.Popen, base_url: str) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and demo.poll() is None:
        try:
            urlopen(f"{base_url}/healthz", timeout=2)  # noqa: S310
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return base_url
    raise SystemExit("The demo did not start.")


if __name__ == "__main__":
    main()
