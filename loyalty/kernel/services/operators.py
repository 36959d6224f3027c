"""Creates operators, and changes what belongs to the person rather than to their place in an organization."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import Conflict, DuplicateValue, InvalidInput
from loyalty.kernel.models import Operator, Organization
from loyalty.kernel.roles import Access
from loyalty.kernel.services.audit import apply_changes, record
from loyalty.kernel.services.grants import check_grant, check_not_last, check_rule_over
from loyalty.kernel.services.keys import ALPHABET

_CHANGEABLE = frozenset(
    {
        "username",
        "email",
        "name",
        "nickname",
        "profile_picture_url",
        "custom_attributes",
        "pending_provisioning",
        "is_system_admin",
    }
)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was made up here, shown this once."""

    operator: Operator
    password: str


def generate_password() -> str:
    """A password to be read out over the telephone: five groups of letters and digits that nobody mistakes."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(5))


def is_self(actor: Actor, operator: Operator) -> bool:
    """Whether the operator is the one who asks."""
    return actor.kind == "operator" and str(actor.id) == str(operator.pk)


def is_behind(actor: Actor, operator: Operator) -> bool:
    """Whether the operator is the one who asks, in person or through a credential of theirs."""
    if actor.kind == "credential":
        return operator.credentials.filter(pk=actor.id).exists()
    return is_self(actor, operator)


def _set(operator: Operator, password: str) -> None:
    try:
        validate_password(password, operator)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="password") from error
    operator.set_password(password)


def _save(operator: Operator, organization_id: int | None) -> None:
    """Save a new operator, or a changed one, whose user name and email others may have.

    :raises InvalidInput: where a value is malformed.
    :raises DuplicateValue: where the user name is taken.
    """
    try:
        operator.clean_fields(exclude=["password"])
        with transaction.atomic():
            operator.save()
    except ValidationError as error:
        field, texts = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(texts), field=field) from error
    except IntegrityError as error:
        raise DuplicateValue("This user name is already taken.", field="username") from error


@transaction.atomic
def create_operator(
    *,
    username: str,
    granter: Access,
    actor: Actor,
    at: datetime,
    email: str = "",
    name: str = "",
    password: str | None = None,
    password_is_temporary: bool = False,
    kind: str = Operator.Kind.PERSON,
    is_system_admin: bool = False,
    is_active: bool = True,
    nickname: str = "",
    profile_picture_url: str = "",
    custom_attributes: Mapping[str, Any] | None = None,
    email_is_verified: bool = False,
    pending_provisioning: bool = False,
    auth_client_id: str = "",
    organization_id: int | None = None,
) -> Operator:
    """A new person, or a service (which never gets a password). A temporary password must be changed at the first
    sign-in. `organization_id` says in whose history it stands.

    :raises DuplicateValue: where the user name is taken.
    :raises InvalidInput: where a value is malformed, or the password is too easy.
    :raises CannotGrant: where a system administrator is asked for by somebody who is none.
    """
    check_grant(granter, is_system_admin=is_system_admin)
    operator = Operator(
        username=username,
        email=email.lower(),
        name=name,
        kind=kind,
        is_system_admin=is_system_admin,
        is_active=is_active,
        nickname=nickname,
        profile_picture_url=profile_picture_url,
        custom_attributes=dict(custom_attributes or {}),
        email_is_verified=email_is_verified,
        pending_provisioning=pending_provisioning,
        auth_client_id=auth_client_id,
        created_at=at,
        updated_at=at,
    )
    if password is None or kind == Operator.Kind.SERVICE:
        operator.set_unusable_password()
    else:
        _set(operator, password)
        operator.password_is_temporary = password_is_temporary
    _save(operator, organization_id)
    record(
        actor=actor,
        at=at,
        action="operator.created",
        target=operator,
        organization_id=organization_id,
        after={"username": username, "kind": kind, "is_system_admin": is_system_admin},
    )
    return operator


@transaction.atomic
def update_operator(
    *,
    operator: Operator,
    changes: Mapping[str, Any],
    granter: Access,
    actor: Actor,
    at: datetime,
    organization_id: int | None = None,
    reason: str = "",
) -> Operator:
    """Change the names, the email, what else is said of an operator of `organization_id`, or whether they are a system
    administrator.

    :raises DuplicateValue: where the user name, or the email in one of their organizations, is taken.
    :raises InvalidInput: where a value is malformed.
    :raises CannotGrant: where the operator may do more than the one who asks, or would.
    """
    if not is_self(actor, operator):
        check_rule_over(granter, operator, organization_id)
    wanted = {name: value for name, value in changes.items() if name in _CHANGEABLE}
    if "email" in wanted:
        wanted["email"] = (wanted["email"] or "").lower()
    before = {name: getattr(operator, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if not changed:
        return operator
    check_grant(granter, is_system_admin="is_system_admin" in changed)
    for name, value in changed.items():
        setattr(operator, name, value)
    operator.updated_at = at
    if "email" in changed:
        for place in operator.memberships.select_related("organization"):
            check_email_is_free(operator, place.organization)
    _save(operator, organization_id)
    record(
        actor=actor,
        at=at,
        action="operator.updated",
        target=operator,
        organization_id=organization_id,
        before={name: before[name] for name in changed},
        after=changed,
        reason=reason,
    )
    return operator


def check_email_is_free(operator: Operator, organization: Organization) -> None:
    """That nobody else of the organization has the operator's email; its row stays locked, so that nobody gets it.

    :raises DuplicateValue: where somebody has.
    """
    if not operator.email:
        return
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    others = Operator.objects.filter(memberships__organization=organization, email=operator.email)
    if others.exclude(pk=operator.pk).exists():
        raise DuplicateValue("Somebody else here has this email.", field="email")


@transaction.atomic
def set_password(
    *,
    operator: Operator,
    password: str,
    granter: Access,
    actor: Actor,
    at: datetime,
    is_temporary: bool = False,
    organization_id: int | None = None,
    reason: str = "",
) -> Operator:
    """Give a person another password; every session of theirs ends. A temporary one must be changed at sign-in.

    :raises InvalidInput: where the password is too easy, or the operator a service.
    :raises CannotGrant: where the operator may do more than the one who asks.
    """
    if not is_self(actor, operator):
        check_rule_over(granter, operator, organization_id)
    if operator.kind == Operator.Kind.SERVICE:
        raise InvalidInput("A service has no password; it has API credentials.", field="password")
    _set(operator, password)
    operator.password_is_temporary, operator.updated_at = is_temporary, at
    operator.save(update_fields=["password", "password_is_temporary", "updated_at"])
    record(
        actor=actor,
        at=at,
        action="operator.password_set",
        target=operator,
        organization_id=organization_id,
        after={"temporary": is_temporary},
        reason=reason,
    )
    return operator


@transaction.atomic
def set_operator_active(
    *,
    operator: Operator,
    is_active: bool,
    granter: Access,
    actor: Actor,
    at: datetime,
    organization_id: int | None = None,
    reason: str = "",
) -> Operator:
    """Let an operator in, or shut them out at once with every credential of theirs.

    :raises Conflict: oneself, or the last administrator of an organization, is not shut out.
    :raises CannotGrant: where the operator may do more than the one who asks.
    """
    check_rule_over(granter, operator, organization_id)
    if not is_active:
        if is_behind(actor, operator):
            raise Conflict("You cannot shut yourself out.")
        for place in operator.memberships.select_related("organization").order_by("organization"):
            check_not_last(operator, place.organization)
    apply_changes(
        operator,
        {"is_active": is_active},
        actor=actor,
        at=at,
        action="operator.activated" if is_active else "operator.deactivated",
        organization_id=organization_id,
        reason=reason,
    )
    return operator
