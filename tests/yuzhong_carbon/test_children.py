"""Children end when they are told to, with all they started, and when we are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings

from yuzhong_carbon.children import start_child, stop_children

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
PARENT = """
import time
from yuzhong_carbon.children import start_child
print(start_child(["sleep", "60"], log=None).pid, flush=True)
time.sleep(60)
"""


def test_a_grandchild_ends_with_the_child(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        child = start_child(["sh", "-c", "sleep 60 & echo $!; wait"], log=log)
    grandchild = int(_first_line(tmp_path / "log"))

    stop_children([child], patience_seconds=5)

    assert child.returncode == -signal.SIGTERM
    assert _ends(grandchild)


def test_a_child_that_will_not_end_is_killed(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        child = start_child([sys.executable, "-c", DEAF], log=log)
    assert _first_line(tmp_path / "log") == "deaf"

    stop_children([child], patience_seconds=0.1)

    assert child.returncode == -signal.SIGKILL


def test_a_child_that_has_ended_is_no_trouble():
    child = start_child(["true"], log=subprocess.DEVNULL)
    child.wait()

    stop_children([child], patience_seconds=1)

    assert child.returncode == 0


def test_a_parent_that_is_killed_leaves_no_child():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
    )
    child = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    assert _ends(child)


def _first_line(log: Path) -> str:
    deadline = time.monotonic() + 10
    while "\n" not in log.read_text():
        assert time.monotonic() < deadline, "nothing was written"
        time.sleep(0.02)
    return log.read_text().splitlines()[0]


def _ends(process: int) -> bool:
    deadline = time.monotonic() + 5
    while _runs(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _runs(process)


def _runs(process: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
