"""Child processes that never outlive us: started in their own group, ended with everything they started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from typing import IO, Any

PR_SET_PDEATHSIG = 1
# Loaded before any fork: loading a library between fork and exec may deadlock.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_child(command: Sequence[str], *, log: IO[bytes] | None, **popen: Any) -> subprocess.Popen:
    """Start a program that the kernel ends should we be killed; its output goes to `log`, or beside ours.

    Its own session keeps a Ctrl-C in the terminal from reaching it before we end it in order.
    Call it from the main thread: the kernel's signal comes when the starting thread ends.
    """
    return subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 one call to the kernel, no lock taken
        **{"stdin": subprocess.DEVNULL} | popen,
    )


def stop_children(children: Iterable[subprocess.Popen], *, patience_seconds: float) -> None:
    """Ask all at once to end, wait together, then kill what is left, grandchildren included."""
    children = list(children)
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + patience_seconds
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.0, deadline - time.monotonic()))
    for child in children:
        _kill_group(child)


def _kill_group(child: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _end_with_parent() -> None:
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
