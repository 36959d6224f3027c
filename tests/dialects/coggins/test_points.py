"""G2 and G3: what people have, and edits of it (contract coggins K8, K9, K12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from ledger import services as ledger
from ledger.models import Lot, Transaction
from loyalty.kernel import clock
from members.models import Member, Store
from members.services import update_member, update_store
from tests import factories
from tests.databases import round_trips
from tests.dialects.coggins.store import Counter
from tests.house import TESTER, House
from tests.walk import every_row

ALICE = "alice@example.com"


def has(counter: Counter, email: str = ALICE) -> tuple[int, int]:
    """(available, used)."""
    answer = counter.lookup(email)
    assert answer.status_code == 200, answer.content
    assert list(answer.body) == ["AvailablePoints", "UsedPoints"]
    return answer.body["AvailablePoints"], answer.body["UsedPoints"]


def revert(house: House, transaction_id: int) -> None:
    ledger.revert_transactions(organization_id=house.id, transaction_ids=[transaction_id], actor=TESTER, at=clock.now())


def test_k9_used_is_all_that_was_ever_burned(house: House, alice: Member, bob: Member, counter: Counter) -> None:
    house.give(alice, 1000)
    assert has(counter) == (1000, 0)
    house.take(alice, 100)
    house.take(alice, 20)
    assert has(counter) == (880, 120)
    house.move(alice, bob, 50)  # A transfer is no spending.
    assert has(counter) == (830, 120)
    assert has(counter, "bob@example.com") == (50, 0)


def test_k9_a_hold_counts_as_used_only_once_it_is_captured(house: House, alice: Member, counter: Counter) -> None:
    house.give(alice, 1000)
    hold = house.take(alice, 300, hold=True)
    assert has(counter) == (700, 0)
    ledger.capture_holds(
        organization_id=house.id,
        captures={hold.id: 200},
        ledger_id=house.ledger.pk,
        account_id=house.account.pk,
        actor=TESTER,
        at=clock.now(),
    )
    assert has(counter) == (800, 200)
    revert(house, hold.id)
    assert has(counter) == (1000, 0)


def test_k9_what_was_given_back_was_not_used(house: House, alice: Member, counter: Counter) -> None:
    house.give(alice, 1000)
    burned = house.take(alice, 300)
    house.take(alice, 7)
    revert(house, burned.id)
    assert has(counter) == (993, 7)


def test_k9_an_instant_deduction_lowers_what_is_available_and_is_not_used(
    house: House, alice: Member, counter: Counter
) -> None:
    house.give(alice, 1000)
    house.take(alice, 100)
    assert counter.instant([{"amount": -400, "email": ALICE}]).body[0]["success"] is True
    assert has(counter) == (500, 100)


def test_k9_what_expired_was_not_used(
    noon: time_machine.Coordinates, house: House, alice: Member, counter: Counter
) -> None:
    house.give(alice, 1000)
    noon.move_to(datetime(2031, 3, 16, 1, tzinfo=UTC))
    fresh = Counter(counter.key)
    assert has(fresh) == (0, 0)


def test_a_fraction_of_a_point_is_not_shown_and_not_lost(house: House, alice: Member, counter: Counter) -> None:
    type(house.account).objects.filter(pk=house.account.pk).update(decimals=2)
    house.give(alice, 10_099)
    house.take(alice, 150)
    assert has(counter) == (99, 1)
    assert house.balance(alice)[0] == 9_949


@pytest.mark.parametrize(
    "text", ["ALICE@Example.COM", "alice%40example.com", "alice@example.com%20", "%20Alice%40example.com "]
)
def test_k12_the_email_is_decoded_trimmed_and_has_no_case(
    house: House, alice: Member, counter: Counter, text: str
) -> None:
    house.give(alice, 5)
    assert has(counter, text) == (5, 0)


def test_k12_a_plus_and_other_letters_are_as_they_are(house: House, counter: Counter) -> None:
    for email in ("a+b@example.com", "jürgen@example.com", "o'neil@example.com", "a/b@example.com"):
        factories.MemberFactory(organization=house.organization, profile={"email": email})
        assert has(counter, email.replace("ü", "%C3%BC").replace("/", "%2F")) == (0, 0)


@pytest.mark.parametrize(
    "email", ["nobody@example.com", "no", "%00", "a%00@b.de", "x" * 390, "%FF", "charlie@example.com"]
)
def test_g2_an_unknown_email_is_a_404_with_a_message(
    house: House, charlie: Member, counter: Counter, email: str
) -> None:
    counter.refuses(lambda: counter.lookup(email), 404)
    if "%" not in email:
        counter.refuses(lambda: counter.lookup(email), 404, "Invalid Email for Store")


def test_of_several_with_one_email_the_oldest_is_meant(house: House, alice: Member, counter: Counter) -> None:
    second = factories.MemberFactory(organization=house.organization, loyalty_member_id="z", profile={"email": ALICE})
    house.give(alice, 1)
    house.give(second, 2)
    assert has(counter) == (1, 0)
    counter.instant([{"amount": 10, "email": ALICE}])
    assert (house.balance(alice)[0], house.balance(second)[0]) == (11, 2)


def test_k8_an_edit_is_one_movement_at_once_that_expires_as_the_stores_points_do(
    noon: time_machine.Coordinates, house: House, alice: Member, counter: Counter, store: Store
) -> None:
    update_store(store=store, changes={"days_locked": 5}, actor=TESTER, at=clock.now())
    answer = counter.instant([{"amount": 400, "email": ALICE}])
    assert answer.body == [{"amount": 400, "email": ALICE, "success": True, "message": ""}]
    assert house.balance(alice) == (400, 0, 0)
    assert Lot.objects.get().expires_at == datetime(2030, 4, 14, 23, 59, 59, tzinfo=UTC)
    written = Transaction.objects.get()
    assert (written.kind, written.amount, written.source) == ("mint", 400, "coggins-instant")
    assert written.actor.startswith("credential:")
    counter.instant([{"amount": -150, "email": ALICE}])
    assert (Transaction.objects.latest("pk").kind, house.balance(alice)) == ("burn", (250, 0, 0))
    assert house.findings() == []


def test_k8_an_unknown_email_fails_its_row(house: House, alice: Member, charlie: Member, counter: Counter) -> None:
    rows = [
        {"amount": 1, "email": "nobody@example.com"},
        {"amount": 2, "email": ALICE},
        {"amount": 3, "email": "charlie@example.com"},
    ]
    answer = counter.instant(rows)
    assert answer.status_code == 200
    missing = {"success": False, "message": "One of the accounts does not exist."}
    assert answer.body == [rows[0] | missing, rows[1] | {"success": True, "message": ""}, rows[2] | missing]
    assert Transaction.objects.count() == 1


def test_k8_a_deduction_beyond_the_balance_fails_its_row_and_the_others_go_on(
    house: House, alice: Member, bob: Member, counter: Counter
) -> None:
    house.give(alice, 100)
    house.take(alice, 30, hold=True)
    rows = [{"amount": amount, "email": ALICE} for amount in (-71, -70, -1, 5, -5)]
    answer = counter.instant(rows)
    assert [row["success"] for row in answer.body] == [False, True, False, True, True]
    assert answer.body[0]["message"] == "The account does not have that many points."
    assert house.balance(alice) == (30, 30, 0)


def test_a_blocked_member_takes_no_edit_and_is_still_looked_up(house: House, alice: Member, counter: Counter) -> None:
    house.give(alice, 10)
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    before = every_row()
    answer = counter.instant([{"amount": 1, "email": ALICE}])
    assert answer.body == [{"amount": 1, "email": ALICE, "success": False, "message": "The account is not active."}]
    assert every_row() == before
    assert has(counter) == (10, 0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"amount": 0, "email": ALICE}, "The amount must not be 0, and not larger than can be kept."),
        ({"amount": 10**18, "email": ALICE}, "The amount must not be 0, and not larger than can be kept."),
        ({"amount": -(10**18), "email": ALICE}, "The amount must not be 0, and not larger than can be kept."),
        ({"amount": 1.5, "email": ALICE}, "amount must be a whole number."),
        ({"amount": "5", "email": ALICE}, "amount must be a whole number."),
        ({"amount": True, "email": ALICE}, "amount must be a whole number."),
        ({"email": ALICE}, "amount must be a whole number."),
        ({"amount": 1}, "Supplied email is invalid"),
        ({"amount": 1, "email": 5}, "Supplied email is invalid"),
        ({"amount": 1, "email": ""}, "Supplied email is invalid"),
        ({"amount": 1, "email": "no"}, "One of the accounts does not exist."),
        (5, "Each row must be an object."),
        (None, "Each row must be an object."),
    ],
)
def test_a_row_that_is_wrong_is_told_and_moves_nothing(
    house: House, alice: Member, counter: Counter, row: Any, message: str
) -> None:
    house.give(alice, 5)
    before = every_row()
    answer = counter.instant([row])
    sent = row if isinstance(row, dict) else {}
    assert answer.status_code == 200
    assert answer.body == [{"amount": None, "email": None, **sent, "success": False, "message": message}]
    assert every_row() == before


def test_a_retry_with_its_idempotency_key_edits_once(house: House, alice: Member, counter: Counter) -> None:
    body, words = [{"amount": 7, "email": ALICE}], {"Idempotency-Key": "shift-1"}
    first, again = counter.instant(body, **words), counter.instant(body, **words)
    assert first.body == again.body
    assert house.balance(alice) == (7, 0, 0)
    counter.refuses(lambda: counter.instant([{"amount": 8, "email": ALICE}], **words), 409)
    # The same word at the other operation is another key.
    assert counter.request([{"amount": 7}], **words).status_code == 200


def test_a_thousand_edits_cost_a_bounded_number_of_queries(
    house: House, alice: Member, bob: Member, counter: Counter
) -> None:
    house.give(alice, 1_000_000)
    rows = [{"amount": 5 - 10 * (n % 2), "email": (ALICE, "bob@example.com")[n % 4 // 2]} for n in range(300)]
    counter.instant(rows[:4])
    with round_trips() as few:
        counter.instant(rows[:4])
    with round_trips() as many:
        answer = counter.instant(rows)
    assert all(row["success"] for row in answer.body)
    # Long lists are written in a few statements more than short ones.
    assert len(many) <= len(few) + 8


def test_queries_do_not_grow_with_the_history(house: House, alice: Member, counter: Counter) -> None:
    house.give(alice, 100_000)

    def costs() -> tuple[int, int]:
        with round_trips() as reading:
            assert has(counter)[0] > 0
        with round_trips() as editing:
            assert counter.instant([{"amount": -1, "email": ALICE}]).body[0]["success"]
        return len(reading), len(editing)

    costs()
    few = costs()
    for _ in range(40):
        house.take(alice, 1)
        house.give(alice, 2)
    assert costs() == few
    # The key, the store with the member, the balance, what was spent.
    assert few[0] == 4


def test_an_edit_costs_no_more_round_trips_than_a_mint_of_the_core_api(
    house: House, alice: Member, counter: Counter, api: Any
) -> None:
    path = f"{house.wallet_path(alice)}/mint"

    def core() -> int:
        with round_trips() as asked:
            assert api.post(path, {"amount": 1}).status_code == 201
        return len(asked)

    def ours() -> int:
        with round_trips() as asked:
            assert counter.instant([{"amount": 1, "email": ALICE}]).body[0]["success"]
        return len(asked)

    core(), ours()
    # One more: the core API is told the wallet, and here it is looked up by email.
    assert ours() <= core() + 1
