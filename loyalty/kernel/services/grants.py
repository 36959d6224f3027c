"""Nobody grants what he lacks (semantics 13.3): asked by every service that gives power, or takes it over."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty.kernel.errors import CannotGrant, Conflict, InvalidInput
from loyalty.kernel.models import ApiCredential, Membership, Operator, Organization
from loyalty.kernel.roles import ROLES, Access, narrowed
from loyalty.kernel.selectors import access_of


def checked_roles(roles: Iterable[str], *, field: str = "roles") -> list[str]:
    """`roles` sorted and without repeats.

    :raises InvalidInput: where one does not exist.
    """
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in ROLES]
    if unknown:
        raise InvalidInput(f"Unknown role: {', '.join(unknown)}.", field=field)
    return wanted


def check_grant(
    granter: Access,
    *,
    is_system_admin: bool = False,
    is_admin: bool = False,
    roles: Iterable[str] = (),
    field: str = "roles",
) -> None:
    """That `granter` has all this, and so may give it to somebody, or take it away.

    :raises CannotGrant: where something is lacking.
    """
    if is_system_admin and not granter.is_system_admin:
        raise CannotGrant("Only a system administrator can make another.", field="is_system_admin")
    if is_admin and not (granter.is_admin or granter.is_system_admin):
        raise CannotGrant("Only an administrator can make or unmake another.", field="is_admin")
    lacking = [role for role in roles if not granter.allows(role)]
    if lacking:
        raise CannotGrant(f"You can only give or take roles you have yourself: not {', '.join(lacking)}.", field=field)


def check_rule_over(granter: Access, operator: Operator, organization_id: int | None) -> None:
    """That `granter` could give away all the operator has. Only then may they change the account itself: whoever sets
    somebody's password can be them. A place in another organization is beyond everybody but system administrators.

    :raises CannotGrant: where the operator has more.
    """
    if granter.is_system_admin:
        return
    places = list(operator.memberships.all())
    if operator.is_system_admin or any(place.organization_id != organization_id for place in places):
        raise CannotGrant("Only a system administrator can change this account.")
    for place in places:
        if (place.is_admin and not granter.is_admin) or not granter.covers(place.roles):
            raise CannotGrant("This person may do more than you, so you cannot change their account.")


def check_use(
    granter: Access, operator: Operator, organization: Organization | None, scopes: Iterable[str], *, field: str
) -> None:
    """That `granter` has what a credential of the operator with these scopes may do: its secret is theirs to use.

    :raises CannotGrant: where it may do more.
    """
    limits = list(scopes)
    if granter.is_system_admin:
        return
    if organization is None:
        raise CannotGrant("Only a system administrator can have a credential for every organization.", field=field)
    held = access_of(operator, organization.pk)
    unlimited = held.is_admin or held.is_system_admin
    if unlimited and not limits:
        check_grant(granter, is_admin=True)
    check_grant(granter, roles=limits if unlimited else narrowed(held.roles, limits), field=field)


def check_use_of(granter: Access, credential: ApiCredential) -> None:
    """The same, of a credential that is there.

    :raises CannotGrant: where it may do more.
    """
    check_use(granter, credential.operator, credential.organization, credential.scopes, field="operator")


def administrators_of(organization: Organization) -> list[int]:
    """The people who administer the organization, with its row locked until the transaction ends: of two who leave
    at once, the second finds the first gone.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    return list(
        Membership.objects.filter(
            organization=organization, is_admin=True, operator__is_active=True, operator__kind=Operator.Kind.PERSON
        ).values_list("operator_id", flat=True)
    )


def check_not_last(operator: Operator, organization: Organization) -> None:
    """That somebody else administers the organization too, where the operator does.

    :raises Conflict: where nobody else does.
    """
    if administrators_of(organization) == [operator.pk]:
        raise Conflict(f"{operator} is the last administrator of {organization}.")
