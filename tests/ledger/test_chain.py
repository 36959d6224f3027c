"""The outbox of a chain outside (semantics 1.5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.models import ChainNotice, LedgerAccount
from ledger.services import deliver_notices, release_hold
from loyalty.kernel import clock
from members.models import Member
from tests.house import TESTER, House


class Broken:
    """A chain that cannot be reached."""

    def deliver(self, records: Sequence[Any]) -> None:
        raise ConnectionError("no route")


@pytest.fixture
def mirrored(house: House) -> House:
    LedgerAccount.objects.filter(pk=house.account.pk).update(sync_algorand=True)
    return house


@pytest.fixture
def told(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "chain.jsonl"


def test_what_moves_in_a_mirrored_account_is_told_once_in_order(
    mirrored: House, alice: Member, bob: Member, told: Path
) -> None:
    at = clock.now()
    ids = [mirrored.give(alice, 100).id, mirrored.take(alice, 10).id, mirrored.move(alice, bob, 20).id]
    hold = mirrored.take(alice, 5, hold=True)
    release_hold(organization_id=mirrored.id, transaction_id=hold.id, actor=TESTER, at=at)
    assert deliver_notices(at=clock.now()) == 3
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    assert [line["ledgerTransactionId"] for line in lines] == [str(pk) for pk in ids]
    assert [(line["kind"], line["amount"]) for line in lines] == [("mint", 100), ("burn", 10), ("transfer", 20)]
    assert deliver_notices(at=clock.now()) == 0
    assert len(told.read_text().splitlines()) == 3


def test_nothing_is_noted_of_other_accounts(house: House, alice: Member) -> None:
    house.give(alice, 100)
    assert not ChainNotice.objects.exists()


def test_what_is_undone_is_not_noted(mirrored: House, alice: Member) -> None:
    from ledger.errors import InsufficientBalance
    from ledger.services import burn, mint

    words = {"account_id": mirrored.account.pk, "wallet_id": alice.wallet_id}
    with pytest.raises(InsufficientBalance):
        mirrored.post(mint(**words, amount=5), burn(**words, amount=6))
    assert not ChainNotice.objects.exists()


def test_a_chain_that_fails_holds_nothing_up_and_is_asked_again_later(
    mirrored: House, alice: Member, told: Path, settings: Any
) -> None:
    settings.CHAIN_ADAPTER = f"{__name__}.Broken"
    mirrored.give(alice, 100)
    at = clock.now()
    assert deliver_notices(at=at) == 0
    notice = ChainNotice.objects.get()
    assert (notice.attempts, notice.delivered_at, notice.error) == (1, None, "no route")
    assert notice.next_try_at > at
    settings.CHAIN_ADAPTER = "ledger.services.chain.LocalAdapter"
    assert deliver_notices(at=at) == 0
    assert deliver_notices(at=at + timedelta(hours=2)) == 1
    assert len(told.read_text().splitlines()) == 1
    assert mirrored.balance(alice) == (100, 0, 0)
