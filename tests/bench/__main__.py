"""`make bench`: measures the product against its rivals on a PostgreSQL of its own; see docs/bench.md.

AGENCIES=2000 measures a smaller register, ONLY=name one line, SCALE=1 also 200 000 institutions.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .lines import AT_SCALE, LINES, ON_LINES, Bench
from .server import REPOSITORY, Server, StepFailed, say

RESULTS = REPOSITORY / "bench-results.json"
AGENCIES = 20_000


def main():
    wanted = chosen(os.environ)
    # The path of a Unix socket holds 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="yc-bench-", dir="/tmp"))
    try:
        lines = measure(wanted, int(os.environ.get("AGENCIES") or AGENCIES), folder)
    except StepFailed as failure:
        sys.exit(str(failure))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    RESULTS.write_text(json.dumps([line.as_json() for line in lines], indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(lines))
    sys.exit(0 if all(line.holds for line in lines) else 1)


def chosen(environment):
    """The functions of the lines that are asked for."""
    known = LINES | AT_SCALE
    if only := environment.get("ONLY"):
        if only not in known:
            sys.exit(f"No line {only}; there are {', '.join(known)}.")
        return [known[only]]
    return [*LINES.values(), *(AT_SCALE.values() if environment.get("SCALE") == "1" else ())]


def measure(wanted, agencies, folder):
    server = Server(folder)
    say(f"PostgreSQL {server.postgresql.version}, {agencies} institutions, 2020-01 to 2026-10")
    try:
        bench = Bench(server, agencies, with_lines=not ON_LINES.isdisjoint(wanted))
        return [line(bench) for line in wanted]
    finally:
        server.stop()


def table(lines):
    width = max(len(line.name) for line in lines)
    rows = [f"{'':{width}}  {'ratio':>8}  {'bar':>8}  holds  detail"]
    for line in lines:
        holds = ("yes" if line.holds else "NO") if line.bar else ""
        rows.append(f"{line.name:{width}}  {line.ratio:8.2f}  {line.bar:>8}  {holds:5}  {line.detail}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
