"""Settings, read from the environment. With none set: the quick start on SQLite.

README.md lists every variable. DJANGO_ENV=production stops with the name of a missing secret.
"""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))

ENVIRONMENT = os.environ.get("DJANGO_ENV") or "quick-start"
if ENVIRONMENT not in ("quick-start", "production"):
    # A typing error must not run the public quick start in production's place.
    raise ImproperlyConfigured(f"DJANGO_ENV is {ENVIRONMENT!r}; it is either unset or production.")
IS_PRODUCTION = ENVIRONMENT == "production"


def _required_in_production(name: str, quick_start: str) -> str:
    value = os.environ.get(name)
    if value:
        return value
    if IS_PRODUCTION:
        raise ImproperlyConfigured(f"DJANGO_ENV=production needs {name} in the environment.")
    return quick_start


def _list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def _number(name: str, default: str) -> int:
    value = os.environ.get(name, default)
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def _switch(name: str) -> bool:
    value = os.environ.get(name) or "0"
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is either 0 or 1, not {value!r}.")
    return value == "1"


# Security

SECRET_KEY = _required_in_production("SECRET_KEY", "quick-start-only-not-for-production-0123456789abcdef")
DEBUG = not IS_PRODUCTION and os.environ.get("DEBUG", "0") == "1"
ALLOWED_HOSTS = _list("ALLOWED_HOSTS") if IS_PRODUCTION else _list("ALLOWED_HOSTS", "*")
if IS_PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("DJANGO_ENV=production needs ALLOWED_HOSTS in the environment.")
CSRF_TRUSTED_ORIGINS = _list("CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = IS_PRODUCTION
# A load balancer asks for these two behind the proxy, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_PRODUCTION else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_AGE = 60 * _number("SESSION_IDLE_MINUTES", "30")
X_FRAME_OPTIONS = "DENY"

# What is installed

INSTALLED_APPS = [
    "yuzhong_carbon.apps.PortalConfig",
    "agencies",
    "reporting",
    "targets",
    "yuzhong_carbon.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "rest_framework",
    "simple_history",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "yuzhong_carbon.middleware.content_security_policy",
    "yuzhong_carbon.middleware.body_limit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "agencies.middleware.idle_sessions",
    "agencies.middleware.acting_address",
    "agencies.middleware.api_calls",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "yuzhong_carbon.urls"
WSGI_APPLICATION = "yuzhong_carbon.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "yuzhong_carbon.context.portal",
            ],
            "builtins": [
                "yuzhong_carbon.templatetags.figures",
                "yuzhong_carbon.templatetags.lookup",
                "yuzhong_carbon.templatetags.why",
            ],
        },
    }
]

# Accounts

AUTH_USER_MODEL = "agencies.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "agencies.passwords.LengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS = ["username"]
SILENCED_SYSTEM_CHECKS = ["axes.W006"]  # The norm locks the account, from whatever address the guesses come.
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
# Or anybody could keep a colleague locked out by knocking on.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "agencies.addresses.client_address"
AXES_IPWARE_PROXY_COUNT = _number("PROXY_COUNT", "0")

# Database: PostgreSQL in production, SQLite for the quick start

DATABASE_URL = _required_in_production("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Jobs

REDIS_URL = _required_in_production("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "Asia/Shanghai"
STALE_SWEEP_SECONDS = _number("STALE_SWEEP_SECONDS", "60")
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep-stale-marks": {"task": "targets.tasks.sweep_stale_marks", "schedule": STALE_SWEEP_SECONDS},
    "sweep-rehearsals": {"task": "targets.tasks.sweep_rehearsals", "schedule": STALE_SWEEP_SECONDS},
    "sweep-uploads": {"task": "reporting.tasks.sweep_uploads", "schedule": STALE_SWEEP_SECONDS},
    "send-mail": {"task": "agencies.tasks.send_mail_due", "schedule": STALE_SWEEP_SECONDS},
    "send-reminders": {"task": "reporting.tasks.send_reminders", "schedule": timedelta(hours=1)},
    "sweep-bulk-approvals": {
        "task": "reporting.tasks.sweep_bulk_approvals",
        "schedule": STALE_SWEEP_SECONDS,
    },
    "sweep-joint-reviews": {
        "task": "reporting.tasks.sweep_joint_reviews",
        "schedule": STALE_SWEEP_SECONDS,
    },
    # What is handed in is weighed at once; limits, register and earlier months that changed show within the hour.
    "weigh-waiting": {"task": "reporting.tasks.weigh_waiting", "schedule": timedelta(hours=1)},
    "refresh-peers": {"task": "reporting.tasks.refresh_peers", "schedule": timedelta(hours=1)},
    "open-periods": {"task": "reporting.tasks.open_periods", "schedule": timedelta(hours=1)},
    "sweep-evidence-files": {"task": "reporting.tasks.sweep_evidence_files", "schedule": timedelta(days=1)},
}

# Reporting rules that the bureau sets

REPORTING_DUE_DAY = _number("REPORTING_DUE_DAY", "10")
if not 1 <= REPORTING_DUE_DAY <= 28:
    raise ImproperlyConfigured(
        f"REPORTING_DUE_DAY must be 1 to 28, a day of every month, not {REPORTING_DUE_DAY}."
    )
# Reminders: so many days before a month is due and before it closes; how long after that it is still told of; from
# which hour of the day on.
REMIND_BEFORE_DUE_DAYS = _number("REMIND_BEFORE_DUE_DAYS", "3")
REMIND_BEFORE_CLOSE_DAYS = _number("REMIND_BEFORE_CLOSE_DAYS", "3")
REMIND_AFTER_CLOSE_DAYS = _number("REMIND_AFTER_CLOSE_DAYS", "14")
REMIND_FROM_HOUR = _number("REMIND_FROM_HOUR", "8")
# How long a worker may be busy with one uploaded workbook, and how large it may be.
UPLOAD_SECONDS = _number("UPLOAD_SECONDS", "600")
UPLOAD_MAX_MB = _number("UPLOAD_MAX_MB", "20")
UPLOAD_PREVIEW_DAYS = _number("UPLOAD_PREVIEW_DAYS", "30")
REPORTING_CLOSE_DAYS = _number("REPORTING_CLOSE_DAYS", "60")
# How long a filer has to answer a return, also where the month has closed meanwhile.
REPORTING_ANSWER_DAYS = _number("REPORTING_ANSWER_DAYS", "5")
# Scans of bills: private, served only through access control, so outside of everything a web server hands out.
PRIVATE_MEDIA_ROOT = Path(os.environ.get("PRIVATE_MEDIA_ROOT", VAR_DIR / "private"))
EVIDENCE_MAX_MB = _number("EVIDENCE_MAX_MB", "10")
# What is larger is refused unread; between the two the form answers with a sentence.
MAX_BODY_MB = 2 * EVIDENCE_MAX_MB + 20
# 网络安全法 第二十一条: logs stay for six months at least, before archive_trail may move them into files.
TRAIL_KEEP_DAYS = _number("TRAIL_KEEP_DAYS", "200")
if TRAIL_KEEP_DAYS < 183:
    raise ImproperlyConfigured(f"TRAIL_KEEP_DAYS must be 183 or more, half a year, not {TRAIL_KEEP_DAYS}.")
ACTIVE_RULE_SET = os.environ.get("ACTIVE_RULE_SET", "chongqing-2015")

# E-mail; without a server there is only the inbox

EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _switch("EMAIL_USE_TLS"), _switch("EMAIL_USE_SSL")
EMAIL_PORT = _number("EMAIL_PORT", "465" if EMAIL_USE_SSL else "587" if EMAIL_USE_TLS else "25")
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = _number("EMAIL_TIMEOUT", "10")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "")
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("Either EMAIL_USE_TLS or EMAIL_USE_SSL is 1, not both.")
if EMAIL_HOST and not DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured(
        "EMAIL_HOST needs DEFAULT_FROM_EMAIL in the environment: who the e-mails are from."
    )
# Where people reach the portal: what stands before an address in an e-mail.
PORTAL_URL = os.environ.get("PORTAL_URL", "").rstrip("/")
if PORTAL_URL and not PORTAL_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(f"PORTAL_URL must begin with https:// or http://, not be {PORTAL_URL!r}.")

# Pages of figures as they were rendered: in each process by itself, so that a new version begins with none.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 200},
    },
}

# Interface

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
PORTAL_NAME = "渝中区公共机构能耗碳排放报送平台"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# What people upload; no address leads into it, files leave only through views that check who asks.
MEDIA_ROOT = PRIVATE_MEDIA_ROOT
WHITENOISE_USE_FINDERS = not IS_PRODUCTION

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "COERCE_DECIMAL_TO_STRING": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
