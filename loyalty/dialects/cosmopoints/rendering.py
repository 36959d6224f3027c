"""Writes programs, transactions and connections as the document has them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from loyalty.dialects.cosmopoints.reading import CLIENT, CONNECTION, HISTORY, TRANSACTION
from loyalty.kernel.numbered import uuid_of
from partners.models import Connection, ConnectionEvent, Exchange, ExchangeClient, PartnerProgram
from partners.quoting import rate_in
from partners.selectors import PROGRAM
from partners.words import PROFILE_OF_COMPANY


def number(price: Decimal) -> int | float:
    """A price as a JSON number that says it exactly."""
    return int(price) if price == price.to_integral_value() else float(price)


def written_id(kind: str, row: int) -> str:
    """The id of a row."""
    return str(uuid_of(kind, row))


def written_client(client: ExchangeClient) -> dict[str, Any]:
    """Who calls (C2); what is not known is empty."""
    profile: Mapping[str, str] = client.partner.profile
    return {
        "name": client.partner.name,
        "programId": written_id(CLIENT, client.pk),
        "programName": client.program_name or client.name,
        "localCurrency": client.partner.currency,
        **{name: profile.get(name, "") for name in PROFILE_OF_COMPANY},
    }


def written_program(program: PartnerProgram, currency: str) -> dict[str, Any]:
    """A program (C3), for a caller who pays in `currency`."""
    profile: Mapping[str, str] = program.profile
    return {
        "id": written_id(PROGRAM, program.pk),
        "pricePerPointInUsd": number(program.price_per_point_in_usd),
        "pricePerPoint": number(program.price_per_point),
        "minAmountOfPoints": program.min_points,
        "maxAmountOfPoints": program.max_points,
        "minValue": program.min_value,
        "maxValue": program.max_value,
        "currency": program.partner.currency,
        "name": program.name,
        "businessName": program.partner.name,
        "logo": profile.get("logo", ""),
        "industry": profile.get("industry", ""),
        "termsAndConditionsUrl": profile.get("termsAndConditionsUrl", ""),
        "brandDescription": profile.get("brandDescription", ""),
        "programCurrency": program.partner.currency,
        "pricePerPointInLocalCurrency": number(rate_in(program, currency)),
        "localCurrency": currency,
    }


def written_fields(program: PartnerProgram) -> list[dict[str, Any]]:
    """What a program wants to know of a destination (C4); what it has no use for is left out."""
    wanted = PartnerProgram.Wanted
    rules = {"destinationUserId": program.user_id_field, "destinationUserEmail": program.user_email_field}
    kinds = {"destinationUserId": "string", "destinationUserEmail": "email"}
    return [
        {"name": name, "required": rule == wanted.REQUIRED, "type": kinds[name]}
        for name, rule in rules.items()
        if rule != wanted.UNUSED
    ]


def written_issue(exchange: Exchange) -> dict[str, Any]:
    """A transaction as it is answered when it is made (C7)."""
    return {
        "id": written_id(TRANSACTION, exchange.pk),
        "totalPoints": exchange.points,
        "referenceNumber": exchange.reference_number,
        "date": exchange.created_at,
    }


def written_transaction(exchange: Exchange) -> dict[str, Any]:
    """A transaction in a list (C8). Its points are texts here (P6); one that was taken back has two lines."""
    kinds = ["issue", "reversal"] if exchange.state == Exchange.State.REVERSED else ["issue"]
    return {
        "id": written_id(TRANSACTION, exchange.pk),
        "referenceNumber": exchange.reference_number,
        "sourceValue": exchange.value,
        "description": exchange.description,
        "createdAt": exchange.created_at,
        "status": exchange.state,
        "pointTransactions": [{"destinationNumberOfPoints": str(exchange.points), "type": kind} for kind in kinds],
        "partnership": {
            "destination": {"name": exchange.program.name, "programId": written_id(PROGRAM, exchange.program_id)}
        },
    }


def written_single(exchange: Exchange) -> dict[str, Any]:
    """One transaction (C9)."""
    return {**written_transaction(exchange), "destinationUserId": exchange.destination_user_id}


def written_connection(connection: Connection) -> dict[str, Any]:
    """A connection as a client's user has it (C10)."""
    return {
        "id": written_id(CONNECTION, connection.pk),
        "destinationUserId": connection.destination_user_id,
        "destinationUserEmail": connection.destination_user_email,
        "programId": written_id(PROGRAM, connection.program_id),
        "updatedAt": connection.updated_at,
        "createdAt": connection.created_at,
    }


def written_new_connection(connection: Connection) -> dict[str, Any]:
    """A connection as it is answered when it is made or changed (C11)."""
    return {
        **written_connection(connection),
        "sourceUserId": connection.source_user_id,
        "sourceUserEmail": connection.source_user_email,
    }


def written_event(event: ConnectionEvent) -> dict[str, Any]:
    """A line of the history of connections (C12)."""
    return {
        "id": written_id(HISTORY, event.pk),
        "event": event.event,
        "sourceProgramUserId": event.source_user_id,
        "timestamp": event.created_at,
    }
