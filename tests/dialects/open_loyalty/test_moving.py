"""Points given, spent, blocked and sent over Open Loyalty's API (contract open_loyalty 1.4, O3 to O6 and O12)."""

from __future__ import annotations

import time_machine

from members.models import Member
from tests.dialects.open_loyalty.counter import Counter
from tests.house import House


def test_points_are_given_and_listed(
    noon: time_machine.Coordinates, house: House, till: Counter, alice: Member
) -> None:
    made = till.add(alice, "10.55", comment="Welcome")
    assert house.balance(alice) == (1055, 0, 0)
    assert till.list() == [
        {
            "pointsTransferId": made,
            "accountId": till.list()[0]["accountId"],
            "customerId": str(alice.customer_id),
            "customerFirstName": "Alice",
            "customerLastName": "Adams",
            "customerLoyaltyCardNumber": "4711",
            "customerEmail": "alice@example.com",
            "customerPhone": "+49 151 2345671",
            "createdAt": "2030-03-15T12:00:00+00:00",
            "value": 10.55,
            "state": "active",
            "type": "adding",
            "comment": "Welcome",
            "issuer": "admin",
            "store": {"id": till.list()[0]["store"]["id"], "code": "DEFAULT", "currency": "EUR"},
        }
    ]


def test_points_are_spent_blocked_and_sent(house: House, till: Counter, alice: Member, bob: Member) -> None:
    till.add(alice, 10)
    till.spend(alice, 2)
    blocked = till.block(alice, 3)
    till.p2p(alice, "bob@example.com", "0.5")
    assert house.balance(alice) == (750, 300, 0)
    assert house.balance(bob) == (50, 0, 0)
    assert sorted((row["type"], row["value"]) for row in till.list()) == [
        ("adding", 10),
        ("blocked", 3),
        ("p2p_adding", 0.5),
        ("p2p_spending", 0.5),
        ("spending", 2),
    ]
    assert till.end("cancel", blocked).status_code == 200
    assert till.end("cancel", blocked).status_code == 400
    assert house.balance(alice) == (750, 0, 0)
    assert house.findings() == []
