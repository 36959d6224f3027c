"""Whose transfers a list asks for: filters on a customer as the wallets they lead to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from members.contacts import normal_card, normal_email, normal_phone
from members.models import Member, MemberContact
from members.selectors.transfer_sources import like, name_has
from members.words import words_of

# So many wallets are looked for one by one; the transfers of more people are found by walking over all.
MOST_WALLETS = 2_000

_CONTACTS = {
    "email": (MemberContact.Kind.EMAIL, normal_email),
    "phone": (MemberContact.Kind.PHONE, normal_phone),
    "card": (MemberContact.Kind.CARD, normal_card),
}


def wallets_of(
    organization_id: int,
    *,
    customer_id: str | None = None,
    contacts: Mapping[str, str] | None = None,
    names: list[tuple[str, str]] | None = None,
) -> list[int] | None:
    """The wallets of the organization's members to whom all of this applies; None where names alone are asked for, and
    too many have them.

    `contacts` are exact (an email whatever its case), by email, phone or card; `names` are a key of the profile and a
    whole word of what it holds, whatever its case.
    """
    members = Member.objects.filter(organization_id=organization_id)
    if customer_id is not None:
        try:
            members = members.filter(customer_id=uuid.UUID(customer_id))
        except ValueError:
            return []
    for name, text in (contacts or {}).items():
        kind, normal = _CONTACTS[name]
        value = normal(text)
        if not value or "\x00" in value:
            return []
        found = MemberContact.objects.filter(organization_id=organization_id, kind=kind, value=value)
        members = members.filter(pk__in=found.values("member_id"))
    for key, word in names or ():
        for part in words_of(word):
            members = members.filter(search_text__contains=f" {part}")
        members = members.extra(  # noqa: S610 - our own column and key; the word is bound
            where=[name_has(f"members_member.profile, '{key}'")], params=[f"% {like(word)} %"]
        )
    wallets = list(members.order_by("pk").values_list("wallet_id", flat=True)[: MOST_WALLETS + 1])
    return None if len(wallets) > MOST_WALLETS else wallets
