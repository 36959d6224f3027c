"""Writes the journal: events of members, in the same transaction as what they announce."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ledger.announcements import Posted
from loyalty.kernel.kept import insert_rows
from members.announcements import answers_to, questions, tell
from members.models import EventType, LoyaltyEvent

# How many events are looked for at once.
CHUNK = 1000


def record_event(
    *, organization_id: int, event_type: str, at: datetime, member_id: int | None = None, payload: Any = None
) -> LoyaltyEvent:
    """Write one event down, and tell whoever listens."""
    event = LoyaltyEvent.objects.create(
        organization_id=organization_id,
        event_type=event_type,
        member_id=member_id,
        payload=payload or {},
        created_at=at,
    )
    _tell([event])
    return event


def record_events(events: Iterable[LoyaltyEvent]) -> None:
    """Write many events of one organization down, and tell whoever listens."""
    written = list(events)
    if written:
        insert_rows(written)
        _tell(written)


def _tell(events: Sequence[LoyaltyEvent]) -> None:
    asked = questions(events[0].organization_id)
    tell(list(answers_to(asked)) if asked else [], frozenset(event.event_type for event in events), lambda: events)


def _told(posted: Posted) -> list[tuple[int, int]]:
    """Each transaction with each member it concerns."""
    holders = posted.holders
    return [(entry.id, holders[wallet_id]) for entry, wallet_id in posted.moved() if wallet_id in holders]


def noted(posted: Posted) -> list[LoyaltyEvent]:
    """The events that `noting` wrote for what was posted, in their order."""
    told = _told(posted)
    found: list[LoyaltyEvent] = []
    for start in range(0, len(told), CHUNK):
        transactions, members = map(set, zip(*told[start : start + CHUNK], strict=True))
        # By member and time, which there is an index for.
        found += LoyaltyEvent.objects.filter(
            member_id__in=members, created_at=posted.at, transaction_id__in=transactions
        )
    return sorted({event.pk: event for event in found}.values(), key=lambda event: event.pk)


def noting(posted: Posted) -> str:
    """The statement that writes one event for each member whose wallet a transaction moved points of, or to; none for
    a call that moved nobody's.
    """
    told = _told(posted)
    if not told:
        return ""
    values = ",".join([f"({transaction_id:d},{member_id:d})" for transaction_id, member_id in told])
    # As Django writes moments: the embedded database compares them as texts.
    at = posted.at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    zone = "+00" if connection.vendor == "postgresql" else ""
    return (
        f"WITH moved (transaction_id, member_id) AS (VALUES {values}) INSERT INTO members_loyaltyevent"
        " (organization_id, event_type, status, member_id, transaction_id, external_id, description, payload, tags,"
        " execution_results, created_at)"
        f" SELECT {posted.organization_id:d}, '{EventType.TRANSACTION_CREATED.value}',"
        f" '{LoyaltyEvent.Status.SUCCESS.value}', member_id, transaction_id, '', '', '{{}}', '[]', '[]', '{at}{zone}'"
        " FROM moved"
    )
