"""Creates and changes the organization's own types of events (semantics 7.2, 7.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from campaigns.errors import EventTypeTaken
from campaigns.models import LoyaltyEventType
from campaigns.selectors.event_types import BUILTIN, KnownType, type_answered
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import apply_changes, check_document, check_schema_text, record

_CODE = re.compile(r"[a-z0-9-]{3,100}")
# What the one value of a payload is, by the type of its schema.
_VALUES: Mapping[str, dict[str, Any]] = {
    LoyaltyEventType.SchemaType.STRING: {"type": "string"},
    LoyaltyEventType.SchemaType.NUMBER: {"type": "number"},
    LoyaltyEventType.SchemaType.URL: {"type": "string", "pattern": r"^https?://[^\s/]+", "maxLength": 2000},
}


def schema_of(schema_type: str, custom_attributes: Mapping[str, Any]) -> Any:
    """The JSON Schema of the payloads of a type; None takes any object."""
    if schema_type == LoyaltyEventType.SchemaType.CUSTOM:
        schema = custom_attributes.get("schema")
        return orjson.loads(schema) if isinstance(schema, str) else schema
    value = _VALUES.get(schema_type)
    return None if value is None else {"type": "object", "properties": {"value": value}, "required": ["value"]}


def check_payload(kind: KnownType, payload: Mapping[str, Any]) -> None:
    """That a payload is as its type wants it.

    :raises InvalidInput: with the place and what is wrong there.
    """
    schema = schema_of(kind.schema_type, kind.custom_attributes)
    if schema is not None:
        check_document(payload, schema, field="payload")


def _check(code: str, schema_type: str, custom_attributes: Mapping[str, Any]) -> None:
    if not _CODE.fullmatch(code):
        raise InvalidInput("A code is of small letters, digits and dashes, at least 3 of them.", field="apiCode")
    if code in BUILTIN:
        raise EventTypeTaken("This type of event is built in.")
    if schema_type != LoyaltyEventType.SchemaType.CUSTOM:
        return
    schema = custom_attributes.get("schema")
    if not isinstance(schema, str | dict | bool):
        raise InvalidInput("A custom type has its JSON Schema as customAttributes.schema.", field="customAttributes")
    try:
        check_schema_text(schema if isinstance(schema, str) else orjson.dumps(schema).decode())
    except (InvalidInput, TypeError) as error:
        raise InvalidInput(f"customAttributes.schema: {error}", field="customAttributes") from error


@transaction.atomic
def create_event_type(
    *,
    organization_id: int,
    code: str,
    name: str,
    schema_type: str,
    actor: Actor,
    at: datetime,
    active: bool = True,
    description: str | None = "",
    custom_attributes: Mapping[str, Any] | None = None,
) -> KnownType:
    """A new type of event.

    :raises EventTypeTaken: the code is built in, or another type has it.
    :raises InvalidInput: a code or schema that cannot be one.
    """
    attributes = dict(custom_attributes or {})
    _check(code, schema_type, attributes)
    try:
        with transaction.atomic():
            made = LoyaltyEventType.objects.create(
                organization_id=organization_id,
                code=code,
                name=name,
                schema_type=schema_type,
                active=active,
                description=description or "",
                custom_attributes=attributes,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise EventTypeTaken from error
    record(
        actor=actor,
        at=at,
        action="eventtype.created",
        target=made,
        organization_id=organization_id,
        after={"code": code, "name": name, "schema_type": schema_type, "active": active},
    )
    return type_answered(made)


@transaction.atomic
def put_event_type(
    *, organization_id: int, code: str, actor: Actor, at: datetime, reason: str = "", **said: Any
) -> KnownType:
    """The type of this code, with what is said of it: a new one, or the one there is, changed (semantics 7.5).

    :raises EventTypeTaken: the code is built in.
    :raises InvalidInput: a code or schema that cannot be one.
    """
    locked = (
        LoyaltyEventType.objects.select_for_update(no_key=True)
        .filter(organization_id=organization_id, code=code)
        .first()
    )
    if locked is None:
        return create_event_type(organization_id=organization_id, code=code, actor=actor, at=at, **said)
    wanted = dict(said)
    for name, nothing in (("description", ""), ("custom_attributes", {})):
        if name in wanted and wanted[name] is None:
            wanted[name] = nothing
    whole = {name: wanted.get(name, getattr(locked, name)) for name in ("schema_type", "custom_attributes")}
    _check(code, **whole)
    apply_changes(
        locked,
        wanted,
        actor=actor,
        at=at,
        action="eventtype.updated",
        organization_id=organization_id,
        reason=reason,
    )
    return type_answered(locked)
