"""Counts missions (semantics 11.2, 11.3): progress is locked once, in one order, counted in memory, written once. What
achievements are worth waits in the purse, with the other points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection

from campaigns.errors import MissionCompleted, MissionPeriodFull, TooManyGoals
from campaigns.models import WHOLE_TIME, MissionAchievement, MissionStep
from campaigns.selectors.mission_plays import PlayMission
from campaigns.services.pointing import Accounts, Group, Purse
from ledger.services import SYSTEM, Move, Outcome, mint
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DomainError
from members.errors import MemberGone
from members.models import Enrollment, EventType, LoyaltyEvent, Member
from members.services.journal import record_events

SOURCE = "mission"
# Achievements that one step may bring: each is a row, and a transaction.
MOST_GOALS = 1000
# Rows of progress in one statement.
_CHUNK = 1000


class Spot(NamedTuple):
    """Where something is counted: a member, a mission, the first day of a period."""

    member_id: int
    mission_id: int
    first_day: date


@dataclass(slots=True)
class Standing:
    """What a row of progress says."""

    counter: int
    achieved: int


@dataclass(frozen=True)
class Wish:
    """Something to be counted: how much of which mission for whom, when it happened in the world, and what is behind
    it. `words` are what else the line of the journal says.
    """

    mission: PlayMission
    member: Member
    amount: int
    happened_at: datetime
    kind: MissionStep.Kind
    event: LoyaltyEvent | None = None
    order_id: int | None = None
    external_event_at: datetime | None = None
    words: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def places(self) -> dict[int, Enrollment]:
        """The member's place in each program."""
        return {place.program_id: place for place in self.member.enrollments.all()}


@dataclass(slots=True)
class Counted:
    """What came of a wish: the line of the journal, the achievements it brought, and the refusal of their points, which
    leaves nothing of it. It is complete (`is_settled`) when the purse is flushed; `tell` is called then.
    """

    step: MissionStep
    achievements: list[MissionAchievement] = field(default_factory=list)
    error: DomainError | None = None
    is_settled: bool = True
    tell: Callable[[], None] | None = None

    @property
    def paid(self) -> list[MissionAchievement]:
        """The achievements that are worth points."""
        return [achievement for achievement in self.achievements if achievement.points]

    def settle(self, error: DomainError | None) -> None:
        """Say how it ended."""
        self.error, self.is_settled = error, True
        if self.tell is not None:
            self.tell()


_PUT = """
WITH w (member_id, mission_id, first_day, counter, achieved) AS (VALUES {rows})
INSERT INTO campaigns_missionprogress (member_id, mission_id, first_day, counter, achieved)
SELECT w.member_id, w.mission_id, w.first_day, w.counter, w.achieved
FROM w JOIN members_member m ON m.id = w.member_id
WHERE m.merged_into_id IS NULL AND m.erased_at IS NULL
ORDER BY w.member_id, w.mission_id, w.first_day{lock}
ON CONFLICT (member_id, mission_id, first_day) DO UPDATE SET counter = {kept}.counter, achieved = {kept}.achieved
RETURNING member_id, mission_id, first_day, counter, achieved
"""


def _put(rows: Sequence[tuple[Any, ...]], kept: str) -> Iterator[tuple[Spot, Standing]]:
    """Write rows that are missing; those that are there keep what they say, or what is given, by `kept`."""
    # Nobody merges the members meanwhile.
    lock = " FOR SHARE OF m" if connection.features.has_select_for_update else ""
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        sql = _PUT.format(rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(some)), lock=lock, kept=kept)
        with connection.cursor() as cursor:
            cursor.execute(sql, [value for row in some for value in row])
            for member_id, mission_id, day, counter, achieved in cursor.fetchall():
                first_day = date.fromisoformat(day) if isinstance(day, str) else day
                yield Spot(member_id, mission_id, first_day), Standing(counter, achieved)


class Counts:
    """How far members are with their missions; the rows stay locked until the caller's transaction ends."""

    def __init__(self, organization_id: int, zone: str, actor: Actor, at: datetime, purse: Purse) -> None:
        self.organization_id, self.zone, self.actor, self.at = organization_id, zone, actor, at
        self._purse = purse
        self._standings: dict[Spot, Standing] = {}
        self._changed: set[Spot] = set()
        # Counted already, but not known yet whether its points are really given.
        self._in_flight: set[tuple[int, int]] = set()
        self._steps: list[MissionStep] = []
        self._achievements: list[MissionAchievement] = []
        self._events: list[LoyaltyEvent] = []

    # --- locking ---
    def spots_of(self, mission: PlayMission, member_id: int, happened_at: datetime) -> set[Spot]:
        """The rows in which something is counted: of the whole time, and of the period where there is one."""
        days = {WHOLE_TIME, mission.first_day(happened_at, self.zone)}
        return {Spot(member_id, mission.id, day) for day in days}

    def lock(self, spots: Iterable[Spot]) -> None:
        """Lock and read these, in key order; those of a member who is gone are not there."""
        wanted = sorted(set(spots) - self._standings.keys())
        if wanted:
            self._standings.update(_put([(*spot, 0, 0) for spot in wanted], "campaigns_missionprogress"))

    def standing(self, spot: Spot) -> Standing:
        """What a locked row says.

        :raises MemberGone: the member was merged into another, or erased.
        """
        if spot not in self._standings:
            raise MemberGone
        return self._standings[spot]

    # --- counting ---
    def count(self, wish: Wish, accounts: Accounts) -> Counted:
        """Count one wish, and achieve what it reaches; its rows are locked first, where they are not yet.

        :raises MemberGone: the member was merged into another, or erased.
        :raises MissionCompleted: it was achieved as often as it can be.
        :raises MissionPeriodFull: so in its period.
        :raises TooManyGoals: it would be achieved more often than MOST_GOALS times.
        :raises NotFound, NoDefaultAccount: there is no account for its points.
        """
        mission, member = wish.mission, wish.member
        self.lock(self.spots_of(mission, member.pk, wish.happened_at))
        if (member.pk, mission.id) in self._in_flight:
            self._purse.flush()
        here = Spot(member.pk, mission.id, mission.first_day(wish.happened_at, self.zone))
        whole = here._replace(first_day=WHOLE_TIME)
        reached = self._reached(wish, self.standing(whole), self.standing(here))
        account = self._account(wish, accounts) if reached and mission.points else None
        before = {spot: replace(self.standing(spot)) for spot in (whole, here)}
        counted = Counted(self._step(wish, here.first_day))
        for number in range(reached):
            spent = mission.goal
            counted.achievements.append(self._achievement(wish, here.first_day, before[whole].achieved + number + 1))
            left = before[here].counter + wish.amount - spent * (number + 1)
            self._events.append(self._told(wish, before[whole].achieved + number + 1, left))
        self.standing(here).counter += wish.amount - reached * mission.goal
        for spot in before:
            self.standing(spot).achieved += reached
        self._changed |= before.keys()
        counted.step.balance = self.balance(mission, member.pk, here.first_day)
        self._steps.append(counted.step)
        self._achievements += counted.achievements
        if account is not None:
            self._pay(wish, counted, account, before)
        return counted

    def balance(self, mission: PlayMission, member_id: int, first_day: date) -> dict[str, Any]:
        """How far the member is (semantics 11.4)."""
        here, whole = (self.standing(Spot(member_id, mission.id, day)) for day in (first_day, WHOLE_TIME))
        return {
            "missionId": mission.id,
            "memberId": member_id,
            "counterCount": here.counter,
            "goalCount": mission.goal,
            "timesAchieved": whole.achieved,
            "completed": whole.achieved >= mission.most,
        }

    def uncount(self, spot: Spot, amount: int) -> None:
        """Take back what was counted and is not part of an achievement yet."""
        self.standing(spot).counter -= amount
        self._changed.add(spot)

    @staticmethod
    def _reached(wish: Wish, whole: Standing, here: Standing) -> int:
        """How often the goal is reached now."""
        mission = wish.mission
        if whole.achieved >= mission.most:
            raise MissionCompleted
        if mission.period_limit is not None and here.achieved >= mission.period_limit:
            raise MissionPeriodFull
        limits = [(here.counter + wish.amount) // mission.goal, mission.most - whole.achieved]
        if mission.period_limit is not None:
            limits.append(mission.period_limit - here.achieved)
        if min(limits) > MOST_GOALS:
            raise TooManyGoals
        return min(limits)

    @staticmethod
    def _account(wish: Wish, accounts: Accounts) -> tuple[int, int | None]:
        named = {"ledgerId": wish.mission.ledger_id, "ledgerAccountId": wish.mission.account_id}
        return accounts.meant(named, wish.mission, wish)

    def _step(self, wish: Wish, first_day: date) -> MissionStep:
        return MissionStep(
            organization_id=self.organization_id,
            mission_id=wish.mission.id,
            member=wish.member,
            first_day=first_day,
            kind=wish.kind,
            amount=wish.amount,
            event=wish.event,
            order_id=wish.order_id,
            actor=str(self.actor),
            happened_at=wish.happened_at,
            created_at=self.at,
            **wish.words,
        )

    def _achievement(self, wish: Wish, first_day: date, number: int) -> MissionAchievement:
        return MissionAchievement(
            organization_id=self.organization_id,
            mission_id=wish.mission.id,
            member=wish.member,
            first_day=first_day,
            number=number,
            unique_key=f"mission:{wish.mission.id}:{wish.member.pk}:{number}",
            spent=wish.mission.goal,
            points=wish.mission.points,
            happened_at=wish.happened_at,
            created_at=self.at,
        )

    def _told(self, wish: Wish, number: int, left: int) -> LoyaltyEvent:
        mission, cause = wish.mission, wish.event
        return LoyaltyEvent(
            organization_id=self.organization_id,
            event_type=EventType.MISSION_UPDATED,
            member_id=wish.member.pk,
            payload={
                "missionId": mission.id,
                "missionKey": mission.key,
                "missionCode": mission.code,
                "counterCount": left,
                "goalCount": mission.goal,
                "timesAchieved": number,
                "completed": number >= mission.most,
            },
            external_event_at=wish.external_event_at,
            caused_by=cause,
            depth=None if cause is None else (cause.depth or 0) + 1,
            created_at=self.at,
        )

    # --- points ---
    def _pay(
        self, wish: Wish, counted: Counted, account: tuple[int, int | None], before: Mapping[Spot, Standing]
    ) -> None:
        """Have the points of the achievements posted with others; refused, nothing of the wish is left."""
        place = (wish.member.pk, wish.mission.id)
        self._in_flight.add(place)
        counted.is_settled = False
        told = self._events[-len(counted.achievements) :]

        def settle(outcome: Outcome) -> None:
            self._in_flight.discard(place)
            if outcome.error is None:
                for achievement, answer in zip(counted.achievements, outcome.answers, strict=True):
                    achievement.transaction_id = answer.transaction_id
            else:
                self._standings.update(before)
                self._drop(counted, told)
            counted.settle(outcome.error)

        self._purse.add(Group([self._mint(wish, one, account) for one in counted.achievements], settle))

    def _drop(self, counted: Counted, told: Sequence[LoyaltyEvent]) -> None:
        """Rows that are not written yet are equal to nothing but themselves."""
        self._steps = [one for one in self._steps if one is not counted.step]
        self._achievements = [
            one for one in self._achievements if all(one is not gone for gone in counted.achievements)
        ]
        self._events = [one for one in self._events if all(one is not gone for gone in told)]

    @staticmethod
    def _mint(wish: Wish, achievement: MissionAchievement, account: tuple[int, int | None]) -> Move:
        return mint(
            account_id=account[0],
            ledger_id=account[1],
            wallet_id=wish.member.wallet_id,
            amount=achievement.points,
            unique_key=achievement.unique_key,
            key_kind=SYSTEM,
            # Its number is counted under the lock: nobody can have used the key.
            key_is_new=True,
            external_id="" if wish.event is None else wish.event.external_id,
            description=wish.mission.name,
            external_event_at=wish.external_event_at,
            source=SOURCE,
        )

    # --- the end ---
    def remember(self) -> tuple[dict[Spot, Standing], tuple[int, int, int]]:
        """How things stand, to return to; nothing may be waiting in the purse."""
        standings = {spot: replace(standing) for spot, standing in self._standings.items()}
        return standings, (len(self._steps), len(self._achievements), len(self._events))

    def return_to(self, then: tuple[dict[Spot, Standing], tuple[int, int, int]]) -> None:
        """Forget what was counted since, and what was locked since: the savepoint is rolled back."""
        self._standings, (steps, achievements, events) = then
        del self._steps[steps:], self._achievements[achievements:], self._events[events:]
        self._changed &= self._standings.keys()

    def save(self) -> None:
        """Write down what was counted and achieved, and tell of it."""
        if self._changed:
            rows = [(*spot, s.counter, s.achieved) for spot in sorted(self._changed) for s in [self._standings[spot]]]
            list(_put(rows, "excluded"))
            self._changed.clear()
        MissionStep.objects.bulk_create(self._steps)
        MissionAchievement.objects.bulk_create(self._achievements)
        told, self._events = self._events, []
        self._steps, self._achievements = [], []
        record_events(told)
