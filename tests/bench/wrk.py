"""wrk, and what it says: how long the answers of an address take."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from .server import StepFailed

CONNECTIONS = 2
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_PERCENTILE = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_FAULT = re.compile(r"^\s*(Non-2xx.*|Socket errors.*)$", re.MULTILINE)


class WrkFailed(StepFailed):
    """wrk is not here, or the address did not answer as it should."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    median: float
    p99: float


def require() -> None:
    """Raises WrkFailed where wrk is not on this machine."""
    if shutil.which("wrk") is None:
        raise WrkFailed("wrk is not on this machine: apt-get install wrk.")


def latency(address: str, seconds: int, cookie: str) -> Latency:
    """Of CONNECTIONS people who ask for the address one time after the other."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    done = subprocess.run(
        [*command, "-H", f"Cookie: {cookie}", address], capture_output=True, text=True, check=False
    )
    return read(done.stdout, address)


def read(output: str, address: str = "") -> Latency:
    """The median and the 99th percentile that wrk printed; raises WrkFailed for refused or broken answers."""
    if fault := _FAULT.search(output):
        raise WrkFailed(f"{address}: {fault.group(1)}.")
    found = {name: float(number) * MILLISECONDS[unit] for name, number, unit in _PERCENTILE.findall(output)}
    if found.keys() != {"50", "99"}:
        raise WrkFailed(f"{address}: no latencies in “{output}”.")
    return Latency(found["50"], found["99"])
