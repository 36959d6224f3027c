"""What a member has of one kind of point: found, settled, and each side of what moved it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from ledger.models import Balance
from ledger.services import create_account, create_wallet, transfer
from members.models import Member
from members.selectors import find_holding, find_movement, list_holdings
from members.services import current_holding, current_holdings
from tests.databases import round_trips
from tests.house import NOON, TESTER, House

pytestmark = pytest.mark.usefixtures("noon")


def number(house: House, member: Member) -> int:
    return Balance.objects.get(account=house.account, wallet_id=member.wallet_id).pk


def test_a_holding_is_found_by_its_number_with_all_that_is_needed(house: House, alice: Member) -> None:
    house.give(alice, 100)
    house.take(alice, 30, hold=True)
    house.give(alice, 7, valid_from=NOON + timedelta(days=1))
    held = find_holding(house.id, number(house, alice), with_expiry=True)
    assert held is not None
    assert (held.wallet_id, held.account_id, held.customer_id) == (
        alice.wallet_id,
        house.account.pk,
        alice.customer_id,
    )
    assert (held.available, held.pending, held.transactions, held.decimals, held.tracked) == (70, 7, 3, 0, True)
    assert held.first_expiry is not None
    assert held.first_expiry.isoformat() == "2031-03-15T23:59:59+00:00"
    assert house.account.burned_id in held.own_wallets
    unasked = find_holding(house.id, number(house, alice))
    assert unasked is not None
    assert unasked.first_expiry is None


def test_what_is_wholly_held_expires_for_nobody(house: House, alice: Member) -> None:
    house.give(alice, 100, expires_at=NOON + timedelta(days=1))
    house.give(alice, 50, expires_at=NOON + timedelta(days=2))
    house.take(alice, 100, hold=True)
    held = find_holding(house.id, number(house, alice), with_expiry=True)
    assert held is not None
    assert held.first_expiry == NOON + timedelta(days=2)


def test_another_organizations_holding_and_a_partners_wallet_are_none(
    house: House, alice: Member, neighbor: House
) -> None:
    house.give(alice, 100)
    assert find_holding(neighbor.id, number(house, alice)) is None
    assert list_holdings(neighbor.id, alice.customer_id) is None
    partner = create_wallet(organization_id=house.id, kind="clearing", at=NOON)
    words = {"account_id": house.account.pk, "from_wallet_id": alice.wallet_id, "to_wallet_id": partner.pk}
    record = house.post(transfer(**words, amount=5)).records[0]
    assert find_holding(house.id, Balance.objects.get(wallet=partner).pk) is None
    found = find_movement(house.id, number=record.id, received=True)
    assert found is not None
    assert found.holding.wallet_id == alice.wallet_id


def test_holdings_come_in_the_order_of_their_accounts_in_one_query(house: House, alice: Member) -> None:
    more = create_account(ledger=house.ledger, name="Stars", actor=TESTER, at=NOON)
    House(house.organization, house.ledger, more, house.program).give(alice, 5)
    assert list_holdings(house.id, uuid.uuid4()) is None
    house.give(alice, 100)
    with round_trips() as asked:
        found = list_holdings(house.id, alice.customer_id)
    assert [(held.account_id, held.available) for held in found or ()] == [(house.account.pk, 100), (more.pk, 5)]
    assert len(asked) == 1


def test_a_member_without_points_has_no_holding(house: House, alice: Member) -> None:
    assert list_holdings(house.id, alice.customer_id) == []


def test_what_fell_due_is_settled_before_it_is_read(house: House, alice: Member) -> None:
    house.give(alice, 100, expires_at=NOON + timedelta(days=1))
    house.give(alice, 7, valid_from=NOON + timedelta(days=2))
    words = {"organization_id": house.id, "actor": TESTER, "at": NOON + timedelta(days=3)}
    held = current_holding(balance_id=number(house, alice), **words)
    assert held is not None
    assert (held.available, held.pending) == (7, 0)
    assert [one.available for one in current_holdings(customer_id=alice.customer_id, **words) or ()] == [7]
    assert house.findings() == []


def test_a_movement_between_members_is_seen_from_either_side(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 100)
    record = house.move(alice, bob, 30)
    given, taken = find_movement(house.id, number=record.id), find_movement(house.id, number=record.id, received=True)
    assert given is not None
    assert taken is not None
    assert (given.holding.wallet_id, given.row.incoming, given.row.expires_at) == (alice.wallet_id, False, None)
    assert (taken.holding.wallet_id, taken.row.incoming) == (bob.wallet_id, True)
    assert taken.row.expires_at is not None
