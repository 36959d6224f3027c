"""What members are given (semantics 3.3 to 3.6, 3.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from coupons import errors, services
from coupons.models import Coupon, CouponUsage
from coupons.services import preview_eligibility, update_book
from ledger.models import Hold, Transaction
from ledger.services import set_wallet_active
from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput, NotFound
from members.models import EventType, LoyaltyEvent, LoyaltyTier, Member
from members.services import create_audience, leave_program, update_member, update_program
from tests import factories
from tests.coupons.books import assign, codes_of, fresh, make_book, revert, totals, use
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses
from tests.walk import every_row


def refused(kind: type[Exception], call: Any, *args: Any, **more: Any) -> Any:
    """The call is refused this way, and leaves every row as it was."""
    before = every_row()
    with pytest.raises(kind) as caught:
        call(*args, **more)
    assert every_row() == before
    return caught.value


# --- 3.1, 3.3, 3.5: what is given ------------------------------------------------------------------------------------
def test_3_5_the_oldest_free_codes_are_given_first(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, "list", codes=["A", "B", "C", "D"])
    assert codes_of(assign(book, alice, number=2)) == ["A", "B"]
    assert codes_of(assign(book, bob)) == ["C"]
    assert totals(book) == (4, 3, 0)
    assert [(c.code, c.member_id, c.assigned) for c in Coupon.objects.order_by("pk")] == [
        ("A", alice.pk, 1),
        ("B", alice.pk, 1),
        ("C", bob.pk, 1),
        ("D", None, 0),
    ]


def test_3_3_an_assignment_is_a_line_of_the_journal(
    noon: time_machine.Coordinates, house: House, alice: Member, api: Api
) -> None:
    book = make_book(house, "list", codes=["A"], valid_to=NOON + timedelta(days=9))
    body = {
        "memberId": alice.pk,
        "customAttributes": {"till": 4},
        "expiredAt": "2030-03-20T00:00:00Z",
        "systemUniqueKeys": ["k"],
    }
    answer = api.post(f"coupon-books/{book.pk}/assign", body)
    (line,) = answer.body["couponUsages"]
    assert answer.status_code == 201
    assert line == {
        "couponUsageId": CouponUsage.objects.get().pk,
        "organizationId": house.id,
        "kind": "assign",
        "couponBookId": book.pk,
        "couponId": Coupon.objects.get().pk,
        "code": "A",
        "memberId": alice.pk,
        "assignmentCouponUsageId": None,
        "amount": 1,
        "amountUsed": 0,
        "expiredAt": "2030-03-20T00:00:00Z",
        "status": "assigned",
        "ledgerTransactionId": None,
        "systemUniqueKey": "k",
        "customAttributes": {"till": 4},
        "createdAt": "2030-03-15T12:00:00Z",
        "revertedAt": None,
    }
    # 0.12: the same request again is answered as the first time.
    before = every_row()
    again = api.post(f"coupon-books/{book.pk}/assign", body)
    assert (again.status_code, again.body) == (200, answer.body)
    assert every_row() == before
    refuses(api, "POST", f"coupon-books/{book.pk}/assign", {**body, "amount": 2}, 409, "IDEMPOTENCY_CONFLICT")


def test_3_5_the_effective_expiry_is_the_books_end_where_that_comes_first(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    end = NOON + timedelta(days=2)
    (usage,) = assign(make_book(house, valid_to=end), alice, expires_at=NOON + timedelta(days=9)).usages
    assert usage.ends_at == end
    refused(InvalidInput, assign, make_book(house), alice, expires_at=NOON)


def test_3_5_not_strict_gives_as_many_as_there_are_and_at_least_one(house: House, alice: Member) -> None:
    book = make_book(house, "list", codes=["A", "B"])
    refused(errors.OutOfStock, assign, book, alice, number=3, strict=True)
    given = assign(book, alice, number=3, unique_keys=["x", "y", "z"])
    assert [(u.coupon and u.coupon.code, u.unique_key) for u in given.usages] == [("A", "x"), ("B", "y")]
    again = assign(book, alice, number=3, unique_keys=["x", "y", "z"])
    assert (again.replayed, [u.pk for u in again.usages]) == (True, [u.pk for u in given.usages])
    refused(errors.OutOfStock, assign, book, alice)


def test_3_5_codes_that_are_named_are_given(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, "list", codes=["A", "B", "C"])
    assert codes_of(assign(book, alice, codes=[" c ", "a"])) == ["C", "A"]
    refused(errors.LimitPerCoupon, assign, book, bob, codes=["A"])
    refused(errors.LimitPerCoupon, assign, book, bob, codes=["A", "B"], strict=True)
    assert codes_of(assign(book, bob, codes=["A", "B"])) == ["B"]
    refused(NotFound, assign, book, bob, codes=["X"])
    refused(InvalidInput, assign, book, bob, codes=["A", "a"])
    refused(InvalidInput, assign, book, bob, codes=["A"], number=2)
    refused(InvalidInput, assign, make_book(house), bob, codes=["A"])


def test_3_1_each_type_has_its_codes(house: House, alice: Member, bob: Member) -> None:
    single = make_book(house, "single", codes=["SHARED"])
    assert codes_of(assign(single, alice)) + codes_of(assign(single, bob)) == ["SHARED", "SHARED"]
    assert totals(single) == (1, 2, 0)
    generated = make_book(house, "generated")
    codes = codes_of(assign(generated, alice, number=3))
    assert len(set(codes)) == 3
    assert all(len(code or "") == 12 for code in codes)
    assert totals(generated) == (3, 3, 0)
    codeless = make_book(house)
    assert codes_of(assign(codeless, alice, number=2, amount=3)) == [None, None]
    assert totals(codeless) == (0, 6, 0)
    refused(errors.OutOfStock, assign, make_book(house, "single"), alice)
    assert house.findings() == []


# --- 3.4: limits -----------------------------------------------------------------------------------------------------
def test_3_4_a_member_gets_no_more_than_one_member_gets(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, max_assigned_per_member=3)
    assign(book, alice, amount=2)
    refused(errors.LimitPerMember, assign, book, alice, amount=2)
    refused(errors.LimitPerMember, assign, book, alice, number=2, strict=True)
    assert len(assign(book, alice, number=2).usages) == 1
    assign(book, bob, amount=3)
    # What is taken back does not count.
    revert(CouponUsage.objects.filter(member=alice).order_by("pk")[0])
    assign(book, alice, amount=2)


def test_3_4_a_code_is_given_once_unless_the_book_says_more(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, "list", codes=["A"])
    refused(errors.LimitPerCoupon, assign, book, alice, amount=2)
    several = make_book(house, "list", codes=["A", "B"], max_assigned_per_coupon=3)
    assign(several, alice, codes=["A"], amount=2)
    assign(several, bob, codes=["A"])
    refused(errors.LimitPerCoupon, assign, several, bob, codes=["A"])
    shared = make_book(house, "single", codes=["S"], max_assigned_per_coupon=2)
    assign(shared, alice, amount=2)
    refused(errors.OutOfStock, assign, shared, bob)
    none = make_book(house, "generated", max_assigned_per_coupon=0)
    refused(errors.LimitPerCoupon, assign, none, bob)


@pytest.mark.parametrize("kind", ["codeless", "single", "generated"])
def test_3_4_a_book_gives_no_more_than_it_has(house: House, alice: Member, kind: str) -> None:
    codes = ["S"] if kind == "single" else None
    book = make_book(house, kind, codes=codes, max_coupon_count=2)
    assign(book, alice)
    assign(book, alice)
    refused(errors.OutOfStock, assign, book, alice)
    refused(errors.OutOfStock, assign, make_book(house, kind, max_coupon_count=0), alice)


def test_3_4_a_list_has_no_more_codes_than_it_may(house: House) -> None:
    book = make_book(house, "list", codes=["A"], max_coupon_count=2)
    refused(errors.BookFull, add, book, ["B", "C"])
    assert add(book, ["a", "B"]) == ["B"]


def add(book: Any, codes: list[str]) -> list[str]:
    return services.add_codes(book=fresh(book), codes=codes, actor=TESTER, at=clock.now())


# --- 3.6: who may ----------------------------------------------------------------------------------------------------
def reasons(*args: Any, **more: Any) -> list[str]:
    error = refused(errors.NotEligible, assign, *args, **more)
    found: list[str] = error.details["exclusionReasons"]
    assert error.code == found[0]
    return found


def test_3_6_each_reason_has_its_code(house: House, alice: Member, bob: Member) -> None:
    day = timedelta(days=1)
    rules: dict[str, Any] = {
        "BOOK_NOT_PUBLISHED": {"status": "draft"},
        "BOOK_NOT_VALID": {"valid_from": clock.now() + day},
        "NOT_IN_AUDIENCE": {"audience_keys": ["nobody", "missing"]},
        "NOT_IN_TIER": {"tiers": ["gold"]},
        "CONDITION_NOT_MET": {"condition": {"expression": "member.loyaltyMemberId == 'bob'"}},
        "LIMIT_PER_MEMBER": {"max_assigned_per_member": 0},
        "OUT_OF_STOCK": {"max_coupon_count": 0},
        "INSUFFICIENT_BALANCE": {"assignment_required_points": 1},
    }
    create_audience(organization_id=house.id, name="Nobody", matcher_type="null-matcher", actor=TESTER, at=clock.now())
    for code, said in rules.items():
        assert reasons(make_book(house, **said), alice) == [code]
    book = make_book(house, valid_from=clock.now() - 2 * day, valid_to=clock.now() - day)
    assert reasons(book, alice) == ["BOOK_NOT_VALID"]
    for status in ("disabled", "archived"):
        assert reasons(make_book(house, status=status), alice) == ["BOOK_NOT_PUBLISHED"]


def test_3_6_the_first_reason_is_the_code_and_all_are_told(house: House, alice: Member, api: Api) -> None:
    book = make_book(
        house,
        "list",
        status="draft",
        tiers=["gold"],
        condition={"expression": "!member.active"},
        max_assigned_per_member=0,
        assignment_required_points=5,
    )
    details = refuses(api, "POST", f"coupon-books/{book.pk}/assign", {"memberId": alice.pk}, 422, "BOOK_NOT_PUBLISHED")
    assert details == {
        "exclusionReasons": [
            "BOOK_NOT_PUBLISHED",
            "NOT_IN_TIER",
            "CONDITION_NOT_MET",
            "LIMIT_PER_MEMBER",
            "OUT_OF_STOCK",
            "INSUFFICIENT_BALANCE",
        ]
    }
    before = every_row()
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    assert preview_eligibility(book=fresh(book), member=alice, **words) == details["exclusionReasons"]
    assert preview_eligibility(book=fresh(make_book(house)), member=alice, **words) == []
    assert {name: rows for name, rows in every_row().items() if name.startswith("coupons.") and "Tally" in name} == {
        name: rows for name, rows in before.items() if "Tally" in name
    }


def test_3_6_tiers_are_named_by_key_or_number_and_audiences_by_key(house: House, alice: Member) -> None:
    tier = LoyaltyTier.objects.get(program=house.program)
    rule = {"matcher_type": "attribute-matcher", "matcher": {"expression": "member.active"}}
    audience = create_audience(organization_id=house.id, name="All", actor=TESTER, at=clock.now(), **rule)
    for tiers in ([tier.key], [str(tier.pk)], ["gold", tier.key]):
        assign(make_book(house, tiers=tiers, audience_keys=["missing", audience.key]), alice)
    assert reasons(make_book(house, tiers=[tier.name]), alice) == ["NOT_IN_TIER"]


def test_3_6_the_member_is_active_and_in_the_program(house: House, alice: Member, bob: Member) -> None:
    book, now = make_book(house), clock.now()
    leave_program(member=alice, program=house.program, actor=TESTER, at=now)
    assert reasons(book, alice) == ["NOT_ENROLLED"]
    update_member(member=bob, changes={"active": False}, actor=TESTER, at=now)
    assert reasons(book, bob) == ["MEMBER_INACTIVE"]
    update_program(program=house.program, changes={"active": False}, actor=TESTER, at=now)
    carol = factories.MemberFactory(organization=house.organization)
    assert "PROGRAM_INACTIVE" in reasons(book, carol)


# --- 3.8: points -----------------------------------------------------------------------------------------------------
def test_3_8_an_assignment_costs_its_price_for_each_unit(house: House, alice: Member) -> None:
    house.give(alice, 100)
    book = make_book(house, assignment_required_points=10)
    given = assign(book, alice, number=2, amount=3)
    assert house.balance(alice) == (40, 0, 0)
    burns = Transaction.objects.filter(kind="burn").order_by("pk")
    assert [(b.amount, b.unique_key, b.key_kind) for b in burns] == [
        (30, f"coupon:{usage.pk}", "system") for usage in given.usages
    ]
    assert [usage.transaction_id for usage in given.usages] == [burn.pk for burn in burns]
    assert reasons(book, alice, amount=5) == ["INSUFFICIENT_BALANCE"]
    refused(InvalidInput, assign, book, alice, amount=18_446_744_073_709)
    assert house.findings() == []


def test_3_8_another_account_may_pay(house: House, alice: Member) -> None:
    from ledger.services import create_account

    stamps = create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    house.give(alice, 100)
    book = make_book(house, assignment_required_points=10, required_points_config={"ledgerAccountId": stamps.pk})
    assert reasons(book, alice) == ["INSUFFICIENT_BALANCE"]
    assert house.balance(alice) == (100, 0, 0)


def test_3_8_a_hold_pays_exactly_the_price_and_the_rest_is_released(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 100)
    house.give(bob, 100)
    book = make_book(house, assignment_required_points=10)
    hold = house.take(alice, 25, hold=True)
    (usage,) = assign(book, alice, hold_id=hold.id).usages
    assert usage.transaction_id == hold.id
    assert house.balance(alice) == (90, 0, 0)
    refused(errors.HoldNotUsable, assign, book, alice, hold_id=hold.id)
    small, theirs = house.take(alice, 9, hold=True), house.take(bob, 50, hold=True)
    big = house.take(alice, 50, hold=True)
    refused(errors.HoldNotUsable, assign, book, alice, hold_id=small.id)
    refused(errors.HoldNotUsable, assign, book, alice, hold_id=theirs.id)
    refused(errors.HoldNotUsable, assign, make_book(house), alice, hold_id=big.id)
    refused(errors.HoldNotUsable, assign, book, alice, number=2, hold_id=big.id)
    refused(NotFound, assign, book, alice, hold_id=987654321)
    assert Hold.objects.filter(state="pending").count() == 3
    # 3.9: what a hold paid is given back as a whole.
    revert(usage)
    assert house.balance(alice) == (100, 59, 0)
    assert house.findings() == []


def test_3_8_points_and_coupons_come_together_or_not_at_all(house: House, alice: Member) -> None:
    house.give(alice, 100)
    book = make_book(house, "list", codes=["A"], assignment_required_points=10)
    set_wallet_active(wallet_id=alice.wallet_id, active=False)
    refused(Exception, assign, book, alice)


# --- 0.12, 0.15 ------------------------------------------------------------------------------------------------------
def test_0_12_there_is_one_key_for_each_coupon(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house)
    refused(InvalidInput, assign, book, alice, number=2, unique_keys=["a"])
    refused(InvalidInput, assign, book, alice, number=2, unique_keys=["a", "a"])
    assign(book, alice, number=2, unique_keys=["a", "b"])
    refused(IdempotencyConflict, assign, book, alice, number=2, unique_keys=["b", "c"])
    refused(IdempotencyConflict, assign, book, bob, number=2, unique_keys=["a", "b"])
    refused(IdempotencyConflict, assign, make_book_of(house), alice, number=2, unique_keys=["a", "b"])
    # The same text is another key for a use.
    assert not use(book, alice, unique_key="a").replayed


def make_book_of(house: House) -> Any:
    from coupons.models import CouponBook

    return CouponBook.objects.filter(name="Other").first() or make_book(house, name="Other")


def test_0_12_a_refused_attempt_does_not_use_its_key_up(house: House, alice: Member) -> None:
    book = make_book(house, max_coupon_count=0)
    refused(errors.OutOfStock, assign, book, alice, unique_keys=["k"])
    update_book(book=book, changes={"max_coupon_count": 1}, actor=TESTER, at=clock.now())
    assert not assign(book, alice, unique_keys=["k"]).replayed


def test_0_15_each_assignment_is_an_event(house: House, alice: Member) -> None:
    book = make_book(house, "list", codes=["A", "B"])
    first, second = assign(book, alice, number=2).usages
    told = LoyaltyEvent.objects.filter(event_type=EventType.COUPON_ASSIGNED, member=alice).order_by("pk")
    assert [event.payload["couponUsageId"] for event in told] == [first.pk, second.pk]
    assert told[0].payload == {
        "couponUsageId": first.pk,
        "couponBookId": book.pk,
        "couponBookKey": "coffee",
        "couponId": first.coupon_id,
        "code": "A",
        "amount": 1,
    }
