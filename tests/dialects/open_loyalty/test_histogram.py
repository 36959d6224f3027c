"""The histogram of points (contract open_loyalty 1.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from ledger.services import settle_due
from loyalty.kernel import clock
from members.models import Member
from members.services import update_store
from tests.dialects.open_loyalty.counter import Counter, Shop
from tests.house import TESTER, House


def some(body: dict[str, Any]) -> dict[str, Any]:
    return {day: value for day, value in body.items() if value}


def test_it_is_thirty_days_up_to_today_by_default(noon: time_machine.Coordinates, till: Counter, alice: Member) -> None:
    till.add(alice, 5)
    body = till.get("points/transfers").body
    assert (len(body), next(iter(body)), list(body)[-1]) == (30, "2030-02-14", "2030-03-15")
    assert list(body) == sorted(body)
    assert some(body) == {"2030-03-15": 5}


def test_what_was_earned_and_spent(noon: time_machine.Coordinates, till: Counter, alice: Member, bob: Member) -> None:
    back = till.add(alice, 100)
    till.end("cancel", back)
    till.add(alice, "6.9")
    noon.shift(timedelta(days=1))
    till.add(alice, 10)
    till.spend(alice, "2.5")
    till.p2p(alice, bob, 3)
    till.block(alice, 1)
    assert some(till.get("points/transfers").body) == {"2030-03-15": 6.9, "2030-03-16": 10}
    assert some(till.get("points/transfers", pointType="spent").body) == {"2030-03-16": 2.5}
    assert till.get("points/transfers", interval="month").body == {"2030-02": 0, "2030-03": 16.9}
    assert till.get("points/transfers", interval="year", lastDays=100).body == {"2029": 0, "2030": 16.9}


@pytest.mark.parametrize("settled", [False, True])
def test_what_expired_and_will_expire(
    noon: time_machine.Coordinates, till: Counter, alice: Member, settled: bool
) -> None:
    till.add(alice, 10, validityDuration=1)
    till.add(alice, 7, validityDuration=5)
    till.spend(alice, 4)
    noon.shift(timedelta(days=2))
    if settled:
        settle_due(actor=TESTER, at=clock.now())
    body = till.get("points/transfers", pointType="expired", lastDays=3, futureDays=4).body
    assert body == {
        "2030-03-15": 0,
        "2030-03-16": 6,
        "2030-03-17": 0,
        "2030-03-18": 0,
        "2030-03-19": 0,
        "2030-03-20": 7,
        "2030-03-21": 0,
    }


def test_what_is_pending_becomes_valid_on_its_day(
    noon: time_machine.Coordinates, shop: Shop, till: Counter, alice: Member
) -> None:
    update_store(store=shop.store, changes={"days_locked": 3}, actor=TESTER, at=clock.now())
    till.add(alice, 10)
    till.end("cancel", till.add(alice, 5))
    body = till.get("points/transfers", pointType="pending", lastDays=0, futureDays=4).body
    assert body == {"2030-03-16": 0, "2030-03-17": 0, "2030-03-18": 10, "2030-03-19": 0}
    noon.shift(timedelta(days=3))
    assert some(till.get("points/transfers", pointType="pending", futureDays=9).body) == {}


def test_days_are_the_organizations(house: House, till: Counter, alice: Member) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    with time_machine.travel("2030-03-15T23:30:00Z", tick=False):
        till.add(alice, 5)
        assert some(till.get("points/transfers").body) == {"2030-03-16": 5}


def test_no_days_are_no_answer_and_ten_years_are_the_most(till: Counter) -> None:
    assert till.get("points/transfers", lastDays=0).body == {}
    assert len(till.get("points/transfers", lastDays=3660, futureDays=3660).body) == 7320
    assert till.get("points/transfers", lastDays=3661).status_code == 400
