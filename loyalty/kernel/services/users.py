"""The users of an organization as callers of the API know them: an operator and their place there, in one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import CannotGrant, InvalidInput
from loyalty.kernel.models import Job, Membership, Operator, Organization
from loyalty.kernel.roles import Access
from loyalty.kernel.services.invitations import ask_to_invite
from loyalty.kernel.services.memberships import remove_membership, set_membership
from loyalty.kernel.services.operators import (
    create_operator,
    generate_password,
    set_operator_active,
    update_operator,
)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user just made: their place, the password to tell (this once; None where there is none to tell), and the
    job that sends their invitation, where one was asked for.
    """

    place: Membership
    password: str | None = None
    invitation: Job | None = None


@transaction.atomic
def create_user(
    *,
    organization: Organization,
    username: str,
    granter: Access,
    actor: Actor,
    at: datetime,
    email: str = "",
    auth_client_id: str = "",
    is_admin: bool = False,
    roles: Iterable[str] = (),
    password: str | None = None,
    password_is_temporary: bool = False,
    send_invite: bool = False,
    **details: Any,
) -> NewUser:
    """A new operator with a place in `organization` (semantics 13.3); `details` are the other words of
    `create_operator`.

    An `auth_client_id` without a password, and nothing that only a person needs, makes a service. A person without a
    password gets a temporary one. A password that is made up or temporary is answered, and only here.

    :raises DuplicateValue: where the user name is taken, or the email in the organization.
    :raises InvalidInput: a malformed value, an easy password, an invitation without an email.
    :raises CannotGrant: where more is given than the one who asks has.
    """
    is_service = bool(auth_client_id) and not (password or password_is_temporary or send_invite)
    if send_invite and not email:
        raise InvalidInput("An invitation needs an email.", field="email")
    made_up = None if is_service or password else generate_password()
    is_temporary = password_is_temporary or made_up is not None
    operator = create_operator(
        username=username,
        email=email,
        auth_client_id=auth_client_id,
        kind=Operator.Kind.SERVICE if is_service else Operator.Kind.PERSON,
        password=made_up or password,
        password_is_temporary=is_temporary,
        organization_id=organization.pk,
        granter=granter,
        actor=actor,
        at=at,
        **details,
    )
    place = set_membership(
        operator=operator,
        organization=organization,
        is_admin=is_admin,
        roles=roles,
        granter=granter,
        actor=actor,
        at=at,
    )
    invitation = ask_to_invite(place=place, actor=actor, at=at) if send_invite else None
    return NewUser(place, (made_up or password) if is_temporary and not is_service else None, invitation)


@transaction.atomic
def update_user(
    *, place: Membership, changes: Mapping[str, Any], granter: Access, actor: Actor, at: datetime, reason: str = ""
) -> Membership:
    """Change what is named of the account behind `place`: what `update_operator` takes, `is_active`, and, for system
    administrators, the `organizations` (keys or numbers) they belong to.

    :raises InvalidInput: where a value is malformed, or an organization unknown.
    :raises CannotGrant: where the account may do more than the one who asks, or more is given than they have.
    :raises Conflict: nobody shuts oneself out, or the last administrator.
    """
    wanted = dict(changes)
    organizations, is_active = wanted.pop("organizations", None), wanted.pop("is_active", None)
    words: dict[str, Any] = {"granter": granter, "actor": actor, "at": at, "reason": reason}
    operator, here = place.operator, place.organization
    update_operator(operator=operator, changes=wanted, organization_id=here.pk, **words)
    if is_active is not None and is_active != operator.is_active:
        set_operator_active(operator=operator, is_active=is_active, organization_id=here.pk, **words)
    if organizations is not None:
        _set_organizations(operator, here, organizations, words)
    return place


def _set_organizations(operator: Operator, here: Organization, names: list[str], words: dict[str, Any]) -> None:
    numbers = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19}
    wanted = {one.pk: one for one in Organization.objects.filter(Q(pk__in=numbers) | Q(key__in=names))}
    known = {str(pk) for pk in wanted} | {one.key for one in wanted.values()}
    if not words["granter"].is_system_admin:
        # What they see of it may be sent back; what they do not see is no more told apart from what is not there.
        if set(names) - {str(here.pk), here.key} or not names:
            raise CannotGrant("Only a system administrator changes organizations.", field="organizations")
        return
    if set(names) - known:
        raise InvalidInput("There is no such organization.", field="organizations")
    if here.pk not in wanted:
        raise InvalidInput("Have them leave this organization by deleting them here.", field="organizations")
    had = {place.organization_id: place.organization for place in operator.memberships.select_related("organization")}
    for pk in sorted(wanted.keys() ^ had.keys()):
        if pk in had:
            remove_membership(operator=operator, organization=had[pk], **words)
        else:
            set_membership(operator=operator, organization=wanted[pk], **words)
