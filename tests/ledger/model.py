"""A ledger in plain Python, as slow and obvious as can be: what the real one is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loyalty.kernel.clock import NEVER, end_of_local_day


class Refused(Exception):
    """The model says no."""


@dataclass
class ModelLot:
    """A credit."""

    made_by: int
    amount: int
    remaining: int
    effective: datetime
    valid_from: datetime
    expires: datetime
    born: int
    waiting: bool = False
    held: int = 0
    transferred: bool = False

    @property
    def free(self) -> int:
        return self.remaining - self.held


@dataclass
class ModelTransaction:
    """A movement that may be reverted."""

    kind: str
    sender: int | None
    receiver: int | None
    amount: int
    taken: list[tuple[ModelLot, int]] = field(default_factory=list)
    made: list[ModelLot] = field(default_factory=list)
    hold_slices: list[tuple[ModelLot, int]] = field(default_factory=list)
    state: str = "done"
    captured: int = 0
    reverted: bool = False


class ModelLedger:
    """One account, its wallets and all their lots."""

    def __init__(self, *, months: int | None, oldest_first: bool, revolving: bool, supply: int | None) -> None:
        self.months, self.oldest_first, self.revolving = months, oldest_first, revolving
        self.supply = supply
        self.consumed = 0
        self.lots: dict[int, list[ModelLot]] = {}
        self.transactions: dict[int, ModelTransaction] = {}
        self.births = 0

    # --- reading ---

    def active(self, wallet: int) -> int:
        return sum(lot.remaining for lot in self.lots.get(wallet, ()) if not lot.waiting)

    def held(self, wallet: int) -> int:
        return sum(lot.held for lot in self.lots.get(wallet, ()))

    def pending(self, wallet: int) -> int:
        return sum(lot.remaining for lot in self.lots.get(wallet, ()) if lot.waiting)

    def open_lots(self, wallet: int) -> list[tuple[int, int, bool, datetime]]:
        return sorted(
            (lot.remaining, lot.held, lot.waiting, lot.expires) for lot in self.lots.get(wallet, ()) if lot.remaining
        )

    # --- the passage of time ---

    def settle(self, wallet: int, now: datetime) -> None:
        for lot in self.lots.get(wallet, ()):
            if lot.waiting and lot.valid_from <= now:
                lot.waiting = False
        for lot in self.lots.get(wallet, ()):
            if not lot.waiting and lot.expires <= now and lot.free:
                self.expire(lot)

    def expire(self, lot: ModelLot) -> None:
        if self.revolving:
            self.consumed -= lot.free
        lot.remaining = lot.held

    # --- movements ---

    def _draw(self, amount: int) -> None:
        if self.supply is not None and self.consumed + amount > self.supply:
            raise Refused("supply")
        self.consumed += amount

    def _add(self, wallet: int, tx: int, amount: int, **fields: object) -> ModelLot:
        self.births += 1
        lot = ModelLot(made_by=tx, amount=amount, remaining=amount, born=self.births, **fields)  # type: ignore[arg-type]
        self.lots.setdefault(wallet, []).append(lot)
        return lot

    def _choose(self, wallet: int, amount: int) -> list[tuple[ModelLot, int]]:
        lots = [lot for lot in self.lots.get(wallet, ()) if not lot.waiting and lot.free]
        if sum(lot.free for lot in lots) < amount:
            raise Refused("balance")
        order = (
            (lambda lot: (lot.effective, lot.born))
            if self.oldest_first
            else (lambda lot: (lot.expires, lot.effective, lot.born))
        )
        chosen = []
        for lot in sorted(lots, key=order):
            part = min(lot.free, amount)
            if part:
                chosen.append((lot, part))
                amount -= part
        return chosen

    def mint(self, tx: int, wallet: int, amount: int, now: datetime, delay: timedelta | None, waits: bool) -> None:
        valid_from = NEVER if waits else now + delay if delay else now
        start = now if valid_from == NEVER else valid_from
        expires = NEVER if self.months is None else end_of_local_day(start, "UTC", months=self.months)
        self._draw(amount)
        waiting = valid_from > now
        lot = self._add(wallet, tx, amount, effective=now, valid_from=valid_from, expires=expires, waiting=waiting)
        self.transactions[tx] = ModelTransaction("mint", None, wallet, amount, made=[lot])

    def burn(self, tx: int, wallet: int, amount: int) -> None:
        chosen = self._choose(wallet, amount)
        self._take(chosen)
        if self.revolving:
            self.consumed -= amount
        self.transactions[tx] = ModelTransaction("burn", wallet, None, amount, taken=chosen)

    def transfer(self, tx: int, sender: int, receiver: int, amount: int, now: datetime) -> None:
        chosen = self._choose(sender, amount)
        self._take(chosen)
        made = self._receive(tx, receiver, chosen, now)
        self.transactions[tx] = ModelTransaction("transfer", sender, receiver, amount, taken=chosen, made=made)

    def _take(self, chosen: list[tuple[ModelLot, int]]) -> None:
        for lot, part in chosen:
            lot.remaining -= part

    def _receive(self, tx: int, receiver: int, slices: list[tuple[ModelLot, int]], now: datetime) -> list[ModelLot]:
        return [
            self._add(receiver, tx, part, effective=now, valid_from=now, expires=lot.expires, transferred=True)
            for lot, part in slices
        ]

    def hold(self, tx: int, sender: int, receiver: int | None, amount: int) -> None:
        chosen = self._choose(sender, amount)
        for lot, part in chosen:
            lot.held += part
        self.transactions[tx] = ModelTransaction("hold", sender, receiver, amount, hold_slices=chosen, state="pending")

    def capture(self, tx: int, amount: int, now: datetime) -> None:
        hold = self.transactions[tx]
        if hold.state != "pending":
            raise Refused("not pending")
        left = amount
        for lot, part in hold.hold_slices:
            lot.held -= part
            bite = min(part, left)
            if bite:
                hold.taken.append((lot, bite))
                left -= bite
        self._take(hold.taken)
        hold.state, hold.captured = "captured", amount
        if hold.receiver is not None:
            hold.made = self._receive(tx, hold.receiver, hold.taken, now)
        elif self.revolving:
            self.consumed -= amount

    def release(self, tx: int) -> None:
        hold = self.transactions[tx]
        if hold.state == "captured":
            raise Refused("not pending")
        if hold.state == "pending":
            for lot, part in hold.hold_slices:
                lot.held -= part
            hold.state = "voided"

    def revert(self, tx: int) -> None:
        done = self.transactions[tx]
        if done.reverted:
            return
        if done.kind == "hold" and done.state != "captured":
            self.release(tx)
            return
        amount = done.captured if done.kind == "hold" else done.amount
        if done.receiver is None:
            if self.revolving:
                self._draw(amount)
        else:
            waiting = sum(lot.remaining for lot in done.made if lot.waiting)
            if amount > waiting and self.active(done.receiver) - self.held(done.receiver) < amount - waiting:
                raise Refused("balance")
            self._take_back(done, amount)
            if done.sender is None:
                self.consumed -= amount
        if done.sender is not None:
            for lot, part in done.taken:
                lot.remaining += part
        done.reverted = True

    def _take_back(self, done: ModelTransaction, amount: int) -> None:
        left = amount
        for lot in done.made:
            if lot.waiting:
                left -= lot.remaining
                lot.remaining = 0
        for lot in done.made:
            part = min(lot.free, left) if not lot.waiting else 0
            lot.remaining -= part
            left -= part
        if left:
            self._take(self._choose(done.receiver or 0, left))

    # --- one lot at a time ---

    def cancel(self, lot: ModelLot) -> None:
        if not lot.remaining or lot.held or lot.transferred:
            raise Refused("closed")
        self.consumed -= lot.remaining
        lot.remaining = 0
        self.transactions[lot.made_by].state = "cancelled"

    def activate(self, lot: ModelLot) -> None:
        if not lot.waiting or not lot.remaining:
            raise Refused("closed")
        lot.waiting = False

    def expire_now(self, lot: ModelLot, now: datetime) -> None:
        if lot.waiting or not lot.free:
            raise Refused("closed")
        lot.expires = min(lot.expires, now)
        self.expire(lot)
