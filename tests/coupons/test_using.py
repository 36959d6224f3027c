"""What members use, and what is taken back (semantics 3.6, 3.7, 3.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine

from coupons import errors
from coupons.models import Coupon, CouponUsage
from coupons.services import archive_book, disable_book, publish_book, update_book
from ledger.errors import InsufficientBalance
from ledger.models import Lot
from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput, NotFound
from members.errors import MemberInactive
from members.models import EventType, LoyaltyEvent, Member
from members.services import update_member
from tests.coupons.books import assign, fresh, make_book, revert, totals, use
from tests.coupons.test_assigning import refused
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses


def kinds(given: Any) -> list[str]:
    return [str(usage.kind) for usage in given.usages]


def test_3_7_a_use_takes_one_unit_of_what_expires_first(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    book = make_book(house, "list", codes=["A", "B", "C"])
    assign(book, alice, codes=["A"])
    assign(book, alice, codes=["B"], expires_at=NOON + timedelta(days=2))
    assign(book, alice, codes=["C"], expires_at=NOON + timedelta(days=1))
    used = [use(book, alice).usages[0] for _ in range(3)]
    assert [usage.coupon and usage.coupon.code for usage in used] == ["C", "B", "A"]
    assert totals(book) == (3, 3, 3)
    assert list(Coupon.objects.values_list("assigned", "used")) == [(1, 1)] * 3


def test_3_7_a_named_code_is_used_whatever_its_case(house: House, alice: Member, api: Api) -> None:
    book = make_book(house, "list", codes=["Abc", "B"])
    assign(book, alice, number=2)
    path = f"coupon-books/{book.pk}/use"
    answer = api.post(path, {"memberId": alice.pk, "code": " aBC ", "systemUniqueKey": "k"})
    (line,) = answer.body["couponUsages"]
    own = CouponUsage.objects.get(kind="assign", coupon__code="Abc")
    wanted = ("use", "Abc", 1, 1, own.pk, "used", None)
    told = ("kind", "code", "amount", "amountUsed", "assignmentCouponUsageId", "status", "expiredAt")
    assert (answer.status_code, tuple(line[name] for name in told)) == (201, wanted)
    again = api.post(path, {"memberId": alice.pk, "code": "abc", "systemUniqueKey": "k"})
    assert (again.status_code, again.body) == (200, answer.body)
    refuses(api, "POST", path, {"memberId": alice.pk, "code": "B", "systemUniqueKey": "k"}, 409, "IDEMPOTENCY_CONFLICT")
    refuses(api, "POST", path, {"memberId": alice.pk, "code": "abc"}, 422, "COUPON_USED_UP")
    refuses(api, "POST", path, {"memberId": alice.pk, "code": "X"}, 404, "NOT_FOUND")


def test_3_7_a_coupon_of_the_path_is_used(house: House, alice: Member, api: Api) -> None:
    book = make_book(house, "list", codes=["A"])
    coupon = Coupon.objects.get()
    body = {"memberId": alice.pk}
    assert api.post(f"coupon-books/{book.pk}/coupons/{coupon.pk}/assign", body).status_code == 201
    line = api.post(f"coupon-books/{book.pk}/coupons/{coupon.pk}/use", body).body["couponUsage"]
    assert (line["kind"], line["couponId"]) == ("use", coupon.pk)
    read = api.get(f"coupon-books/{book.pk}/coupons/{coupon.pk}").body["couponCode"]
    assert (read["assignedCount"], read["usedCount"], read["memberId"]) == (1, 1, alice.pk)


def test_3_7_without_an_assignment_one_is_made_and_both_prices_are_charged(
    house: House, alice: Member, api: Api
) -> None:
    house.give(alice, 100)
    book = make_book(house, "generated", assignment_required_points=10, usage_required_points=5)
    answer = api.post(f"coupon-books/{book.pk}/use", {"memberId": alice.pk, "systemUniqueKey": "k"})
    first, second = answer.body["couponUsages"]
    assert (answer.status_code, first["kind"], second["kind"]) == (201, "assign", "use")
    assert (first["status"], second["assignmentCouponUsageId"]) == ("used", first["couponUsageId"])
    assert house.balance(alice) == (85, 0, 0)
    assert totals(book) == (1, 1, 1)
    again = api.post(f"coupon-books/{book.pk}/use", {"memberId": alice.pk, "systemUniqueKey": "k"})
    assert (again.status_code, again.body) == (200, answer.body)
    types = LoyaltyEvent.objects.filter(member=alice, transaction=None).exclude(event_type="member-created")
    assert [event.event_type for event in types.exclude(event_type=EventType.TIER_SET).order_by("pk")] == [
        EventType.COUPON_ASSIGNED,
        EventType.COUPON_USED,
        EventType.BENEFIT_USED,
    ]
    assert house.findings() == []


def test_3_7_what_is_made_by_a_use_passes_every_rule_of_an_assignment(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 100)
    tiered = make_book(house, tiers=["gold"])
    assert refused(errors.NotInTier, use, tiered, alice).details == {"exclusionReasons": ["NOT_IN_TIER"]}
    dear = make_book(house, assignment_required_points=60, usage_required_points=60)
    refused(errors.PointsMissing, use, dear, alice)
    hold = house.take(alice, 50, hold=True)
    both = make_book(house, assignment_required_points=10, usage_required_points=10)
    refused(errors.HoldNotUsable, use, both, alice, hold_id=hold.id)
    one = make_book(house, usage_required_points=10)
    assert kinds(use(one, alice, hold_id=hold.id)) == ["assign", "use"]
    assert house.balance(alice) == (90, 0, 0)


def test_3_7_a_code_of_another_member_is_not_used(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, "list", codes=["A", "B"])
    assign(book, alice, codes=["A"])
    refused(errors.CodeNotOwned, use, book, bob, code="A")
    # A free one is given and used in one step.
    assert kinds(use(book, bob, code="B")) == ["assign", "use"]
    refused(InvalidInput, use, make_book(house), bob, code="A")


def test_3_7_a_shared_code_is_used_by_everybody(house: House, alice: Member, bob: Member) -> None:
    book = make_book(house, "single", codes=["S"], max_assigned_per_member=1)
    use(book, alice, code="s")
    use(book, bob)
    refused(errors.LimitPerMember, use, book, bob, code="S")
    refused(NotFound, use, book, bob, code="T")
    assert totals(book) == (1, 2, 2)


def test_3_6_at_use_the_expiry_the_window_and_the_status_are_asked(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    book = make_book(house, "list", codes=["A", "B"], valid_to=NOON + timedelta(days=9))
    assign(book, alice, codes=["A"], expires_at=NOON + timedelta(days=1))
    noon.shift(timedelta(days=1))
    refused(errors.CouponExpired, use, book, alice, code="A")
    assign(book, alice, codes=["B"])
    noon.shift(timedelta(days=8))
    refused(errors.BookNotValid, use, book, alice, code="B")


def test_3_6_what_was_granted_stays_granted(house: House, alice: Member) -> None:
    book = make_book(house, "list", codes=["A"])
    assign(book, alice)
    changes = {"tiers": ["gold"], "audience_keys": ["nobody"], "condition": {"expression": "false"}}
    update_book(book=book, changes=changes, actor=TESTER, at=clock.now())
    assert kinds(use(book, alice)) == ["use"]


def test_3_2_disabled_pauses_and_archived_honours_what_is_outstanding(house: House, alice: Member, bob: Member) -> None:
    book, words = make_book(house), {"actor": TESTER, "at": clock.now()}
    assign(book, alice, amount=3)
    disable_book(book=book, **words)  # type: ignore[arg-type]
    refused(errors.BookNotPublished, use, book, alice)
    publish_book(book=book, **words)  # type: ignore[arg-type]
    use(book, alice)
    archive_book(book=book, **words)  # type: ignore[arg-type]
    use(book, alice)
    refused(errors.BookNotPublished, use, book, bob)
    refused(errors.BookNotPublished, assign, book, alice)
    refused(errors.BookNotPublished, use, make_book(house, status="draft"), alice)


def test_3_6_a_blocked_member_uses_nothing_and_is_given_back_what_was_paid(house: House, alice: Member) -> None:
    house.give(alice, 10)
    book = make_book(house, assignment_required_points=10)
    (usage,) = assign(book, alice).usages
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    refused(MemberInactive, use, book, alice)
    revert(usage)
    assert house.balance(alice) == (10, 0, 0)


# --- 3.9: taking back ------------------------------------------------------------------------------------------------
def test_3_9_a_use_taken_back_gives_its_points_and_its_unit_back(house: House, alice: Member, api: Api) -> None:
    house.give(alice, 10)
    lots = list(Lot.objects.values_list("pk", "remaining", "expires_at"))
    book = make_book(house, "list", codes=["A"], usage_required_points=10)
    assign(book, alice)
    (used,) = use(book, alice).usages
    assert house.balance(alice) == (0, 0, 0)
    answer = api.post(f"coupon-usages/{used.pk}/revert", None)
    assert answer.status_code == 200
    assert [(line["kind"], line["status"], line["amountUsed"]) for line in answer.body["couponUsages"]] == [
        ("use", "reverted", 0),
        ("assign", "assigned", 0),
    ]
    assert list(Lot.objects.values_list("pk", "remaining", "expires_at")) == lots
    assert totals(book) == (1, 1, 0)
    refuses(api, "POST", f"coupon-usages/{used.pk}/revert", None, 409, "ALREADY_REVERTED")
    # The unit can be used again, and so can the points.
    assert kinds(use(book, alice)) == ["use"]
    assert house.findings() == []


def test_3_9_an_assignment_is_taken_back_only_unused_and_frees_its_code(
    house: House, alice: Member, bob: Member, api: Api
) -> None:
    book = make_book(house, "list", codes=["A"])
    (given,) = assign(book, alice).usages
    (used,) = use(book, alice).usages
    refuses(api, "POST", f"coupon-usages/{given.pk}/revert", None, 409, "COUPON_IN_USE")
    revert(used)
    (line,) = revert(given)
    assert (line.pk, line.status) == (given.pk, "reverted")
    assert list(Coupon.objects.values_list("member", "assigned", "used")) == [(None, 0, 0)]
    assert assign(book, bob).usages[0].coupon_id == given.coupon_id
    assert house.findings() == []


def test_3_9_a_use_taken_back_before_with_other_money_is_not_paid_twice(house: House, alice: Member) -> None:
    house.give(alice, 10)
    book = make_book(house, usage_required_points=10)
    _, used = use(book, alice).usages
    from ledger.services import revert_transactions

    revert_transactions(
        organization_id=house.id, transaction_ids=[used.transaction_id or 0], actor=TESTER, at=clock.now()
    )
    revert(used)
    assert house.balance(alice) == (10, 0, 0)


def test_3_8_a_use_that_cannot_be_paid_leaves_everything(house: House, alice: Member) -> None:
    book = make_book(house, usage_required_points=10)
    assign(book, alice)
    refused(InsufficientBalance, use, book, alice)


def test_0_12_a_key_of_a_use_acts_once_in_the_organization(house: House, alice: Member, bob: Member) -> None:
    book, other = make_book(house), make_book(house)
    use(book, alice, unique_key="k")
    refused(IdempotencyConflict, use, book, bob, unique_key="k")
    refused(IdempotencyConflict, use, other, alice, unique_key="k")
    assert use(book, alice, unique_key="k").replayed
    assert fresh(book).pk == book.pk
