"""Gives operators their place in organizations, and takes it away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.kernel.models import Membership, Operator, Organization
from loyalty.kernel.roles import Access
from loyalty.kernel.services.audit import apply_changes, record
from loyalty.kernel.services.grants import check_grant, check_not_last, checked_roles
from loyalty.kernel.services.operators import check_email_is_free, is_behind


@transaction.atomic
def set_membership(
    *,
    operator: Operator,
    organization: Organization,
    granter: Access,
    actor: Actor,
    at: datetime,
    is_admin: bool = False,
    roles: Iterable[str] = (),
    reason: str = "",
) -> Membership:
    """Give `operator` this place in `organization`, in the stead of any other they had there. `granter` is what the
    one who asks may do there: only what they have themselves can be given or taken.

    :raises InvalidInput: where a role does not exist.
    :raises CannotGrant: where more is given, or taken, than the one who asks has.
    :raises Conflict: where nobody would administer the organization any more.
    :raises DuplicateValue: where somebody else of the organization has the operator's email.
    """
    wanted = checked_roles(roles)
    known = Membership.objects.filter(operator=operator, organization=organization).first()
    had = set(known.roles) if known else set()
    check_grant(granter, is_admin=is_admin != (known is not None and known.is_admin), roles=sorted(had ^ set(wanted)))
    if known is not None and known.is_admin and not is_admin:
        check_not_last(operator, organization)
    if known is None:
        check_email_is_free(operator, organization)
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


@transaction.atomic
def remove_membership(
    *,
    operator: Operator,
    organization: Organization,
    granter: Access,
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> None:
    """Have `operator` leave `organization`; whoever has no other place is deactivated.

    :raises NotFound: where they have no place there.
    :raises Conflict: nobody removes oneself, or the last administrator.
    :raises CannotGrant: where they may do more there than the one who asks.
    """
    place = Membership.objects.filter(operator=operator, organization=organization).first()
    if place is None:
        raise NotFound("They do not belong to this organization.")
    if is_behind(actor, operator):
        raise Conflict("You cannot remove yourself.")
    check_grant(granter, is_admin=place.is_admin, roles=place.roles)
    check_not_last(operator, organization)
    record(
        actor=actor,
        at=at,
        action="membership.removed",
        target=place,
        organization_id=organization.pk,
        before={"operator": operator.username, "is_admin": place.is_admin, "roles": place.roles},
        reason=reason,
    )
    place.delete()
    if not operator.is_system_admin and not operator.memberships.exists():
        apply_changes(
            operator,
            {"is_active": False},
            actor=actor,
            at=at,
            action="operator.deactivated",
            organization_id=organization.pk,
            reason=reason,
        )
