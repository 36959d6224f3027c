"""Makes the keys that rules and URLs use: readable, unique, never changed (semantics 0.11)."""

from __future__ import annotations

import secrets
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from loyalty.kernel.models import Organization

# No letter or digit that a person could take for another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_key(name: str, *, among: QuerySet[Any], field: str, fallback: str, organization_id: int | None = None) -> str:
    """A key made of `name`, with a random ending where `among` already holds it (or its letters give none).

    An organization gives out one key at a time, until the caller's transaction ends: two rows of one name made at once
    would get the same.
    """
    if organization_id is not None:
        Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    stem = slugify(name)[:80] or fallback
    key = stem
    while among.filter(**{field: key}).exists():
        key = f"{stem}-{''.join(secrets.choice(ALPHABET) for _ in range(6))}"
    return key
