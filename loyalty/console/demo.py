"""The demo: a small coffee chain with everything in it, and a neighbor to show that organizations do not mix.

Making it again changes nothing.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from ledger.services import burn, create_account, create_ledger, mint, post_transactions
from loyalty.console.demo_coupons import make_coupons
from loyalty.console.demo_exchange import make_exchange
from loyalty.console.demo_keys import ACTOR, House, Kept, make_credential
from loyalty.console.demo_missions import make_missions
from loyalty.console.demo_orders import make_orders
from loyalty.console.demo_referrals import make_referrals
from loyalty.console.demo_vendors import make_vendors
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Operator, Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import (
    create_operator,
    create_organization,
    set_password,
)
from members.models import Audience, LoyaltyProgram, LoyaltyTier, Member, TierChange
from members.selectors import resolve_account
from members.services import (
    create_audience,
    create_member,
    create_program,
    create_tier,
    refresh_audience,
    set_member_tier,
)

COFFEE, BOOKS = "demo-coffee", "neighbor-books"
# Every demo has the same customers, so that examples can be pasted.
_NAMESPACE = uuid.UUID("6f1c1d36-6f0e-5b3c-9a53-0d5f0e3f7d11")

PEOPLE = (
    ("alice", "Alice", "Adams", "+49 151 2345671"),
    ("bob", "Bob", "Baker", "+49 151 2345672"),
    ("dora", "Dora", "Diaz", "+49 151 2345673"),
    ("emil", "Emil", "Ekberg", "+49 151 2345674"),
    ("fatima", "Fatima", "Farouk", "+49 151 2345675"),
    ("grace", "Grace", "Green", "+49 151 2345676"),
)

# Has signed up, and never come.
QUIET = ("hanna", "Hanna", "Hoff", "+49 151 2345677")

# Who comes more often, or less: their points are in different tiers.
_CUPS = {"alice": 10, "bob": 4, "dora": 3, "grace": 3}

# A name, how members are found, and the matcher.
AUDIENCES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Everybody active", "attribute-matcher", {"expression": "member.active"}),
    (
        "Bronze by mail",
        "attribute-matcher",
        {"expression": 'member.tiers.exists(t, t.loyaltyTierKey == "bronze") && member.profile.email != null'},
    ),
    ("Friends of the house", "list-matcher", {"loyaltyMemberIds": ["alice", "bob"]}),
)


@transaction.atomic
def make_demo(at: datetime) -> dict[str, Any]:
    """Make what of the demo is not there yet; answers everything a client needs to try it, secrets included."""
    kept = Kept()
    coffee = _house("Demo Coffee", COFFEE, "Coffee Points", at)
    books = _house("Neighbor Books", BOOKS, "Book Points", at)
    members = [_member(coffee, *person, at) for person in PEOPLE]
    charlie = _member(books, "charlie", "Charlie", "Chen", "+49 151 2345679", at)
    _history(coffee, members, at)
    _history(books, [charlie], at)
    _gold_by_hand(coffee, members[-1], at)
    _audiences(coffee, at)
    make_coupons(coffee, members[0], at)
    make_missions(coffee, members, at)
    make_referrals(coffee, members[0], at)
    password = _admin(kept, at)
    credential = make_credential(kept, "demo", coffee.organization, at)
    neighbor = make_credential(kept, "neighbor", books.organization, at)
    quiet = _member(coffee, *QUIET, at)
    vendors = make_vendors(kept, coffee, books, [*members, quiet], at)
    exchange = make_exchange(kept, coffee, books, members[0], charlie, at)
    make_orders(coffee, at)
    kept.save()
    return {
        "baseUrl": settings.PUBLIC_URL,
        "organizationId": coffee.organization.pk,
        "organizationKey": coffee.organization.key,
        "loyaltyProgramId": coffee.program.pk,
        "ledgerId": coffee.ledger.pk,
        "ledgerAccountId": coffee.account.pk,
        "console": {"url": "/admin/", "username": "admin", "password": password},
        "core": {
            "apiKey": credential["key"],
            "apiSecret": credential["secret"],
            "token": f"{credential['key']}.{credential['secret']}",
        },
        "members": [
            {
                "memberId": member.pk,
                "loyaltyMemberId": member.loyalty_member_id,
                "walletId": member.wallet_id,
                "email": member.profile["email"],
                "customerId": str(member.customer_id),
            }
            for member in members
        ],
        **vendors,
        "cosmopoints": exchange,
        "neighbor": {
            "organizationId": books.organization.pk,
            "token": f"{neighbor['key']}.{neighbor['secret']}",
            "ledgerId": books.ledger.pk,
            "ledgerAccountId": books.account.pk,
            "memberId": charlie.pk,
            "walletId": charlie.wallet_id,
            "storeCode": "NEIGHBOR",
        },
    }


def _house(name: str, key: str, points: str, at: datetime) -> House:
    organization = Organization.objects.filter(key=key).first()
    if organization is None:
        organization = create_organization(name=name, key=key, timezone="Europe/Berlin", actor=ACTOR, at=at)
        ledger = create_ledger(organization_id=organization.pk, name="Main ledger", actor=ACTOR, at=at)
        account = create_account(
            ledger=ledger,
            name=points,
            decimals=2,
            format_string="{amount} points",
            expires_in_months=12,
            actor=ACTOR,
            at=at,
        )
        program = create_program(
            organization_id=organization.pk,
            name=f"{name} Club",
            description="Points for every cup.",
            ledger_id=ledger.pk,
            main_account_id=account.pk,
            tier_account_id=account.pk,
            actor=ACTOR,
            at=at,
        )
        for order, (tier, least) in enumerate((("Bronze", 0), ("Silver", 50_000), ("Gold", 200_000))):
            create_tier(program=program, name=tier, min_required_points=least, tier_order=order, actor=ACTOR, at=at)
    program = LoyaltyProgram.objects.select_related("ledger").get(organization=organization, is_default=True)
    return House(organization, program.ledger, resolve_account(organization.pk), program)


def _member(house: House, own_id: str, name: str, last_name: str, phone: str, at: datetime) -> Member:
    found = Member.objects.filter(organization=house.organization, loyalty_member_id=own_id).first()
    if found is not None:
        return found
    return create_member(
        organization_id=house.organization.pk,
        loyalty_member_id=own_id,
        customer_id=uuid.uuid5(_NAMESPACE, f"{house.organization.key}/{own_id}"),
        profile={
            "name": name,
            "lastName": last_name,
            "email": f"{own_id}@example.com",
            "phone": phone,
            "loyaltyCardNumber": f"4711{len(name)}{ord(own_id[0]):03d}",
        },
        actor=ACTOR,
        at=at,
    )


def _history(house: House, members: list[Member], at: datetime) -> None:
    """A few months of points, each booked once whenever the demo is made."""
    start = at.replace(hour=9, minute=0, second=0, microsecond=0)
    actor = Actor("system", "demo", "Demo")
    for place, member in enumerate(members):
        words: dict[str, Any] = {"account_id": house.account.pk, "wallet_id": member.wallet_id, "source": "demo"}
        moves = []
        for month in range(5, 0, -1):
            key = f"demo:{member.loyalty_member_id}:{month}"
            # Keys act once with one content: the dates count back from the day the demo was first made.
            day = _first_day(house, start) - timedelta(days=24 * month + place)
            moves.append(
                mint(
                    **words,
                    amount=_CUPS.get(member.loyalty_member_id, 1) * (4_321 + 100 * place + 77 * month),
                    description="Points for your cups",
                    unique_key=key,
                    external_event_at=day,
                )
            )
            if month % 2:
                moves.append(
                    burn(
                        **words,
                        amount=2_500 + 100 * place,
                        description="A cup on the house",
                        unique_key=f"{key}:spent",
                        external_event_at=day + timedelta(days=9),
                    )
                )
        post_transactions(organization_id=house.organization.pk, moves=moves, actor=actor, at=at)


def _gold_by_hand(house: House, member: Member, at: datetime) -> None:
    """A tier somebody gave, until a year from now."""
    gold = LoyaltyTier.objects.get(program=house.program, name="Gold")
    if not TierChange.objects.filter(member=member, tier=gold).exists():
        set_member_tier(
            member=member,
            program=house.program,
            loyalty_tier_id=gold.pk,
            expires_at=at + timedelta(days=365),
            actor=ACTOR,
            at=at,
            reason="She won the raffle.",
        )


def _audiences(house: House, at: datetime) -> None:
    """Who the coffee chain speaks to, each counted once."""
    for name, kind, matcher in AUDIENCES:
        if not Audience.objects.filter(organization=house.organization, name=name).exists():
            made = create_audience(
                organization_id=house.organization.pk, name=name, matcher_type=kind, matcher=matcher, actor=ACTOR, at=at
            )
            refresh_audience(audience=made, at=at)


def _first_day(house: House, today: datetime) -> datetime:
    made = house.organization.created_at
    return made.replace(hour=9, minute=0, second=0, microsecond=0) if made <= today else today


def _admin(kept: Kept, at: datetime) -> str:
    """The administrator of the installation, and the password that opens the console."""
    operator = Operator.objects.filter(username="admin").first()
    password = str(kept.values.get("password", ""))
    if operator is None:
        password = password or secrets.token_urlsafe(12)
        create_operator(
            username="admin",
            name="Administrator",
            email="admin@example.com",
            password=password,
            is_system_admin=True,
            granter=EVERYTHING,
            actor=ACTOR,
            at=at,
        )
    elif not password:
        password = secrets.token_urlsafe(12)
        set_password(operator=operator, password=password, granter=EVERYTHING, actor=ACTOR, at=at)
    kept.values["password"] = password
    return password
