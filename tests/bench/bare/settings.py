"""The settings of the bare project: the same database, and nothing around a view but Django and DRF themselves."""

from __future__ import annotations

from loyalty import settings as house

DATABASES = house.DATABASES
SECRET_KEY = house.SECRET_KEY
DEFAULT_AUTO_FIELD = house.DEFAULT_AUTO_FIELD
AUTH_USER_MODEL = house.AUTH_USER_MODEL
USE_TZ = True
TIME_ZONE = "UTC"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "loyalty.kernel",
    "ledger",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.bench.bare.views"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
