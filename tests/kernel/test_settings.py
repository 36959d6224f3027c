"""A setting that cannot be meant stops the start with one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "a key for tests only, long enough to sign with"


def start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); from django.conf import settings; print(settings.PORT)"],
        cwd=ROOT,
        env={**clean, "DJANGO_SETTINGS_MODULE": "loyalty.settings", "VAR_DIR": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "setting",
    [
        {"PORT": "abc"},
        {"PORT": "0"},
        {"PORT": "70000"},
        {"PORT": "80.5"},
        {"DEBUG": "maybe"},
        {"DATABASE_URL": "mysql://host/name"},
        {"DATABASE_URL": "postgres://"},
        {"DATABASE_URL": "nonsense"},
        {"CELERY_BROKER_URL": "smoke://signals"},
        {"CELERY_BROKER_URL": "redis"},
        {"ALLOWED_HOSTS": "what ever"},
        {"PUBLIC_URL": "ftp://example.com"},
        {"PUBLIC_URL": "https://"},
        {"PUBLIC_URL": "https://example.com/?a=b"},
        {"EMAIL_URL": "carrier://pigeon"},
        {"LOG_LEVEL": "LOUD"},
        {"SECRET_KEY": "short"},
        {"TOKEN_TTL_SECONDS": "-1"},
        {"WEB_WORKERS": "many"},
        {"BIND": "every where"},
        {"LEDGER_HOLD_TTL": "1e3"},
        {"VAR_DIR": "/proc/nowhere"},
        {"WEBHOOK_NETWORKS": "10.1.2.3/8"},
        {"WEBHOOK_ALLOW_HTTP": "perhaps"},
    ],
    ids=lambda setting: "=".join(*setting.items()),
)
def test_nonsense_stops_the_start_with_one_clear_line(tmp_path: Path, setting: dict[str, str]) -> None:
    done = start(tmp_path, **{"SECRET_KEY": KEY, **setting})
    (name,) = setting
    assert done.returncode == 1
    assert done.stderr.startswith("tallystick: setting " + name)
    assert done.stderr.count("\n") == 1
    if name == "SECRET_KEY":
        assert "short" not in done.stderr.removeprefix("tallystick: setting SECRET_KEY must have at least")


def test_the_embedded_default_needs_no_setting_and_makes_its_own_key(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert (done.returncode, done.stdout) == (0, "8000\n")
    key = (tmp_path / "secret_key").read_text()
    assert len(key) > 40
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    start(tmp_path)
    assert (tmp_path / "secret_key").read_text() == key


@pytest.mark.parametrize("settings", [{"DEBUG": "off"}, {"DATABASE_URL": "postgres://me@127.0.0.1/books"}])
def test_a_production_needs_a_key_of_its_own(tmp_path: Path, settings: dict[str, str]) -> None:
    done = start(tmp_path, **settings)
    assert (done.returncode, done.stderr) == (1, "tallystick: setting SECRET_KEY is required when DEBUG is off\n")
    assert start(tmp_path, **settings, SECRET_KEY=KEY).returncode == 0
