"""Creates and changes portals."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, record
from members.models import LoyaltyProgram, Portal

_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_is_address = URLValidator(schemes=["https"])
# What can be said of one at any time, beside its name.
_SAID = frozenset(
    {
        "active",
        "auth_redirect_url",
        "auth_valid_scopes",
        "custom_attributes",
        "forms",
        "links",
        "metadata",
        "program_id",
        "theme",
    }
)


def make_public_id() -> str:
    """A public id: 128 random bits, as 22 characters that can stand in an address."""
    return secrets.token_urlsafe(16)


def _checked(organization_id: int, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a portal, as it is stored.

    :raises InvalidInput: a program of somebody else, an address without https, a public id of another form.
    """
    wanted = dict(said)
    if "auth_redirect_url" in wanted:
        wanted["auth_redirect_url"] = wanted["auth_redirect_url"] or ""
        try:
            if wanted["auth_redirect_url"]:
                _is_address(wanted["auth_redirect_url"])
        except ValidationError as error:
            raise InvalidInput("Send an address that begins with https://.", field="authRedirectUrl") from error
        # The scheme's case does not matter; the database compares.
        wanted["auth_redirect_url"] = re.sub(r"(?i)^https", "https", wanted["auth_redirect_url"])
    program_id = wanted.get("program_id")
    if program_id is not None:
        mine = LoyaltyProgram.objects.filter(organization_id=organization_id, pk=program_id)
        if not mine.exists():
            raise InvalidInput("The program must be one of the organization's.", field="loyaltyProgramId")
    if "public_id" in wanted and not _PUBLIC_ID.fullmatch(wanted["public_id"]):
        raise InvalidInput("A public id is 22 letters, digits, - and _.", field="publicId")
    return wanted


@transaction.atomic
def create_portal(*, organization_id: int, name: str, actor: Actor, at: datetime, **said: Any) -> Portal:
    """A new portal with a public id made here (semantics 13.4); `said` are the model's other words.

    :raises InvalidInput: a program that is not the organization's, or an address without https.
    """
    wanted = _checked(organization_id, {word: value for word, value in said.items() if word in _SAID})
    portal = Portal.objects.create(
        organization_id=organization_id,
        name=name,
        public_id=make_public_id(),
        created_at=at,
        updated_at=at,
        **wanted,
    )
    record(
        actor=actor,
        at=at,
        action="portal.created",
        target=portal,
        organization_id=organization_id,
        after={"name": name, "public_id": portal.public_id},
    )
    return portal


@transaction.atomic
def update_portal(
    *, portal: Portal, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Portal:
    """Change what is named; another `public_id` takes the place of the one that was, which leads nowhere from then on.

    :raises InvalidInput: a program that is not the organization's, an address without https, a malformed public id.
    :raises DuplicateValue: where another portal has the public id.
    """
    named = {name: value for name, value in changes.items() if name in _SAID | {"name", "public_id"}}
    wanted = _checked(portal.organization_id, named)
    try:
        with transaction.atomic():
            apply_changes(
                portal,
                wanted,
                actor=actor,
                at=at,
                action="portal.updated",
                organization_id=portal.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue("Another portal has this public id.", field="publicId") from error
    return portal


def rotate_public_id(*, portal: Portal, actor: Actor, at: datetime, reason: str = "") -> Portal:
    """Give the portal another public id: whoever knows the old one finds nothing."""
    return update_portal(portal=portal, changes={"public_id": make_public_id()}, actor=actor, at=at, reason=reason)
