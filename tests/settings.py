"""The settings of the suite: the house's own, with its files apart and quick password hashing."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "a key for tests only, long enough to sign with")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")
os.environ.setdefault("VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "tests"))
# The suite says itself which database it runs on: TEST_DATABASE_URL, or the embedded one.
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["CELERY_BROKER_URL"] = "memory://"

from loyalty.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A client of its own for each test would otherwise read every static file of the console.
WHITENOISE_AUTOREFRESH = True
