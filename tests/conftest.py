"""Fixtures for tests that need a worker process or a broker they may stop; the servers: real_services.py."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection

from yuzhong_carbon.celery import app as celery_app
from yuzhong_carbon.children import start_child, stop_children
from yuzhong_carbon.local_redis import NoRedisProgram, PrivateRedis, start_private_redis

from .real_services import is_missing

READY_SECONDS = 90
STOP_SECONDS = 5


class WorkerProcess:
    """A real Celery worker on the test database, as `celery -A yuzhong_carbon worker` starts it."""

    def __init__(self, folder: Path, *, beat: bool, concurrency: int, environment: dict[str, str]) -> None:
        self.log_file = folder / f"worker-{len(list(folder.glob('worker-*')))}.log"
        command = [sys.executable, "-m", "celery", "--app", "yuzhong_carbon", "worker", "--loglevel", "INFO"]
        command += ["--without-gossip", "--without-mingle", "--concurrency", str(concurrency)]
        command += ["--beat", "--schedule", str(folder / "beat")] if beat else []
        self.environment = os.environ | {"DATABASE_URL": database_url()} | environment
        with self.log_file.open("wb") as log:
            self.child = start_child(command, log=log, cwd=settings.BASE_DIR, env=self.environment)

    @property
    def log(self) -> str:
        """What the worker has written so far."""
        return self.log_file.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until the worker takes jobs."""
        deadline = time.monotonic() + READY_SECONDS
        while " ready." not in self.log:
            if self.child.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The worker is not ready after {READY_SECONDS} s:\n{self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the worker and its pool; harmless when it has ended already."""
        stop_children([self.child], patience_seconds=STOP_SECONDS)

    def kill(self) -> None:
        """End the worker and its pool at once, as a power cut would."""
        stop_children([self.child], patience_seconds=0)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Let transactional tests on SQLite empty the tables that triggers protect; PostgreSQL truncates them."""
    if connection.vendor == "sqlite":
        connection.ops.sql_flush = partial(_sql_flush_without_triggers, connection.ops.sql_flush)


@pytest.fixture(autouse=True)
def no_kept_pages() -> None:
    """Each test begins as a new process does: without the pages that another one kept."""
    caches["pages"].clear()


@pytest.fixture
def redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateRedis]:
    """Give the test a broker of its own, to stop() and start() again under the same url.

    The jobs of this process and of every worker started during the test go there.
    """
    try:
        server = start_private_redis(tmp_path)
    except NoRedisProgram as refusal:
        pytest.skip(f"no Redis: {refusal}")
    with monkeypatch.context() as patch:
        # Celery prefers this variable to the setting.
        patch.setenv("CELERY_BROKER_URL", server.url)
        patch.setenv("REDIS_URL", server.url)
        patch.setattr(settings, "REDIS_URL", server.url)
        _forget_broker_connections()
        yield server
    _forget_broker_connections()
    server.stop()


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Start real workers: `celery_worker_process(beat=True, STALE_SWEEP_SECONDS="1")`.

    Further keywords are environment variables. The broker is the one of the other tests, or
    `redis_server` where the test asks for it. A worker ends before the tables are emptied.
    """
    if "needs_redis" in is_missing:
        pytest.skip(is_missing["needs_redis"])
    workers: list[WorkerProcess] = []

    def start(*, beat: bool = False, concurrency: int = 1, **environment: str) -> WorkerProcess:
        workers.append(WorkerProcess(tmp_path, beat=beat, concurrency=concurrency, environment=environment))
        workers[-1].wait_until_ready()
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop()


def database_url() -> str:
    """The address of the test database, for processes of their own."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _forget_broker_connections() -> None:
    celery_app._after_fork()


def _sql_flush_without_triggers(sql_flush: Callable[..., list[str]], *args, **options) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
    drop = [f'DROP TRIGGER "{name}"' for name, _sql in triggers]
    return [*drop, *sql_flush(*args, **options), *(sql for _name, sql in triggers)]
