"""The list of an account's transactions: what is in it, every filter, order and page (semantics 0.6, 0.13, 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine

from ledger import services
from ledger.selectors import TransactionRecord
from members.models import Member
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

HOUR = timedelta(hours=1)


@dataclass
class Listed:
    """An account with a few transactions, and what a list of them shows, by name."""

    house: House
    api: Api
    names: dict[str, str]

    def ask(self, query: str = "") -> list[str]:
        """The names of the transactions the list shows, after its total was found to be right."""
        answer = self.api.get(f"{self.house.account_path}/transactions?{query}")
        assert answer.status_code == 200, answer.content
        if "page" not in query and "limit" not in query:
            assert answer.body["totalCount"] == len(answer.body["results"])
        return [self.names[row["ledgerTransactionId"]] for row in answer.body["results"]]

    def number(self, name: str) -> str:
        """The number of the transaction called so."""
        return next(number for number, called in self.names.items() if called == name)


@pytest.fixture
def listed(noon: time_machine.Coordinates, house: House, api: Api, alice: Member, bob: Member) -> Listed:
    """Seven transactions, an hour apart; one of them says that it happened the day before."""
    made: dict[str, TransactionRecord] = {}
    made["welcome"] = house.give(alice, 100, unique_key="k-1", tags=["new", "spring"])
    made["gift"] = house.move(alice, bob, 10, at=NOON + HOUR, tags=["spring"])
    made["late"] = house.give(bob, 5, at=NOON + 2 * HOUR, external_event_at=NOON - 24 * HOUR)
    made["hold"] = house.take(alice, 30, at=NOON + 3 * HOUR, hold=True, unique_key="k-2")
    services.capture_holds(organization_id=house.id, captures={made["hold"].id: 20}, actor=TESTER, at=NOON + 4 * HOUR)
    made["burn"] = house.take(bob, 1, at=NOON + 5 * HOUR, tags=["new, old"])
    made["undo"] = services.revert_transactions(
        organization_id=house.id, transaction_ids=[made["burn"].id], actor=TESTER, at=NOON + 6 * HOUR
    ).records[0]
    made["last"] = house.give(bob, 2, at=NOON + 7 * HOUR, tags=["spring", "new"])
    noon.move_to(NOON + 8 * HOUR)
    return Listed(house, api, {str(record.id): name for name, record in made.items()})


EVERYTHING = ["welcome", "gift", "late", "hold", "burn", "undo", "last"]


def test_transactions_are_listed_newest_first_and_a_hold_is_one_row(listed: Listed) -> None:
    assert listed.ask() == EVERYTHING[::-1]


def test_a_row_tells_how_its_transaction_stands_now(listed: Listed) -> None:
    rows = listed.api.get(f"{listed.house.account_path}/transactions").body["results"]
    stands = {
        listed.names[row["ledgerTransactionId"]]: (row["kind"], row["status"], row["capturedAmount"]) for row in rows
    }
    assert stands == {
        "welcome": ("mint", "captured", 100),
        "gift": ("transfer", "captured", 10),
        "late": ("mint", "captured", 5),
        "hold": ("burn", "captured", 20),
        "burn": ("burn", "reverted", 1),
        "undo": ("revert", "captured", 1),
        "last": ("mint", "captured", 2),
    }


def test_a_wallet_is_either_side(listed: Listed, alice: Member, bob: Member) -> None:
    assert listed.ask(f"walletId={alice.wallet_id}") == ["hold", "gift", "welcome"]
    assert listed.ask(f"walletId={bob.wallet_id}") == ["last", "undo", "burn", "late", "gift"]
    assert listed.ask(f"walletId={listed.house.account.burned_id}") == ["undo", "burn", "hold"]
    assert listed.ask("walletId=987654321") == []


def test_a_wallets_list_has_pages_too(listed: Listed, bob: Member) -> None:
    answer = listed.api.get(f"{listed.house.account_path}/transactions?walletId={bob.wallet_id}&limit=2&page=1").body
    assert (answer["totalCount"], answer["page"], answer["limit"]) == (5, 1, 2)
    assert [listed.names[row["ledgerTransactionId"]] for row in answer["results"]] == ["burn", "late"]
    assert listed.ask(f"walletId={bob.wallet_id}&limit=2&page=2") == ["gift"]
    assert listed.ask(f"walletId={bob.wallet_id}&limit=2&page=3") == []


def test_dates_are_of_the_event_and_inclusive(listed: Listed) -> None:
    assert listed.ask("toExternalEventDate=2030-03-15T11:59:59Z") == ["late"]
    assert listed.ask("fromExternalEventDate=2030-03-14T12:00:00Z&toExternalEventDate=2030-03-15T12:00:00Z") == [
        "late",
        "welcome",
    ]
    # Two o'clock in Berlin is one o'clock here; without a zone it is UTC.
    assert listed.ask("fromExternalEventDate=2030-03-15T19:00:00%2B01:00") == ["last", "undo"]
    assert listed.ask("fromExternalEventDate=2030-03-15T19:00:00") == ["last"]


def test_numbers_are_inclusive(listed: Listed) -> None:
    low, high = listed.number("late"), listed.number("burn")
    assert listed.ask(f"fromLedgerTransactionId={low}&toLedgerTransactionId={high}") == ["burn", "hold", "late"]
    assert listed.ask(f"fromLedgerTransactionId={high}") == ["last", "undo", "burn"]
    assert listed.ask(f"toLedgerTransactionId={low}") == ["late", "gift", "welcome"]


def test_a_key_is_matched_exactly(listed: Listed) -> None:
    assert listed.ask("systemUniqueKey=k-1") == ["welcome"]
    assert listed.ask(f"systemUniqueKey=revert:{listed.number('burn')}") == ["undo"]
    for near in ("k", "K-1", "k-1%20", "%25"):
        assert listed.ask(f"systemUniqueKey={near}") == []


def test_every_tag_must_be_there(listed: Listed) -> None:
    assert listed.ask("tags=spring") == ["last", "gift", "welcome"]
    assert listed.ask("tags=spring,new") == ["last", "welcome"]
    assert listed.ask("tags=new,%20spring,") == ["last", "welcome"]
    assert listed.ask("tags=sprin") == []
    assert listed.ask("tags=,") == EVERYTHING[::-1]


def test_filters_narrow_together(listed: Listed, bob: Member) -> None:
    assert listed.ask(f"walletId={bob.wallet_id}&tags=spring&toLedgerTransactionId={listed.number('burn')}") == ["gift"]
    query = f"walletId={bob.wallet_id}&fromExternalEventDate=2030-03-15T17:00:00Z&order=effectiveAt"
    assert listed.ask(query) == ["burn", "undo", "last"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ledgerTransactionId", EVERYTHING),
        ("ledgerTransactionId,asc", EVERYTHING),
        ("ledgerTransactionId,desc", EVERYTHING[::-1]),
        ("createdAt", EVERYTHING),
        ("createdAt,desc", EVERYTHING[::-1]),
        ("effectiveAt", ["late", "welcome", "gift", "hold", "burn", "undo", "last"]),
        ("effectiveAt,desc", ["last", "undo", "burn", "hold", "gift", "welcome", "late"]),
    ],
)
def test_transactions_can_be_ordered(listed: Listed, order: str, expected: list[str]) -> None:
    assert listed.ask(f"order={order}") == expected
    pages = [name for page in range(4) for name in listed.ask(f"order={order}&limit=2&page={page}")]
    assert pages == expected


@pytest.mark.parametrize("order", ["ledgerTransactionId", "createdAt", "effectiveAt,desc"])
def test_a_wallets_transactions_can_be_ordered(listed: Listed, alice: Member, order: str) -> None:
    expected = ["hold", "gift", "welcome"] if order.endswith("desc") else ["welcome", "gift", "hold"]
    assert listed.ask(f"walletId={alice.wallet_id}&order={order}") == expected
    pages = [
        name
        for page in range(2)
        for name in listed.ask(f"walletId={alice.wallet_id}&order={order}&limit=2&page={page}")
    ]
    assert pages == expected


def test_rows_of_one_instant_come_by_their_number(house: House, api: Api, alice: Member) -> None:
    records = [house.give(alice, 1, at=NOON - 24 * HOUR * 900) for _ in range(4)]
    numbers = [str(record.id) for record in records]

    def ask(order: str) -> list[str]:
        rows = api.get(f"{house.account_path}/transactions?order={order}").body["results"]
        return [row["ledgerTransactionId"] for row in rows]

    assert ask("effectiveAt") == numbers
    assert ask("effectiveAt,desc") == numbers[::-1]


def test_the_envelope_tells_the_page(listed: Listed) -> None:
    answer = listed.api.get(f"{listed.house.account_path}/transactions?page=2&limit=3").body
    assert {name: answer[name] for name in ("totalCount", "page", "limit")} == {"totalCount": 7, "page": 2, "limit": 3}
    assert [listed.names[row["ledgerTransactionId"]] for row in answer["results"]] == ["welcome"]


def test_a_page_holds_25_unless_told_otherwise_and_never_more(house: House, api: Api, alice: Member) -> None:
    moves = [services.mint(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=1) for _ in range(27)]
    house.post(*moves)
    path = f"{house.account_path}/transactions"
    answer = api.get(path).body
    assert (answer["totalCount"], answer["page"], answer["limit"], len(answer["results"])) == (27, 0, 25, 25)
    assert len(api.get(f"{path}?page=1").body["results"]) == 2
    for query in ("limit=26", "limit=0", "page=-1"):
        refuses(api, "GET", f"{path}?{query}", None, 400, "INVALID_INPUT")


def test_another_accounts_transactions_are_not_in_the_list(house: House, api: Api, alice: Member) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)
    house.give(alice, 1)
    house.post(services.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=1))
    for query in ("", f"?walletId={alice.wallet_id}"):
        assert api.get(f"{house.account_path}/transactions{query}").body["totalCount"] == 1


def test_totals_stay_right_through_expiry_and_voided_holds(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    house.give(alice, 10, expires_at=NOON + HOUR)
    hold = house.take(alice, 4, hold=True)
    services.release_hold(organization_id=house.id, transaction_id=hold.id, actor=TESTER, at=NOON)
    noon.move_to(NOON + HOUR)
    api.get(house.wallet_path(alice))
    for query in ("", f"?walletId={alice.wallet_id}"):
        answer = api.get(f"{house.account_path}/transactions{query}").body
        assert (answer["totalCount"], [(row["kind"], row["status"]) for row in answer["results"]]) == (
            3,
            [("expire", "captured"), ("burn", "voided"), ("mint", "captured")],
        )
    lot_key = answer["results"][0]["systemUniqueKey"]
    assert lot_key.startswith("expire:")
    assert answer["results"][0]["effectiveAt"] == "2030-03-15T13:00:00Z"
