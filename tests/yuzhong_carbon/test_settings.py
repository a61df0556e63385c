"""Production stops with the name of what is missing; a mistyped environment never runs the public quick start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PRODUCTION = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "a-secret-that-only-this-test-knows-0123456789-0123456789",
    "ALLOWED_HOSTS": "portal.example",
    "DATABASE_URL": "postgres://portal@127.0.0.1/portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}
SHOW = "from yuzhong_carbon import settings; print(settings.IS_PRODUCTION, settings.SESSION_COOKIE_SECURE)"


def load_settings(environment):
    """Read the settings in a process of their own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=REPOSITORY,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_with_everything_set_runs_with_secure_cookies():
    assert load_settings(PRODUCTION).stdout.split() == ["True", "True"]


def test_without_any_variable_the_quick_start_runs():
    assert load_settings({}).stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
def test_production_stops_with_the_name_of_what_is_missing(name):
    found = load_settings({key: value for key, value in PRODUCTION.items() if key != name})
    assert found.returncode != 0
    assert f"DJANGO_ENV=production needs {name} in the environment." in found.stderr


def test_a_mistyped_environment_is_refused():
    found = load_settings(PRODUCTION | {"DJANGO_ENV": "produktion"})
    assert found.returncode != 0
    assert "either unset or production" in found.stderr


def test_a_due_day_that_not_every_month_has_is_refused():
    found = load_settings({"REPORTING_DUE_DAY": "31"})
    assert "REPORTING_DUE_DAY must be 1 to 28" in found.stderr


def test_a_trail_kept_for_less_than_half_a_year_is_refused():
    found = load_settings({"TRAIL_KEEP_DAYS": "182"})
    assert "TRAIL_KEEP_DAYS must be 183 or more" in found.stderr


def test_a_number_that_is_none_is_refused_by_name():
    found = load_settings({"REPORTING_DUE_DAY": "tenth"})
    assert found.returncode != 0
    assert "REPORTING_DUE_DAY must be a whole number" in found.stderr
