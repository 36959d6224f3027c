"""G1: claims that are requested, row by row (contract coggins K1 to K6)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from loyalty.kernel.clock import NEVER
from loyalty.kernel.models import AuditEntry, Job, Organization
from members.models import Claim, Store
from members.services import update_store
from tests.databases import round_trips
from tests.dialects.coggins.store import Counter
from tests.house import TESTER, House

EMAIL = "test011@atest.com"


def row_of(counter: Counter, **row: Any) -> dict[str, Any]:
    """The answer to one row."""
    answer = counter.request([row])
    assert answer.status_code == 200, answer.content
    (found,) = answer.body
    return found


def made(counter: Counter, **row: Any) -> Claim:
    """The claim that came of one row."""
    found = row_of(counter, **row)
    assert found["created"] is True, found
    return Claim.objects.get(token=found["claimToken"])


def refused(counter: Counter, **row: Any) -> str:
    """Why one row was refused, which made nothing."""
    before = Claim.objects.count()
    found = row_of(counter, **row)
    assert found["created"] is False
    assert not {"claimToken", "claimUrl"} & set(found)
    assert Claim.objects.count() == before
    return str(found["message"])


def test_k1_only_the_amount_is_needed_and_only_what_was_sent_comes_back(counter: Counter) -> None:
    found = row_of(counter, amount=400)
    assert set(found) == {"amount", "claimToken", "claimUrl", "created"}
    claim = Claim.objects.get()
    assert (claim.email, claim.customer_type) == ("", "")
    assert refused(counter, email=EMAIL) == "amount must be a whole number."


def test_k1_null_is_as_not_sent(noon: time_machine.Coordinates, counter: Counter) -> None:
    claim = made(counter, amount=400, email=None, customerType=None, expires=None)
    assert (claim.email, claim.customer_type, claim.expires_at) == ("", "", NEVER)
    assert refused(counter, amount=None) == "amount must be a whole number."


def test_amounts_are_whole_points_of_the_account(house: House, counter: Counter) -> None:
    type(house.account).objects.filter(pk=house.account.pk).update(decimals=2)
    assert made(counter, amount=400).amount == 40_000
    assert made(counter, amount=400.0).amount == 40_000
    assert refused(counter, amount=400.5) == "amount must be a whole number."
    for amount in (0, -1, 18_446_744_073_709, 10**18, 2**63 - 1):
        assert refused(counter, amount=amount).startswith("The amount must be at least 1")
    assert made(counter, amount=184_467_440_737).amount == 18_446_744_073_700


def test_k2_an_email_is_kept_as_it_is_compared_and_need_be_nobodys(counter: Counter) -> None:
    assert made(counter, amount=1, email="  Test011@ATest.com ").email == EMAIL
    for email in ("nobody", "a@b", "a b@c.de", "", "   ", 5, [], {}, True, "a@b.de,c@d.ef", "x" * 300 + "@b.de"):
        assert refused(counter, amount=1, email=email) == "Supplied email is invalid"


def test_k3_a_customer_type_is_one_of_the_stores(counter: Counter, store: Store) -> None:
    assert made(counter, amount=1, customerType="Internal").customer_type == "Internal"
    for word in ("internal", "Nobody"):
        assert refused(counter, amount=1, customerType=word) == "The customerType is not one of this store's."
    for value in ("", 5, [], True):
        assert refused(counter, amount=1, customerType=value) == "customerType must be a text."


@pytest.mark.parametrize(
    ("days", "ends"),
    [(0, (2030, 3, 16, 3, 59, 59)), (1, (2030, 3, 17, 3, 59, 59)), (30, (2030, 4, 15, 3, 59, 59))],
)
def test_k4_a_claim_ends_with_the_local_day_its_days_after(
    noon: time_machine.Coordinates, house: House, counter: Counter, days: int, ends: tuple[int, ...]
) -> None:
    Organization.objects.filter(pk=house.id).update(timezone="America/New_York")
    assert made(counter, amount=1, expires=days).expires_at == datetime(*ends, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_k4_the_time_of_day_does_not_count(noon: time_machine.Coordinates, counter: Counter) -> None:
    for hour in (0, 12, 23):
        noon.move_to(datetime(2030, 3, 15, hour, 59, tzinfo=UTC))
        assert made(counter, amount=1, expires=1).expires_at == datetime(2030, 3, 16, 23, 59, 59, tzinfo=UTC)


def test_k4_without_it_the_stores_days_count_or_none(
    noon: time_machine.Coordinates, counter: Counter, store: Store
) -> None:
    assert made(counter, amount=1).expires_at == NEVER
    update_store(store=store, changes={"claim_days": 2}, actor=TESTER, at=datetime(2030, 3, 15, 12, tzinfo=UTC))
    assert made(counter, amount=1).expires_at == datetime(2030, 3, 17, 23, 59, 59, tzinfo=UTC)
    assert made(counter, amount=1, expires=0).expires_at == datetime(2030, 3, 15, 23, 59, 59, tzinfo=UTC)


def test_k4_days_out_of_reach_are_refused(counter: Counter) -> None:
    for days in (-1, 36_501, 10**18):
        assert refused(counter, amount=1, expires=days) == "expires is a number of days from 0 to 36500."
    for value in (1.5, "1", True, [], {}):
        assert refused(counter, amount=1, expires=value) == "expires must be a whole number."
    assert made(counter, amount=1, expires=36_500).expires_at < NEVER


@pytest.mark.parametrize("body", [{"amount": 400}, {}, [], 5, "text", None, True, b"", b"  "])
def test_k5_what_is_no_array_is_an_invalid_or_empty_payload(counter: Counter, body: Any) -> None:
    sent = b"null" if body is None else body
    counter.refuses(lambda: counter.request(sent), 400, "Invalid or Empty Payload")
    counter.refuses(lambda: counter.instant(sent), 400, "Invalid or Empty Payload")


def test_k6_a_row_that_is_wrong_says_so_and_the_others_go_on_in_their_order(counter: Counter) -> None:
    answer = counter.request([{"amount": 1}, {"amount": "x"}, 5, {"amount": 2, "email": "no"}, [], {"amount": 3}])
    assert answer.status_code == 200
    assert [row["created"] for row in answer.body] == [True, False, False, False, False, True]
    assert [row.get("message") for row in answer.body] == [
        None,
        "amount must be a whole number.",
        "Each row must be an object.",
        "Supplied email is invalid",
        "Each row must be an object.",
        None,
    ]
    assert answer.body[2] == {"created": False, "message": "Each row must be an object."}
    assert [Claim.objects.get(token=answer.body[n]["claimToken"]).amount for n in (0, 5)] == [1, 3]
    assert Claim.objects.count() == 2


def test_more_than_a_thousand_rows_are_refused_as_a_whole(counter: Counter) -> None:
    counter.refuses(lambda: counter.request([{"amount": 1}] * 1001), 400, "At most 1000 rows in one request.")
    row = {"amount": 1, "email": "alice@example.com"}
    counter.refuses(lambda: counter.instant([row] * 1001), 400, "At most 1000 rows in one request.")


def test_a_thousand_rows_cost_what_one_does(counter: Counter) -> None:
    counter.request([{"amount": 1}])  # What the process remembers is read.
    with round_trips() as one:
        counter.request([{"amount": 1}])
    with round_trips() as many:
        answer = counter.request([{"amount": n + 1, "email": f"person{n}@example.com"} for n in range(1000)])
    assert [row["created"] for row in answer.body] == [True] * 1000
    assert len({row["claimToken"] for row in answer.body}) == 1000
    # The embedded database takes so many values in one statement.
    assert len(many) <= len(one) + 60


def test_a_claim_mails_nothing_by_itself_and_the_history_names_nobody(counter: Counter) -> None:
    made(counter, amount=400, email=EMAIL, customerType="Internal")
    counter.request([{"amount": 1, "email": EMAIL}, {"amount": 2, "email": EMAIL}])
    assert not Job.objects.exists()
    one, two = AuditEntry.objects.filter(action__startswith="claim").order_by("pk")
    assert (one.action, one.after) == (
        "claim.created",
        {"amount": 400, "bound": True, "customer_type": "Internal"},
    )
    assert (two.action, two.after) == ("claims.created", {"claims": 2, "amount": 3})
    assert one.actor.startswith("credential:")


def test_the_same_row_twice_is_two_claims(counter: Counter) -> None:
    answer = counter.request([{"amount": 1}, {"amount": 1}])
    assert answer.body[0]["claimToken"] != answer.body[1]["claimToken"]
    assert all(uuid.UUID(row["claimToken"]).version == 4 for row in answer.body)


def test_a_retry_with_its_idempotency_key_makes_nothing_and_answers_as_before(counter: Counter) -> None:
    words = {"Idempotency-Key": "order-1"}
    rows = [{"amount": 1}, {"amount": "x"}, {"amount": 10**22}]
    first = counter.request(rows, **words)
    again = counter.request(rows, **words)
    assert first.status_code == again.status_code == 200
    assert first.body == again.body
    assert Claim.objects.count() == 1
    counter.refuses(
        lambda: counter.request([{"amount": 2}], **words),
        409,
        "This unique key was already used with different content.",
    )
    counter.refuses(lambda: counter.request([{"amount": 1}], **{"Idempotency-Key": "x" * 256}), 400)


def test_without_an_active_default_store_there_is_nothing(counter: Counter, store: Store) -> None:
    Store.objects.filter(pk=store.pk).update(active=False)
    says = "The organization has no active default store."
    counter.refuses(lambda: counter.request([{"amount": 1}]), 404, says)
    counter.refuses(lambda: counter.lookup("alice@example.com"), 404, says)
    counter.refuses(lambda: counter.instant([{"amount": 1, "email": "alice@example.com"}]), 404, says)
