"""A real Chromium for the journeys in this folder.

CHROMIUM names the program; REQUIRE_BROWSER=1 makes its absence a failure.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

# Playwright keeps an event loop running in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

HERE = Path(__file__).parent
# Two browsers, two servers and their workers share the cores of a small machine; only a failure waits so long.
expect.set_options(timeout=20_000)
NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    # Root has no sandbox, and a small machine's /dev/shm is too small.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Nothing that speaks to its maker, or waits for an answer from there.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one Chromium for all journeys."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_program(), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """Collect what went wrong in the browser; a journey that provokes an error takes it out of this list."""
    return []


@pytest.fixture
def new_page(
    browser: Browser, live_server: LiveServer, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """Open pages: `new_page()`, or `new_page(width=375, height=812)` as on a telephone.

    Each has cookies of its own, as another person has. The test fails on any script error, any
    error in the console and any request that leaves the live server.
    """
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": height},
        )
        contexts.append(context)
        _listen(context, live_server.url, complaints)
        return context.new_page()

    yield open_page
    for context in contexts:
        _let_finish(context)
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """Open an empty page on the live server."""
    return new_page()


def _let_finish(context: BrowserContext) -> None:
    """What a page still asks the server must not meet a database that is being emptied."""
    for page in context.pages:
        # A form checks a moment after its last save.
        page.wait_for_timeout(400)
        page.wait_for_load_state("networkidle")


def _listen(context: BrowserContext, server_url: str, complaints: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        # A picture opened by itself is no page of the portal and names no icon.
        is_icon = str(message.location.get("url")).endswith("/favicon.ico")
        if message.type == "error" and not is_icon:
            complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{server_url}/", "data:", "blob:")):
            complaints.append(f"request outside: {request.url}")

    context.on("console", on_console)
    context.on("request", on_request)
    context.on("weberror", lambda problem: complaints.append(f"script: {problem.error}"))


def chromium_program() -> str:
    """Return the Chromium of this machine; where there is none, skip the test."""
    for name in filter(None, (os.environ.get("CHROMIUM"), *NAMES)):
        if program := shutil.which(name):
            return program
    why = f"no Chromium: none of {', '.join(NAMES)} is here, and CHROMIUM names none"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"REQUIRE_BROWSER=1, but {why}", pytrace=False)
    pytest.skip(why)
