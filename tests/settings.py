"""The project's settings for tests: the same, but quick and quiet."""

from yuzhong_carbon.settings import *  # noqa: F403
from yuzhong_carbon.settings import DATABASES, LOGGING, STORAGES, VAR_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Empty: the assets come from where they lie.
STATIC_ROOT = VAR_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
# Locking after five wrong passwords is switched on by the tests that are about it.
AXES_ENABLED = False
# Months of any year can be filed; closing is switched on by the tests that are about it.
REPORTING_CLOSE_DAYS = 36_500
LOGGING = LOGGING | {"root": LOGGING["root"] | {"level": "WARNING"}}

# A connection kept open by a thread of the live server would keep the test database from going.
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # In a file, so that a worker in another process sees what the test has written.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
