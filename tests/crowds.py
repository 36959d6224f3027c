"""Makes members and wallets by the thousand, for files and loads that need many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from ledger.models import Wallet
from members.contacts import contacts_of
from members.models import Enrollment, LoyaltyTier, Member, MemberContact
from members.selectors import default_program
from members.words import search_text_of
from tests.points_files import card_of, customer_of, email_of, phone_of

_CHUNK = 5000
_FIRST = (
    "Anna Ben Clara David Elif Felix Greta Hugo Ida Jonas Klara Leo Mia Noah Olga Paul Quentin Rosa Sofía Tim Ute "
    "Viktor Wiebke Xenia Yusuf Zoë Amélie Björn Chloé Dörte"
)
_LAST = (
    "Adams Bauer Çelik Díaz Evans Fischer García Hoffmann Ivanov Jansen Kowalski López Müller Novák Olsen Petrov Quast "
    "Rossi Schmidt Tanaka Ünal Vogel"
)
_FIRST_NAMES, _LAST_NAMES = _FIRST.split(), _LAST.split()


def make_members(*, organization_id: int, count: int, at: datetime, first: int = 1) -> None:
    """Members `first` to `first + count - 1` as `create_member` would make them, without an audit entry each.

    Member n has the addresses that `tests.points_files` names. Rows are written in bulk, a few thousand a commit.
    """
    program = default_program(organization_id)
    tier = LoyaltyTier.objects.filter(program=program, is_default=True, active=True).first()
    numbers = iter(range(first, first + count))
    while chunk := list(islice(numbers, _CHUNK)):
        with transaction.atomic():
            wallets = make_wallets(organization_id=organization_id, count=len(chunk), at=at)
            members = [
                Member(
                    organization_id=organization_id,
                    customer_id=customer_of(number),
                    loyalty_member_id=f"member-{number:07d}",
                    wallet=wallet,
                    profile=_profile(number),
                    created_at=at,
                    updated_at=at,
                )
                for number, wallet in zip(chunk, wallets, strict=True)
            ]
            for member in members:
                member.search_text = search_text_of(member)
            Member.objects.bulk_create(members)
            MemberContact.objects.bulk_create(_contacts(members))
            if program is not None:
                reached = tier if program.tier_account_id is not None else None
                Enrollment.objects.bulk_create(
                    Enrollment(member=member, program=program, system_tier=reached, effective_tier=tier, created_at=at)
                    for member in members
                )
            holder = Member.objects.filter(wallet=OuterRef("pk")).values("pk")
            Wallet.objects.filter(pk__range=(wallets[0].pk, wallets[-1].pk)).update(holder_id=Subquery(holder))


def make_wallets(*, organization_id: int, count: int, at: datetime) -> list[Wallet]:
    """Members' wallets nobody holds yet, with numbers in a row."""
    return Wallet.objects.bulk_create(Wallet(organization_id=organization_id, created_at=at) for _ in range(count))


def _profile(number: int) -> dict[str, Any]:
    return {
        "name": _FIRST_NAMES[number % len(_FIRST_NAMES)],
        "lastName": f"{_LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]} {number}",
        "email": email_of(number),
        "phone": phone_of(number),
        "loyaltyCardNumber": card_of(number),
    }


def _contacts(members: list[Member]) -> Iterator[MemberContact]:
    for member in members:
        for kind, value in sorted(contacts_of(member.profile, None)):
            yield MemberContact(organization_id=member.organization_id, member=member, kind=kind, value=value)
