"""Counts missions outright: over the API, by hand (semantics 11.4), and as an effect of campaigns (9.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.errors import EffectRefused, MissionInactive, MissionRefused
from campaigns.models import Mission, MissionStep
from campaigns.selectors.mission_plays import mission_play
from campaigns.selectors.occasions import members_to_ask
from campaigns.selectors.playbook import INCREMENT
from campaigns.services.counting import Counted, Counts, Wish
from campaigns.services.giving import Gift, Given, register_giver
from campaigns.services.pointing import Accounts, Purse
from ledger.engine.requests import CLOCK_SKEW
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput
from loyalty.kernel.json_text import write_json
from loyalty.kernel.services import record
from members.errors import MemberGone, MemberInactive
from members.models import Enrollment, Member

Kind = MissionStep.Kind


@dataclass(frozen=True, slots=True)
class Incremented:
    """How far the member is, and whether that is the answer of an earlier call with the same key."""

    balance: dict[str, Any]
    replayed: bool = False


def check_open(mission: Mission, places: Mapping[int, Enrollment], at: datetime) -> None:
    """That the mission counts at `at` for somebody with these places; audience and matcher are asked of events only.

    :raises MissionInactive: it does not count then.
    :raises MissionRefused: the member is not in its program.
    """
    place = places.get(mission.program_id)
    if not mission.active or not mission.is_valid_at(at) or (place is not None and not place.program.active):
        raise MissionInactive
    if place is None:
        raise MissionRefused("The member is not in the mission's program.")


def increment_mission(
    *,
    mission: Mission,
    member: Member,
    amount: int,
    actor: Actor,
    at: datetime,
    unique_key: str | None = None,
    external_id: str | None = "",
    description: str | None = "",
    tags: Sequence[str] | None = (),
    external_event_at: datetime | None = None,
    reason: str = "",
) -> Incremented:
    """Count the mission `amount` times for a member; it may reach the goal several times. 0 counts nothing. The same
    `unique_key` with the same content answers as the first time. With a `reason` it stands in the member's history.

    :raises InvalidInput: a date in the future.
    :raises MissionInactive: the mission or its program is not active, or the time is not within the mission's.
    :raises MissionRefused: the member is not in the mission's program.
    :raises MissionCompleted, MissionPeriodFull: it was achieved as often as it can be.
    :raises TooManyGoals: so much at once would be too many achievements.
    :raises MemberInactive: the member is blocked.
    :raises MemberGone: the member was merged into another, or erased.
    :raises SupplyExceeded, AccountInactive: the points cannot be given; nothing is counted.
    :raises IdempotencyConflict: the key was used with other content.
    """
    if external_event_at is not None and external_event_at > at + CLOCK_SKEW:
        raise InvalidInput("The event date lies in the future.", field="externalEventDate")
    said = {"external_id": external_id or "", "description": description or "", "tags": list(tags or ())}
    wish = Wish(
        mission=mission_play(mission, mission.organization.timezone),
        member=members_to_ask(member.organization_id).get(pk=member.pk),
        amount=amount,
        happened_at=external_event_at or at,
        kind=Kind.HAND,
        external_event_at=external_event_at,
        words={
            **said,
            "unique_key": unique_key,
            "content_hash": _hash_of(mission, member, amount, said, external_event_at),
        },
    )
    try:
        with transaction.atomic():
            return _increment(mission, wish, actor=actor, at=at, reason=reason)
    except IntegrityError as error:
        if "unique_key" not in str(error) and "mission_step_key_once" not in str(error):
            raise
    # Somebody else used the key for another mission or member at the same time: it will be found.
    with transaction.atomic():
        return _increment(mission, wish, actor=actor, at=at, reason=reason)


def _increment(mission: Mission, wish: Wish, *, actor: Actor, at: datetime, reason: str) -> Incremented:
    organization_id = mission.organization_id
    purse = Purse(organization_id, actor, at)
    counts = Counts(organization_id, mission.organization.timezone, actor, at, purse)
    counts.lock(counts.spots_of(wish.mission, wish.member.pk, wish.happened_at))
    earlier = _find(organization_id, wish)
    if earlier is not None:
        return Incremented(earlier.balance, replayed=True)
    check_open(mission, wish.places, wish.happened_at)
    if not wish.member.active:
        raise MemberGone if wish.member.is_gone else MemberInactive
    first_day = wish.mission.first_day(wish.happened_at, counts.zone)
    if wish.amount == 0:
        return Incremented(counts.balance(wish.mission, wish.member.pk, first_day))
    counted = counts.count(wish, Accounts(organization_id))
    purse.flush()
    if counted.error is not None:
        raise counted.error
    counts.save()
    if reason:
        _mark(mission, wish, counted, actor=actor, at=at, reason=reason)
    return Incremented(counted.step.balance)


def _mark(mission: Mission, wish: Wish, counted: Counted, *, actor: Actor, at: datetime, reason: str) -> None:
    record(
        actor=actor,
        at=at,
        action="mission.counted",
        target=wish.member,
        organization_id=mission.organization_id,
        after={"mission": mission.name, "counted": wish.amount, "achieved": len(counted.achievements)},
        reason=reason,
    )


def _hash_of(
    mission: Mission, member: Member, amount: int, said: Mapping[str, Any], external_event_at: datetime | None
) -> str:
    moment = None if external_event_at is None else external_event_at.timestamp()
    content = (mission.pk, member.pk, amount, *said.values(), moment)
    return hashlib.blake2b(write_json(content), digest_size=16).hexdigest()


def _find(organization_id: int, wish: Wish) -> MissionStep | None:
    """The line that an earlier call with this key wrote.

    :raises IdempotencyConflict: it was another call.
    """
    key = wish.words["unique_key"]
    if key is None:
        return None
    earlier = MissionStep.objects.filter(organization_id=organization_id, kind=wish.kind, unique_key=key).first()
    if earlier is not None and earlier.content_hash != wish.words["content_hash"]:
        raise IdempotencyConflict(systemUniqueKey=key)
    return earlier


def increment_by_effect(gift: Gift) -> Given:
    """Count a mission for whom an event is about. One that takes nothing now, or is full, is no failure."""
    occasion, key, amount = gift.occasion, gift.params["missionKey"], gift.params.get("amount", 1)
    missions = Mission.objects.filter(organization_id=occasion.event.organization_id, key=key)
    mission = missions.select_related("matcher").first()
    if mission is None:
        raise EffectRefused("There is no mission of this key.")
    says: dict[str, Any] = {"missionId": mission.pk, "missionCode": mission.code}
    if amount <= 0:
        return Given(result="nothing", says=says)
    wish = Wish(
        mission=mission_play(mission, gift.gathers.zone),
        member=occasion.member,
        amount=amount,
        happened_at=occasion.happened_at,
        kind=Kind.EFFECT,
        event=occasion.event,
        order_id=occasion.order_id,
        external_event_at=occasion.event.external_event_at,
        words={"unique_key": gift.key},
    )
    try:
        check_open(mission, occasion.places, occasion.happened_at)
        counted = gift.gathers.counts.count(wish, gift.gathers.accounts)
    except MissionRefused as error:
        return Given(result="nothing", says={**says, "reason": error.code})
    gift.gathers.purse.flush()
    if counted.error is not None:
        raise counted.error
    points = sum(achievement.points for achievement in counted.paid)
    paid = {"pointsAwarded": points, "ledgerTransactionIds": [str(one.transaction_id) for one in counted.paid]}
    balance = {name: value for name, value in counted.step.balance.items() if name not in ("missionId", "memberId")}
    return Given(amount, {**says, **balance, **paid, "amount": amount})


register_giver(INCREMENT, increment_by_effect)
