"""Writes the audit trail, and changes rows in the one way that leaves a mark in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import CharField, Model, QuerySet
from django.db.models.functions import Cast

from loyalty.kernel.actors import Actor
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.selectors import list_audit_of


def _plain(value: Any) -> Any:
    """`value` as it can stand in JSON."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def record(
    *,
    actor: Actor,
    at: datetime,
    action: str,
    target: Model,
    organization_id: int | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one audit entry: `action` is noun.past, `before` and `after` hold what changed."""
    return AuditEntry.objects.create(
        organization_id=organization_id,
        at=at,
        actor=str(actor),
        actor_name=actor.name[:255],
        action=action,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        target_name=str(target)[:255],
        before={name: _plain(value) for name, value in (before or {}).items()},
        after={name: _plain(value) for name, value in (after or {}).items()},
        reason=reason,
        request_id=actor.request_id,
    )


def forget_history(target: Model) -> None:
    """Blank what the trail says of a person who is forgotten: that something was done, when and by whom stays.

    `target` has its new name already.
    """
    list_audit_of(target._meta.label_lower, target.pk).update(
        before={}, after={}, target_name=str(target)[:255], reason=""
    )


def forget_reasons(rows: QuerySet[Any]) -> None:
    """Blank the reasons in the trail of these rows, which may name a person who is forgotten."""
    named = rows.order_by().annotate(as_text=Cast("pk", CharField())).values("as_text")
    AuditEntry.objects.filter(target_type=rows.model._meta.label_lower, target_id__in=named).update(reason="")


def apply_changes(
    target: Model,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    action: str,
    organization_id: int | None,
    reason: str = "",
) -> bool:
    """Set `changes` on `target` and save what really differs, with an audit entry; False where nothing does."""
    before = {name: getattr(target, name) for name in changes}
    changed = [name for name in changes if before[name] != changes[name]]
    if not changed:
        return False
    for name in changed:
        setattr(target, name, changes[name])
    fields = list(changed)
    if any(field.name == "updated_at" for field in target._meta.fields):
        target.updated_at = at  # type: ignore[attr-defined]
        fields.append("updated_at")
    target.save(update_fields=fields)
    record(
        actor=actor,
        at=at,
        action=action,
        target=target,
        organization_id=organization_id,
        before={name: before[name] for name in changed},
        after={name: changes[name] for name in changed},
        reason=reason,
    )
    return True
