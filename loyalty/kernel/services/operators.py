"""Creates operators and gives them their place in organizations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.models import Membership, Operator, Organization
from loyalty.kernel.roles import ROLES
from loyalty.kernel.services.audit import apply_changes, record


def checked_roles(roles: Iterable[str], *, field: str = "roles") -> list[str]:
    """`roles` sorted and without repeats.

    :raises InvalidInput: where one does not exist.
    """
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in ROLES]
    if unknown:
        raise InvalidInput(f"Unknown role: {', '.join(unknown)}.", field=field)
    return wanted


@transaction.atomic
def create_operator(
    *,
    username: str,
    actor: Actor,
    at: datetime,
    email: str = "",
    name: str = "",
    password: str | None = None,
    kind: str = Operator.Kind.PERSON,
    is_system_admin: bool = False,
) -> Operator:
    """A new person, or a service (which never gets a password).

    :raises DuplicateValue: where the user name is taken.
    """
    operator = Operator(
        username=username, email=email.lower(), name=name, kind=kind, is_system_admin=is_system_admin, created_at=at
    )
    if password is None or kind == Operator.Kind.SERVICE:
        operator.set_unusable_password()
    else:
        operator.set_password(password)
    try:
        with transaction.atomic():
            operator.save()
    except IntegrityError as error:
        raise DuplicateValue(field="username") from error
    record(
        actor=actor,
        at=at,
        action="operator.created",
        target=operator,
        organization_id=None,
        after={"username": username, "kind": kind, "is_system_admin": is_system_admin},
    )
    return operator


@transaction.atomic
def set_membership(
    *,
    operator: Operator,
    organization: Organization,
    actor: Actor,
    at: datetime,
    is_admin: bool = False,
    roles: Iterable[str] = (),
    reason: str = "",
) -> Membership:
    """Give `operator` this place in `organization`, in the stead of any other it had there.

    :raises InvalidInput: where a role does not exist.
    """
    wanted = checked_roles(roles)
    membership, created = Membership.objects.get_or_create(
        operator=operator, organization=organization, defaults={"is_admin": is_admin, "roles": wanted}
    )
    if created:
        record(
            actor=actor,
            at=at,
            action="membership.created",
            target=membership,
            organization_id=organization.pk,
            after={"operator": operator.username, "is_admin": is_admin, "roles": wanted},
            reason=reason,
        )
    else:
        apply_changes(
            membership,
            {"is_admin": is_admin, "roles": wanted},
            actor=actor,
            at=at,
            action="membership.updated",
            organization_id=organization.pk,
            reason=reason,
        )
    return membership
