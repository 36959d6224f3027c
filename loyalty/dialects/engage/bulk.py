"""Many point transactions in one call (contract V8, R1 to R4): each row is booked or told, by itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.selectors import list_member_accounts
from ledger.services import Move, burn, mint, post_groups
from loyalty.dialects.engage.problems import INACTIVE, Refused
from loyalty.dialects.engage.reading import (
    read_amount,
    read_definition_id,
    read_guid,
    read_moment,
    read_source,
    read_text,
    wrong,
)
from loyalty.dialects.engage.rendering import to_json
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services.forms import answer_once
from members.selectors import Match, match_members

MOST_ROWS = 1000
PLACE = "engage-bulk"
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Definition:
    """What a row has to know of its account."""

    decimals: int
    zone: str


@dataclass(slots=True)
class Answer:
    """What is told of the rows that were not booked."""

    not_accepted: dict[int, str] = field(default_factory=dict)
    definitions: dict[int, None] = field(default_factory=dict)
    contacts: dict[str, None] = field(default_factory=dict)

    def refuse(self, index: int, message: str) -> None:
        """Row `index` is not booked."""
        self.not_accepted[index] = message


def post_bulk(*, organization_id: int, data: Any, key: str | None, actor: Actor, at: datetime) -> bytes:
    """Book the rows and answer the rendered body; with a `key` once in 24 hours, and then with the same answer.

    :raises InvalidInput: no array, an empty one, or a key no header can be.
    :raises Refused: more than MOST_ROWS rows, or no active point definition.
    :raises IdempotencyConflict: the key was used with other rows.
    """
    if not isinstance(data, list):
        raise InvalidInput("The body must be a JSON array.")
    if len(data) > MOST_ROWS:
        raise Refused(400, "TooManyItems", f"Too many items: send at most {MOST_ROWS}.")
    if not data:
        raise InvalidInput("The body has no items.")

    def act() -> bytes:
        return _book(organization_id, data, actor, at)

    if key is None:
        return act()
    if not key.strip() or len(key) > LONGEST_KEY or "\x00" in key:
        raise wrong("Idempotency-Key", f"must have 1 to {LONGEST_KEY} characters.")
    told, _ = answer_once(
        organization_id=organization_id,
        place=PLACE,
        key=key,
        content=data,
        at=at,
        act=lambda: act().decode(),
    )
    return str(told).encode()


def _book(organization_id: int, rows: Sequence[Any], actor: Actor, at: datetime) -> bytes:
    definitions = _definitions(organization_id)
    if not any(active for _, active in definitions.values()):
        raise Refused(400, INACTIVE, "New point system not active.")
    contacts = _contacts(organization_id, rows)
    answer = Answer()
    moves: dict[int, Move] = {}
    for index, row in enumerate(rows):
        try:
            move = _move_of(row, index, definitions, contacts, answer, at)
        except InvalidInput as error:
            answer.refuse(index, error.message)
        else:
            if move is not None:
                moves[index] = move
    if moves:
        outcomes = post_groups(
            organization_id=organization_id, groups=[[move] for move in moves.values()], actor=actor, at=at
        )
        for index, outcome in zip(moves, outcomes, strict=True):
            if outcome.error is not None:
                answer.refuse(index, outcome.error.message)
    told = sorted(answer.not_accepted.items())
    return to_json(
        {
            "notAccepted": [rows[index] for index, _ in told],
            "errorMessages": [f"Item {index}: {message}" for index, message in told],
            "missingDefinitionIds": list(answer.definitions),
            "missingContactIds": list(answer.contacts),
        }
    )


def _definitions(organization_id: int) -> dict[int, tuple[Definition, bool]]:
    """Every account of the organization, and whether it is active."""
    found = list_member_accounts(organization_id).values_list("pk", "decimals", "active", "organization__timezone")
    return {pk: (Definition(decimals, zone), active) for pk, decimals, active, zone in found}


def _contacts(organization_id: int, rows: Sequence[Any]) -> dict[uuid.UUID, Match]:
    """The contacts that rows name, in one query."""
    named = set()
    for row in rows:
        try:
            named.add(read_guid(row.get("contactId") if isinstance(row, dict) else None, "contactId"))
        except InvalidInput:
            continue  # It is told when the row is read.
    return match_members(organization_id, customer_ids=named, contacts=[])[0] if named else {}


def _move_of(
    row: Any,
    index: int,
    definitions: Mapping[int, tuple[Definition, bool]],
    contacts: Mapping[uuid.UUID, Match],
    answer: Answer,
    at: datetime,
) -> Move | None:
    """The movement of a row; None where what it names is not there, which is told in the answer.

    :raises InvalidInput: a field that cannot be meant (R2).
    """
    if not isinstance(row, dict):
        raise InvalidInput("The item must be a JSON object.")
    contact_id, definition_id = (
        read_guid(row.get("contactId"), "contactId"),
        read_definition_id(row.get("definitionId")),
    )
    contact, known = contacts.get(contact_id), definitions.get(definition_id)
    missing = []
    if contact is None:
        answer.contacts[row["contactId"]] = None
        missing.append("There is no such contact.")
    if known is None:
        answer.definitions[definition_id] = None
        missing.append("There is no such point definition.")
    if contact is None or known is None:
        answer.refuse(index, " ".join(missing))
        return None
    definition = known[0]
    source, description = read_source(row, required=True), read_text(row, "description", required=True)
    amount = read_amount(row.get("amount"), definition.decimals)
    happened = read_moment(row, "timeStamp", definition.zone)
    valid_from = read_moment(row, "validFrom", definition.zone)
    expires_at = read_moment(row, "validTo", definition.zone)
    words: dict[str, Any] = {
        "account_id": definition_id,
        "wallet_id": contact.wallet_id,
        "amount": abs(amount),
        "description": description,
        "source": source,
        "external_event_at": happened,
    }
    if amount < 0:
        return burn(**words)
    # Without a date points are valid from now on, whenever they were earned (R2).
    return mint(**words, valid_from=valid_from or at, expires_at=expires_at)
