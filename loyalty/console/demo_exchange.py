"""What of the demo is about the points exchange: a bank's app that issues in the coffee chain's program and in the
neighbor's, and a period that was settled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models

from loyalty.console.demo_keys import ACTOR, House, Kept
from loyalty.kernel.roles import EVERYTHING
from members.models import Member
from partners.models import ClientKey, ExchangeClient, Partner, PartnerProgram, Statement
from partners.selectors import program_number
from partners.services import (
    Destination,
    Order,
    close_period,
    create_client,
    create_partner,
    create_partner_program,
    issue_points,
    pay_in,
    rotate_client_secret,
)

BANK, APP = "Demo Bank", "Demo Bank app"
PROFILE = {"legalEntity": "Demo Bank Ltd", "country": "Germany", "countryCode": "DE", "city": "Berlin"}
LIMITS: dict[str, Any] = {"price_per_point": Decimal("0.1"), "min_value": 1, "max_value": 1000}
PAID = Decimal(100_000)


def make_exchange(kept: Kept, coffee: House, books: House, alice: Member, charlie: Member, at: datetime) -> Any:
    """The exchange of the coffee chain; answers what `demo --json` says of it."""
    own = _program(coffee, _partner(coffee, "Demo Coffee", at), coffee, at)
    theirs = _program(coffee, _partner(coffee, "Neighbor Books", at), books, at)
    bank = _partner(coffee, BANK, at, terms="prepaid", floor=Decimal(0), alert_below=Decimal(1000), profile=PROFILE)
    pay_in(partner=bank, amount=PAID, actor=ACTOR, at=at, unique_key="demo:bank", reason="Paid in advance")
    client, secrets = _client(kept, bank, [own, theirs], at)
    _settled(client, theirs, charlie, at)
    return {
        "clientId": client.client_id,
        "clientSecret": secrets[ClientKey.Environment.PRODUCTION],
        "sandboxSecret": secrets[ClientKey.Environment.SANDBOX],
        "programs": [_told(own, alice), _told(theirs, charlie)],
    }


def _found(rows: models.QuerySet[Any], coffee: House, name: str) -> Any:
    return rows.filter(organization=coffee.organization, name=name).first()


def _partner(coffee: House, name: str, at: datetime, **said: Any) -> Partner:
    found = _found(Partner.objects.all(), coffee, name)
    words: dict[str, Any] = {"currency": "USD", "actor": ACTOR, "at": at, **said}
    return found or create_partner(organization_id=coffee.organization.pk, name=name, **words)


def _program(coffee: House, partner: Partner, house: House, at: datetime) -> PartnerProgram:
    found = _found(PartnerProgram.objects.select_related("partner"), coffee, house.program.name)
    return found or create_partner_program(
        partner=partner, name=house.program.name, destination=house.program, actor=ACTOR, at=at, **LIMITS
    )


def _client(
    kept: Kept, bank: Partner, programs: list[PartnerProgram], at: datetime
) -> tuple[ExchangeClient, dict[str, str]]:
    """The bank's app, and its secrets; where the file with them was lost, it gets new ones."""
    client = ExchangeClient.objects.select_related("partner").filter(partner=bank, name=APP).first()
    secrets: dict[str, str] = kept.values.get("exchange", {})
    if client is None:
        made = create_client(
            partner=bank, name=APP, program_name="Cashback", programs=programs, granter=EVERYTHING, actor=ACTOR, at=at
        )
        client, secrets = made.client, made.secrets
    elif secrets.get("clientId") != client.client_id:
        keys = ClientKey.objects.filter(client=client).select_related(
            "credential__operator", "credential__organization"
        )
        secrets = {
            key.environment: rotate_client_secret(key=key, granter=EVERYTHING, actor=ACTOR, at=at) for key in keys
        }
    kept.values["exchange"] = {**secrets, "clientId": client.client_id}
    return client, secrets


def _settled(client: ExchangeClient, program: PartnerProgram, charlie: Member, at: datetime) -> None:
    """Five dollars for Charlie, and the period they were in."""
    if Statement.objects.filter(partner=program.partner).exists():
        return
    who = Destination(user_email=charlie.profile["email"])
    order = Order(program.pk, 5, who, "demo-1", description="Cashback of the first month")
    issue_points(client=client, is_sandbox=False, order=order, actor=ACTOR, at=at)
    over = at + timedelta(seconds=1)
    close_period(partner=program.partner, ends_at=over, actor=ACTOR, at=over)


def _told(program: PartnerProgram, member: Member) -> dict[str, Any]:
    return {
        "id": program_number(program.pk),
        "requires": ["destinationUserEmail"],
        "knownDestination": {"destinationUserEmail": member.profile["email"]},
        "pricePerPoint": float(program.price_per_point),
        "minValue": program.min_value,
        "maxValue": program.max_value,
    }
