"""Rewards referrals (semantics 12.3): when a referred member does what their program waits for, both sides are given
their points in one atomic set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import Referral, ReferralReward
from campaigns.models.referrals import reward_told
from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import Playbook
from campaigns.selectors.referral_plays import Accrual, ReferralPlay
from campaigns.selectors.referrals import referrals_waiting, rewards_counted
from campaigns.services.pointing import Group
from campaigns.services.running import RETURNED, UNDONE, Row, Run, fail_rows
from ledger.services import SYSTEM, Move, Outcome, mint
from loyalty.kernel.errors import DomainError
from members.models import Member

SOURCE = "referral"
LIMIT = "maxRedeemsPerReferredMemberPerCode"

# A line of the result, and the reward it will be.
Line = tuple[Row, ReferralReward]


@dataclass(frozen=True, slots=True)
class Due:
    """A referral whose program waits for an event, and the first condition that does not hold."""

    play: ReferralPlay
    referral: Referral
    failed: str | None = None


@dataclass(slots=True)
class Redeems:
    """A referral that is locked: the numbers of its rewards that stand, the last number there was, and the events that
    were rewarded.
    """

    referral: Referral
    standing: set[int]
    last: int
    events: set[int]


class Referrals:
    """Referrals, as one of the things that are asked about an event."""

    def weigh(self, book: Playbook, occasions: Sequence[Occasion]) -> list[list[Due]]:
        """The referrals of the members that wait for what they did; one query, where any program waits for it."""
        waiting = [book.referrals_on(occasion.types) for occasion in occasions]
        plays = {play.id: play for plays in waiting for play in plays}
        if not plays:
            return [[] for _ in occasions]
        members = {occasion.member.pk for occasion, some in zip(occasions, waiting, strict=True) if some}
        found: dict[int, list[Referral]] = {}
        for referral in referrals_waiting(list(members), list(plays)):
            found.setdefault(referral.member_id, []).append(referral)
        return [
            [
                Due(plays[one.program_id], one, _failed(plays[one.program_id], one, occasion))
                for one in found.get(occasion.member.pk, ())
                if plays[one.program_id] in some
            ]
            for occasion, some in zip(occasions, waiting, strict=True)
        ]

    def wants(self, plan: list[Due]) -> bool:
        """Whether a reward is due."""
        return any(due.failed is None for due in plan)

    def prepare(self, run: Run, pairs: Sequence[tuple[Occasion, list[Due]]]) -> None:
        """Lock the referrals, in the order of their numbers, and see what was given for them."""
        numbers = {due.referral.pk for _, plan in pairs for due in plan if due.failed is None}
        if not numbers:
            return
        locked = Referral.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=numbers).order_by("pk")
        for referral in locked.select_related("referrer__member"):
            run.redeems[referral.pk] = Redeems(referral, set(), 0, set())
        for pk, number, event_id, stands in rewards_counted(list(run.redeems)):
            held: Redeems = run.redeems[pk]
            held.last = max(held.last, number)
            held.events.add(event_id)
            if stands:
                held.standing.add(number)

    def do(self, run: Run, occasion: Occasion, plan: list[Due], earlier: Sequence[Row]) -> list[Row]:
        """Give what is due."""
        done = {row.get("referralId") for row in earlier if row["result"] not in (*UNDONE, RETURNED)}
        return [row for due in plan if due.referral.pk not in done for row in self._reward(run, occasion, due)]

    def _reward(self, run: Run, occasion: Occasion, due: Due) -> list[Row]:
        held: Redeems | None = run.redeems.get(due.referral.pk)
        if due.failed is not None or held is None:
            return [_not_matched(due, due.failed or LIMIT)]
        if occasion.event.pk in held.events:
            return []
        if len(held.standing) >= due.play.max_redeems:
            return [_not_matched(due, LIMIT)]
        referrer = held.referral.referrer.member
        if referrer.pk == occasion.member.pk:
            return [_not_matched(due, "referrer")]
        receivers = {"referrer": referrer, "referred": occasion.member}
        lines = [_line(run, occasion, due, accrual, receivers[accrual.side]) for accrual in due.play.accruals]
        giving = [line for line in lines if line[0]["result"] == "applied"]
        if giving:
            _give(run, occasion, due, held, giving)
        return [row for row, _ in lines]


def _failed(play: ReferralPlay, referral: Any, occasion: Occasion) -> str | None:
    """The first condition that does not hold for a reward."""
    at, place = occasion.happened_at, occasion.places.get(play.program_id or 0)
    if (play.valid_from is not None and at < play.valid_from) or (play.valid_to is not None and at >= play.valid_to):
        return "valid"
    if play.program_id is not None and (place is None or not place.program.active):
        return "loyaltyProgramId"
    return LIMIT if referral.redeemed >= play.max_redeems else None


def _not_matched(due: Due, condition: str) -> Row:
    return {
        "effectType": None,
        "referralProgramId": due.play.id,
        "referralProgramCode": due.play.code,
        "referralId": due.referral.pk,
        "result": "not-matched",
        "condition": condition,
    }


def _line(run: Run, occasion: Occasion, due: Due, accrual: Accrual, receiver: Member) -> Line:
    """What one side is given: nothing where that is 0, or where a referrer is blocked."""
    row = {**reward_told(due.play.id, due.play.code, due.referral.pk, accrual.side, receiver.pk), "amount": 0}
    if not accrual.points:
        row["result"] = "nothing"
    elif accrual.side == ReferralReward.Side.REFERRER and not receiver.active:
        row |= {"result": "skipped", "condition": "active"}
    else:
        row |= {"result": "applied", "amount": accrual.points}
    reward = ReferralReward(
        organization_id=run.organization_id,
        referral_id=due.referral.pk,
        event=occasion.event,
        side=accrual.side,
        member=receiver,
        order_id=occasion.order_id,
        amount=accrual.points,
        recipe=_recipe(occasion),
        created_at=run.at,
    )
    return row, reward


def _recipe(occasion: Occasion) -> dict[str, Any]:
    """Which order it was for, so that what goes back of it takes its share."""
    return {} if occasion.order_id is None else {"orderEventId": occasion.order_event.pk}


def _give(run: Run, occasion: Occasion, due: Due, held: Redeems, lines: Sequence[Line]) -> None:
    """Have the points of all sides posted together, or none of them."""
    number, rows = held.last + 1, [row for row, _ in lines]
    try:
        moves = [_move(run, occasion, due, reward, number) for _, reward in lines]
    except DomainError as error:
        fail_rows(rows, Outcome(error=error, failed=0))
        return
    held.last = number
    held.standing.add(number)

    def settle(outcome: Outcome) -> None:
        if outcome.error is not None:
            held.standing.discard(number)
            fail_rows(rows, outcome)
            return
        held.events.add(occasion.event.pk)
        for (row, reward), answer in zip(lines, outcome.answers, strict=True):
            reward.number, reward.transaction_id = number, answer.transaction_id
            row["ledgerTransactionId"] = str(answer.transaction_id)
            run.rewards.append(reward)

    run.purse.add(Group(moves, settle))


def _move(run: Run, occasion: Occasion, due: Due, reward: ReferralReward, number: int) -> Move:
    event = occasion.event
    accrual = next(one for one in due.play.accruals if one.side == reward.side)
    named = {"ledgerId": accrual.ledger_id, "ledgerAccountId": accrual.account_id}
    account_id, ledger_id = run.accounts.meant(named, due.play, occasion)
    return mint(
        account_id=account_id,
        ledger_id=ledger_id,
        wallet_id=reward.member.wallet_id,
        amount=reward.amount,
        unique_key=f"referral:{due.referral.pk}:{number}:{reward.side}",
        key_kind=SYSTEM,
        # The referral is locked: nobody else counts on.
        key_is_new=True,
        external_id=event.external_id,
        description=due.play.name,
        external_event_at=event.external_event_at,
        source=SOURCE,
    )
