"""Takes up programs of partners, and says which clients may issue in them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from ledger.services import create_account
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, record
from loyalty.kernel.services.addresses import parse_address
from members.models import LoyaltyProgram
from partners.models import ExchangeClient, Partner, PartnerProgram, ProgramAccess
from partners.quoting import DOLLARS, MOST_POINTS, rate_in
from partners.words import PROFILE_OF_PROGRAM, checked_profile

_LIMITS = ("min_value", "max_value", "min_points", "max_points")
_MOST_VALUE = 10**10
_MOST_PRICE = Decimal("999999999")
_CHANGEABLE = (
    "name",
    "profile",
    "active",
    "price_per_point",
    "price_per_point_in_usd",
    *_LIMITS,
    "user_id_field",
    "user_email_field",
)


def new_program_secret() -> str:
    """What calls to a program over HTTP are signed with."""
    return "pps_" + secrets.token_urlsafe(32)


def _check_price(name: str, price: Decimal) -> None:
    if not price.is_finite() or not 0 < price <= _MOST_PRICE or price != round(price, 6):
        raise InvalidInput("A price is above 0, with at most six digits after the point.", field=name)


def _check(partner: Partner, said: Mapping[str, Any]) -> None:
    """That prices, limits and fields can be meant.

    :raises InvalidInput: with the field that cannot.
    """
    for name in ("price_per_point", "price_per_point_in_usd"):
        _check_price(name, said[name])
    if partner.currency == DOLLARS and said["price_per_point"] != said["price_per_point_in_usd"]:
        raise InvalidInput("Both prices are in US dollars, and differ.", field="price_per_point_in_usd")
    for name in _LIMITS:
        most = _MOST_VALUE if name.endswith("value") else MOST_POINTS
        if not 0 <= said[name] <= most:
            raise InvalidInput(f"Send a whole number from 0 to {most}.", field=name)
    for low, high in (("min_value", "max_value"), ("min_points", "max_points")):
        if said[high] and said[high] < said[low]:
            raise InvalidInput("The upper limit is below the lower one.", field=high)
    wanted = PartnerProgram.Wanted
    if {said["user_id_field"], said["user_email_field"]} <= {wanted.UNUSED}:
        raise InvalidInput("A program needs to know an id or an email.", field="user_email_field")
    for name in ("user_id_field", "user_email_field"):
        if said[name] not in wanted.values:
            raise InvalidInput("Choose required, optional or unused.", field=name)


@transaction.atomic
def create_partner_program(
    *,
    partner: Partner,
    name: str,
    price_per_point: Decimal,
    actor: Actor,
    at: datetime,
    price_per_point_in_usd: Decimal | None = None,
    destination: LoyaltyProgram | None = None,
    url: str = "",
    **fields: Any,
) -> PartnerProgram:
    """A program of a partner, with its account in the books: of this installation (`destination`), or called at `url`.
    Prices are for one whole point; without one in US dollars, it is the partner's where that is its currency.

    :raises DuplicateValue: where the organization knows a program of this name.
    :raises InvalidInput: a price or limit that cannot be meant, an address that may not be called, or neither way.
    """
    if (destination is None) == (not url):
        raise InvalidInput("Say either the program of this installation, or the address of another.", field="url")
    if url:
        parse_address(url, field="url")
    if price_per_point_in_usd is None:
        if partner.currency != DOLLARS:
            raise InvalidInput("Say what a point costs in US dollars.", field="price_per_point_in_usd")
        price_per_point_in_usd = price_per_point
    program = PartnerProgram(
        organization_id=partner.organization_id,
        partner=partner,
        name=name,
        price_per_point=price_per_point,
        price_per_point_in_usd=price_per_point_in_usd,
        connector=PartnerProgram.Connector.IN_HOUSE if destination else PartnerProgram.Connector.HTTP,
        destination=destination,
        url=url,
        secret="" if destination else new_program_secret(),
        created_at=at,
        updated_at=at,
        **fields,
    )
    _check(partner, {field: getattr(program, field) for field in _CHANGEABLE})
    program.profile = checked_profile(program.profile, PROFILE_OF_PROGRAM)
    program.account = create_account(
        ledger=partner.money_account.ledger, name=f"{name} points", may_owe=True, for_members=False, actor=actor, at=at
    )
    try:
        with transaction.atomic():
            program.save()
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    record(
        actor=actor,
        at=at,
        action="partner_program.created",
        target=program,
        organization_id=partner.organization_id,
        after={"partner": partner.name, **{field: getattr(program, field) for field in _CHANGEABLE}},
    )
    return program


@transaction.atomic
def update_partner_program(
    *, program: PartnerProgram, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> PartnerProgram:
    """Change what is named. A new price counts from the next issue on: what was issued keeps its own.

    :raises DuplicateValue: where another program has this name.
    :raises InvalidInput: a price or limit that cannot be meant.
    """
    locked = (
        PartnerProgram.objects.select_for_update(of=("self",), no_key=True).select_related("partner").get(pk=program.pk)
    )
    wanted = dict(changes)
    if "profile" in wanted:
        wanted["profile"] = checked_profile(wanted["profile"], PROFILE_OF_PROGRAM)
    if "url" in wanted:
        if locked.connector != PartnerProgram.Connector.HTTP:
            raise InvalidInput("A program of this installation has no address.", field="url")
        parse_address(wanted["url"], field="url")
    _check(locked.partner, {field: wanted.get(field, getattr(locked, field)) for field in _CHANGEABLE})
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="partner_program.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    return locked


@transaction.atomic
def give_access(
    *, client: ExchangeClient, program: PartnerProgram, actor: Actor, at: datetime, reason: str = ""
) -> ProgramAccess:
    """Let a client issue in a program; giving it again changes nothing.

    :raises InvalidInput: a program of another organization, or without a price in the client's currency.
    """
    if program.organization_id != client.organization_id:
        raise InvalidInput("There is no such program.", field="program")
    rate_in(program, client.partner.currency)
    access, is_new = ProgramAccess.objects.get_or_create(client=client, program=program, defaults={"created_at": at})
    if is_new:
        _record_access("exchange_client.program_added", client, program, actor, at, reason)
    return access


@transaction.atomic
def take_access(
    *, client: ExchangeClient, program: PartnerProgram, actor: Actor, at: datetime, reason: str = ""
) -> None:
    """Let a client issue no more in a program; what it issued stays."""
    taken, _ = ProgramAccess.objects.filter(client=client, program=program).delete()
    if taken:
        _record_access("exchange_client.program_removed", client, program, actor, at, reason)


@transaction.atomic
def set_programs(
    *, client: ExchangeClient, programs: Iterable[PartnerProgram], actor: Actor, at: datetime, reason: str = ""
) -> None:
    """Let a client issue in exactly these programs.

    :raises InvalidInput: a program of another organization, or without a price in the client's currency.
    """
    wanted = {program.pk: program for program in programs}
    held = {access.program_id: access.program for access in client.accesses.select_related("program")}
    for pk, program in wanted.items():
        if pk not in held:
            give_access(client=client, program=program, actor=actor, at=at, reason=reason)
    for pk, program in held.items():
        if pk not in wanted:
            take_access(client=client, program=program, actor=actor, at=at, reason=reason)


def _record_access(
    action: str, client: ExchangeClient, program: PartnerProgram, actor: Actor, at: datetime, reason: str
) -> None:
    record(
        actor=actor,
        at=at,
        action=action,
        target=client,
        organization_id=client.organization_id,
        after={"program": program.name},
        reason=reason,
    )
