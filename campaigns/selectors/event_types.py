"""Reads of the types of events: the built-in ones, and the organization's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.models import LoyaltyEventType
from members.models import EventType


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type of event as it is listed; one that is built in has no number and no dates."""

    code: str
    name: str
    schema_type: str = LoyaltyEventType.SchemaType.BUILTIN
    pk: int | None = None
    description: str = ""
    active: bool = True
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def builtin(self) -> bool:
        """Whether every organization has it."""
        return self.pk is None


BUILTIN: dict[str, KnownType] = {str(kind): KnownType(str(kind), str(kind.label)) for kind in EventType}


def type_answered(row: LoyaltyEventType) -> KnownType:
    """A type of the organization's own as it is listed."""
    return KnownType(
        code=row.code,
        name=row.name,
        schema_type=row.schema_type,
        pk=row.pk,
        description=row.description,
        active=row.active,
        custom_attributes=row.custom_attributes,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def list_event_types(organization_id: int) -> list[KnownType]:
    """Every type of event of the organization: those that are built in, and its own."""
    own = LoyaltyEventType.objects.filter(organization_id=organization_id)
    return [*BUILTIN.values(), *map(type_answered, own.order_by("pk"))]


def find_event_type(organization_id: int, code: str) -> KnownType | None:
    """The type of this code, if there is one."""
    if code in BUILTIN:
        return BUILTIN[code]
    row = LoyaltyEventType.objects.filter(organization_id=organization_id, code=code).first()
    return None if row is None else type_answered(row)
