"""Who may be meant by the name somebody signs in with."""

from __future__ import annotations

from django.db.models import Q

from loyalty.kernel.models import Operator
from members.contacts import normal_card, normal_email, normal_phone
from members.models import MemberContact, MemberPassword, Seller, Store

# Members of different organizations may share an email; so many are tried.
MOST_TRIED = 3


def members_to_sign_in(username: str, store_code: str | None) -> list[MemberPassword]:
    """Passwords of the active members with this email, card or phone, the oldest first: of the organization of an
    active store, or (None) of every one that has a store.
    """
    if not username or len(username) > 255 or "\x00" in username:
        return []
    stores = Store.objects.filter(active=True)
    if store_code is not None:
        stores = stores.filter(code=store_code)
    kind = MemberContact.Kind
    named = Q(kind=kind.EMAIL, value=normal_email(username)) | Q(kind=kind.CARD, value=normal_card(username))
    phone = normal_phone(username)
    if phone:
        named |= Q(kind=kind.PHONE, value=phone)
    places = list(stores.order_by().values_list("organization_id", flat=True).distinct())
    contacts = MemberContact.objects.filter(named, organization_id__in=places)
    found = MemberPassword.objects.filter(member__active=True, member__in=contacts.values("member_id"))
    return list(found.order_by("pk")[:MOST_TRIED])


def find_operator_to_sign_in(name: str, *, sells: bool) -> str:
    """The user name of the person who signs in as `name`: their user name, or an email that nobody else has. Where
    there is none, the name as it is given.
    """
    if not name or len(name) > 150 or "\x00" in name:
        return name
    people = Operator.objects.filter(kind=Operator.Kind.PERSON)
    if people.filter(username=name).exists():
        return name
    mine = people.filter(email=name.strip().lower())
    if sells:
        mine = mine.filter(seller__dismissed_at=None, seller__isnull=False)
    names = list(mine.values_list("username", flat=True)[:2])
    return names[0] if len(names) == 1 else name


def may_administer(operator: Operator, store_code: str | None) -> bool:
    """Whether the operator has a place in any organization, or in that of the store named."""
    if operator.is_system_admin:
        return True
    places = operator.memberships.all()
    if store_code is not None:
        places = places.filter(organization__stores__code=store_code)
    return places.exists()


def sells_somewhere(operator: Operator) -> bool:
    """Whether the operator sells at a store that is open."""
    return Seller.objects.filter(operator=operator, dismissed_at=None, store__active=True).exists()
