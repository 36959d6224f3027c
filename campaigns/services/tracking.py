"""Takes events in from outside: stored once, then evaluated (semantics 7.1 to 7.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction

from campaigns.errors import EventTypeInactive
from campaigns.models import NpsResponse
from campaigns.selectors.event_types import find_event_type
from campaigns.selectors.occasions import Occasion, members_to_ask, occasion_of, types_of
from campaigns.selectors.playbook import intake_of
from campaigns.services.evaluating import close_idle, evaluate, plan_for, plan_with
from campaigns.services.event_types import check_payload
from campaigns.services.surveys import answer_in, take_answer
from ledger.engine.requests import CLOCK_SKEW
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput
from loyalty.kernel.json_text import write_json
from members.errors import MemberInactive
from members.models import EventType, LoyaltyEvent
from members.selectors import check_member, get_member
from members.services.journal import record_events, record_unheard

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
    :raises SurveyClosed: it answers a survey that takes no answers now.
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
    known = intake_of(organization_id, unique_key, event_type, member_id)
    if known.earlier_id is not None:
        return _again(event, actor=actor, at=at), True
    _check(event, known.type_id, at)
    if not known.member_active:
        check_member(organization_id, member_id)
        raise MemberInactive
    answer = answer_in(organization_id, event.payload)
    # Whom nobody waits for need not be read.
    asked = [] if known.book.is_deaf_to(types_of(event_type)) else [get_member(organization_id, member_id)]
    plan = plan_with(known.book, [Occasion(event, member, at) for member in asked])
    waits = plan.without(close_idle(plan, actor=actor, at=at))
    try:
        _write(event, answer, alone=not waits.occasions and answer is None)
    except IntegrityError:
        if intake_of(organization_id, unique_key, event_type, member_id).earlier_id is None:
            raise
        return _again(event, actor=actor, at=at), True
    evaluate(waits, actor=actor, at=at)
    return event, False


def _write(event: LoyaltyEvent, answer: NpsResponse | None, *, alone: bool) -> None:
    """Write the event down, with the answer to a survey that it is; as one statement where it is all there is to do,
    and nobody listens.
    """
    if alone:
        # Inside somebody's transaction a savepoint keeps a key that is taken from spoiling it.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            if record_unheard(event):
                return
    with transaction.atomic():
        record_events([event])
        if answer is not None:
            take_answer(answer, event)


def evaluate_event(event: LoyaltyEvent, *, actor: Actor, at: datetime) -> None:
    """Do what was not done for an event that is stored: it waits, or failed in part."""
    if event.member_id is None:
        return
    member = get_member(event.organization_id, event.member_id)
    evaluate(plan_for(event.organization_id, [occasion_of(event, member, at)]), actor=actor, at=at)


def evaluate_events(organization_id: int, events: Sequence[LoyaltyEvent], *, actor: Actor, at: datetime) -> None:
    """The same for many events, each of another member."""
    members = {
        member.pk: member
        for member in members_to_ask(organization_id).filter(pk__in=[event.member_id for event in events])
    }
    occasions = [occasion_of(event, members[event.member_id], at) for event in events if event.member_id in members]
    evaluate(plan_for(organization_id, occasions), actor=actor, at=at)


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


def _again(event: LoyaltyEvent, *, actor: Actor, at: datetime) -> LoyaltyEvent:
    """The event that was taken in under this key; what an earlier call left undone when it was killed is done now.

    :raises IdempotencyConflict: where it was another.
    """
    earlier = LoyaltyEvent.objects.get(organization_id=event.organization_id, unique_key=event.unique_key)
    if earlier.content_hash != event.content_hash:
        raise IdempotencyConflict(systemUniqueKey=event.unique_key)
    if earlier.status == Status.PENDING:
        evaluate_event(earlier, actor=actor, at=at)
    return earlier


def _check(event: LoyaltyEvent, type_id: int | None, at: datetime) -> None:
    if event.external_event_at is not None and event.external_event_at > at + CLOCK_SKEW:
        raise InvalidInput("The event date lies in the future.", field="externalEventDate")
    if event.event_type in OPEN_TYPES:
        return
    kind = None if type_id is None else find_event_type(event.organization_id, event.event_type)
    if kind is None or kind.builtin:
        raise InvalidInput("There is no such type of event that can be sent.", field="eventType")
    if not kind.active:
        raise EventTypeInactive
    check_payload(kind, event.payload)
