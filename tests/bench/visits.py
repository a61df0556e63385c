"""Pages under gunicorn as people meet them: wrk asks for each in turn."""

import statistics
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

from .wrk import Latency, WrkFailed, latency

WORKERS, THREADS = 2, 4
ROUNDS, SECONDS, WARM_UP = 3, 6, 2


def command(port):
    """As README.md starts the portal in production."""
    gunicorn = [sys.executable, "-m", "gunicorn", "tests.bench.wsgi", "--worker-class", "gthread"]
    places = ["--workers", str(WORKERS), "--threads", str(THREADS), "--bind", f"127.0.0.1:{port}"]
    return [*gunicorn, *places, "--log-level", "warning"]


def wait_for(server, seconds=60):
    """Until the portal at this address answers; raises TimeoutError after so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urlopen(f"{server}/healthz"):  # noqa: S310, our own address
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{server} does not answer.")


def require_page(server, address, cookie):
    """Raises WrkFailed unless the page itself answers: wrk counts a redirect, to the login say, as an answer."""
    connection = HTTPConnection(urlsplit(server).netloc)
    connection.request("GET", address, headers={"Cookie": cookie})
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise WrkFailed(f"{address} answered {status}.")


def measure(server, pages, cookie, rounds=ROUNDS, seconds=SECONDS):
    """Name → Latency: medians over rounds in which the pages take turns, after a warm-up of each."""
    for address in pages.values():
        latency(f"{server}{address}", WARM_UP, cookie)
    found = {name: [] for name in pages}
    for _ in range(rounds):
        for name, address in pages.items():
            require_page(server, address, cookie)
            found[name].append(latency(f"{server}{address}", seconds, cookie))
    return {
        name: Latency(
            statistics.median(each.median for each in every), statistics.median(each.p99 for each in every)
        )
        for name, every in found.items()
    }
