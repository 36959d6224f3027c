"""Lists of transfers: filters, order, pages (contract open_loyalty 1.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from loyalty.kernel import clock
from members.models import Member
from members.selectors import transfers
from members.services import update_member
from tests import factories
from tests.dialects.open_loyalty.counter import Counter, Shop
from tests.house import TESTER, House


@pytest.fixture
def past(noon: time_machine.Coordinates, shop: Shop, till: Counter, alice: Member, bob: Member) -> dict[str, str]:
    """A little of everything, an hour apart; by what happened, the transfer's id."""
    made = {}
    steps: list[tuple[str, Any]] = [
        ("given", lambda: till.add(alice, 10, comment="Welcome back")),
        ("taken back", lambda: till.add(alice, 3)),
        ("spent", lambda: till.spend(alice, 1, comment="Coffee")),
        ("sent", lambda: till.p2p(alice, bob, 2)),
        ("blocked", lambda: till.block(alice, "1.5")),
        ("unblocked", lambda: till.block(alice, 1)),
        ("short", lambda: till.add(alice, 7, validityDuration=1)),
        ("bobs", lambda: till.add(bob, 4)),
    ]
    for name, step in steps:
        made[name] = step()
        noon.shift(timedelta(hours=1))
    till.end("cancel", made["taken back"])
    till.end("cancel", made["unblocked"])
    [made["received"]] = [row["pointsTransferId"] for row in till.list(type="p2p_adding")]
    noon.shift(timedelta(days=2))
    return made


def names(past: dict[str, str], rows: list[dict[str, Any]]) -> list[str]:
    back = {value: name for name, value in past.items()}
    return [back[row["pointsTransferId"]] for row in rows]


ALL = ["bobs", "short", "unblocked", "blocked", "received", "sent", "spent", "taken back", "given"]
BY_VALUE = ["given", "short", "bobs", "taken back", "received", "sent", "blocked", "unblocked", "spent"]


@pytest.mark.parametrize(
    "query, expected",
    [
        ({}, ALL),
        ({"direction": "ASC"}, ALL[::-1]),
        ({"direction": "asc", "sort": "createdAt"}, ALL[::-1]),
        ({"direction": "sideways", "sort": "createdAt"}, ALL),
        ({"sort": "createdAt"}, ALL[::-1]),
        ({"sort": "noSuchColumn", "direction": "DESC"}, ALL),
        ({"sort": "value", "direction": "DESC"}, BY_VALUE),
        ({"state[]": "active"}, ["bobs", "blocked", "received", "sent", "spent", "given"]),
        ({"state[]": "expired"}, ["short"]),
        ({"state[]": "pending"}, []),
        ({"state[]": "canceled"}, ["unblocked", "taken back"]),
        ({"state": "cancelled"}, ["unblocked", "taken back"]),
        ({"state[]": ["expired", "canceled"]}, ["short", "unblocked", "taken back"]),
        ({"state[0]": "expired", "state[1]": "nonsense"}, ["short"]),
        ({"state[]": "nonsense"}, ALL),
        ({"type": "adding"}, ["bobs", "short", "taken back", "given"]),
        ({"type": "spending"}, ["spent"]),
        ({"type": "p2p_adding"}, ["received"]),
        ({"type": "p2p_spending"}, ["sent"]),
        ({"type": "blocked"}, ["unblocked", "blocked"]),
        ({"type": "nonsense"}, ALL),
        ({"type": "adding", "state[]": "canceled"}, ["taken back"]),
        ({"type": "blocked", "state[]": "active"}, ["blocked"]),
        ({"type": "spending", "state[]": "expired"}, []),
        ({"customerFirstName": "ALICE"}, [name for name in ALL if name not in ("bobs", "received")]),
        ({"customerFirstName": "Ali"}, []),
        ({"customerFirstName": "Adams"}, []),
        ({"customerLastName": "adams", "type": "spending"}, ["spent"]),
        ({"customerEmail": "BOB@example.com"}, ["bobs", "received"]),
        ({"customerEmail": "bob"}, []),
        ({"customerPhone": "+49 151 2345671", "type": "blocked"}, ["unblocked", "blocked"]),
        ({"customerLoyaltyCardNumber": "4711", "type": "spending"}, ["spent"]),
        ({"customerId": "nonsense"}, []),
        ({"customerEmail": "bob@example.com", "customerFirstName": "Alice"}, []),
        ({"value": "1.5"}, ["blocked"]),
        ({"value": "nonsense"}, ALL),
        ({"comment": "COFFEE"}, ["spent"]),
        ({"issuer": "api"}, ["received", "sent"]),
        ({"issuer": "system"}, []),
        ({"createdAt": "2030-03-15", "type": "adding"}, ["bobs", "short", "taken back", "given"]),
        ({"createdAt": "2030-03-15T13:00:00+00:00"}, ["taken back"]),
        ({"createdAt": "nonsense"}, ALL),
        ({"expiresAt": "2030-03-16"}, ["short"]),
        ({"page": "2", "perPage": "4"}, ALL[4:8]),
        ({"page": "0", "perPage": "0"}, ALL),
        ({"page": "-5", "perPage": "-1"}, ALL),
        ({"page": "x", "perPage": "y"}, ALL),
        ({"page": "9" * 18, "perPage": "9" * 18}, []),
        ({"page": "9" * 30}, ALL),
        ({"_page": "2", "_itemsOnPage": "8"}, ALL[8:]),
    ],
    ids=str,
)
def test_a_list_is_narrowed_ordered_and_paged(
    past: dict[str, str], till: Counter, query: dict[str, Any], expected: list[str]
) -> None:
    answer = till.get("points/transfer", also={"perPage": 100, **query} if "age" not in str(query) else query)
    assert answer.status_code == 200, answer.content
    assert names(past, answer.body["transfers"]) == expected
    if "age" not in str(query):
        assert answer.body["total"] == len(expected)
    else:
        assert answer.body["total"] == len(ALL)
    assert set(answer.body) == {"transfers", "total"}


def test_ten_are_shown_unless_more_are_asked_for(till: Counter, alice: Member) -> None:
    for _ in range(12):
        till.add(alice, 1)
    answer = till.get("points/transfer").body
    assert (len(answer["transfers"]), answer["total"]) == (10, 12)
    assert len(till.list(page=2)) == 2
    assert till.list(page=3) == []


def test_what_will_expire_is_active_and_has_points_left(
    noon: time_machine.Coordinates, till: Counter, alice: Member
) -> None:
    soon, later = till.add(alice, 5, validityDuration=3), till.add(alice, 5, validityDuration=9)
    till.add(alice, 5)
    for day, expected in (("2030-03-17", []), ("2030-03-18", [soon]), ("2030-03-30", [later, soon])):
        rows = till.list(willExpireTill=day, also={"state[]": "expired"})
        assert [row["pointsTransferId"] for row in rows] == expected
        assert till.list(willExpireTill=day, customerEmail="alice@example.com") == rows
        assert till.list(willExpireTill=day, customerEmail="nobody@example.com") == []


def test_a_customer_lists_their_own_alone(past: dict[str, str], shop: Shop, alice: Member, bob: Member) -> None:
    bobs = shop.customer(bob)
    answer = bobs.get("customer/points/transfer")
    assert (names(past, answer.body["transfers"]), answer.body["total"]) == (["bobs", "received"], 2)
    asked = {"type": "p2p_adding", "customerId": str(alice.customer_id)}
    assert names(past, bobs.get("customer/points/transfer", **asked).body["transfers"]) == ["received"]
    answer = shop.customer(alice).get("customer/points/transfer", also={"state": "expired"})
    assert names(past, answer.body["transfers"]) == ["short"]
    assert (
        bobs.get("customer/points/transfer", sort="createdAt", direction="asc").body["transfers"][0]["type"]
        == "p2p_adding"
    )


def test_a_seller_lists_the_stores(past: dict[str, str], shop: Shop) -> None:
    assert (
        names(past, shop.seller(allowed=False).get("/api/seller/points/transfer", perPage=50).body["transfers"]) == ALL
    )


def test_names_are_those_of_now(past: dict[str, str], till: Counter, alice: Member) -> None:
    update_member(
        member=alice, changes={"profile": {"name": "Alicia Maria", "phone": None}}, actor=TESTER, at=clock.now()
    )
    assert till.list(customerFirstName="alice") == []
    [row] = till.list(customerFirstName="MARIA", type="spending")
    assert row["customerFirstName"] == "Alicia Maria"
    assert "customerPhone" not in row


def test_the_names_of_more_people_than_can_be_listed_are_found_by_walking(
    past: dict[str, str], till: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    from members.selectors import transfer_members

    monkeypatch.setattr(transfer_members, "MOST_WALLETS", 0)
    rows = till.list(customerFirstName="alice", customerLastName="ADAMS", perPage=50)
    assert names(past, rows) == [name for name in ALL if name not in ("bobs", "received")]
    assert till.list(customerFirstName="a%", perPage=50) == till.list(customerFirstName="_lice") == []


def test_a_list_ends_after_its_window(past: dict[str, str], till: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "WINDOW", 6)
    answer = till.get("points/transfer", perPage=4, page=2).body
    assert (names(past, answer["transfers"]), answer["total"], answer["totalIsCapped"]) == (ALL[4:6], 6, True)
    assert till.list(perPage=4, page=3) == []
    assert till.get("points/transfer", perPage=4, page=3).status_code == 200
    exact = till.get("points/transfer", type="adding").body
    assert (exact["total"], "totalIsCapped" in exact) == (4, False)


def test_a_filter_without_an_index_says_where_it_stopped(
    past: dict[str, str], till: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "REACH", 1)
    answer = till.get("points/transfer", comment="welcome").body
    assert (answer["transfers"], answer["total"], answer["totalIsCapped"]) == ([], 0, True)
    assert "totalIsCapped" not in till.get("points/transfer", also={"state[]": "expired"}).body


def test_times_are_told_in_the_organizations_zone(house: House, alice: Member, till: Counter) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    with time_machine.travel("2018-09-13T14:37:33Z", tick=False):
        made = till.add(alice, 10, validityDuration=30)
    shown = till.shown(made)
    assert shown["createdAt"] == "2018-09-13T16:37:33+02:00"
    assert shown["expiresAt"] == "2018-10-13T23:59:59+02:00"


def test_issuers_are_told(house: House, shop: Shop, till: Counter, alice: Member, bob: Member) -> None:
    from ledger.services import give_points

    till.add(alice, 1)
    shop.seller().add(alice, 2)
    house.give(alice, 300, source="core")
    house.give(alice, 400)
    give_points(
        organization_id=house.id,
        account_id=house.account.pk,
        wallet_id=alice.wallet_id,
        amount=500,
        reason="Sorry",
        actor=TESTER,
        at=clock.now(),
    )
    rows = till.list(sort="value", direction="asc")
    assert [(row["value"], row["issuer"]) for row in rows] == [
        (1, "admin"),
        (2, "seller"),
        (3, "api"),
        (4, "system"),
        (5, "admin"),
    ]


def test_only_the_stores_account_is_listed(house: House, till: Counter, alice: Member) -> None:
    from ledger.services import create_account

    other = create_account(ledger=house.ledger, name="Other", point_tracking_enabled=True, actor=TESTER, at=clock.now())
    house.post(_mint(other.pk, alice.wallet_id))
    assert till.list() == []


def _mint(account_id: int, wallet_id: int) -> Any:
    from ledger.services import mint

    return mint(account_id=account_id, wallet_id=wallet_id, amount=5)


def test_a_customer_without_a_name_is_shown_without(house: House, till: Counter) -> None:
    nobody = factories.MemberFactory(organization=house.organization, profile={})
    till.add(nobody, 1)
    [row] = till.list()
    assert not {"customerFirstName", "customerEmail", "comment"} & set(row)
