"""Reads of claims, and of the store and members that calls about points mean."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from loyalty.kernel.errors import NotFound
from loyalty.kernel.prepared import bind_list, fetch
from members.contacts import LONGEST_VALUE, emails_in, normal_email
from members.models import Claim, Member, MemberContact, Store
from members.selectors.members import Match


def list_claims(organization_id: int) -> QuerySet[Claim]:
    """The organization's claims."""
    return Claim.objects.filter(organization_id=organization_id)


def get_claim_by_token(token: uuid.UUID) -> Claim:
    """The claim behind an address, whosever it is, with its store, account and organization at hand.

    :raises NotFound: where there is none.
    """
    claim = Claim.objects.select_related("store", "account", "organization").filter(token=token).first()
    if claim is None:
        raise NotFound("There is no such claim.")
    return claim


def claims_standing(claims: QuerySet[Claim], state: str, at: datetime) -> QuerySet[Claim]:
    """Those of `claims` that are open, claimed, expired or revoked at `at`; all of them for another word."""
    waiting = Q(claimed_at__isnull=True, revoked_at__isnull=True)
    ways = {
        "open": waiting & Q(expires_at__gte=at),
        "expired": waiting & Q(expires_at__lt=at),
        "claimed": Q(claimed_at__isnull=False),
        "revoked": Q(revoked_at__isnull=False),
    }
    return claims.filter(ways.get(state, Q()))


def find_claims(claims: QuerySet[Claim], text: str) -> QuerySet[Claim]:
    """Those of `claims` that a token, an address of the page, an email or a number names."""
    text = text.strip()[:500]
    if not text or "\x00" in text:
        return claims.none()
    try:
        return claims.filter(token=uuid.UUID(text.rstrip("/").rpartition("/")[2]))
    except ValueError:
        pass
    if text.isascii() and text.isdigit() and len(text) < 19:
        return claims.filter(pk=int(text))
    return claims.filter(email=normal_email(text)).exclude(email="")


def claims_of_member(member: Member) -> QuerySet[Claim]:
    """What the member has claimed, and what waits for one of the member's addresses."""
    return list_claims(member.organization_id).filter(
        Q(claimed_by=member) | Q(claimed_at__isnull=True, email__in=emails_of(member))
    )


def emails_of(member: Member) -> list[str]:
    """The addresses the member is found by: those of the profile, as contacts are drawn from it."""
    return sorted({normal_email(text)[:LONGEST_VALUE] for text in emails_in(member.profile)})


def claimed_with(claim: Claim, email: str) -> bool:
    """Whether it was a member with this address who claimed."""
    if claim.claimed_by_id is None or not email:
        return False
    contacts = MemberContact.objects.filter(member=claim.claimed_by_id, kind=MemberContact.Kind.EMAIL)
    return contacts.filter(value=normal_email(email)).exists()


@dataclass(frozen=True, slots=True)
class Counter:
    """Where an API that knows organizations by their key alone gives points: the default store with what its rules
    need of the organization, and the members found there by email.
    """

    store: Store
    ledger_id: int
    decimals: int
    zone: str
    members: dict[str, Match]


# The store and all the members in one look: what a call needs before it can post.
_COUNTER = {
    "postgresql": """
SELECT s.id, s.name, s.account_id, s.expiry_mode, s.days_active, s.days_locked, s.customer_types, s.claim_days,
       a.ledger_id, a.decimals, g.timezone, found.value, found.id, found.wallet_id, found.active
FROM members_store s
JOIN ledger_ledgeraccount a ON a.id = s.account_id
JOIN loyalty_organization g ON g.id = s.organization_id
LEFT JOIN LATERAL (
  SELECT asked.value, one.id, one.wallet_id, one.active
  FROM json_array_elements_text(%s) AS asked (value) CROSS JOIN LATERAL (
    SELECT m.id, m.wallet_id, m.active
    FROM members_membercontact c JOIN members_member m ON m.id = c.member_id
    WHERE c.organization_id = s.organization_id AND c.kind = 'email' AND c.value = asked.value ORDER BY m.id LIMIT 1
  ) AS one
) AS found ON TRUE
WHERE s.organization_id = %s AND s.is_default AND s.active
""",
    "sqlite": """
SELECT s.id, s.name, s.account_id, s.expiry_mode, s.days_active, s.days_locked, s.customer_types, s.claim_days,
       a.ledger_id, a.decimals, g.timezone, c.value, m.id, m.wallet_id, m.active
FROM members_store s
JOIN ledger_ledgeraccount a ON a.id = s.account_id
JOIN loyalty_organization g ON g.id = s.organization_id
LEFT JOIN json_each(%s) AS asked ON TRUE
LEFT JOIN members_membercontact c
    ON c.organization_id = s.organization_id AND c.kind = 'email' AND c.value = asked.value
LEFT JOIN members_member m ON m.id = c.member_id
WHERE s.organization_id = %s AND s.is_default AND s.active
ORDER BY m.id
""",
}


def get_counter(organization_id: int, emails: Collection[str] = ()) -> Counter:
    """The organization's default store, and whom its `emails` (as `normal_email` has them) name: one query, however
    many. Of several members with one address the oldest is meant.

    :raises NotFound: where the organization has no default store, or it is not active.
    """
    found = fetch(_COUNTER[connection.vendor], [bind_list(list(dict.fromkeys(emails))), organization_id])
    if not found:
        raise NotFound("The organization has no active default store.")
    pk, name, account_id, mode, days, locked, types, claim_days, ledger_id, decimals, zone = found[0][:11]
    store = Store(
        pk=pk,
        organization_id=organization_id,
        name=name,
        account_id=account_id,
        expiry_mode=mode,
        days_active=days,
        days_locked=locked,
        customer_types=json.loads(types) if isinstance(types, str) else types,
        claim_days=claim_days,
    )
    members: dict[str, Match] = {}
    for *_, value, member_id, wallet_id, active in found:
        if member_id is not None:
            members.setdefault(value, Match(member_id, wallet_id, bool(active)))
    return Counter(store, ledger_id, decimals, zone, members)
