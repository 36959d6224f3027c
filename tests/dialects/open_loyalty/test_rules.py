"""The rules of points transfers, one by one (contract open_loyalty 1.4 and what is decided there)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ledger.models import Hold, LedgerAccount, Lot, Transaction
from ledger.services import settle_due
from loyalty.kernel import clock
from members.models import Member, Store
from members.services import update_store
from tests import factories
from tests.dialects.open_loyalty.counter import Counter, Shop, number, open_shop
from tests.house import TESTER, House
from tests.walk import every_row

NOT_ENOUGH = {
    "form": {
        "children": {
            "customer": {},
            "points": {"errors": ["not enough points"]},
            "validityDuration": {},
            "comment": {},
        }
    },
    "errors": [],
}


def set_store(shop: Shop, **changes: object) -> None:
    update_store(store=shop.store, changes=changes, actor=TESTER, at=clock.now())


def refused(answer: object, child: str, message: str) -> None:
    assert answer.status_code == 400, answer.content  # type: ignore[attr-defined]
    children = answer.body["form"]["children"]  # type: ignore[attr-defined]
    assert children[child] == {"errors": [message]}
    assert [name for name, told in children.items() if told] == [child]
    assert answer.body["errors"] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", ["add", "spend", "block"])
def test_d1_at_least_one_point_is_given_taken_and_blocked(
    house: House, till: Counter, alice: Member, what: str
) -> None:
    till.add(alice, 5)
    before = every_row()
    for points in ("0", "0.99", "-1"):
        answer = till.post(f"points/transfer/{what}", customer=str(alice.customer_id), points=points)
        refused(answer, "points", "This value should be 1 or more.")
    assert every_row() == before
    till.made(what, customer=str(alice.customer_id), points="1.01")


def test_d1_more_than_nothing_is_sent(house: House, till: Counter, alice: Member, bob: Member) -> None:
    till.add(alice, 5)
    before = every_row()
    for points in ("0", "0.00", "-1"):
        answer = till.post(
            "admin/p2p-points-transfer", sender="alice@example.com", receiver="bob@example.com", points=points
        )
        refused(answer, "points", "This value should be 0.01 or more.")
    assert every_row() == before
    till.p2p(alice, bob, "0.01")
    assert house.balance(bob) == (1, 0, 0)


def test_points_are_exact_and_have_no_more_decimals_than_the_account(till: Counter, alice: Member) -> None:
    path, who = "points/transfer/add", str(alice.customer_id)
    for points in (10.55, "10.55", 10, 1055e-2):
        assert till.json(path, {"transfer": {"customer": who, "points": points}}).status_code == 200
    assert list(Transaction.objects.order_by("pk").values_list("amount", flat=True)) == [
        1055,
        1055,
        1000,
        1055,
    ]
    before = every_row()
    for points in (10.555, "10.001"):
        answer = till.json(path, {"transfer": {"customer": who, "points": points}})
        refused(answer, "points", "This value should have at most 2 decimals.")
    assert every_row() == before
    assert [row["value"] for row in till.list()] == [10.55, 10, 10.55, 10.55]
    assert b'"value":10.55,' in till.get("points/transfer").content
    assert b'"value":10,' in till.get("points/transfer").content


@pytest.mark.parametrize(
    "mode, days_active, days_locked, ends",
    [
        (Store.Expiry.AFTER_DAYS, 30, 0, datetime(2030, 4, 14, 21, 59, 59, tzinfo=UTC)),
        (Store.Expiry.AFTER_DAYS, 30, 10, datetime(2030, 4, 24, 21, 59, 59, tzinfo=UTC)),
        (Store.Expiry.MONTH, 30, 0, datetime(2030, 3, 31, 21, 59, 59, tzinfo=UTC)),
        (Store.Expiry.YEAR, 30, 0, datetime(2030, 12, 31, 22, 59, 59, tzinfo=UTC)),
        (Store.Expiry.NEVER, 30, 0, clock.NEVER),
    ],
)
def test_d2_d3_points_end_with_the_last_second_of_a_local_day(
    noon: time_machine.Coordinates,
    house: House,
    alice: Member,
    mode: Store.Expiry,
    days_active: int,
    days_locked: int,
    ends: datetime,
) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    shop = open_shop(house, expiry_mode=mode, days_active=days_active, days_locked=days_locked)
    made = shop.with_key().add(alice, 5)
    assert Lot.objects.get(transaction=number(made)).expires_at == ends
    shown = shop.with_key().shown(made)
    if mode == Store.Expiry.NEVER:
        assert "expiresAt" not in shown
    else:
        assert shown["expiresAt"][-14:] in ("23:59:59+02:00", "23:59:59+01:00")


def test_d3_the_last_second_of_a_month_belongs_to_the_next(house: House, alice: Member) -> None:
    shop = open_shop(house, expiry_mode=Store.Expiry.MONTH)
    with time_machine.travel(datetime(2030, 3, 31, 23, 59, 59, 500_000, tzinfo=UTC), tick=False):
        made = shop.with_key().add(alice, 5)
    assert Lot.objects.get(transaction=number(made)).expires_at == datetime(2030, 4, 30, 23, 59, 59, tzinfo=UTC)


def test_d4_a_validity_duration_is_honored(noon: time_machine.Coordinates, till: Counter, alice: Member) -> None:
    made = till.add(alice, 5, validityDuration=7)
    assert till.shown(made)["expiresAt"] == "2030-03-22T23:59:59+00:00"
    till.spend(alice, 1, validityDuration=7)
    before = every_row()
    for days in ("0", "-3"):
        answer = till.post("points/transfer/add", customer=str(alice.customer_id), points=1, validityDuration=days)
        refused(answer, "validityDuration", "This value should be 1 or more.")
    assert every_row() == before


def test_d5_d6_locked_points_are_pending_until_their_day_or_until_activated(
    noon: time_machine.Coordinates, house: House, shop: Shop, till: Counter, alice: Member
) -> None:
    set_store(shop, days_locked=10)
    made, later = till.add(alice, 5), till.add(alice, 7)
    shown = till.shown(made)
    assert (shown["state"], shown["lockedUntil"]) == ("pending", "2030-03-25T12:00:00+00:00")
    assert house.balance(alice) == (0, 0, 1200)
    assert till.post("points/transfer/spend", customer=str(alice.customer_id), points=1).body == NOT_ENOUGH
    answer = till.end("activate", made)
    assert (answer.status_code, answer.content) == (204, b"")
    assert till.shown(made)["state"] == "active"
    assert "lockedUntil" not in till.shown(made)
    again = till.end("activate", made)
    assert (again.status_code, again.body) == (400, {"error": f"Points transfer: #{made} - cannot be unlocked"})
    # Nobody has settled anything, and the list is right.
    noon.shift(timedelta(days=10))
    assert till.shown(later)["state"] == "active"
    assert house.balance(alice) == (500, 0, 700)
    till.spend(alice, 12)


def test_d7_points_past_their_day_are_expired_settled_or_not(
    noon: time_machine.Coordinates, house: House, till: Counter, alice: Member
) -> None:
    made = till.add(alice, 5, validityDuration=1)
    noon.shift(timedelta(days=2))
    for _ in range(2):
        assert till.shown(made)["state"] == "expired"
        assert [row["pointsTransferId"] for row in till.list(also={"state[]": "expired"})] == [made]
        assert till.list(also={"state[]": "active"}) == []
        settle_due(actor=TESTER, at=clock.now())
    assert house.balance(alice) == (0, 0, 0)


def test_d8_no_more_is_spent_than_there_is(till: Counter, alice: Member) -> None:
    till.add(alice, 5)
    before = every_row()
    answer = till.post("points/transfer/spend", customer=str(alice.customer_id), points="5.01")
    assert (answer.status_code, answer.body) == (400, NOT_ENOUGH)
    assert every_row() == before
    till.spend(alice, 5)


def test_d9_the_oldest_points_go_first_where_the_account_says_so(
    noon: time_machine.Coordinates, house: House, till: Counter, alice: Member
) -> None:
    LedgerAccount.objects.filter(pk=house.account.pk).update(spend_order=LedgerAccount.SpendOrder.OLDEST_FIRST)
    old = till.add(alice, 10, validityDuration=90)
    noon.shift(60)
    new = till.add(alice, 10, validityDuration=5)
    till.spend(alice, 15)
    left = {one: Lot.objects.get(transaction=number(one)) for one in (old, new)}
    assert (left[old].remaining, left[new].remaining) == (0, 500)
    assert (till.shown(old)["value"], till.shown(old)["state"]) == (10, "active")


def test_what_ends_soonest_goes_first_by_default(till: Counter, alice: Member) -> None:
    old = till.add(alice, 10, validityDuration=90)
    new = till.add(alice, 10, validityDuration=5)
    till.spend(alice, 15)
    assert Lot.objects.get(transaction=number(old)).remaining == 500
    assert Lot.objects.get(transaction=number(new)).remaining == 0


def test_d10_a_spending_is_active_and_ends_when_it_was_made(
    noon: time_machine.Coordinates, till: Counter, alice: Member
) -> None:
    till.add(alice, 5)
    shown = till.shown(till.spend(alice, 2, comment="Coffee"))
    assert (shown["state"], shown["type"], shown["value"], shown["comment"]) == ("active", "spending", 2, "Coffee")
    assert shown["expiresAt"] == shown["createdAt"] == "2030-03-15T12:00:00+00:00"


def test_d11_a_transfer_keeps_each_credits_expiry(
    noon: time_machine.Coordinates, shop: Shop, till: Counter, alice: Member, bob: Member
) -> None:
    till.add(alice, 20, validityDuration=5)
    till.add(alice, 200, validityDuration=9)
    set_store(shop, days_locked=30)
    sent = till.p2p(alice, bob, 100)
    rows = till.list(sort="value", direction="asc", type="p2p_adding")
    assert [(row["value"], row["expiresAt"], row["state"]) for row in rows] == [
        (20, "2030-03-20T23:59:59+00:00", "active"),
        (80, "2030-03-24T23:59:59+00:00", "active"),
    ]
    for row in rows:
        assert (row["issuer"], row["senderId"], row["customerId"]) == (
            "api",
            str(alice.customer_id),
            str(bob.customer_id),
        )
        assert "comment" not in row
    [spending] = till.list(type="p2p_spending")
    assert (spending["pointsTransferId"], spending["value"], spending["issuer"]) == (sent, 100, "api")
    assert (spending["receiverId"], spending["customerId"]) == (str(bob.customer_id), str(alice.customer_id))
    assert "comment" not in spending


def test_d12_sent_points_are_earned_by_nobody(till: Counter, alice: Member, bob: Member) -> None:
    till.add(alice, 5)
    before = till.get("points/transfers", lastDays=1).body
    till.p2p(alice, bob, 3)
    assert till.get("points/transfers", lastDays=1).body == before
    assert list(till.get("points/transfers", lastDays=1, pointType="spent").body.values()) == [0]


def test_d13_a_party_is_found_by_id_then_email_then_phone(
    house: House, till: Counter, alice: Member, bob: Member
) -> None:
    # Somebody whose phone and email are what others are called by.
    factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="mallory",
        profile={"email": str(bob.customer_id), "phone": "+49 151 2345671"},
    )
    dora = factories.MemberFactory(
        organization=house.organization, loyalty_member_id="dora", profile={"phone": "+49 (30) 1234"}
    )
    till.add(alice, 10)
    till.p2p("ALICE@example.com", str(bob.customer_id), 1)
    assert house.balance(bob) == (100, 0, 0)
    # Of two with one phone the elder is meant.
    till.p2p("+49 151 2345671", "+49301234", 2)
    assert house.balance(dora) == (200, 0, 0)


def test_d14_nobody_sends_to_themselves(till: Counter, alice: Member) -> None:
    till.add(alice, 5)
    before = every_row()
    answer = till.post(
        "admin/p2p-points-transfer", sender=str(alice.customer_id), receiver="alice@example.com", points=1
    )
    refused(answer, "receiver", "transferring points to yourself is forbidden")
    assert every_row() == before


def test_d15_only_points_given_are_cancelled_and_only_once(
    house: House, till: Counter, alice: Member, bob: Member
) -> None:
    given, _ = till.add(alice, 10), till.add(alice, 5)
    spent, sent = till.spend(alice, 1), till.p2p(alice, bob, 2)
    [received] = till.list(type="p2p_adding")
    before = every_row()
    for one in (spent, sent, received["pointsTransferId"]):
        answer = till.end("cancel", one)
        assert (answer.status_code, answer.body) == (400, {"error": "this transfer cannot be canceled"})
    assert every_row() == before
    answer = till.end("cancel", given)
    assert (answer.status_code, answer.content) == (200, b"")
    assert till.shown(given)["state"] == "canceled"
    before = every_row()
    assert till.end("cancel", given).status_code == 400
    assert every_row() == before


def test_d16_a_cancelled_credit_gives_back_what_is_left_of_it(house: House, till: Counter, alice: Member) -> None:
    made = till.add(alice, 10)
    till.spend(alice, 4)
    assert till.end("cancel", made).status_code == 200
    assert house.balance(alice) == (0, 0, 0)
    assert (till.shown(made)["state"], till.shown(made)["value"]) == ("canceled", 10)
    assert [row["value"] for row in till.list(type="spending")] == [4]
    assert house.findings() == []


def test_d17_active_points_expire_by_hand(
    noon: time_machine.Coordinates, house: House, till: Counter, alice: Member, bob: Member
) -> None:
    made = till.add(alice, 10)
    blocked = till.block(alice, 1)
    till.p2p(alice, bob, 2)
    [received] = till.list(type="p2p_adding")
    assert till.end("expire", received["pointsTransferId"]).status_code == 204
    assert house.balance(bob) == (0, 0, 0)
    assert till.end("cancel", blocked).status_code == 200
    answer = till.end("expire", made)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (till.shown(made)["state"], till.shown(made)["expiresAt"]) == ("expired", "2030-03-15T12:00:00+00:00")
    before = every_row()
    for one in (made, blocked, till.list(type="p2p_spending")[0]["pointsTransferId"]):
        answer = till.end("expire", one)
        assert (answer.status_code, answer.body) == (400, {"error": f"Points transfer: #{one} - cannot be expired"})
    assert every_row() == before


def test_d18_expired_points_are_not_spent(noon: time_machine.Coordinates, till: Counter, alice: Member) -> None:
    till.add(alice, 10, validityDuration=1)
    noon.shift(timedelta(days=2))
    answer = till.post("points/transfer/spend", customer=str(alice.customer_id), points=1)
    assert (answer.status_code, answer.body) == (400, NOT_ENOUGH)


def test_d19_a_block_keeps_points_from_being_spent_until_it_is_cancelled(
    noon: time_machine.Coordinates, house: House, till: Counter, alice: Member
) -> None:
    till.add(alice, 10, validityDuration=3)
    blocked = till.block(alice, 6, comment="Under dispute")
    shown = till.shown(blocked)
    assert (shown["type"], shown["state"], shown["value"], shown["comment"]) == (
        "blocked",
        "active",
        6,
        "Under dispute",
    )
    assert "expiresAt" not in shown
    before = every_row()
    answer = till.post("points/transfer/block", customer=str(alice.customer_id), points=5)
    assert answer.body == {
        "form": {"children": {"customer": {}, "points": {"errors": ["not enough points"]}, "comment": {}}},
        "errors": [],
    }
    assert till.post("points/transfer/spend", customer=str(alice.customer_id), points=5).status_code == 400
    assert every_row() == before
    # What expires meanwhile does not come back.
    noon.shift(timedelta(days=4))
    assert till.end("cancel", blocked).status_code == 200
    assert till.shown(blocked)["state"] == "canceled"
    assert till.post("points/transfer/spend", customer=str(alice.customer_id), points=1).body == NOT_ENOUGH
    assert till.end("cancel", blocked).status_code == 400
    settle_due(actor=TESTER, at=clock.now())
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_a_captured_hold_is_a_spending_and_no_block(house: House, till: Counter, alice: Member) -> None:
    from ledger.services import capture_holds

    till.add(alice, 10)
    blocked = till.block(alice, 6)
    capture_holds(organization_id=house.id, captures={number(blocked): 400}, actor=TESTER, at=clock.now())
    assert till.list(type="blocked") == []
    assert [(row["value"], row["state"]) for row in till.list(type="spending")] == [(4, "active")]
    assert till.end("cancel", blocked).status_code == 400
    assert Hold.objects.get().state == Hold.State.CAPTURED


def test_d20_what_a_return_takes_back_is_a_canceled_transfer(house: House, till: Counter, alice: Member) -> None:
    """No operation here tells of returns; a revert over another door shows."""
    from ledger.services import revert_transactions

    given = till.add(alice, 10)
    spent = till.spend(alice, 4)
    for one in (spent, given):
        revert_transactions(organization_id=house.id, transaction_ids=[number(one)], actor=TESTER, at=clock.now())
    assert {row["type"]: row["state"] for row in till.list()} == {"adding": "canceled", "spending": "canceled"}
    assert till.end("cancel", given).status_code == 400


def test_d21_every_credit_of_a_customer_can_be_ended(
    noon: time_machine.Coordinates, house: House, shop: Shop, till: Counter, alice: Member
) -> None:
    """No operation here resets an account; what a reset does is done credit by credit."""
    active = till.add(alice, 10)
    set_store(shop, days_locked=5)
    locked = till.add(alice, 5)
    assert till.end("expire", locked).status_code == 400
    assert till.end("activate", locked).status_code == 204
    assert [till.end("expire", one).status_code for one in (active, locked)] == [204, 204]
    assert house.balance(alice) == (0, 0, 0)


def test_d22_no_two_transfers_have_one_id(till: Counter, alice: Member, bob: Member) -> None:
    till.add(alice, 10)
    till.add(alice, 10)
    till.p2p(alice, bob, 15)
    ids = [row["pointsTransferId"] for row in till.list()]
    assert len(ids) == len(set(ids)) == 5


def test_a_blocked_customer_is_given_and_takes_nothing(house: House, till: Counter, alice: Member, bob: Member) -> None:
    from members.services import update_member

    till.add(alice, 10)
    update_member(member=bob, changes={"active": False}, actor=TESTER, at=clock.now())
    before = every_row()
    for what in ("add", "spend", "block"):
        answer = till.post(f"points/transfer/{what}", customer=str(bob.customer_id), points=1)
        refused(answer, "customer", "This customer is not active.")
    answer = till.post("admin/p2p-points-transfer", sender="alice@example.com", receiver="bob@example.com", points=1)
    refused(answer, "receiver", "This customer is not active.")
    answer = till.post("admin/p2p-points-transfer", sender="bob@example.com", receiver="alice@example.com", points=1)
    refused(answer, "sender", "This customer is not active.")
    assert every_row() == before


def test_a_customer_nobody_knows_is_404_and_a_party_nobody_knows_is_blank(
    till: Counter, alice: Member, charlie: Member
) -> None:
    till.add(alice, 10)
    before = every_row()
    for who in ("00000000-0000-474c-b092-b0dd880c07e1", str(charlie.customer_id)):
        for what in ("add", "spend", "block"):
            answer = till.post(f"points/transfer/{what}", customer=who, points=1)
            assert answer.status_code == 404
            assert answer.body == {"error": {"code": 404, "message": f"Customer ID: #{who} not exist"}}
        answer = till.post("admin/p2p-points-transfer", sender="alice@example.com", receiver=who, points=1)
        refused(answer, "receiver", "This value should not be blank.")
        answer = till.post("admin/p2p-points-transfer", sender=who, receiver="alice@example.com", points=1)
        refused(answer, "sender", "This value should not be blank.")
    assert every_row() == before


def test_a_transfer_of_another_store_is_404(
    neighbor: House, till: Counter, charlie: Member, house: House, alice: Member
) -> None:
    theirs = open_shop(neighbor, "NEIGHBOR").with_key().add(charlie, 5)
    mine = till.add(alice, 5)
    before = every_row()
    for one in (theirs, "00000000-0000-474c-b092-b0dd880c07e1", "nonsense", mine[:-1] + "z", "%00"):
        for how in ("cancel", "activate", "expire"):
            assert till.end(how, one).status_code == 404, one
    assert every_row() == before
