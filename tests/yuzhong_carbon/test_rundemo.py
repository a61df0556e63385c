"""`make demo`: what it refuses before it starts, and that it runs, answers and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command

from tests.ports import free_port
from yuzhong_carbon.management.commands import rundemo
from yuzhong_carbon.management.commands.rundemo import address_to_listen_on, assets_are_collected

REPOSITORY = Path(__file__).parents[2]
OF_THE_TESTS = ("CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "HOST", "REDIS_URL")
START_SECONDS = 60


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_address_is_127_0_0_1_and_the_port_asked_for():
    port = free_port()

    assert address_to_listen_on({"PORT": str(port)}) == ("127.0.0.1", port)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty", "80.5"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(CommandError, match=f"PORT 应为 1 到 65535 的整数，现为 {port}。"):
        address_to_listen_on({"PORT": port})


def test_a_taken_port_is_refused_before_anything_starts(monkeypatch):
    with taken_port() as port:
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(CommandError, match=f"端口 {port} 已被占用"):
            call_command("rundemo")


def test_a_host_that_is_not_this_machine_is_refused():
    with pytest.raises(CommandError, match=r"无法监听 HOST=192\.0\.2\.1"):
        address_to_listen_on({"HOST": "192.0.2.1", "PORT": str(free_port())})


def test_a_broker_that_does_not_answer_is_refused():
    with pytest.raises(CommandError, match="REDIS_URL 处没有 Redis 应答"):
        rundemo.check_broker(f"redis://127.0.0.1:{free_port()}/0")


def test_production_is_refused(settings):
    settings.IS_PRODUCTION = True

    with pytest.raises(CommandError, match="生产环境"):
        call_command("rundemo")


def test_assets_count_as_collected_until_one_changes(settings, tmp_path):
    source = tmp_path / "source" / "portal.css"
    source.parent.mkdir()
    source.write_text("")
    settings.STATICFILES_DIRS = [source.parent]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    assert not assets_are_collected()

    settings.STATIC_ROOT.mkdir()
    time.sleep(0.01)
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    assert assets_are_collected()

    time.sleep(0.01)
    source.write_text("a {}")
    assert not assets_are_collected()


class Demo:
    """The command itself, on a database and a port of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.address = f"http://127.0.0.1:{free_port()}"
        self.environment = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
        self.environment |= {
            "DATABASE_URL": f"sqlite:///{var / 'portal.sqlite3'}",
            "PORT": self.address.rpartition(":")[2],
            "VAR_DIR": str(var),
        }

    def run(self, *command: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=REPOSITORY, env=self.environment, check=True
        )

    def start(self) -> subprocess.Popen:
        with (self.var / "output").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "manage.py", "rundemo"],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return (self.var / "output").read_text()

    def wait_until(self, is_so) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def processes(self) -> list[str]:
        """Return the command lines of everything that was started with this folder in its environment."""
        mark = f"VAR_DIR={self.var}".encode()
        return [
            (entry.parent / "cmdline").read_text().replace("\0", " ")
            for entry in Path("/proc").glob("[0-9]*/environ")
            if mark in _read(entry).split(b"\0")
        ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    demo.run("migrate", "--verbosity=0")
    demo.run("seed_demo", "--agencies=3")
    return demo


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at the processes in /proc")
def test_it_answers_and_ctrl_c_leaves_nothing_behind(demo):
    command = demo.start()
    demo.wait_until(lambda: f"平台已启动：{demo.address}/" in demo.output or command.poll() is not None)
    assert command.poll() is None, demo.output
    demo.wait_until(lambda: " ready." in (demo.var / "log" / "worker.log").read_text())
    with urlopen(f"{demo.address}/login/") as page:  # noqa: S310
        assert page.status == 200

    command.send_signal(signal.SIGINT)

    assert command.wait(timeout=15) == 0, demo.output
    assert demo.processes() == []
