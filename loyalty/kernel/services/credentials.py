"""Makes, rotates and revokes API credentials, and trades them for bearer tokens."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from django.conf import settings
from django.db import transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import ApiCredential, Door, Operator, Organization
from loyalty.kernel.roles import Access
from loyalty.kernel.services.audit import apply_changes, record
from loyalty.kernel.services.grants import check_use, check_use_of, checked_roles

TOKEN_AUDIENCE = "core"  # noqa: S105 - who a token is for, not a secret


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential just made or rotated, with the secret that is shown this once."""

    credential: ApiCredential
    secret: str

    @property
    def token(self) -> str:
        """The one word to send: key and secret for the `Authorization: Bearer` header, at a vendor's API the secret."""
        return f"{self.credential.key}.{self.secret}" if self.credential.door == Door.CORE else self.secret


def digest(secret: str) -> str:
    """What is stored of a secret. A secret is 256 random bits, so one round is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _new_secret(door: str) -> str:
    """The vendors' APIs know keys as UUIDs; 122 bits of it are random."""
    return "tss_" + secrets.token_urlsafe(32) if door == Door.CORE else str(uuid.uuid4())


def _check_place(operator: Operator, organization: Organization | None, door: Door) -> None:
    """:raises InvalidInput: where the operator has no place in the organization, or the door needs one."""
    if organization is None and door != Door.CORE:
        raise InvalidInput("A key of this API belongs to one organization.", field="organization")
    if organization is None and not operator.is_system_admin:
        raise InvalidInput(
            "Only a system administrator's credential can be without organization.", field="organization"
        )
    if (
        organization is not None
        and not operator.is_system_admin
        and not operator.memberships.filter(organization=organization).exists()
    ):
        raise InvalidInput("The operator does not belong to this organization.", field="operator")


@transaction.atomic
def create_credential(
    *,
    operator: Operator,
    organization: Organization | None,
    name: str,
    granter: Access,
    actor: Actor,
    at: datetime,
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
    door: Door = Door.CORE,
) -> NewCredential:
    """A new key and secret that act as `operator` in `organization` (None: everywhere, for a system administrator),
    at the `door` of one API.

    :raises InvalidInput: where a scope does not exist, the date has passed, or the operator has no place there.
    :raises CannotGrant: where it could do what the one who asks may not.
    """
    limits = checked_roles(scopes, field="scopes")
    _check_place(operator, organization, door)
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("The expiry date has passed.", field="expires_at")
    check_use(granter, operator, organization, limits, field="scopes")
    secret = _new_secret(door)
    credential = ApiCredential.objects.create(
        operator=operator,
        organization=organization,
        name=name,
        door=door,
        key="tsk_" + secrets.token_hex(12),
        secret_digest=digest(secret),
        scopes=limits,
        expires_at=expires_at,
        created_at=at,
    )
    record(
        actor=actor,
        at=at,
        action="credential.created",
        target=credential,
        organization_id=None if organization is None else organization.pk,
        after={
            "name": name,
            "door": door,
            "key": credential.key,
            "scopes": credential.scopes,
            "expires_at": expires_at,
        },
    )
    return NewCredential(credential, secret)


@transaction.atomic
def rotate_credential(
    *,
    credential: ApiCredential,
    granter: Access,
    actor: Actor,
    at: datetime,
    overlap: timedelta = timedelta(hours=24),
    reason: str = "",
) -> NewCredential:
    """Give the credential a new secret; the old one works on for `overlap`.

    :raises InvalidInput: where the credential was revoked.
    :raises CannotGrant: where it may do what the one who asks may not.
    """
    check_use_of(granter, credential)
    locked = ApiCredential.objects.select_for_update().get(pk=credential.pk)
    if locked.revoked_at is not None:
        raise InvalidInput("A revoked credential cannot be rotated.")
    secret = _new_secret(locked.door)
    locked.previous_digest, locked.secret_digest = locked.secret_digest, digest(secret)
    locked.previous_valid_until = at + overlap
    locked.save(update_fields=["previous_digest", "secret_digest", "previous_valid_until"])
    record(
        actor=actor,
        at=at,
        action="credential.rotated",
        target=locked,
        organization_id=locked.organization_id,
        after={"previous_valid_until": locked.previous_valid_until},
        reason=reason,
    )
    return NewCredential(locked, secret)


@transaction.atomic
def revoke_credential(*, credential: ApiCredential, actor: Actor, at: datetime, reason: str = "") -> ApiCredential:
    """End the credential at once, with every token made of it. Revoking twice changes nothing."""
    locked = ApiCredential.objects.select_for_update().get(pk=credential.pk)
    if locked.revoked_at is None:
        apply_changes(
            locked,
            {"revoked_at": at},
            actor=actor,
            at=at,
            action="credential.revoked",
            organization_id=locked.organization_id,
            reason=reason,
        )
    return locked


def issue_token(*, key: str, at: datetime, audience: str = TOKEN_AUDIENCE, seconds: int | None = None) -> str:
    """A signed bearer token for the credential `key` at one API; it lasts so many seconds (TOKEN_TTL_SECONDS where
    nothing is said), and no longer than the credential.
    """
    claims = {
        "sub": key,
        "aud": audience,
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + (settings.TOKEN_TTL_SECONDS if seconds is None else seconds),
    }
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")


def touch_credential(*, credential_id: int, at: datetime) -> None:
    """Remember that the credential was used. Callers do so at most once a minute, so that reading stays reading."""
    ApiCredential.objects.filter(pk=credential_id).update(last_used_at=at)
