"""The journal of a member over the core API: what happened, in the same transaction as it happened (0.15, 5.7)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from ledger import services as ledger
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests.house import NOON_TEXT, TESTER, Api, House


def events(api: Api, member: Member, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"members/{member.pk}/events?{query}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.body["results"]
    return found


def kinds(api: Api, member: Member, query: str = "") -> list[str]:
    return [event["eventType"] for event in events(api, member, query)]


def test_an_event_answers_every_field(noon: time_machine.Coordinates, house: House, api: Api, alice: Member) -> None:
    made = house.give(alice, 7, unique_key="k", external_id="r-1", description="Receipt", tags=["web"])
    stored = LoyaltyEvent.objects.get(event_type="ledger-transaction-created")
    assert events(api, alice)[0] == {
        "loyaltyEventId": str(stored.pk),
        "organizationId": house.id,
        "eventType": "ledger-transaction-created",
        "status": "success",
        "memberId": alice.pk,
        "systemUniqueKey": "k",
        "externalId": "r-1",
        "description": "Receipt",
        "payload": {
            "ledgerTransactionId": str(made.id),
            "ledgerAccountId": house.account.pk,
            "kind": "mint",
            "amount": 7,
            "fromWalletId": made.from_wallet_id,
            "toWalletId": alice.wallet_id,
        },
        "tags": ["web"],
        "externalEventDate": None,
        "executionResults": [],
        "createdAt": NOON_TEXT,
    }


def test_the_life_of_a_member_is_told_newest_first(house: House, api: Api, alice: Member) -> None:
    api.patch(f"members/{alice.pk}", {"profile": {"name": "Alice"}})
    api.patch(f"members/{alice.pk}", {"profile": {"name": "Alice"}})
    house.give(alice, 5)
    api.patch(f"members/{alice.pk}", {"active": False})
    api.patch(f"members/{alice.pk}", {"active": True})
    assert kinds(api, alice) == [
        "member-updated",
        "member-profile-deactivated",
        "ledger-transaction-created",
        "member-updated",
        "member-created",
    ]
    assert events(api, alice)[3]["payload"] == {"changed": ["profile"]}


def test_a_transfer_is_an_event_of_both(house: House, api: Api, alice: Member, bob: Member) -> None:
    house.give(alice, 5)
    house.move(alice, bob, 2)
    assert kinds(api, alice) == ["ledger-transaction-created"] * 2 + ["member-created"]
    assert kinds(api, bob) == ["ledger-transaction-created", "member-created"]


def test_a_hold_is_one_event_and_its_capture_none(house: House, api: Api, alice: Member) -> None:
    house.give(alice, 5)
    hold = house.take(alice, 2, hold=True)
    ledger.capture_holds(organization_id=house.id, captures={hold.id: None}, actor=TESTER, at=clock.now())
    assert house.balance(alice) == (3, 0, 0)
    assert kinds(api, alice).count("ledger-transaction-created") == 2


def test_a_batch_notes_everybody_in_one_statement(house: House, api: Api, alice: Member, bob: Member) -> None:
    groups = [
        [ledger.mint(account_id=house.account.pk, wallet_id=member.wallet_id, amount=1)]
        for member in (alice, bob)
        for _ in range(20)
    ]
    ledger.post_batch(organization_id=house.id, groups=groups, actor=TESTER, at=clock.now())
    assert kinds(api, alice) == ["ledger-transaction-created"] * 20 + ["member-created"]
    assert LoyaltyEvent.objects.filter(member=bob).count() == 21


def test_a_replay_is_no_event(house: House, api: Api, alice: Member) -> None:
    for _ in range(2):
        house.give(alice, 5, unique_key="once")
    assert kinds(api, alice) == ["ledger-transaction-created", "member-created"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("eventType=member-created", ["member-created"]),
        ("eventType=member-updated", []),
        ("status=success", ["ledger-transaction-created", "member-created"]),
        ("status=failed", []),
        ("fromCreatedAt=2030-03-15T12:00:01Z", ["ledger-transaction-created"]),
        ("toCreatedAt=2030-03-15T12:00:00Z", ["member-created"]),
        ("order=createdAt", ["member-created", "ledger-transaction-created"]),
    ],
)
def test_a_list_is_narrowed_and_ordered(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, query: str, found: list[str]
) -> None:
    noon.shift(10)
    house.give(alice, 1)
    assert kinds(api, alice, query) == found
