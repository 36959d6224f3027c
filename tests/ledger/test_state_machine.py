"""The ledger's public services against a ledger in plain Python, over random histories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger import services
from ledger.models import (
    AccountSupply,
    Balance,
    Lot,
)
from loyalty.kernel.errors import DomainError, IdempotencyConflict
from tests import factories
from tests.house import TESTER
from tests.ledger.model import ModelLedger, Refused
from tests.walk import every_row

WALLETS = st.integers(0, 2)
AMOUNTS = st.integers(20, 120)
# How much of what is there a movement takes; more than all of it is refused.
PARTS = st.sampled_from([5, 20, 40, 60, 100, 100, 130])


class LedgerMachine(RuleBasedStateMachine):
    """Does the same to both ledgers, and compares."""

    @initialize(
        months=st.sampled_from([None, 1, 12]),
        oldest_first=st.booleans(),
        revolving=st.booleans(),
        supply=st.sampled_from([None, 900]),
    )
    def open_the_books(self, months: int | None, oldest_first: bool, revolving: bool, supply: int | None) -> None:
        order = "oldest-first" if oldest_first else "soonest-expiring"
        self.house = factories.build_house(
            "Machine",
            expires_in_months=months,
            point_tracking_enabled=True,
            spend_order=order,
            is_revolving=revolving,
            max_supply=supply,
        )
        self.now = datetime(2030, 1, 15, 12, tzinfo=UTC)
        self.members = [factories.MemberFactory(organization=self.house.organization) for _ in range(3)]
        self.wallets = [member.wallet_id for member in self.members]
        self.model = ModelLedger(months=months, oldest_first=oldest_first, revolving=revolving, supply=supply)
        self.done: list[int] = []
        self.keys: list[tuple[str, services.Move, int]] = []
        self.count = 0
        for who, amount in enumerate((150, 90, 60)):
            self.mint(who, amount, 0, False)
            self.now += timedelta(days=2)

    def part_of(self, who: int, part: int) -> int:
        """A part of what the wallet can spend, in hundredths."""
        wallet = self.wallets[who]
        self.settle_both(wallet)
        return max(1, (self.model.active(wallet) - self.model.held(wallet)) * part // 100)

    # --- doing the same twice ---

    def settle_both(self, *wallets: int) -> None:
        due = set(
            Balance.objects.filter(wallet_id__in=wallets, next_change_at__lte=self.now).values_list(
                "wallet_id", flat=True
            )
        )
        for wallet in wallets:
            self.model.settle(wallet, self.now)
            if wallet in due:
                services.settle_balance(
                    organization_id=self.house.id,
                    account_id=self.house.account.pk,
                    wallet_id=wallet,
                    actor=TESTER,
                    at=self.now,
                )

    def both(self, real: Any, model: Any) -> Any:
        """Run the real thing, then the model with its answer; or see both refuse, and nothing move."""
        before = every_row("ledger")
        try:
            answer = real()
        except DomainError:
            assert every_row("ledger") == before, "a refusal left something behind"
            with pytest.raises(Refused):
                model(0)
            return None
        model(answer)
        return answer

    def post(self, move: services.Move, wallets: list[int], model: Any) -> None:
        self.settle_both(*wallets)
        self.count += 1
        move.unique_key = f"key-{self.count}"

        def real() -> int:
            return self.house.post(move, at=self.now).records[0].id

        made = self.both(real, model)
        if made is not None:
            self.done.append(made)
            self.keys.append((move.unique_key, move, made))

    def words(self, **fields: Any) -> dict[str, Any]:
        return {"account_id": self.house.account.pk, **fields}

    # --- what can happen ---

    @rule(
        who=WALLETS, amount=AMOUNTS, days=st.sampled_from([0, 0, 0, 3, 40]), waits=st.sampled_from([False] * 4 + [True])
    )
    def mint(self, who: int, amount: int, days: int, waits: bool) -> None:
        wallet = self.wallets[who]
        delay = timedelta(days=days) if days and not waits else None
        move = services.mint(
            **self.words(wallet_id=wallet, amount=amount, waits=waits, valid_from=self.now + delay if delay else None)
        )
        self.post(move, [wallet], lambda tx: self.model.mint(tx, wallet, amount, self.now, delay, waits))

    @rule(who=WALLETS, part=PARTS)
    def burn(self, who: int, part: int) -> None:
        wallet, amount = self.wallets[who], self.part_of(who, part)
        move = services.burn(**self.words(wallet_id=wallet, amount=amount))
        self.post(move, [wallet], lambda tx: self.model.burn(tx, wallet, amount))

    @rule(who=WALLETS, other=st.integers(1, 2), part=PARTS)
    def transfer(self, who: int, other: int, part: int) -> None:
        sender, receiver = self.wallets[who], self.wallets[(who + other) % 3]
        amount = self.part_of(who, part)
        move = services.transfer(**self.words(from_wallet_id=sender, to_wallet_id=receiver, amount=amount))
        self.post(move, [sender, receiver], lambda tx: self.model.transfer(tx, sender, receiver, amount, self.now))

    @rule(who=WALLETS, other=st.integers(0, 2), part=PARTS)
    def hold(self, who: int, other: int, part: int) -> None:
        sender, amount = self.wallets[who], self.part_of(who, part)
        if other:
            receiver = self.wallets[(who + other) % 3]
            move = services.transfer(
                **self.words(from_wallet_id=sender, to_wallet_id=receiver, amount=amount, hold=True)
            )
        else:
            receiver = None
            move = services.burn(**self.words(wallet_id=sender, amount=amount, hold=True))
        wallets = [sender] if receiver is None else [sender, receiver]
        self.post(move, wallets, lambda tx: self.model.hold(tx, sender, receiver, amount))

    @precondition(lambda self: self.done)
    @rule(data=st.data(), part=st.sampled_from([10, 50, 90, 100]))
    def capture(self, data: st.DataObject, part: int) -> None:
        holds = [tx for tx in self.done if self.model.transactions[tx].kind == "hold"]
        if not holds:
            return
        tx = data.draw(st.sampled_from(holds))
        amount = max(1, self.model.transactions[tx].amount * part // 100)
        self.settle_both(*self.wallets)

        def real() -> Any:
            return services.capture_holds(
                organization_id=self.house.id, captures={tx: amount}, actor=TESTER, at=self.now
            )

        self.both(real, lambda _: self.model.capture(tx, amount, self.now))

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holds = [tx for tx in self.done if self.model.transactions[tx].kind == "hold"]
        if not holds:
            return
        tx = data.draw(st.sampled_from(holds))
        self.settle_both(*self.wallets)

        def real() -> Any:
            return services.release_hold(organization_id=self.house.id, transaction_id=tx, actor=TESTER, at=self.now)

        self.both(real, lambda _: self.model.release(tx))

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        tx = data.draw(st.sampled_from(self.done))
        if self.model.transactions[tx].state == "cancelled":
            return
        self.settle_both(*self.wallets)

        def real() -> Any:
            return services.revert_transactions(
                organization_id=self.house.id, transaction_ids=[tx], actor=TESTER, at=self.now
            )

        self.both(real, lambda _: self.model.revert(tx))

    @precondition(lambda self: self.done)
    @rule(data=st.data(), what=st.sampled_from(["activate", "expire", "cancel"]))
    def one_lot(self, data: st.DataObject, what: str) -> None:
        minted = [tx for tx in self.done if self.model.transactions[tx].kind == "mint"]
        if not minted:
            return
        tx = data.draw(st.sampled_from(minted))
        if self.model.transactions[tx].reverted:
            return
        self.settle_both(*self.wallets)
        lot = self.model.transactions[tx].made[0]
        lot_id = Lot.objects.get(transaction_id=tx).pk
        real = {"activate": services.activate_lot, "expire": services.expire_lot, "cancel": services.cancel_lot}[what]
        model = {
            "activate": lambda _: self.model.activate(lot),
            "expire": lambda _: self.model.expire_now(lot, self.now),
            "cancel": lambda _: self.model.cancel(lot),
        }[what]
        self.both(lambda: real(organization_id=self.house.id, lot_id=lot_id, actor=TESTER, at=self.now), model)

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        _, move, made = data.draw(st.sampled_from(self.keys))
        self.settle_both(*self.wallets)
        before = every_row("ledger")
        posting = self.house.post(move, at=self.now)
        assert posting.replayed
        assert [record.id for record in posting.records] == [made]
        assert every_row("ledger") == before

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def reuse_a_key(self, data: st.DataObject) -> None:
        key, move, _ = data.draw(st.sampled_from(self.keys))
        self.settle_both(*self.wallets)
        other = services.mint(**self.words(wallet_id=self.wallets[0], amount=move.amount + 1, unique_key=key))
        before = every_row("ledger")
        with pytest.raises(IdempotencyConflict):
            self.house.post(other, at=self.now)
        assert every_row("ledger") == before

    @rule(days=st.sampled_from([1, 1, 2, 5, 5, 35, 370]))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def the_worker_comes_by(self) -> None:
        services.settle_due(actor=TESTER, at=self.now)
        for wallet in self.wallets:
            self.model.settle(wallet, self.now)

    # --- what must always be so ---

    @invariant()
    def both_say_the_same(self) -> None:
        if not hasattr(self, "house"):
            return
        self.settle_both(*self.wallets)
        stored = {row.wallet_id: row for row in Balance.objects.filter(account=self.house.account)}
        lots = list(Lot.objects.filter(account=self.house.account, state__in=["pending", "active"]))
        for wallet in self.wallets:
            row = stored.get(wallet)
            real = (row.active, row.held, row.pending) if row else (0, 0, 0)
            assert real == (self.model.active(wallet), self.model.held(wallet), self.model.pending(wallet))
            assert sorted(
                (lot.remaining, lot.held, lot.state == "pending", lot.expires_at)
                for lot in lots
                if lot.wallet_id == wallet
            ) == self.model.open_lots(wallet)
        supply = AccountSupply.objects.filter(account=self.house.account).first()
        if supply is not None:
            assert supply.consumed == self.model.consumed

    def teardown(self) -> None:
        """The books prove themselves after every history."""
        if hasattr(self, "house"):
            assert self.house.findings() == []


@pytest.mark.django_db
def test_the_ledger_and_its_model_agree_over_random_histories() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
