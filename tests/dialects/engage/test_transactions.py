"""Lists of point transactions and one of them: V5, V5b, V6 and how each movement is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.models import LedgerAccount, Transaction
from ledger.services import capture_holds, revert_transactions
from loyalty.kernel.numbered import uuid_of
from members.models import Member
from tests.dialects.engage.world import ACCOUNTS, BULK, NOBODY, TRANSACTIONS, Engage, account_of, transaction
from tests.house import NOON, TESTER, House

pytestmark = pytest.mark.usefixtures("noon")


def ours(record: Any, kind: str = "transaction") -> str:
    return str(uuid_of(kind, record.id))


def amounts(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content
    return [item["amount"] for item in answer.body["items"]]


def test_v5_a_transaction_is_shown_with_all_the_document_has(engage: Engage, house: House, alice: Member) -> None:
    record = house.give(
        alice,
        71_970,
        description="@@(Bonus.Points) - Slim Fit T-shirt",
        source="Purchase",
        external_event_at=NOON - timedelta(hours=3),
        external_id="D5AD8BE8-6785-4922-95fe-b12500d3ff91",
    )
    own = account_of(house, alice)
    answer = engage.get(TRANSACTIONS, id=own)
    assert answer.body == {
        "items": [
            {
                "accountId": own,
                "amount": 719.7,
                "createdOn": "2030-03-15T12:00:00+00:00",
                "description": "@@(Bonus.Points) - Slim Fit T-shirt",
                "id": ours(record),
                "modifiedOn": "2030-03-15T12:00:00+00:00",
                "source": "Purchase",
                "transactionDate": "2030-03-15T09:00:00+00:00",
                "type": "Addition",
                "validFrom": "2030-03-15T09:00:00+00:00",
                "validTo": "2031-03-15T23:59:59+00:00",
                "retailTransactionLineItemId": "d5ad8be8-6785-4922-95fe-b12500d3ff91",
                "links": [
                    {
                        "href": f"http://127.0.0.1:8000/api/v3/point-accounts/{own}",
                        "method": "GET",
                        "rel": "account",
                    }
                ],
            }
        ],
        "totalCount": 1,
        "offset": 0,
        "count": 1,
        "links": [],
    }


def test_every_movement_has_its_type_its_sign_and_its_source(
    engage: Engage, house: House, alice: Member, bob: Member, noon: Any
) -> None:
    house.give(alice, 10_000, source="import")
    house.take(alice, 1_000)
    house.move(alice, bob, 300)
    kept = house.take(alice, 500, hold=True)
    house.take(alice, 200, hold=True)
    capture_holds(organization_id=house.id, captures={kept.id: 400}, actor=TESTER, at=NOON)
    undone = house.give(alice, 50)
    revert_transactions(organization_id=house.id, transaction_ids=[undone.id], actor=TESTER, at=NOON)
    noon.move_to(NOON + timedelta(days=400))
    shown = [
        (item["type"], item["amount"], item["source"], item["description"])
        for item in engage.get(TRANSACTIONS, id=account_of(house, alice), sortOrder="asc").body["items"]
    ]
    assert shown == [
        ("Addition", 100, "Adjustment", ""),
        ("Deduction", -10, "Manual", ""),
        ("Deduction", -3, "Manual", ""),
        ("Deduction", -4, "Manual", ""),
        ("Addition", 0.5, "Manual", ""),
        ("Cancellation", -0.5, "PointTransactionCancellation", ""),
        # R8; what the open hold keeps does not expire.
        ("Expiry", -81, "UpdateBalance", "@@(RemovedDueToTimeLimit)"),
    ]
    assert engage.get(TRANSACTIONS, id=account_of(house, bob)).body["items"][1]["type"] == "Addition"


def test_a_capture_is_dated_and_numbered_for_itself(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 1_000)
    hold = house.take(alice, 500, hold=True)
    assert amounts(engage.get(TRANSACTIONS, id=account_of(house, alice))) == [10]
    capture_holds(organization_id=house.id, captures={hold.id: None}, actor=TESTER, at=NOON)
    item = engage.get(TRANSACTIONS, id=account_of(house, alice)).body["items"][0]
    capture = Transaction.objects.get(kind="capture")
    assert (item["id"], item["amount"]) == (ours(capture), -5)
    assert engage.get(f"{TRANSACTIONS}/{item['id']}").body == item
    # What is only kept aside is not there.
    engage.refuses("GET", f"{TRANSACTIONS}/{ours(hold)}", None, 404, "PointTransactionNotFound")


def test_points_given_on_are_a_transaction_of_each_side(
    engage: Engage, house: House, alice: Member, bob: Member
) -> None:
    house.give(alice, 1_000, expires_at=NOON + timedelta(days=9))
    house.move(alice, bob, 300)
    given = engage.get(TRANSACTIONS, id=account_of(house, alice)).body["items"][0]
    taken = engage.get(TRANSACTIONS, id=account_of(house, bob)).body["items"][0]
    assert (given["amount"], taken["amount"]) == (-3, 3)
    assert given["id"] != taken["id"]
    assert (given["validTo"], taken["validTo"]) == (None, "2030-03-24T12:00:00+00:00")
    for item in (given, taken):
        assert engage.get(f"{TRANSACTIONS}/{item['id']}").body == item


def test_a_revert_of_points_given_on_is_one_of_each_side_too(
    engage: Engage, house: House, alice: Member, bob: Member
) -> None:
    house.give(alice, 1_000)
    moved = house.move(alice, bob, 300)
    revert_transactions(organization_id=house.id, transaction_ids=[moved.id], actor=TESTER, at=NOON)
    for member, amount in ((alice, 3), (bob, -3)):
        item = engage.get(TRANSACTIONS, id=account_of(house, member)).body["items"][0]
        assert (item["type"], item["amount"]) == ("Cancellation", amount)
        assert engage.get(f"{TRANSACTIONS}/{item['id']}").body == item


@pytest.fixture
def story(house: House, alice: Member) -> dict[str, str]:
    """Credits that are good, spent, not good yet and past, and what took them."""
    day = timedelta(days=1)
    house.give(alice, 100, expires_at=NOON - 2 * day, valid_from=NOON - 9 * day, external_event_at=NOON - 9 * day)
    house.give(alice, 200)
    house.give(alice, 300, valid_from=NOON + day)
    house.take(alice, 50)
    house.give(alice, 400, valid_from=NOON + 2 * day, external_event_at=NOON - 20 * day)
    return {"id": account_of(house, alice)}


@pytest.mark.parametrize("word", ["", "all", "All", "ALL"])
def test_v5_all_is_everything(engage: Engage, story: dict[str, str], word: str) -> None:
    answer = engage.get(TRANSACTIONS, **story, filter=word)
    assert amounts(answer) == [4, -0.5, 3, 2, -1, 1]
    assert answer.body["totalCount"] == 6


def test_r6_pending_is_what_is_not_valid_yet(engage: Engage, story: dict[str, str], noon: Any) -> None:
    answer = engage.get(TRANSACTIONS, **story, filter="pending")
    assert amounts(answer) == [4, 3]
    assert answer.body["totalCount"] == 2
    assert [item["validFrom"] for item in answer.body["items"]] == [
        "2030-03-17T12:00:00+00:00",
        "2030-03-16T12:00:00+00:00",
    ]
    noon.shift(timedelta(days=1))
    assert amounts(engage.get(TRANSACTIONS, **story, filter="Pending")) == [4]


def test_r6_active_is_what_is_valid_and_not_expired(engage: Engage, story: dict[str, str], noon: Any) -> None:
    assert amounts(engage.get(TRANSACTIONS, **story, filter="Active")) == [2]
    noon.shift(timedelta(days=1))
    answer = engage.get(TRANSACTIONS, **story, filter="active")
    assert amounts(answer) == [3, 2]
    # It was changed when it became valid.
    assert answer.body["items"][0]["modifiedOn"] == "2030-03-16T12:00:00+00:00"


def test_r6_active_in_an_account_without_tracking_is_every_credit(engage: Engage, house: House, alice: Member) -> None:
    LedgerAccount.objects.filter(pk=house.account.pk).update(expires_in_months=None, point_tracking_enabled=False)
    house.give(alice, 100)
    house.give(alice, 200, valid_from=NOON + timedelta(days=1))
    house.take(alice, 50)
    own = account_of(house, alice)
    answer = engage.get(TRANSACTIONS, id=own, filter="active")
    assert (amounts(answer), answer.body["items"][0]["validFrom"]) == ([1], None)
    assert amounts(engage.get(TRANSACTIONS, id=own, filter="pending")) == [2]


def test_v5_both_sorts_go_both_ways(engage: Engage, story: dict[str, str]) -> None:
    expected = {
        ("createdOn", "desc"): [4, -0.5, 3, 2, -1, 1],
        ("createdOn", "asc"): [1, -1, 2, 3, -0.5, 4],
        ("transactionDate", "desc"): [-0.5, 3, 2, -1, 1, 4],
        ("transactionDate", "asc"): [4, 1, -1, 2, 3, -0.5],
        ("TRANSACTIONDATE", "ASC"): [4, 1, -1, 2, 3, -0.5],
    }
    for (by, order), shown in expected.items():
        assert amounts(engage.get(TRANSACTIONS, **story, sortBy=by, sortOrder=order)) == shown, (by, order)
    assert amounts(engage.get(TRANSACTIONS, **story, filter="pending", sortBy="transactionDate")) == [3, 4]


@pytest.mark.parametrize("by", ["createdOn", "transactionDate"])
@pytest.mark.parametrize("filter", ["all", "active", "pending"])
def test_v5_pages_put_together_are_the_list(engage: Engage, story: dict[str, str], by: str, filter: str) -> None:
    asked = {**story, "sortBy": by, "filter": filter}
    whole = engage.get(TRANSACTIONS, **asked).body
    pages = [engage.get(TRANSACTIONS, **asked, offset=place, count=1).body for place in range(whole["totalCount"] + 1)]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {page["totalCount"] for page in pages} == {len(whole["items"])}
    assert pages[-1]["count"] == 0


QUERIES = ["filter=some", "sortBy=amount", "sortOrder=up", "offset=x", "count=0", "count=1001", "filter=%00"]


@pytest.mark.parametrize("query", QUERIES)
def test_v5_a_filter_or_sort_there_is_not_is_400(engage: Engage, story: dict[str, str], query: str) -> None:
    engage.refuses("GET", f"{TRANSACTIONS}?id={story['id']}&{query}", None, 400, "ValidationFailed")
    engage.refuses("GET", f"{BULK}?accountId={story['id']}&{query}", None, 400, "ValidationFailed")


@pytest.mark.parametrize("query", ["", "id=", "id=x", "id=1.5", "id=0", "id=%00"])
def test_v5_without_an_account_it_is_400(engage: Engage, query: str) -> None:
    engage.refuses("GET", f"{TRANSACTIONS}?{query}", None, 400, "ValidationFailed")


def test_v5_an_unknown_account_is_404_and_says_where_ids_come_from(
    engage: Engage, neighbor: House, charlie: Member, alice: Member
) -> None:
    neighbor.give(charlie, 5)
    # Clients mistake the contact's id for the account's.
    for number in (NOBODY, alice.customer_id, account_of(neighbor, charlie), 987654321):
        message = engage.refuses("GET", f"{TRANSACTIONS}?id={number}", None, 404, "PointAccountNotFound")
        assert "/api/v3/point-accounts?contactId=" in message


def test_v5b_an_account_is_named_by_its_id_or_by_contact_and_definition(
    engage: Engage, house: House, alice: Member, story: dict[str, str]
) -> None:
    wanted = engage.get(TRANSACTIONS, **story).body
    pair = {"contactId": alice.customer_id, "definitionId": house.account.pk}
    assert engage.get(BULK, accountId=story["id"]).body == wanted
    assert engage.get(BULK, **pair).body == wanted
    # The account wins, and the others are not looked at.
    assert engage.get(BULK, accountId=story["id"], contactId="x", definitionId="y").body == wanted
    assert engage.get(BULK, **pair, filter="pending", count=1).body["totalCount"] == 2


def test_v5b_a_link_of_an_account_leads_to_its_transactions(
    engage: Engage, alice: Member, story: dict[str, str]
) -> None:
    links = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]["links"]
    bodies = {link["rel"]: engage.get(link["href"].removeprefix("http://127.0.0.1:8000")).body for link in links}
    assert bodies["definition"]["name"] == "Points"
    assert bodies["transactions"]["totalCount"] == 6


def test_v5b_when_neither_is_complete_it_is_400(engage: Engage, house: House, alice: Member) -> None:
    contact, definition = f"contactId={alice.customer_id}", f"definitionId={house.account.pk}"
    for query in ("", contact, definition, f"contactId=x&{definition}", f"{contact}&definitionId=x", "accountId=x"):
        engage.refuses("GET", f"{BULK}?{query}", None, 400, "ValidationFailed")


def test_v5b_a_pair_without_account_is_an_empty_page(engage: Engage, house: House, alice: Member) -> None:
    answer = engage.get(BULK, contactId=alice.customer_id, definitionId=house.account.pk)
    assert (answer.status_code, answer.body["items"], answer.body["totalCount"]) == (200, [], 0)
    path = f"{BULK}?contactId={NOBODY}&definitionId={house.account.pk}"
    engage.refuses("GET", path, None, 404, "ContactNotFound")


def test_v6_a_posted_transaction_is_found_by_the_callers_id(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 100)
    asked = transaction(account_of(house, alice))
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    item = engage.get(TRANSACTIONS, id=asked["accountId"]).body["items"][0]
    assert item["id"] == asked["transactionId"]
    assert engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body == item
    assert engage.get(f"{TRANSACTIONS}/{asked['transactionId'].upper()}").body == item
    assert engage.get(f"{TRANSACTIONS}/{uuid_of('transaction', Transaction.objects.latest('pk').pk)}").body == item


@pytest.mark.parametrize("text", ["x", "1", NOBODY, str(uuid_of("transaction", 987654321)), "%C3%A9"])
def test_v6_a_transaction_that_is_not_there_is_404(engage: Engage, text: str) -> None:
    engage.refuses("GET", f"{TRANSACTIONS}/{text}", None, 404, "PointTransactionNotFound")


def test_v6_the_neighbors_transactions_do_not_exist(
    engage: Engage, neighbor: House, charlie: Member, house: House, alice: Member
) -> None:
    record = neighbor.give(charlie, 5)
    keyed = neighbor.give(charlie, 5, unique_key=NOBODY, key_kind="engage")
    # A key of another API is no id of this one.
    house.give(alice, 5, unique_key="00000000-0000-4000-8000-000000000001")
    for text in (ours(record), ours(keyed), NOBODY, "00000000-0000-4000-8000-000000000001"):
        engage.refuses("GET", f"{TRANSACTIONS}/{text}", None, 404, "PointTransactionNotFound")
