"""Mint, burn and transfer: what moves, what is refused, and that a refusal moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger import services
from ledger.errors import (
    AccountInactive,
    BalanceTooLarge,
    InsufficientBalance,
    SameWallet,
    SystemWallet,
    WalletInactive,
)
from ledger.models import Balance, Kind, Lot, LotUse, Transaction
from ledger.services import set_wallet_active, update_account
from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput, NotFound
from members.models import Member
from tests import factories
from tests.house import TESTER, House


def nothing_moved(house: House) -> bool:
    return not Transaction.objects.filter(account=house.account).exists()


def test_a_mint_moves_points_from_the_reserve_to_the_member(house: House, alice: Member) -> None:
    record = house.give(alice, 100, description="Welcome", tags=["new"], external_id="ext-1")
    assert house.balance(alice) == (100, 0, 0)
    assert (record.kind, record.status, record.amount) == ("mint", "captured", 100)
    assert (record.from_wallet_id, record.to_wallet_id) == (house.account.reserve_id, alice.wallet_id)
    stored = Transaction.objects.get(pk=record.id)
    assert (stored.description, stored.tags, stored.external_id) == ("Welcome", ["new"], "ext-1")
    assert house.findings() == []


def test_a_burn_moves_points_to_the_burned_wallet(house: House, alice: Member) -> None:
    house.give(alice, 100)
    record = house.take(alice, 30)
    assert house.balance(alice) == (70, 0, 0)
    assert record.to_wallet_id == house.account.burned_id
    assert house.findings() == []


def test_a_burn_in_a_revolving_account_goes_back_to_the_reserve(db: None) -> None:
    house = factories.build_house("Revolving", is_revolving=True)
    member = factories.MemberFactory(organization=house.organization)
    house.give(member, 10)
    assert house.take(member, 4).to_wallet_id == house.account.reserve_id


def test_more_than_there_is_cannot_be_burned(house: House, alice: Member) -> None:
    house.give(alice, 10)
    with pytest.raises(InsufficientBalance) as refused:
        house.take(alice, 11)
    assert refused.value.details == {"available": 10, "requested": 11}
    assert house.balance(alice) == (10, 0, 0)
    assert Transaction.objects.filter(account=house.account).count() == 1


def test_a_wallet_never_used_has_nothing_to_burn(house: House, alice: Member) -> None:
    with pytest.raises(InsufficientBalance):
        house.take(alice, 1)
    assert nothing_moved(house)
    assert not Balance.objects.filter(wallet_id=alice.wallet_id).exists()


def test_a_transfer_keeps_the_expiry_of_every_slice(house: House, alice: Member, bob: Member) -> None:
    now = clock.now()
    house.give(alice, 20, at=now, expires_at=now + timedelta(days=10))
    house.give(alice, 200, at=now, expires_at=now + timedelta(days=20))
    house.move(alice, bob, 100, at=now)
    lots = Lot.objects.filter(wallet_id=bob.wallet_id).order_by("expires_at")
    assert [(lot.amount, lot.expires_at) for lot in lots] == [
        (20, now + timedelta(days=10)),
        (80, now + timedelta(days=20)),
    ]
    assert [lot.origin.wallet_id for lot in lots] == [alice.wallet_id, alice.wallet_id]
    assert house.balance(alice) == (120, 0, 0)
    assert house.findings() == []


def test_points_go_soonest_expiring_first_then_oldest(house: House, alice: Member) -> None:
    now = clock.now()
    late = house.give(alice, 10, at=now, expires_at=now + timedelta(days=30))
    never = house.give(alice, 10, at=now, expires_at=clock.NEVER)
    old = house.give(alice, 10, at=now - timedelta(hours=1), expires_at=now + timedelta(days=5))
    soon = house.give(alice, 10, at=now, expires_at=now + timedelta(days=5))
    burned = house.take(alice, 35, at=now)
    uses = LotUse.objects.filter(transaction_id=burned.id).order_by("pk").values_list("lot__transaction_id", "amount")
    assert list(uses) == [(old.id, 10), (soon.id, 10), (late.id, 10), (never.id, 5)]


def test_an_account_may_spend_its_oldest_points_first(db: None) -> None:
    house = factories.build_house("Oldest", spend_order="oldest-first")
    member = factories.MemberFactory(organization=house.organization)
    now = clock.now()
    first = house.give(member, 10, at=now - timedelta(days=2), expires_at=now + timedelta(days=90))
    house.give(member, 10, at=now, expires_at=now + timedelta(days=1))
    burned = house.take(member, 10, at=now)
    assert LotUse.objects.get(transaction_id=burned.id).lot.transaction_id == first.id


def test_an_untracked_account_moves_points_without_lots(db: None) -> None:
    house = factories.build_house("Untracked", expires_in_months=None)
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))
    house.give(alice, 50)
    house.move(alice, bob, 20)
    house.take(bob, 5)
    assert not Lot.objects.exists()
    assert (house.balance(alice), house.balance(bob)) == ((30, 0, 0), (15, 0, 0))
    assert house.findings() == []


def test_in_an_untracked_account_points_with_an_expiry_of_their_own_go_first(db: None) -> None:
    house = factories.build_house("Mixed", expires_in_months=None)
    member = factories.MemberFactory(organization=house.organization)
    now = clock.now()
    house.give(member, 50, at=now)
    house.give(member, 10, at=now, expires_at=now + timedelta(days=3))
    house.take(member, 15, at=now)
    balance = Balance.objects.get(wallet_id=member.wallet_id)
    assert (balance.active, balance.tracked) == (45, 0)
    assert house.findings() == []


def test_points_expire_at_the_end_of_the_local_day_months_later(house: House, alice: Member) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    at = datetime(2030, 1, 31, 23, 30, tzinfo=UTC)
    house.account.expires_in_months = 1
    house.account.save(update_fields=["expires_in_months"])
    record = house.give(alice, 10, at=at)
    # Already 1 February in Berlin; a month later the day ends at 22:59:59 UTC.
    assert record.expires_at == datetime(2030, 3, 1, 22, 59, 59, tzinfo=UTC)


def test_a_month_after_the_31st_is_the_last_of_february(house: House, alice: Member) -> None:
    house.account.expires_in_months = 1
    house.account.save(update_fields=["expires_in_months"])
    record = house.give(alice, 10, at=datetime(2031, 1, 31, 9, tzinfo=UTC))
    assert record.expires_at == datetime(2031, 2, 28, 23, 59, 59, tzinfo=UTC)


def test_an_event_of_the_past_counts_from_its_own_day(house: House, alice: Member) -> None:
    now = clock.now()
    long_ago = now - timedelta(days=400)
    record = house.give(alice, 10, at=now, external_event_at=long_ago)
    assert record.effective_at == long_ago
    assert record.created_at == now
    # It has expired already, and does as soon as anybody looks.
    services.settle_due(actor=TESTER, at=now)
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_a_burn_of_the_past_is_checked_against_todays_balance(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now)
    house.take(alice, 10, at=now, external_event_at=now - timedelta(days=30))
    assert house.balance(alice) == (0, 0, 0)


def test_an_event_of_the_future_is_refused(house: House, alice: Member) -> None:
    now = clock.now()
    with pytest.raises(InvalidInput):
        house.give(alice, 10, at=now, external_event_at=now + timedelta(minutes=6))
    assert nothing_moved(house)
    house.give(alice, 10, at=now, external_event_at=now + timedelta(minutes=4))


@pytest.mark.parametrize("amount", [0, -1, -(2**63)])
def test_an_amount_below_one_is_refused(house: House, alice: Member, amount: int) -> None:
    with pytest.raises(InvalidInput):
        house.give(alice, amount)
    assert nothing_moved(house)


def test_a_balance_cannot_grow_beyond_what_json_carries(house: House, alice: Member) -> None:
    house.give(alice, 2**53 - 1)
    with pytest.raises(BalanceTooLarge):
        house.give(alice, 1)
    assert house.balance(alice) == (2**53 - 1, 0, 0)


def test_a_transfer_to_oneself_is_refused(house: House, alice: Member) -> None:
    house.give(alice, 10)
    with pytest.raises(SameWallet):
        house.move(alice, alice, 5)
    assert house.balance(alice) == (10, 0, 0)


@pytest.mark.parametrize("own", ["reserve_id", "burned_id", "expired_id", "issuance_id"])
def test_an_accounts_own_wallets_cannot_be_named(house: House, alice: Member, own: str) -> None:
    house.give(alice, 10)
    move = services.transfer(
        account_id=house.account.pk,
        from_wallet_id=alice.wallet_id,
        to_wallet_id=getattr(house.account, own),
        amount=5,
    )
    with pytest.raises(SystemWallet):
        house.post(move)
    assert house.balance(alice) == (10, 0, 0)


def test_charlies_wallet_does_not_exist_for_this_house(house: House, alice: Member, charlie: Member) -> None:
    house.give(alice, 10)
    with pytest.raises(NotFound):
        house.move(alice, charlie, 5)
    with pytest.raises(NotFound):
        house.give(charlie, 5)
    assert house.balance(alice) == (10, 0, 0)
    assert not Balance.objects.filter(wallet_id=charlie.wallet_id).exists()


def test_charlies_account_does_not_exist_for_this_house(house: House, alice: Member, neighbor: House) -> None:
    move = services.mint(account_id=neighbor.account.pk, wallet_id=alice.wallet_id, amount=5)
    with pytest.raises(NotFound):
        house.post(move)
    assert nothing_moved(neighbor)


def test_an_account_of_another_ledger_does_not_exist_in_this_one(house: House, alice: Member) -> None:
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=clock.now())
    move = services.mint(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=5, ledger_id=other.pk)
    with pytest.raises(NotFound):
        house.post(move)
    assert nothing_moved(house)


def test_an_inactive_account_takes_no_movements_but_reverts_and_expiry_go_on(house: House, alice: Member) -> None:
    now = clock.now()
    given = house.give(alice, 10, at=now)
    held = house.take(alice, 4, at=now, hold=True)
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=now)
    for refused in (lambda: house.give(alice, 1), lambda: house.take(alice, 1)):
        with pytest.raises(AccountInactive):
            refused()
    with pytest.raises(AccountInactive):
        services.capture_holds(organization_id=house.id, captures={held.id: None}, actor=TESTER, at=now)
    services.release_hold(organization_id=house.id, transaction_id=held.id, actor=TESTER, at=now)
    services.revert_transactions(organization_id=house.id, transaction_ids=[given.id], actor=TESTER, at=now)
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_an_inactive_wallet_takes_no_movements(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 10)
    house.give(bob, 10)
    set_wallet_active(wallet_id=alice.wallet_id, active=False)
    for refused in (
        lambda: house.give(alice, 1),
        lambda: house.take(alice, 1),
        lambda: house.move(alice, bob, 1),
        lambda: house.move(bob, alice, 1),
    ):
        with pytest.raises(WalletInactive):
            refused()
    assert (house.balance(alice), house.balance(bob)) == ((10, 0, 0), (10, 0, 0))


def test_a_set_happens_in_order_and_a_later_item_may_spend_what_an_earlier_credited(
    house: House, alice: Member, bob: Member
) -> None:
    words = {"account_id": house.account.pk}
    house.post(
        services.mint(**words, wallet_id=alice.wallet_id, amount=50),
        services.transfer(**words, from_wallet_id=alice.wallet_id, to_wallet_id=bob.wallet_id, amount=50),
        services.burn(**words, wallet_id=bob.wallet_id, amount=20),
    )
    assert (house.balance(alice), house.balance(bob)) == ((0, 0, 0), (30, 0, 0))
    assert house.findings() == []


def test_a_set_fails_as_a_whole_and_says_where(house: House, alice: Member) -> None:
    words = {"account_id": house.account.pk, "wallet_id": alice.wallet_id}
    with pytest.raises(InsufficientBalance) as refused:
        house.post(services.mint(**words, amount=50), services.burn(**words, amount=51))
    assert refused.value.details["index"] == 1
    assert nothing_moved(house)
    assert house.balance(alice) == (0, 0, 0)


def test_a_wallet_that_may_owe_goes_below_zero_and_pays_back_first(db: None) -> None:
    house = factories.build_house("Owing", may_owe=True)
    member = factories.MemberFactory(organization=house.organization)
    now = clock.now()
    house.give(member, 10, at=now)
    burned = house.take(member, 40, at=now)
    assert house.balance(member) == (-30, 0, 0)
    house.give(member, 50, at=now)
    assert house.balance(member) == (20, 0, 0)
    assert list(Lot.objects.filter(state="active").values_list("amount", "remaining")) == [(50, 20)]
    assert house.findings() == []
    # The burn's own lot comes back; the debt it made was paid meanwhile, so that part returns as new points.
    services.revert_transactions(organization_id=house.id, transaction_ids=[burned.id], actor=TESTER, at=now)
    assert house.balance(member) == (60, 0, 0)
    assert house.findings() == []


def test_turning_tracking_on_opens_one_lot_for_what_lay_in_none(db: None) -> None:
    house = factories.build_house("Late", expires_in_months=None)
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))
    now = clock.now()
    house.give(alice, 100, at=now)
    held = house.take(alice, 30, at=now, hold=True)
    update_account(account=house.account, changes={"expires_in_months": 6}, actor=TESTER, at=now)
    lot = Lot.objects.get()
    assert (lot.amount, lot.remaining, lot.held, lot.transaction_id) == (100, 100, 30, None)
    assert lot.expires_at == clock.NEVER
    assert house.findings() == []
    services.capture_holds(organization_id=house.id, captures={held.id: 10}, actor=TESTER, at=now)
    house.move(alice, bob, 90, at=now)
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_the_books_of_two_accounts_do_not_mix(house: House, alice: Member) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    house.give(alice, 10)
    house.post(services.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=3))
    assert set(Balance.objects.values_list("account_id", "active")) == {(house.account.pk, 10), (stamps.pk, 3)}
    assert Transaction.objects.filter(kind=Kind.MINT).count() == 2
    assert house.findings() == []
