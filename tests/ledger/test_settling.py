"""What falls due: activations and expiries, right at any moment whether or not the worker ran."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command

from ledger import services
from ledger.errors import InsufficientBalance
from ledger.models import Balance, Kind, Lot, Transaction
from loyalty.kernel import clock
from members.models import Member
from tests.house import TESTER, House

DAY = timedelta(days=1)


def read(house: House, member: Member, at: datetime) -> tuple[int, int]:
    """Balance and available, as the API reads them."""
    found = services.current_balance(
        organization_id=house.id,
        ledger_id=house.ledger.pk,
        account_id=house.account.pk,
        wallet_id=member.wallet_id,
        actor=TESTER,
        at=at,
    )
    return found.balance, found.available_balance


def test_a_balance_read_after_an_expiry_is_right_though_no_job_ran(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, expires_at=now + DAY)
    house.give(alice, 5, at=now, expires_at=now + 9 * DAY)
    assert read(house, alice, now) == (15, 15)
    assert read(house, alice, now + DAY) == (5, 5)
    expired = Transaction.objects.get(kind=Kind.EXPIRE)
    assert (expired.amount, expired.effective_at) == (10, now + DAY)
    assert house.findings() == []


def test_expired_points_cannot_be_spent_though_no_job_ran(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, expires_at=now + DAY)
    with pytest.raises(InsufficientBalance):
        house.take(alice, 1, at=now + 2 * DAY)
    # The refusal undoes the settling too; the next look does it again.
    assert house.balance(alice) == (10, 0, 0)
    assert read(house, alice, now + 2 * DAY) == (0, 0)


def test_pending_points_can_be_spent_once_their_date_has_come(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, valid_from=now + DAY)
    assert house.balance(alice) == (0, 0, 10)
    with pytest.raises(InsufficientBalance):
        house.take(alice, 1, at=now)
    house.take(alice, 4, at=now + DAY)
    assert house.balance(alice) == (6, 0, 0)
    assert house.findings() == []


def test_a_credit_that_became_valid_and_expired_unseen_did_both(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, valid_from=now + DAY, expires_at=now + 2 * DAY)
    assert read(house, alice, now + 3 * DAY) == (0, 0)
    lot = Lot.objects.get()
    assert (lot.state, lot.activated_at) == ("expired", now + DAY)
    assert house.findings() == []


def test_the_worker_settles_everything_that_is_due_and_nothing_else(
    house: House, alice: Member, bob: Member, neighbor: House, charlie: Member
) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, expires_at=now + DAY)
    house.give(bob, 20, at=now, valid_from=now + DAY)
    house.give(bob, 7, at=now, expires_at=now + 5 * DAY)
    neighbor.give(charlie, 30, at=now, expires_at=now + DAY)
    done = services.settle_due(actor=TESTER, at=now + DAY)
    assert (done.balances, done.expired_lots, done.expired_points) == (3, 2, 40)
    assert (house.balance(alice), house.balance(bob), neighbor.balance(charlie)) == ((0, 0, 0), (27, 0, 0), (0, 0, 0))
    assert services.settle_due(actor=TESTER, at=now + DAY).balances == 0
    assert house.findings() + neighbor.findings() == []


def test_a_settled_balance_says_when_it_changes_next(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 1, at=now, expires_at=now + DAY)
    house.give(alice, 2, at=now, expires_at=now + 7 * DAY)
    house.give(alice, 4, at=now, valid_from=now + 3 * DAY, expires_at=now + 5 * DAY)
    expected = [(now + DAY, now + 3 * DAY), (now + 3 * DAY, now + 5 * DAY), (now + 5 * DAY, now + 7 * DAY)]
    for at, following in expected:
        services.settle_due(actor=TESTER, at=at)
        assert Balance.objects.get().next_change_at == following
    services.settle_due(actor=TESTER, at=now + 7 * DAY)
    assert Balance.objects.get().next_change_at == clock.NEVER


def test_expired_points_of_a_revolving_account_return_to_its_reserve(db: None) -> None:
    from tests import factories

    house = factories.build_house("Revolving", is_revolving=True, max_supply=10)
    member = factories.MemberFactory(organization=house.organization)
    now = clock.now()
    house.give(member, 10, at=now, expires_at=now + DAY)
    services.settle_due(actor=TESTER, at=now + DAY)
    assert Transaction.objects.get(kind=Kind.EXPIRE).to_wallet_id == house.account.reserve_id
    house.give(member, 10, at=now + DAY)
    assert house.findings() == []


def test_many_balances_are_settled_in_chunks(house: House, settings: object) -> None:
    from tests import factories

    settings.SETTLE_CHUNK_BALANCES = 2  # type: ignore[attr-defined]
    now = clock.now()
    members = [factories.MemberFactory(organization=house.organization) for _ in range(5)]
    for member in members:
        house.give(member, 10, at=now, expires_at=now + DAY)
    assert services.settle_due(actor=TESTER, at=now + DAY).expired_lots == 5
    assert house.findings() == []


def test_the_command_settles_at_the_time_it_is_told(
    house: House, alice: Member, capsys: pytest.CaptureFixture[str]
) -> None:
    now = clock.now()
    house.give(alice, 10, at=now, expires_at=now + DAY)
    call_command("settle_due", "--at", (now + DAY).isoformat())
    assert "expired 10 points in 1 lot" in capsys.readouterr().out
    assert house.balance(alice) == (0, 0, 0)
