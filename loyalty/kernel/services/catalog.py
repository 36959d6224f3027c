"""Writes the words of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue
from loyalty.kernel.models import CatalogEntry
from loyalty.kernel.services.audit import apply_changes, record

Entry = TypeVar("Entry", bound=CatalogEntry)


@transaction.atomic
def create_catalog_entry(
    *,
    model: type[Entry],
    organization_id: int,
    code: str,
    label: str,
    actor: Actor,
    at: datetime,
    tags: Iterable[str] = (),
) -> Entry:
    """A new word of the catalog that `model` is; its code stands for ever (semantics 13.5).

    :raises DuplicateValue: where the organization has this code there.
    """
    try:
        with transaction.atomic():
            entry = model._default_manager.create(
                organization_id=organization_id,
                code=code,
                label=label,
                tags=list(tags),
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise DuplicateValue("This code is already taken.", field=f"{model.word}Code") from error
    record(
        actor=actor,
        at=at,
        action=f"{model._meta.model_name}.created",
        target=entry,
        organization_id=organization_id,
        after={"code": code, "label": label, "tags": entry.tags},
    )
    return entry


@transaction.atomic
def update_catalog_entry(
    *, entry: Entry, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Entry:
    """Change the label or the tags, whichever are named."""
    apply_changes(
        entry,
        {name: value for name, value in changes.items() if name in ("label", "tags")},
        actor=actor,
        at=at,
        action=f"{entry._meta.model_name}.updated",
        organization_id=entry.organization_id,
        reason=reason,
    )
    return entry
