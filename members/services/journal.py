"""Writes the journal: events of members, in the same transaction as what they announce."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from ledger.announcements import Posted
from loyalty.kernel.kept import Statement, insert_unless, inserted, insertion, write_together
from loyalty.kernel.prepared import fetch
from members.announcements import Cause, evaluator, question, tell
from members.models import EventType, LoyaltyEvent

Status = LoyaltyEvent.Status
# How many events are looked for at once.
CHUNK = 1000


def record_event(
    *, organization_id: int, event_type: str, at: datetime, member_id: int | None = None, payload: Any = None
) -> LoyaltyEvent:
    """Write one event down, and tell whoever listens."""
    event = LoyaltyEvent(
        organization_id=organization_id,
        event_type=event_type,
        member_id=member_id,
        payload=payload or {},
        created_at=at,
    )
    record_events([event])
    return event


def record_events(events: Iterable[LoyaltyEvent], along: Sequence[Statement] = ()) -> list[int]:
    """Write events of one organization down, and tell whoever listens; those that somebody asks about later wait. The
    writes `along` are done in the same round trip where it is one event; answers their numbers.
    """
    written = list(events)
    if not written:
        return [fetch(one.sql, one.params)[0][0] for one in along]
    listening = _listening(written[0].organization_id)
    if len(written) == 1:
        event = written[0]
        *numbers, event.pk = (found := write_together([*along, _writing(event)], listening))[0]
        inserted(event, event.pk)
        rows = found[1]
    else:
        numbers = [fetch(one.sql, one.params)[0][0] for one in along]
        _write_all(written)
        rows = fetch(listening.sql, listening.params)
    tell(rows, frozenset(event.event_type for event in written), lambda: written)
    return numbers


def record_unheard(event: LoyaltyEvent) -> bool:
    """Write an event from outside down where nobody listens, in one statement; where somebody does, nothing is written:
    it takes `record_events`, and a transaction. Answers whether it was written.
    """
    return insert_unless(event, _listening(event.organization_id, outside=True))


def _listening(organization_id: int, *, outside: bool = False) -> Statement:
    asked = question("%s", outside=outside)
    return Statement(asked, [organization_id] * asked.count("%s"))


def _writing(event: LoyaltyEvent) -> Statement:
    waits = _waiting(event)
    return insertion(event) if waits is None else insertion(event, status=waits)


def _write_all(events: Sequence[LoyaltyEvent]) -> None:
    told = []
    for event in events:
        waits = _waiting(event)
        if waits is not None:
            event.status = RawSQL(waits.sql, list(waits.params))  # noqa: S611 - of our words
            told.append(event)
    LoyaltyEvent.objects.bulk_create(events, batch_size=CHUNK)
    for event in told:
        event.status = Status.SUCCESS


def _waiting(event: LoyaltyEvent) -> Statement | None:
    """What works out whether the event waits, as it is written; None where its status is known: it came from outside,
    or is about nobody. It is noted what the event comes of.
    """
    asker = evaluator()
    if asker is None or event.event_type not in asker.types:
        return None
    if event.content_hash is not None or event.status != Status.SUCCESS or event.member_id is None:
        return None
    cause = asker.cause_of(event.member_id)
    if cause is not None:
        event.caused_by_id, event.depth = cause.event_id, cause.depth
        if cause.ends:
            return None
    return Statement(_status("%s", "%s", caused=cause is not None), [event.organization_id, str(event.event_type)])


def _status(organization: str, kind: str, *, caused: bool) -> str:
    """What works an event's status out: whether it waits for somebody to ask about it."""
    asker = evaluator()
    if asker is None:
        return f"'{Status.SUCCESS.value}'"
    waits = asker.waits(organization, kind, caused)
    return f"CASE WHEN {waits} THEN '{Status.PENDING.value}' ELSE '{Status.SUCCESS.value}' END"


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
    # As Django writes moments: the embedded database compares them as texts.
    at = posted.at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    zone = "+00" if connection.vendor == "postgresql" else ""
    kind = f"'{EventType.TRANSACTION_CREATED.value}'"
    rows, status, causes = _moved(told, posted.organization_id, kind)
    return (
        f"WITH moved (transaction_id, member_id, cause, depth, ends) AS (VALUES {rows})"
        " INSERT INTO members_loyaltyevent (organization_id, event_type, status, member_id, transaction_id,"
        " external_id, description, payload, tags, execution_results, created_at, caused_by_id, depth)"
        f" SELECT {posted.organization_id:d}, {kind}, {status}, member_id, transaction_id, '', '', '{{}}', '[]', '[]',"
        f" '{at}{zone}', {causes} FROM moved"
    )


def _moved(told: Sequence[tuple[int, int]], organization_id: int, kind: str) -> tuple[str, str, str]:
    """The rows of `moved`, and what works out the status and the cause of each."""
    asker = evaluator()
    if asker is None or asker.cause_of(None) is None:
        rows = ",".join([f"({transaction_id:d},{member_id:d},0,0,0)" for transaction_id, member_id in told])
        return rows, _status(f"{organization_id:d}", kind, caused=False), "NULL, NULL"
    values = []
    for transaction_id, member_id in told:
        cause = asker.cause_of(member_id) or Cause(None, 0)
        event = "NULL" if cause.event_id is None else f"{cause.event_id:d}"
        depth = f"{cause.depth:d},{int(cause.ends):d}"
        values.append(f"({transaction_id:d},{member_id:d},CAST({event} AS bigint),{depth})")
    status = _status(f"{organization_id:d}", kind, caused=True)
    ending = f"CASE WHEN ends = 1 THEN '{Status.SUCCESS.value}' ELSE {status} END"
    return ",".join(values), ending, "cause, depth"
