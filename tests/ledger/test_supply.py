"""Supply: how many points of an account may exist."""

from __future__ import annotations

import pytest

from ledger import services
from ledger.errors import SupplyExceeded, SupplyTooLow
from ledger.models import AccountSupply, Kind, LedgerAccount, Lot, Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict
from members.models import Member
from tests import factories
from tests.house import TESTER, House


@pytest.fixture
def finite(db: None) -> House:
    return factories.build_house("Finite", max_supply=100)


@pytest.fixture
def dora(finite: House) -> Member:
    return factories.MemberFactory(organization=finite.organization)


def set_supply(house: House, number: int | None, **words: str) -> services.Posting:
    account = LedgerAccount.objects.get(pk=house.account.pk)
    return services.set_supply(account=account, max_supply=number, actor=TESTER, at=clock.now(), **words)


def test_a_mint_beyond_the_supply_is_refused(finite: House, dora: Member) -> None:
    finite.give(dora, 60)
    with pytest.raises(SupplyExceeded) as refused:
        finite.give(dora, 41)
    assert refused.value.details == {"available": 40}
    finite.give(dora, 40)
    assert finite.balance(dora) == (100, 0, 0)
    assert finite.findings() == []


def test_burned_points_stay_consumed(finite: House, dora: Member) -> None:
    finite.give(dora, 100)
    finite.take(dora, 100)
    with pytest.raises(SupplyExceeded):
        finite.give(dora, 1)
    assert finite.findings() == []


def test_burned_points_of_a_revolving_account_may_be_minted_again(db: None) -> None:
    house = factories.build_house("Revolving", max_supply=100, is_revolving=True)
    member = factories.MemberFactory(organization=house.organization)
    house.give(member, 100)
    house.take(member, 30)
    house.give(member, 30)
    with pytest.raises(SupplyExceeded):
        house.give(member, 1)
    assert house.findings() == []


def test_a_reverted_mint_gives_the_supply_back(finite: House, dora: Member) -> None:
    given = finite.give(dora, 100)
    services.revert_transactions(organization_id=finite.id, transaction_ids=[given.id], actor=TESTER, at=clock.now())
    finite.give(dora, 100)
    assert AccountSupply.objects.get().consumed == 100
    assert finite.findings() == []


def test_held_outgoing_points_are_still_in_circulation(finite: House, dora: Member) -> None:
    finite.give(dora, 100)
    finite.take(dora, 60, hold=True)
    with pytest.raises(SupplyExceeded):
        finite.give(dora, 1)


def test_raising_the_supply_answers_one_supply_transaction(finite: House, dora: Member) -> None:
    record = set_supply(finite, 150).records[0]
    assert (record.kind, record.amount, record.from_wallet_id, record.to_wallet_id) == (
        "supply",
        50,
        finite.account.issuance_id,
        finite.account.reserve_id,
    )
    finite.give(dora, 150)
    assert finite.findings() == []


def test_lowering_the_supply_below_what_is_issued_is_refused(finite: House, dora: Member) -> None:
    finite.give(dora, 60)
    with pytest.raises(SupplyTooLow) as refused:
        set_supply(finite, 59)
    assert refused.value.details == {"consumed": 60}
    assert LedgerAccount.objects.get(pk=finite.account.pk).max_supply == 100
    record = set_supply(finite, 60).records[0]
    assert (record.amount, record.to_wallet_id) == (40, finite.account.issuance_id)
    with pytest.raises(SupplyExceeded):
        finite.give(dora, 1)


def test_an_unchanged_supply_answers_nothing(finite: House) -> None:
    assert set_supply(finite, 100).records == []
    assert not Transaction.objects.exists()


def test_no_number_makes_the_supply_unlimited(finite: House, dora: Member) -> None:
    assert set_supply(finite, None).records[0].amount == 100
    finite.give(dora, 10_000)
    assert not AccountSupply.objects.exists()
    assert finite.findings() == []


def test_an_unlimited_account_can_be_closed_at_what_is_issued_and_no_lower(house: House, alice: Member) -> None:
    house.give(alice, 70)
    house.take(alice, 20)
    with pytest.raises(SupplyTooLow):
        set_supply(house, 69)
    set_supply(house, 70)
    with pytest.raises(SupplyExceeded):
        house.give(alice, 1)
    assert house.findings() == []


def test_a_supply_change_with_a_key_acts_once(finite: House) -> None:
    first = set_supply(finite, 150, unique_key="raise-1")
    set_supply(finite, 120)
    again = set_supply(finite, 150, unique_key="raise-1")
    assert again.replayed
    assert again.records == first.records
    assert LedgerAccount.objects.get(pk=finite.account.pk).max_supply == 120
    with pytest.raises(IdempotencyConflict):
        set_supply(finite, 151, unique_key="raise-1")
    assert Transaction.objects.filter(kind=Kind.SUPPLY).count() == 2


def test_a_supply_of_nothing_is_a_supply(house: House, alice: Member) -> None:
    record = set_supply(house, 0).records[0]
    assert (record.kind, record.amount) == ("supply", 0)
    with pytest.raises(SupplyExceeded):
        house.give(alice, 1)


def test_a_cancelled_credit_gives_the_supply_back(finite: House, dora: Member) -> None:
    given = finite.give(dora, 100)
    finite.take(dora, 30)
    lot = Lot.objects.get(transaction_id=given.id)
    services.cancel_lot(organization_id=finite.id, lot_id=lot.pk, actor=TESTER, at=clock.now())
    assert AccountSupply.objects.get().consumed == 30
    finite.give(dora, 70)
    assert finite.findings() == []
