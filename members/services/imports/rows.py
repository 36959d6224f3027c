"""Makes sense of one row: what it asks for and of whom, or why it cannot be meant."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from loyalty.kernel.clock import end_of_local_day
from members.contacts import normal_card, normal_email, normal_phone
from members.models import MemberContact
from members.services.imports.reading import RawRow

ADDING, SPENDING = "adding", "spending"
_INTEGER = re.compile(r"\+?[0-9]{1,14}")
_MOST_DAYS = 36_500
_WHO = "customerId, customerEmail, customerLoyaltyCardNumber, customerPhoneNumber"


class RowProblem(Exception):
    """The row cannot be done; the message is what the report says (contract open_loyalty 1.8)."""


@dataclass(slots=True)
class PointsRow:
    """A row that makes sense. `points` are whole points, `addresses` where to look for the member, in that order."""

    line: int
    kind: str
    points: int
    addresses: list[tuple[str, str | uuid.UUID]]
    comment: str
    row_key: str | None
    source: str
    days: int | None
    valid_from: datetime | None
    valid_to: datetime | None

    def expiry(self, at: datetime, zone: str) -> datetime | None:
        """When the points expire: as the row says, else None for the account's rule."""
        if self.valid_to is not None or self.days is None:
            return self.valid_to
        start = max(at, self.valid_from) if self.valid_from is not None else at
        return end_of_local_day(start, zone, days=self.days)


def identifier_of(fields: dict[str, str]) -> str:
    """How reports name a row: whom it is about, and what it asks for."""
    names = ("customerId", "customerEmail", "customerPhoneNumber", "customerLoyaltyCardNumber")
    who = next((fields[name] for name in names if name in fields), "")
    return f"{who}/({fields.get('type', '')} {fields.get('points', '')})"[:300]


def read_row(raw: RawRow) -> PointsRow:
    """The row, understood.

    :raises RowProblem: where it cannot be meant.
    """
    fields = raw.fields
    if raw.problem:
        raise RowProblem(f"Convert exception: {raw.problem}")
    if "\x00" in "".join(fields.values()):
        raise RowProblem("Convert exception: a value holds a NUL character")
    kind = fields.get("type")
    if kind is None:
        raise RowProblem("Convert exception: type is required node")
    if kind not in (ADDING, SPENDING):
        raise RowProblem(f"Convert exception: type = {kind[:60]}")
    return PointsRow(
        line=raw.line,
        kind=kind,
        points=_points(fields.get("points")),
        addresses=_addresses(fields),
        comment=_short(fields, "comment", 1000),
        row_key=_short(fields, "rowKey", 255) or None,
        source=_short(fields, "source", 40) or "import",
        days=_days(fields.get("validityDuration")),
        valid_from=_moment(fields, "validFrom"),
        valid_to=_moment(fields, "validTo"),
    )


def _points(text: str | None) -> int:
    if text is None:
        raise RowProblem("Convert exception: points is required node")
    if not _INTEGER.fullmatch(text):
        raise RowProblem("Convert exception: points should be integer value")
    if int(text) < 1:
        raise RowProblem("Convert exception: points should be 1 or more")
    return int(text)


def _days(text: str | None) -> int | None:
    if text is None:
        return None
    if not _INTEGER.fullmatch(text) or not 1 <= int(text) <= _MOST_DAYS:
        raise RowProblem(f"Convert exception: validityDuration should be from 1 to {_MOST_DAYS} days")
    return int(text)


def _short(fields: dict[str, str], name: str, most: int) -> str:
    text = fields.get(name, "")
    if len(text) > most:
        raise RowProblem(f"Convert exception: {name} is longer than {most} characters")
    return text


def _moment(fields: dict[str, str], name: str) -> datetime | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowProblem(f"Convert exception: {name} is not an ISO 8601 date and time") from error


def _addresses(fields: dict[str, str]) -> list[tuple[str, str | uuid.UUID]]:
    """Where to look for the member: id, then email, then card, then phone; a miss goes on to the next."""
    found: list[tuple[str, str | uuid.UUID]] = []
    if "customerId" in fields:
        try:
            found.append(("id", uuid.UUID(fields["customerId"])))
        except ValueError:
            found.append(("id", fields["customerId"]))
    for name, kind, normal in (
        ("customerEmail", MemberContact.Kind.EMAIL, normal_email),
        ("customerLoyaltyCardNumber", MemberContact.Kind.CARD, normal_card),
        ("customerPhoneNumber", MemberContact.Kind.PHONE, normal_phone),
    ):
        if name in fields:
            found.append((kind.value, normal(fields[name])))
    if not found:
        raise RowProblem(f"Convert exception: At least one node should be defined ({_WHO})")
    return found
