"""Pytest plugin: gives the tests a real PostgreSQL and a real Redis before Django reads its settings.

TEST_DATABASE_URL and TEST_REDIS_URL name servers to use. Without them servers of our own are
started, from programs on the machine or else from those inside wheels. Where there are none the
tests run on SQLite, and those marked `needs_postgresql` or `needs_redis` are skipped.

TEST_DATABASE=sqlite           run on SQLite all the same
TEST_SERVICES=machine|wheels   look for programs only there (nowhere: find none)
REQUIRE_REAL_SERVICES=1        stop where a server is missing
FAIL_ON_SKIP=1                 count a skipped test as a failed one
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pytest

from yuzhong_carbon import local_redis
from yuzhong_carbon.local_redis import NoRedisProgram, start_private_redis

from . import private_postgresql
from .private_postgresql import NoPostgreSQLProgram, start_private_postgresql

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# The path of a Unix socket holds 107 characters at most.
SHORT_FOLDER = "/tmp"  # noqa: S108
NOBODY_LISTENS = "redis://127.0.0.1:1/0"
# What the header says of each server, and why tests with a marker are skipped.
in_use: list[str] = []
is_missing: dict[str, str] = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Start the servers; a wrapper, because pytest-django reads the settings in this same hook."""
    folder = Path(tempfile.mkdtemp(prefix="yc-", dir=SHORT_FOLDER))
    early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["VAR_DIR"] = str(folder)
    os.environ["DATABASE_URL"] = _database_url(folder, early_config)
    os.environ["REDIS_URL"] = _redis_url(folder, early_config)
    return (yield)


def pytest_report_header() -> list[str]:
    """Say what the tests run on."""
    return [*in_use, *(f"skipped: tests marked {marker}, {why}" for marker, why in is_missing.items())]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what lacks its server, and put the browser's journeys last: they are slow."""
    for item in items:
        for marker, why in is_missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=why))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test be skipped unseen."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let no file of tests be skipped unseen."""
    return _failed_if_skipped((yield))


def _database_url(folder: Path, config: pytest.Config) -> str:
    sqlite_url = f"sqlite:///{folder / 'portal.sqlite3'}"
    if os.environ.get("TEST_DATABASE") == "sqlite":
        in_use.append("database: SQLite, as TEST_DATABASE asks")
        is_missing["needs_postgresql"] = "TEST_DATABASE=sqlite"
        return sqlite_url
    if url := os.environ.get("TEST_DATABASE_URL"):
        in_use.append("database: the one of TEST_DATABASE_URL")
        return url
    try:
        server = start_private_postgresql(folder, _programs(private_postgresql))
    except NoPostgreSQLProgram as refusal:
        in_use.append("database: SQLite")
        _do_without("needs_postgresql", f"no PostgreSQL: {refusal}")
        return sqlite_url
    config.add_cleanup(server.stop)
    in_use.append(f"database: PostgreSQL {server.version} from {server.programs}")
    return server.url


def _redis_url(folder: Path, config: pytest.Config) -> str:
    if url := os.environ.get("TEST_REDIS_URL"):
        in_use.append("broker: the one of TEST_REDIS_URL")
        return url
    try:
        server = start_private_redis(folder, _programs(local_redis))
    except NoRedisProgram as refusal:
        _do_without("needs_redis", f"no Redis: {refusal}")
        return NOBODY_LISTENS
    config.add_cleanup(server.stop)
    in_use.append(f"broker: {server.version} from {server.program}")
    return server.url


def _do_without(marker: str, why: str) -> None:
    if os.environ.get("REQUIRE_REAL_SERVICES") == "1":
        raise pytest.UsageError(f"REQUIRE_REAL_SERVICES=1, but {why}")
    is_missing[marker] = why


def _programs(kind: ModuleType) -> Iterator[Path]:
    wanted = os.environ.get("TEST_SERVICES", "machine wheels")
    if "machine" in wanted:
        yield from kind.programs_on_machine()
    if "wheel" in wanted:
        yield from kind.programs_in_wheels()


def _failed_if_skipped(report: Report) -> Report:
    is_expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("FAIL_ON_SKIP") == "1" and report.skipped and not is_expected_failure:
        _file, _line, reason = report.longrepr
        report.outcome = "failed"
        report.longrepr = f"FAIL_ON_SKIP=1, but this was skipped: {reason}"
    return report
