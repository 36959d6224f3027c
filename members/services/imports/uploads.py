"""Keeps an uploaded file between the preview of an import and the word that starts it.

A file lies in a folder whose name is made here from the person and the key of their form, so nobody can name another
one's, nor any path. What nobody came back for is swept away.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

KEPT = timedelta(hours=24)
_FOLDER = "uploads"
_ODD = re.compile(r"[^A-Za-z0-9._ -]")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits: where it lies, and what the person called it."""

    path: Path
    name: str


def _folder(key: str) -> Path:
    return Path(settings.MEDIA_ROOT) / _FOLDER / hashlib.sha256(key.encode()).hexdigest()


def keep_upload(*, key: str, name: str, blocks: Iterable[bytes], at: datetime) -> Upload:
    """Write the file to disk block by block, in the stead of one kept for the same key before."""
    sweep_uploads(at=at)
    folder = _folder(key)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    plain = _ODD.sub("_", Path(name).name).lstrip(".")[-100:] or "file"
    path = folder / plain
    with path.open("xb") as file:
        for block in blocks:
            file.write(block)
    return Upload(path, plain)


def find_upload(*, key: str) -> Upload | None:
    """The file kept for this key, while it is kept."""
    found = next((path for path in _folder(key).glob("*") if path.is_file()), None)
    return None if found is None else Upload(found, found.name)


def drop_upload(*, key: str) -> None:
    """Forget the file kept for this key."""
    shutil.rmtree(_folder(key), ignore_errors=True)


def sweep_uploads(*, at: datetime) -> int:
    """Delete the files nobody came back for; answers how many."""
    stale = [
        folder
        for folder in (Path(settings.MEDIA_ROOT) / _FOLDER).glob("*")
        if folder.stat().st_mtime < (at - KEPT).timestamp()
    ]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)
