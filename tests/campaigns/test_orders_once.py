"""An order is done once (semantics 8.2): killed in the middle, told by several at once, and not without the lock. It
costs the same whatever came before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.services import evaluate_waiting, evaluating, ordering
from loyalty.kernel import clock
from loyalty.kernel.kept import KeptRead
from members.models import LoyaltyEvent, Member
from tests.campaigns.shop import CONFIRMED, order, point_for_each, told
from tests.databases import in_parallel, round_trips
from tests.house import House
from tests.walk import every_row


def die(*args: Any, **words: Any) -> None:
    raise SystemExit


def break_down(*args: Any, **words: Any) -> None:
    raise RuntimeError


def test_8_2_an_order_killed_in_the_middle_was_never_told(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_for_each(house)
    before = every_row()
    with monkeypatch.context() as dying:
        dying.setattr(evaluating, "_save", die)
        with pytest.raises(SystemExit):
            order(house, alice)
    assert every_row() == before
    assert [order(house, alice).outcome for _ in range(2)] == ["created", "unchanged"]
    assert (house.balance(alice), house.findings()) == ((100, 0, 0), [])


@pytest.mark.parametrize("where", ["_claim", "_save"])
@pytest.mark.parametrize("by", ["caller", "sweep", "return"])
def test_8_2_an_order_taken_in_steps_and_killed_in_the_middle_is_done_once(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch, where: str, by: str
) -> None:
    point_for_each(house)
    with monkeypatch.context() as dying:
        dying.setattr(ordering, "evaluate_written", break_down)
        dying.setattr(evaluating, where, die)
        with pytest.raises(SystemExit):
            order(house, alice)
    assert (LoyaltyEvent.objects.get(event_type=CONFIRMED).status, house.balance(alice)) == ("pending", (0, 0, 0))
    later = clock.now() + timedelta(minutes=2)
    if by == "return":
        # The order goes back before anybody gave anything for it: what is given late is taken at once.
        order(house, alice, 40, status="partially-returned")
        assert evaluate_waiting(at=later) == 1
        assert house.balance(alice) == (40, 0, 0)
        order(house, alice, 40, status="returned")
        assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])
        return
    if by == "sweep":
        assert evaluate_waiting(at=later) == 1
    for _ in range(2):
        placed = order(house, alice)
        assert (placed.outcome, told(placed)["pointsAwarded"]) == ("unchanged", 100)
    assert house.balance(alice) == (100, 0, 0)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_8_2_an_order_told_by_four_at_once_is_done_once(house: House, alice: Member) -> None:
    point_for_each(house, monthly_limit=1000)
    placed = in_parallel(*[lambda: order(house, alice)] * 4)
    assert sorted(one.outcome for one in placed) == ["created", "unchanged", "unchanged", "unchanged"]
    assert [told(one)["pointsAwarded"] for one in placed] == [100] * 4
    back = in_parallel(*[lambda: order(house, alice, 30, status="partially-returned")] * 4)
    assert sorted(one.outcome for one in back) == ["unchanged", "unchanged", "unchanged", "updated"]
    assert (house.balance(alice), house.findings()) == ((30, 0, 0), [])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_8_2_control_without_the_lock_a_return_is_taken_twice(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from members.services import orders

    point_for_each(house)
    order(house, alice)
    house.give(alice, 100)
    gate = threading.Barrier(2)
    take = ordering.take_back

    def meet(*args: Any, **words: Any) -> Any:
        gate.wait(timeout=20)
        return take(*args, **words)

    monkeypatch.setattr(ordering, "take_back", meet)
    monkeypatch.setattr(orders, "_KNOWN", KeptRead(orders._KNOWN.build, int, str))
    in_parallel(*[lambda: order(house, alice, 30, status="partially-returned")] * 2)
    assert house.balance(alice)[0] < 130


def test_8_4_an_order_costs_the_same_whatever_came_before(house: House, alice: Member) -> None:
    point_for_each(house)

    def cost(number: int) -> list[int]:
        costs = []
        for status, total in (("confirmed", 100), ("partially-returned", 50), ("returned", 50)):
            with round_trips() as asked:
                order(house, alice, total, status=status, external_id=f"o-{number}")
            costs.append(len(asked))
        return costs

    cost(0)
    young = cost(1)
    for number in range(2, 30):
        order(house, alice, external_id=f"o-{number}")
    assert cost(30) == young
