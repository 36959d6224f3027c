"""Runs the actions of campaigns that apply (semantics 9.2 to 9.5), and says of each what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from campaigns.models import Award, ReferralReward
from campaigns.selectors.occasions import Occasion, Weighed
from campaigns.selectors.playbook import Play, PlayAction
from campaigns.services.asking import Asked, Step, ask, recipe_of
from campaigns.services.counting import Counts
from campaigns.services.giving import Gift, give
from campaigns.services.limits import Limits, Month
from campaigns.services.pointing import POINTS, Accounts, Group, Purse, move_of
from ledger.services import Move, Outcome
from loyalty.expressions import EvaluationError
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import local_day
from loyalty.kernel.errors import DomainError
from loyalty.kernel.kept import insert_rows

# One line of what an event did: which campaign, which action, which effect, and what came of it.
Row = dict[str, Any]
# An action that came to one of these may come to something else when it is asked again.
UNDONE = ("failed", "aborted")
# What an order's change took back; its lines stand before those of what was given for it.
RETURNED = "returned"


@dataclass(slots=True)
class Line:
    """One effect on its way: its row in the result, and the award it will be."""

    row: Row
    award: Award
    month: Month | None = None


@dataclass
class Run:
    """One evaluation of one event or many, in one transaction: what is gathered on the way, and written at its end."""

    organization_id: int
    zone: str
    actor: Actor
    at: datetime
    awards: list[Award] = field(default_factory=list)
    rewards: list[ReferralReward] = field(default_factory=list)
    children: list[Occasion] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits = Limits()
        self.accounts = Accounts(self.organization_id)
        self.purse = Purse(self.organization_id, self.actor, self.at)
        self.counts = Counts(self.organization_id, self.zone, self.actor, self.at, self.purse)
        # Referrals that are locked, by number.
        self.redeems: dict[int, Any] = {}

    def month_of(self, play: Play, occasion: Occasion) -> Month | None:
        """Where the campaign's points of the member are counted; none where it has no limit."""
        if play.monthly_limit is None:
            return None
        day: date = local_day(occasion.happened_at, self.zone)
        return Month(play.id, occasion.member.pk, day.replace(day=1))

    def lock_limits(self, pairs: Collection[tuple[Occasion, Sequence[Weighed]]]) -> None:
        """Lock what is counted for all campaigns that apply: before anything else, in one order (semantics 0.16)."""
        months = (self.month_of(one.play, occasion) for occasion, all in pairs for one in all if one.failed is None)
        self.limits.lock(month for month in months if month is not None)

    def do(self, occasion: Occasion, weighed: Sequence[Weighed], done: Collection[int] = ()) -> list[Row]:
        """Run the actions of the campaigns that apply, but for those that are `done` already. The rows of points are
        complete when the purse is flushed.
        """
        rows: list[Row] = []
        for one in weighed:
            if one.failed is not None:
                rows.append({**_row(one.play), "result": "not-matched", "condition": one.failed, "held": one.held})
            else:
                self._campaign(one.play, occasion, rows, done)
        return rows

    def finish(self) -> None:
        """Post what waits, and write down what was given and counted."""
        self.purse.flush()
        self.limits.save()
        insert_rows(self.awards)
        self.counts.save()
        insert_rows(self.rewards)

    def _campaign(self, play: Play, occasion: Occasion, rows: list[Row], done: Collection[int]) -> None:
        aborted = ""
        for action in play.actions:
            if action.id in done:
                continue
            if aborted:
                rows.append({**_row(play, action), "result": "aborted", "condition": aborted})
                continue
            mine = self._action(play, action, occasion)
            if action.abort_on_error and action is not play.actions[-1]:
                self.purse.flush()
            rows += mine
            if action.abort_if_false and mine[0]["result"] == "skipped":
                aborted = "abortEvaluationIfFalse"
            elif action.abort_on_error and mine[0]["result"] == "failed":
                aborted = "abortEvaluationOnError"

    def _action(self, play: Play, action: PlayAction, occasion: Occasion) -> list[Row]:
        try:
            asked = ask(action, occasion)
        except EvaluationError as error:
            says = {"code": "RULE_FAILED", "message": error.message}
            return [{**_row(play, action), "result": "failed", "error": says}]
        if asked.failed is not None:
            return [{**_row(play, action), "result": "skipped", "condition": asked.failed}]
        lines = [self._line(play, action, n, step, asked, occasion) for n, step in enumerate(asked.steps)]
        try:
            if all(step.effect.type in POINTS for step in asked.steps):
                self._points(play, lines, asked.steps, occasion)
            else:
                self._together(play, lines, asked.steps, occasion)
        except DomainError as error:
            _fail(lines, Outcome(error=error, failed=0))
        return [line.row for line in lines]

    def _line(
        self, play: Play, action: PlayAction, position: int, step: Step, asked: Asked, occasion: Occasion
    ) -> Line:
        month = self.month_of(play, occasion) if step.effect.type == "mint-points" else None
        award = Award(
            organization_id=self.organization_id,
            event=occasion.event,
            campaign_id=play.id,
            action_id=action.id,
            position=position,
            effect_type=step.effect.type,
            member=occasion.member,
            order_id=occasion.order_id,
            month=None if month is None else month.first_day,
            recipe=recipe_of(play, action, step, asked, occasion),
            created_at=self.at,
        )
        return Line({**_row(play, action), "effectType": step.effect.type, "position": position}, award, month)

    # --- points ---

    def _amount(self, play: Play, line: Line, step: Step) -> int:
        """How many points the effect moves, after the campaign's limit (semantics 9.3)."""
        amount: int = step.params["amount"]
        line.row["amount"] = max(0, amount)
        line.row["result"] = "applied" if amount > 0 else "nothing"
        if amount <= 0 or line.month is None or play.monthly_limit is None:
            return max(0, amount)
        if line.month in self.limits.in_flight:
            self.purse.flush()
        left = self.limits.left(line.month, play.monthly_limit)
        if amount > left:
            line.row["result"], line.row["wanted"] = "limited", amount
            amount = left if play.allow_partial else 0
            line.row["amount"] = amount
        return amount

    def _moves(self, play: Play, lines: Sequence[Line], steps: Sequence[Step], occasion: Occasion) -> list[Any]:
        """Each line that moves points, with the movement; counted as given."""
        moving: list[tuple[Line, Move]] = []
        for line, step in zip(lines, steps, strict=True):
            amount = self._amount(play, line, step)
            if not amount:
                continue
            key = f"evt:{occasion.event.pk}:{line.award.action_id}:{line.award.position}"
            account = self.accounts.meant(step.params, play, occasion)
            line.award.amount = amount
            if line.month is not None:
                self.limits.count(line.month, amount)
            move = move_of(step, amount, account, occasion=occasion, name=play.name, key=key, at=self.at)
            moving.append((line, move))
        return moving

    def _points(self, play: Play, lines: list[Line], steps: Sequence[Step], occasion: Occasion) -> None:
        """Have an action that only moves points posted with others."""
        try:
            moving = self._moves(play, lines, steps, occasion)
        except DomainError:
            self._uncount(lines)
            raise
        months = {line.month for line in lines if line.month is not None}

        def settle(outcome: Outcome) -> None:
            self.limits.in_flight -= months
            if outcome.error is not None:
                self._uncount(lines)
                _fail(lines, outcome)
                return
            for (line, _), answer in zip(moving, outcome.answers, strict=True):
                self._moved(line, answer.transaction_id)

        if moving:
            self.limits.in_flight |= months
            self.purse.add(Group([move for _, move in moving], settle))

    def _moved(self, line: Line, transaction_id: int | None) -> None:
        line.award.transaction_id = transaction_id
        line.row["ledgerTransactionId"] = str(transaction_id)
        self.awards.append(line.award)

    def _uncount(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.month is not None and line.award.amount:
                self.limits.count(line.month, -line.award.amount)
            line.award.amount = 0

    # --- anything else ---

    def _together(self, play: Play, lines: list[Line], steps: Sequence[Step], occasion: Occasion) -> None:
        """Do the effects of an action one after the other, all of them or none.

        :raises DomainError: the first that cannot be done.
        """
        self.purse.flush()
        kept, children, failed = len(self.awards), len(self.children), 0
        counts = self.counts.remember()
        try:
            with transaction.atomic():
                for index, (line, step) in enumerate(zip(lines, steps, strict=True)):
                    failed = index
                    if step.effect.type in POINTS:
                        self._points(play, [line], [step], occasion)
                        self.purse.flush()
                        if line.row["result"] == "failed":
                            raise _refusal(line.row["error"])
                    else:
                        self._give(play, line, step, occasion)
        except DomainError as error:
            del self.awards[kept:], self.children[children:]
            self.counts.return_to(counts)
            self._uncount([line for line in lines if line.row.get("result") != "failed"])
            _fail(lines, Outcome(error=error, failed=failed))

    def _give(self, play: Play, line: Line, step: Step, occasion: Occasion) -> None:
        key = f"evt:{line.award.event_id}:{line.award.action_id}:{line.award.position}"
        given = give(step.effect.type, Gift(occasion, play, step.params, self.actor, self.at, key, self))
        line.row |= {"result": given.result, **given.says}
        line.award.amount = given.amount
        if given.result != "applied":
            return
        if not given.usages:
            self.awards.append(line.award)
        for usage in given.usages:
            values = {f.attname: getattr(line.award, f.attname) for f in Award._meta.concrete_fields}
            self.awards.append(Award(**{**values, "usage_id": usage.pk, "amount": usage.amount}))
        for event in given.events:
            self.children.append(
                Occasion(
                    event,
                    occasion.member,
                    self.at,
                    order=occasion.order,
                    order_id=occasion.order_id,
                    told_by=occasion.order_event if occasion.order_id is not None else None,
                )
            )


def _refusal(error: dict[str, str]) -> DomainError:
    """Carries the refusal of one of an action's effects to all of them."""
    refusal = DomainError(error["message"])
    refusal.code = error["code"]  # type: ignore[misc]
    return refusal


def _row(play: Play, action: PlayAction | None = None) -> Row:
    return {
        "effectType": None,
        "campaignId": play.id,
        "campaignCode": play.code,
        "actionId": None if action is None else action.id,
    }


def _fail(lines: Sequence[Line], outcome: Outcome) -> None:
    """Say of every effect of an action why none of them was done."""
    fail_rows([line.row for line in lines], outcome)


def fail_rows(rows: Sequence[Row], outcome: Outcome) -> None:
    """Say in each row of what belongs together why none of it was done."""
    for index, row in enumerate(rows):
        error = outcome.error if len(rows) == 1 and outcome.error is not None else outcome.error_of(index)
        for name in ("amount", "wanted", "ledgerTransactionId"):
            row.pop(name, None)
        row |= {"result": "failed", "error": {"code": error.code, "message": error.message}}
