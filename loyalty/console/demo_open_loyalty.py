"""What of the demo Open Loyalty's clients need: people who sign in as staff, as sellers and as customers."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from loyalty.console.demo_keys import ACTOR, House, Kept
from loyalty.kernel.models import Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_operator, set_membership, set_password
from members.models import Member, MemberPassword, Seller, Store
from members.services import appoint_seller, set_member_password

CUSTOMERS = 3


def make_open_loyalty(
    kept: Kept, coffee: House, store: Store, api_token: str, members: list[Member], at: datetime
) -> dict[str, Any]:
    """The people of a store; answers what `demo --json` says under `openLoyalty`."""
    admin = _person(kept, "ol-admin", "Olga Admin", at)
    reporter = _person(kept, "ol-reporter", "Rolf Reporter", at)
    seller = _person(kept, "ol-seller@example.com", "Selma Seller", at)
    trainee = _person(kept, "ol-trainee@example.com", "Timo Trainee", at)
    _place(coffee, admin["username"], at, is_admin=True)
    _place(coffee, reporter["username"], at, roles=["ledgers:read"])
    _sells(store, seller["username"], at, allowed=True)
    _sells(store, trainee["username"], at, allowed=False)
    return {
        "storeCode": store.code,
        "apiToken": api_token,
        "admin": admin,
        "reporter": reporter,
        "seller": seller,
        "sellerWithoutTransfer": trainee,
        "customers": [_customer(kept, member, at) for member in members[:CUSTOMERS]],
    }


def _password(kept: Kept, name: str) -> tuple[str, bool]:
    """The password kept under a name, and whether it was just made up."""
    known = kept.values.setdefault("passwords", {})
    is_new = name not in known
    if is_new:
        known[name] = secrets.token_urlsafe(12)
    return str(known[name]), is_new


def _person(kept: Kept, username: str, name: str, at: datetime) -> dict[str, str]:
    password, is_new = _password(kept, username)
    operator = Operator.objects.filter(username=username).first()
    words: dict[str, Any] = {"password": password, "granter": EVERYTHING, "actor": ACTOR, "at": at}
    if operator is None:
        email = username if "@" in username else f"{username}@example.com"
        create_operator(username=username, name=name, email=email, **words)
    elif is_new:
        set_password(operator=operator, **words)
    return {"username": username, "password": password}


def _place(house: House, username: str, at: datetime, **said: Any) -> None:
    operator = Operator.objects.get(username=username)
    if not operator.memberships.filter(organization=house.organization).exists():
        words: dict[str, Any] = {"granter": EVERYTHING, "actor": ACTOR, "at": at}
        set_membership(operator=operator, organization=house.organization, **said, **words)


def _sells(store: Store, username: str, at: datetime, *, allowed: bool) -> None:
    operator = Operator.objects.get(username=username)
    if not Seller.objects.filter(operator=operator).exists():
        appoint_seller(store=store, operator=operator, allow_point_transfer=allowed, actor=ACTOR, at=at)


def _customer(kept: Kept, member: Member, at: datetime) -> dict[str, str]:
    password, is_new = _password(kept, f"member:{member.loyalty_member_id}")
    if is_new or not MemberPassword.objects.filter(member=member).exists():
        set_member_password(member=member, password=password, actor=ACTOR, at=at)
    return {
        "customerId": str(member.customer_id),
        "email": member.profile["email"],
        "phone": member.profile["phone"],
        "loyaltyCardNumber": member.profile["loyaltyCardNumber"],
        "password": password,
    }
