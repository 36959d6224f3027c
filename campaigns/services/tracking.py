"""Takes events in from outside: stored once, then evaluated (semantics 7.1 to 7.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from campaigns.errors import EventTypeInactive
from campaigns.selectors.event_types import find_event_type
from campaigns.selectors.occasions import Occasion, occasion_of
from campaigns.services.evaluating import close_idle, evaluate, plan_for
from campaigns.services.event_types import check_payload
from ledger.engine.requests import CLOCK_SKEW
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput
from loyalty.kernel.json_text import write_json
from members.errors import MemberInactive
from members.models import EventType, LoyaltyEvent
from members.selectors import get_member
from members.services.journal import record_events

Status = LoyaltyEvent.Status
# Those of the built-in types that clients may send; a forged one of the others would earn points.
OPEN_TYPES = frozenset({str(EventType.GENERIC), str(EventType.BENEFIT_USED), str(EventType.BADGE_MINTED)})


def track_event(
    *,
    organization_id: int,
    member_id: int,
    event_type: str,
    unique_key: str,
    actor: Actor,
    at: datetime,
    external_id: str | None = "",
    description: str | None = "",
    payload: Mapping[str, Any] | None = None,
    tags: Sequence[str] | None = (),
    external_event_at: datetime | None = None,
) -> tuple[LoyaltyEvent, bool]:
    """Take one event in: store it, and do what campaigns give for it. Answers the event with what came of it, and
    whether it was taken in by an earlier call. What fails on the way is in its results, and tried again.

    :raises IdempotencyConflict: the key was used with other content.
    :raises InvalidInput: a type nobody may send or that there is not, a payload that is not of its type, a future date.
    :raises EventTypeInactive: the type takes no events now.
    :raises NotFound: there is no such member.
    :raises MemberInactive: the member takes no events.
    """
    event = LoyaltyEvent(
        organization_id=organization_id,
        member_id=member_id,
        event_type=event_type,
        unique_key=unique_key,
        external_id=external_id or "",
        description=description or "",
        payload=dict(payload or {}),
        tags=list(tags or ()),
        external_event_at=external_event_at,
        created_at=at,
    )
    event.content_hash = _hash_of(event)
    earlier = _find(event)
    if earlier is not None:
        return _again(earlier, actor=actor, at=at), True
    _check(event, at)
    member = get_member(organization_id, member_id)
    if not member.active:
        raise MemberInactive
    plan = plan_for(organization_id, [Occasion(event, member, at)])
    (idle,) = close_idle(plan, actor=actor, at=at)
    try:
        with transaction.atomic():
            record_events([event])
    except IntegrityError as error:
        earlier = _find(event)
        if earlier is None:
            raise
        del error
        return _again(earlier, actor=actor, at=at), True
    if not idle:
        evaluate(plan, actor=actor, at=at)
    return event, False


def evaluate_event(event: LoyaltyEvent, *, actor: Actor, at: datetime) -> None:
    """Do what was not done for an event that is stored: it waits, or failed in part."""
    if event.member_id is None:
        return
    member = get_member(event.organization_id, event.member_id)
    evaluate(plan_for(event.organization_id, [occasion_of(event, member, at)]), actor=actor, at=at)


def _hash_of(event: LoyaltyEvent) -> str:
    at = event.external_event_at
    content = (
        event.member_id,
        event.event_type,
        event.external_id,
        event.description,
        event.payload,
        event.tags,
        None if at is None else at.timestamp(),
    )
    return hashlib.blake2b(write_json(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _find(event: LoyaltyEvent) -> LoyaltyEvent | None:
    """The event that was taken in under this key.

    :raises IdempotencyConflict: where it was another.
    """
    mine = LoyaltyEvent.objects.filter(organization_id=event.organization_id, unique_key=event.unique_key)
    earlier = mine.first()
    if earlier is not None and earlier.content_hash != event.content_hash:
        raise IdempotencyConflict(systemUniqueKey=event.unique_key)
    return earlier


def _again(event: LoyaltyEvent, *, actor: Actor, at: datetime) -> LoyaltyEvent:
    """An event that is there already; what an earlier call left undone when it was killed is done now."""
    if event.status == Status.PENDING:
        evaluate_event(event, actor=actor, at=at)
    return event


def _check(event: LoyaltyEvent, at: datetime) -> None:
    if event.external_event_at is not None and event.external_event_at > at + CLOCK_SKEW:
        raise InvalidInput("The event date lies in the future.", field="externalEventDate")
    if event.event_type in OPEN_TYPES:
        return
    kind = find_event_type(event.organization_id, event.event_type)
    if kind is None or kind.builtin:
        raise InvalidInput("There is no such type of event that can be sent.", field="eventType")
    if not kind.active:
        raise EventTypeInactive
    check_payload(kind, event.payload)
