"""The plugin that starts the servers: without them nothing is passed over unseen."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
NEEDS_A_SERVER = "import pytest\n\n@pytest.mark.needs_redis\ndef test_it():\n    pass\n"


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a test that needs Redis, in a process of its own, on a machine that seems to have no server."""
    (folder / "test_it.py").write_text(NEEDS_A_SERVER)
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEST_", "REQUIRE_", "FAIL_"))
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--config-file=pyproject.toml",
            str(folder),
        ],
        cwd=REPOSITORY,
        env=plain | {"TEST_SERVICES": "nowhere"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_nothing_may_be_skipped_a_test_without_its_server_fails(tmp_path):
    done = run_pytest(tmp_path, FAIL_ON_SKIP="1")

    assert done.returncode == 1
    assert (
        "skipped: tests marked needs_redis, no Redis: neither redis-server nor valkey-server" in done.stdout
    )
    assert "FAIL_ON_SKIP=1, but this was skipped: Skipped: no Redis" in done.stdout


def test_where_real_servers_are_required_nothing_runs_without_them(tmp_path):
    done = run_pytest(tmp_path, REQUIRE_REAL_SERVICES="1")

    assert done.returncode == 4
    assert "REQUIRE_REAL_SERVICES=1, but no PostgreSQL" in done.stderr
