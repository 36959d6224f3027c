"""Every setting of an installation, read once from the environment; a nonsense value stops the start with one line.

docs/settings.md lists them with their defaults.
"""

from __future__ import annotations

import os
import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from loyalty.console.look import LOOK
from loyalty.kernel.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def refuse(name: str, why: str) -> NoReturn:
    """Stop the start: `name` is set to something that cannot be meant."""
    raise SystemExit(f"tallystick: setting {name}={os.environ.get(name, '')!r} {why}")


def whole(name: str, default: int, *, low: int, high: int) -> int:
    """The whole number set as `name`, within its bounds."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,12}", text) or not low <= int(text) <= high:
        refuse(name, f"must be a whole number from {low} to {high}")
    return int(text)


def flag(name: str, *, default: bool) -> bool:
    """The yes or no set as `name`."""
    text = os.environ.get(name, "").strip().lower()
    if text in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if text == "" else text in ("1", "true", "yes", "on")
    return refuse(name, "must be 1 or 0 (true or false, yes or no, on or off)")


def url(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """The address set as `name`, with one of the schemes it may have."""
    text = os.environ.get(name, "").strip() or default
    if text.partition(":")[0] not in schemes or "://" not in text:
        refuse(name, "must be an address that starts with " + " or ".join(f"{s}://" for s in schemes))
    return text


# Where this installation keeps what it makes itself: the embedded database, queue, uploads and key.
VAR_DIR = Path(os.environ.get("VAR_DIR", "").strip() or BASE_DIR / "var").resolve()
try:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    refuse("VAR_DIR", f"must be a folder that can be written: {error.strerror}")

DEBUG = flag("DEBUG", default=False)
PORT = whole("PORT", 8000, low=1, high=65535)
BIND = os.environ.get("BIND", "").strip() or "127.0.0.1"
if not re.fullmatch(r"[A-Za-z0-9.:-]+", BIND):
    refuse("BIND", "must be the address to listen on, like 127.0.0.1 or 0.0.0.0")
PUBLIC_URL = url("PUBLIC_URL", f"http://127.0.0.1:{PORT}", ("http", "https")).rstrip("/")
_public = urlsplit(PUBLIC_URL)
if not _public.hostname or _public.query or _public.fragment:
    refuse("PUBLIC_URL", "must name a host, without query or fragment")

# --- the database -----------------------------------------------------------------------------------------------
_embedded = f"sqlite:///{VAR_DIR / 'tallystick.sqlite3'}"
_database_url = url("DATABASE_URL", _embedded, ("sqlite", "postgres", "postgresql"))
EMBEDDED = _database_url.startswith("sqlite")
try:
    DATABASES = {"default": environ.Env.db_url_config(_database_url)}
except (ValueError, ImproperlyConfigured):
    refuse("DATABASE_URL", "is not a database address, like postgres://user:password@host:5432/name")
if not DATABASES["default"].get("NAME"):
    refuse("DATABASE_URL", "names no database")
if EMBEDDED:
    DATABASES["default"] |= {
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;",
        },
        # A file, so that tests may open second connections; one for each test process.
        "TEST": {"NAME": str(VAR_DIR / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3")},
    }
else:
    DATABASE_PREPARE = flag("DATABASE_PREPARE", default=True)
    DATABASES["default"] |= {
        "CONN_MAX_AGE": whole("DATABASE_CONN_MAX_AGE", 60, low=0, high=86400),
        "OPTIONS": {
            **DATABASES["default"].get("OPTIONS", {}),
            # Only what asks for it is prepared: the queries of loyalty.kernel.prepared.
            "prepare_threshold": 0 if DATABASE_PREPARE else None,
            "options": f"-c lock_timeout={whole('DATABASE_LOCK_TIMEOUT_MS', 15000, low=100, high=600000)}",
        },
    }
# One writer at a time is enough for one process; a server that many can use at once gets two.
WEB_WORKERS = whole("WEB_WORKERS", 1 if EMBEDDED else 2, low=1, high=256)
WEB_THREADS = whole("WEB_THREADS", 4, low=1, high=256)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def secret_key() -> str:
    """The key that signs tokens and sessions: given, or made once for the embedded default."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        if len(given) < 32:
            raise SystemExit("tallystick: setting SECRET_KEY must have at least 32 characters")
        return given
    debug_is_set_off = os.environ.get("DEBUG", "").strip() != "" and not DEBUG
    if not DEBUG and (debug_is_set_off or not EMBEDDED):
        raise SystemExit("tallystick: setting SECRET_KEY is required when DEBUG is off")
    path = VAR_DIR / "secret_key"
    try:
        # O_EXCL: of two processes that start at once, one writes and the other reads.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = secret_key()

# --- who may call -----------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or ["localhost", "127.0.0.1", "[::1]", _public.hostname]
if any(not re.fullmatch(r"\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\]", host) for host in ALLOWED_HOSTS):
    refuse("ALLOWED_HOSTS", "must be host names with commas between them")
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY", default=False) else None
TOKEN_TTL_SECONDS = whole("TOKEN_TTL_SECONDS", 3600, low=60, high=86400)
# At Open Loyalty's sign-ins: a token, and what is traded for the next one (its time begins anew whenever it is used).
JWT_TTL_SECONDS = whole("JWT_TTL_SECONDS", 86_400, low=60, high=2_592_000)
REFRESH_TOKEN_TTL_SECONDS = whole("REFRESH_TOKEN_TTL_SECONDS", 2_592_000, low=300, high=31_536_000)
MAX_BODY_BYTES = whole("MAX_BODY_BYTES", 5_000_000, low=10_000, high=1_000_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Calls a second of one key of the Engage API, in each web process; 0 counts none.
ENGAGE_RATE_LIMIT = whole("ENGAGE_RATE_LIMIT", 200, low=0, high=1_000_000)
FILE_UPLOAD_TEMP_DIR = None
MEDIA_ROOT = VAR_DIR / "files"

# --- the ledger -------------------------------------------------------------------------------------------------
# Hours after which an open hold is voided by the worker; 0 lets holds stand.
LEDGER_HOLD_TTL = whole("LEDGER_HOLD_TTL", 0, low=0, high=24 * 366)
# What takes the transactions of accounts with syncAlgorand.
CHAIN_ADAPTER = os.environ.get("CHAIN_ADAPTER", "").strip() or "ledger.services.chain.LocalAdapter"
if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", CHAIN_ADAPTER):
    refuse("CHAIN_ADAPTER", "must name a class, like shop.chain.Adapter")
IMPORT_CHUNK_ROWS = whole("IMPORT_CHUNK_ROWS", 8000, low=1, high=20000)
# A file of points sent to Open Loyalty's import: how large it may be, and up to how many rows the call waits for it.
POINTS_IMPORT_MAX_BYTES = whole("POINTS_IMPORT_MAX_BYTES", 1_000_000_000, low=10_000, high=100_000_000_000)
POINTS_IMPORT_SYNC_ROWS = whole("POINTS_IMPORT_SYNC_ROWS", 10_000, low=0, high=100_000)
SETTLE_CHUNK_BALANCES = whole("SETTLE_CHUNK_BALANCES", 400, low=1, high=10000)

# --- the queue --------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = url(
    "CELERY_BROKER_URL", "filesystem://", ("filesystem", "redis", "rediss", "amqp", "amqps", "memory", "sentinel")
)
if CELERY_BROKER_URL.startswith("filesystem"):
    for folder in ("queue", "queue-control", "queue-done"):
        (VAR_DIR / folder).mkdir(exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        "data_folder_in": str(VAR_DIR / "queue"),
        "data_folder_out": str(VAR_DIR / "queue"),
        "control_folder": str(VAR_DIR / "queue-control"),
        "processed_folder": str(VAR_DIR / "queue-done"),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = whole("SWEEP_SECONDS", 5, low=1, high=3600)
SETTLE_SECONDS = whole("SETTLE_SECONDS", 60, low=1, high=86400)

# --- webhooks ---------------------------------------------------------------------------------------------------
WEBHOOK_ALLOW_HTTP = flag("WEBHOOK_ALLOW_HTTP", default=False)
# Networks that may be called although they are not public.
try:
    WEBHOOK_NETWORKS = [ip_network(text.strip()) for text in env.list("WEBHOOK_NETWORKS", default=[])]
except ValueError:
    refuse("WEBHOOK_NETWORKS", "must be networks with commas between them, like 10.1.0.0/16")

# --- mail -------------------------------------------------------------------------------------------------------
try:
    vars().update(environ.Env.email_url_config(os.environ.get("EMAIL_URL", "").strip() or "consolemail://"))
except (KeyError, ValueError, ImproperlyConfigured):
    refuse("EMAIL_URL", "is not a mail address, like smtp://user:password@host:25")
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "").strip() or f"tallystick@{_public.hostname}"

# --- the web ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "loyalty.console.apps.ConsoleConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "loyalty.console.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "loyalty.kernel",
    "ledger",
    "members",
    "coupons",
    "campaigns",
    "partners",
]
MIDDLEWARE = [
    "loyalty.kernel.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # The rest is for pages; API calls pass it by.
    "loyalty.kernel.middleware.Static",
    "loyalty.kernel.middleware.Sessions",
    "loyalty.kernel.middleware.Common",
    "loyalty.kernel.middleware.Csrf",
    "loyalty.kernel.middleware.SignedIn",
    "loyalty.kernel.middleware.Messages",
    "loyalty.kernel.middleware.Frames",
    "loyalty.kernel.middleware.Lockout",
]
ROOT_URLCONF = "loyalty.urls"
WSGI_APPLICATION = "loyalty.wsgi.application"
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
            ],
        },
    },
]
APPEND_SLASH = False
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # the middleware is there, as a subclass
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
UNFOLD = LOOK

# --- people and passwords ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "loyalty.Operator"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = whole("LOGIN_FAILURE_LIMIT", 5, low=1, high=1000)
AXES_COOLOFF_TIME = whole("LOGIN_COOLOFF_HOURS", 1, low=1, high=720)
# A shop's staff share one address: lock the person at that address, not everybody behind it.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "locked.html"

# --- the API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["loyalty.kernel.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["loyalty.kernel.api.rendering.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "loyalty.kernel.api.schema.CoreSchema",
    "EXCEPTION_HANDLER": "loyalty.kernel.api.problems.core_exception_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tallystick core API",
    "VERSION": "1.0",
    "DESCRIPTION": "The core platform API: one ledger, its programs and its members.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "DISABLE_ERRORS_AND_WARNINGS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    # Fields of the same name that are chosen from different words.
    "ENUM_NAME_OVERRIDES": {
        "CouponBookTypeEnum": "coupons.models.CouponBook.Type",
        "EventTriggerTypeEnum": "campaigns.models.EventTrigger.Type",
        "ActionMatcherTypeEnum": "campaigns.models.ActionMatcher.Type",
        "CampaignActionStatusEnum": "campaigns.models.CampaignAction.Status",
        "PurchaseOrderStatusEnum": "members.models.PurchaseOrder.Status",
    },
    "PATH_CONVERTER_OVERRIDES": {
        "rowid": {"type": "number", "multipleOf": 1, "minimum": 1},
        "rowidtext": {"type": "string"},
        "opaque": {"type": "string"},
        "cosmoreference": {"type": "string"},
        "idorkey": {"type": "string"},
    },
}

# --- logs -------------------------------------------------------------------------------------------------------
LOG_LEVEL = os.environ.get("LOG_LEVEL", "").strip().upper() or "INFO"
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    refuse("LOG_LEVEL", "must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
LOGGING_CONFIG = None
logging_config(LOG_LEVEL)
