"""Writes the journal: events of members, in the same transaction as what they announce."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ledger.announcements import Posted
from loyalty.kernel.kept import insert_rows
from members.models import EventType, LoyaltyEvent


def record_event(
    *, organization_id: int, event_type: str, at: datetime, member_id: int | None = None, payload: Any = None
) -> LoyaltyEvent:
    """Write one event down."""
    return LoyaltyEvent.objects.create(
        organization_id=organization_id,
        event_type=event_type,
        member_id=member_id,
        payload=payload or {},
        created_at=at,
    )


def record_events(events: Iterable[LoyaltyEvent]) -> None:
    """Write many events down."""
    insert_rows(list(events))


def noting(posted: Posted) -> str:
    """The statement that writes one event for each member whose wallet a transaction moved points of, or to; none for
    a call that moved nobody's.
    """
    holders = posted.holders
    told = [(entry.id, holders[wallet_id]) for entry, wallet_id in posted.moved() if wallet_id in holders]
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
