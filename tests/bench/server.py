"""The bench's own PostgreSQL: a database for each number of institutions, and steps that run in their own process."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tests import private_postgresql
from tests.private_postgresql import PrivatePostgreSQL, programs_in_wheels, programs_on_machine

REPOSITORY = Path(__file__).resolve().parents[2]
SETTINGS = private_postgresql.SETTINGS | {
    "shared_buffers": "1GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "16GB",
    # Whatever is to be vacuumed is vacuumed before the clock runs.
    "autovacuum": "off",
}
TEMPLATE = "bench_template"


class StepFailed(RuntimeError):
    """A step did not end well; its output says why."""


class Server:
    """Started in `folder`; stop() ends it and nothing of it is kept."""

    def __init__(self, folder: Path):
        self.folder = folder
        programs = [*programs_on_machine(), *programs_in_wheels()]
        self.postgresql: PrivatePostgreSQL = private_postgresql.start_private_postgresql(
            folder, programs, SETTINGS
        )
        self._create(TEMPLATE)
        self.step(TEMPLATE, "migrate")

    def stop(self):
        self.postgresql.stop()

    def database(self, name: str, agencies: int, contents: str) -> str:
        """Create and fill a database (`data.fill`); returns its name."""
        started = time.perf_counter()
        self._create(name, TEMPLATE)
        self.step(name, "fill", agencies, contents)
        say(f"{contents} of {agencies} institutions: {time.perf_counter() - started:.0f} s")
        return name

    def empty_database(self, name: str) -> str:
        """Create a database with tables and factors but no institution; returns its name."""
        self._create(name, TEMPLATE)
        return name

    def step(self, database: str, name: str, *arguments):
        """What the step found, run in a fresh process with a fresh connection."""
        command = [sys.executable, "-m", "tests.bench.steps", name, *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=self._environment(database),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StepFailed(f"{' '.join(command[2:])} ended with {done.returncode}.")
        return json.loads(done.stdout.splitlines()[-1])

    @contextmanager
    def serving(self, database: str, command: list[str]):
        """The command runs meanwhile, over the database."""
        process = subprocess.Popen(command, cwd=REPOSITORY, env=self._environment(database))
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def _environment(self, database):
        return os.environ | {
            "DATABASE_URL": self._url(database),
            "DJANGO_SETTINGS_MODULE": "yuzhong_carbon.settings",
            "LOG_LEVEL": "ERROR",
            # Kept nowhere: what the jobs do is called here directly.
            "REDIS_URL": "memory://",
            "VAR_DIR": str(self.folder),
        }

    def _url(self, database):
        return urlsplit(self.postgresql.url)._replace(path=f"/{database}").geturl()

    def _create(self, database, template="template1"):
        connection = psycopg2.connect(self.postgresql.url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        connection.close()


def say(sentence):
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
