"""What a balance was at any past instant, from the books alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledger import services
from ledger.selectors import balance_at
from loyalty.kernel import clock
from members.models import Member
from tests.house import TESTER, House

START = datetime(2030, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def then(house: House, member: Member, at: datetime, by: str = "effective") -> tuple[int, int, int]:
    found = balance_at(account_id=house.account.pk, wallet_id=member.wallet_id, at=at, by=by)  # type: ignore[arg-type]
    return found.active, found.held, found.pending


def test_every_past_instant_can_be_recomputed(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 100, at=START, expires_at=START + 20 * DAY)
    house.give(alice, 40, at=START + DAY, valid_from=START + 5 * DAY)
    burned = house.take(alice, 30, at=START + 2 * DAY)
    hold = house.take(alice, 20, at=START + 3 * DAY, hold=True)
    house.move(alice, bob, 10, at=START + 6 * DAY)
    services.capture_holds(organization_id=house.id, captures={hold.id: 5}, actor=TESTER, at=START + 7 * DAY)
    services.revert_transactions(
        organization_id=house.id, transaction_ids=[burned.id], actor=TESTER, at=START + 8 * DAY
    )
    services.settle_due(actor=TESTER, at=START + 30 * DAY)

    assert then(house, alice, START - DAY) == (0, 0, 0)
    assert then(house, alice, START) == (100, 0, 0)
    assert then(house, alice, START + DAY) == (100, 0, 40)
    assert then(house, alice, START + 2 * DAY) == (70, 0, 40)
    assert then(house, alice, START + 3 * DAY) == (70, 20, 40)
    assert then(house, alice, START + 5 * DAY) == (110, 20, 0)
    assert then(house, alice, START + 6 * DAY) == (100, 20, 0)
    assert then(house, alice, START + 7 * DAY) == (95, 0, 0)
    assert then(house, alice, START + 8 * DAY) == (125, 0, 0)
    assert then(house, alice, START + 20 * DAY) == (40, 0, 0)
    assert then(house, bob, START + 6 * DAY) == (10, 0, 0)
    assert then(house, bob, START + 20 * DAY) == (0, 0, 0)


def test_the_lots_of_that_instant_say_where_each_point_came_from(house: House, alice: Member) -> None:
    given = house.give(alice, 100, at=START, expires_at=START + 20 * DAY)
    house.take(alice, 30, at=START + 2 * DAY)
    found = balance_at(account_id=house.account.pk, wallet_id=alice.wallet_id, at=START + DAY)
    assert [(lot.transaction_id, lot.amount, lot.remaining) for lot in found.lots] == [(given.id, 100, 100)]
    found = balance_at(account_id=house.account.pk, wallet_id=alice.wallet_id, at=START + 2 * DAY)
    assert [(lot.amount, lot.remaining) for lot in found.lots] == [(100, 70)]


def test_what_happened_and_when_it_was_written_are_two_questions(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 50, at=now, external_event_at=now - 10 * DAY)
    assert then(house, alice, now - 5 * DAY) == (50, 0, 0)
    assert then(house, alice, now - 5 * DAY, by="created") == (0, 0, 0)
    assert then(house, alice, now, by="created") == (50, 0, 0)


def test_the_present_recomputed_is_the_stored_balance(house: House, alice: Member) -> None:
    house.give(alice, 100)
    house.take(alice, 30, hold=True)
    house.take(alice, 10)
    assert then(house, alice, clock.now()) == house.balance(alice) == (90, 30, 0)
