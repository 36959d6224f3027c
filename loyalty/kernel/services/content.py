"""Writes content schemas; every change of the text is a version of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import jsonschema
import orjson
from django.db import transaction
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import ContentSchemaInUse, InvalidInput, NotFound
from loyalty.kernel.models import ContentSchema, ContentSchemaVersion
from loyalty.kernel.selectors import get_content_schema
from loyalty.kernel.services.audit import apply_changes, record

MAX_DEPTH = 64

# Answers whether anything refers to the content schema with this number.
Reference = Callable[[int], bool]
_references: dict[str, Reference] = {}


def register_reference(name: str, is_referenced: Reference) -> None:
    """Say that rows called `name` refer to content schemas. Once, from the `ready()` of the app that has them."""
    _references[name] = is_referenced


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MAX_DEPTH:
        inner = [held for held in level if isinstance(held, dict | list)]
        level = [part for held in inner for part in (held.values() if isinstance(held, dict) else held)]
        deepest += bool(inner)
    return deepest


def check_schema_text(text: str) -> None:
    """That `text` is JSON Schema (semantics 13.6); nothing it refers to is fetched.

    :raises InvalidInput: where it is not.
    """
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The schema is not JSON: {error}.", field="schema") from error
    if not isinstance(schema, dict | bool):
        raise InvalidInput("A JSON Schema is an object.", field="schema")
    if _depth(schema) > MAX_DEPTH:
        raise InvalidInput(f"The schema nests deeper than {MAX_DEPTH} levels.", field="schema")
    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    validator: Any = jsonschema.Draft202012Validator
    try:
        if dialect is not None:
            validator = jsonschema.validators.validator_for({"$schema": dialect}, default=None)
        if validator is None:
            raise InvalidInput(f"{dialect!r} is not a JSON Schema dialect that is known.", field="schema")
        validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        says = f"The schema is not valid{' at ' + where if where else ''}: {error.message[:300]}"
        raise InvalidInput(says, field="schema") from error
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        # A dialect that is no address, or a pattern too large to be one: the library has no refusal for these.
        raise InvalidInput("The schema is not valid.", field="schema") from error


def check_content(content: Any, version: ContentSchemaVersion) -> None:
    """That `content` is as this version of a content schema wants it (semantics 3.11); nothing is fetched for it.

    :raises InvalidInput: with the place and what is wrong there.
    """
    check_document(content, orjson.loads(version.schema), field="content")


def check_document(document: Any, schema: Any, *, field: str) -> None:
    """That `document`, which callers send as `field`, is as a JSON Schema wants it; nothing is fetched for it.

    :raises InvalidInput: with the place and what is wrong there.
    """
    kind: Any = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        error = jsonschema.exceptions.best_match(kind(schema, registry=REGISTRY).iter_errors(document))
    except (ArithmeticError, RecursionError, TypeError, Unresolvable, ValueError) as problem:
        raise InvalidInput(f"The schema cannot be asked about this {field}.", field=field) from problem
    if error is not None:
        where = "/".join(map(str, error.absolute_path))
        says = f"The {field} is not as its schema wants it{' at ' + where if where else ''}: {error.message[:300]}"
        raise InvalidInput(says, field=field)


def lock_content_schema(organization_id: int, content_schema_id: int) -> ContentSchema:
    """One of the organization's content schemas, for somebody who is about to refer to it: nobody deletes it meanwhile.

    :raises NotFound: where it has no such one, or not any more.
    """
    mine = ContentSchema.objects.select_for_update(no_key=True).filter(organization_id=organization_id)
    found = mine.filter(pk=content_schema_id, deleted_at=None).first()
    if found is None:
        raise NotFound("There is no such content schema.")
    return found


def _add_version(schema: ContentSchema, text: str, at: datetime) -> ContentSchemaVersion:
    return ContentSchemaVersion.objects.create(content_schema=schema, schema=text, created_at=at)


@transaction.atomic
def create_content_schema(
    *,
    organization_id: int,
    name: str,
    type: int,
    schema: str,
    actor: Actor,
    at: datetime,
    active: bool = True,
    description: str | None = None,
    picture_url: str | None = None,
) -> ContentSchema:
    """A new content schema with its first version; `schema` is JSON Schema text.

    :raises InvalidInput: where the text is not JSON, or not a valid schema.
    """
    check_schema_text(schema)
    made = ContentSchema.objects.create(
        organization_id=organization_id,
        name=name,
        type=type,
        active=active,
        description=description or "",
        picture_url=picture_url or "",
        created_at=at,
        updated_at=at,
    )
    version = _add_version(made, schema, at)
    record(
        actor=actor,
        at=at,
        action="contentschema.created",
        target=made,
        organization_id=organization_id,
        after={"name": name, "type": type, "version": version.pk},
    )
    return get_content_schema(organization_id, made.pk)


@transaction.atomic
def update_content_schema(
    *, content_schema: ContentSchema, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> ContentSchema:
    """Change what is named. Another `schema` text makes a new version, an equal one does not (semantics 13.6).

    :raises InvalidInput: where the text is not JSON, or not a valid schema.
    :raises NotFound: where somebody has just deleted it.
    """
    wanted = dict(changes)
    text = wanted.pop("schema", None)
    for name in {"description", "picture_url"} & wanted.keys():
        wanted[name] = wanted[name] or ""
    if text is not None:
        check_schema_text(text)
    # One change at a time, so that of two equal texts one makes the version.
    _lock(content_schema)
    current = get_content_schema(content_schema.organization_id, content_schema.pk)
    words: dict[str, Any] = {"actor": actor, "at": at, "organization_id": current.organization_id, "reason": reason}
    apply_changes(current, wanted, action="contentschema.updated", **words)
    if text is not None and text != current.latest_schema:  # type: ignore[attr-defined]
        before, version = current.latest_version_id, _add_version(current, text, at)  # type: ignore[attr-defined]
        current.updated_at = at
        current.save(update_fields=["updated_at"])
        record(
            action="contentschema.version-added",
            target=current,
            before={"version": before},
            after={"version": version.pk},
            **words,
        )
    return get_content_schema(current.organization_id, current.pk)


@transaction.atomic
def delete_content_schema(*, content_schema: ContentSchema, actor: Actor, at: datetime, reason: str = "") -> None:
    """Take the content schema away. Its row and its versions stay, for what was made by them.

    :raises ContentSchemaInUse: where something refers to it.
    :raises NotFound: where somebody has just deleted it.
    """
    locked = _lock(content_schema)
    users = sorted(name for name, is_referenced in _references.items() if is_referenced(locked.pk))
    if users:
        raise ContentSchemaInUse(f"The content schema is used by {', '.join(users)}.")
    apply_changes(
        locked,
        {"deleted_at": at},
        actor=actor,
        at=at,
        action="contentschema.deleted",
        organization_id=locked.organization_id,
        reason=reason,
    )


def _lock(content_schema: ContentSchema) -> ContentSchema:
    living = ContentSchema.objects.select_for_update().filter(pk=content_schema.pk, deleted_at=None).first()
    if living is None:
        raise NotFound("There is no such content schema.")
    return living
