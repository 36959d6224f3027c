"""A member's benefits over the core API (semantics 3.12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from coupons.models import CouponUsage
from coupons.services import archive_book, disable_book, update_book
from loyalty.kernel import clock
from members.models import LoyaltyTier, Member
from members.services import create_audience, create_program, leave_program, update_member
from tests.coupons.books import assign, make_book, revert, use
from tests.house import NOON, TESTER, Api, House


def names(api: Api, house: House, member: Member, query: str = "") -> list[str]:
    answer = api.get(f"loyalty-programs/{house.program.pk}/members/{member.pk}/coupon-books?{query}")
    assert answer.status_code == 200, answer.content
    assert answer.body["totalCount"] == len(answer.body["results"])
    return [row["name"] for row in answer.body["results"]]


def coupons(api: Api, house: House, member: Member, query: str = "") -> list[int]:
    answer = api.get(f"loyalty-programs/{house.program.pk}/members/{member.pk}/coupons?{query}")
    assert answer.status_code == 200, answer.content
    return [row["couponUsageId"] for row in answer.body["results"]]


def test_3_12_a_member_sees_what_he_could_be_given_now(house: House, alice: Member, bob: Member, api: Api) -> None:
    house.give(alice, 10)
    tier = LoyaltyTier.objects.get(program=house.program)
    rule = {"matcher_type": "list-matcher", "matcher": {"loyaltyMemberIds": ["alice"]}}
    audience = create_audience(organization_id=house.id, name="A", actor=TESTER, at=clock.now(), **rule)
    other = create_program(
        organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=clock.now()
    )
    make_book(house, name="open")
    make_book(house, name="hers", audience_keys=[audience.key], tiers=[tier.key], ranking_index=1)
    make_book(house, name="ruled", condition={"expression": "member.loyaltyMemberId == 'alice'"})
    make_book(house, name="dear", assignment_required_points=11)
    make_book(house, name="cheap", assignment_required_points=10)
    make_book(house, name="draft", status="draft")
    make_book(house, name="past", valid_to=clock.now() - timedelta(days=1))
    make_book(house, name="elsewhere", program_id=other.pk)
    make_book(house, name="none", max_assigned_per_member=0)
    assert names(api, house, alice) == ["hers", "open", "ruled", "cheap"]
    assert names(api, house, bob) == ["open"]
    leave_program(member=bob, program=house.program, actor=TESTER, at=clock.now())
    assert names(api, house, bob) == []
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    assert names(api, house, alice) == []


def test_3_12_a_member_sees_the_books_he_holds_whatever_became_of_them(
    noon: time_machine.Coordinates, house: House, alice: Member, api: Api
) -> None:
    words: dict[str, Any] = {"actor": TESTER, "at": NOON}
    limited = make_book(house, name="limited", max_assigned_per_member=1)
    paused, ended = make_book(house, name="paused"), make_book(house, name="ended")
    moved = make_book(house, name="moved")
    for book in (limited, paused, ended, moved):
        assign(book, alice, expires_at=NOON + timedelta(days=1))
    disable_book(book=paused, **words)
    archive_book(book=ended, **words)
    update_book(book=moved, changes={"tiers": ["gold"]}, **words)
    assert names(api, house, alice) == ["limited", "paused", "ended", "moved"]
    use(moved, alice)
    assert names(api, house, alice) == ["limited", "paused", "ended"]
    noon.shift(timedelta(days=1))
    assert names(api, house, alice) == []


def test_3_12_the_list_is_narrowed(house: House, alice: Member, api: Api) -> None:
    now = clock.now()
    tier = LoyaltyTier.objects.get(program=house.program)
    first = make_book(house, "list", name="tagged", tags=["a", "b"], tiers=[str(tier.pk)], codes=["A"])
    make_book(house, "list", name="empty", tags=["a"], tiers=[tier.key])
    make_book(house, name="later", valid_to=now + timedelta(days=10))
    assert names(api, house, alice, "tags=a") == ["tagged", "empty"]
    assert names(api, house, alice, "tags=a,b") == ["tagged"]
    assert names(api, house, alice, f"couponBookId={first.pk}") == ["tagged"]
    assert names(api, house, alice, f"tiers={tier.pk},999") == ["tagged", "empty"]
    assert names(api, house, alice, "tiers=999") == []
    assert names(api, house, alice, "audiences=x") == []
    assert names(api, house, alice, "outOfStock=true") == ["empty"]
    assert names(api, house, alice, "outOfStock=false") == ["tagged", "later"]
    after = (now + timedelta(days=11)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert names(api, house, alice, f"validFromDate={after}") == ["tagged", "empty"]
    assert names(api, house, alice, "validToDate=2020-01-01T00:00:00Z") == ["tagged", "empty", "later"]
    assert names(api, house, alice, "order=name,desc") == ["tagged", "later", "empty"]


@pytest.mark.parametrize(
    ("kind", "said", "codes"),
    [
        ("codeless", {"max_coupon_count": 1}, None),
        ("single", {"max_coupon_count": 1}, ["S"]),
        ("single", {"max_assigned_per_coupon": 1}, ["S"]),
        ("generated", {"max_coupon_count": 1}, None),
        ("list", {}, ["A"]),
    ],
)
def test_3_12_out_of_stock_is_when_nobody_can_be_given_one(
    house: House, alice: Member, bob: Member, api: Api, kind: str, said: Any, codes: Any
) -> None:
    book = make_book(house, kind, codes=codes, **said)
    assert names(api, house, bob, "outOfStock=false") == ["Coffee"]
    (usage,) = assign(book, alice).usages
    assert names(api, house, bob, "outOfStock=true") == ["Coffee"]
    assert names(api, house, bob, "outOfStock=false") == []
    revert(usage)
    # A generated code stays one of the codes there are.
    stays = kind == "generated"
    assert names(api, house, bob, f"outOfStock={str(stays).lower()}") == ["Coffee"]


def test_3_12_the_last_use_is_told_where_it_is_asked_for(house: House, alice: Member, api: Api) -> None:
    book = make_book(house)
    path = f"loyalty-programs/{house.program.pk}/members/{alice.pk}/coupon-books"
    (row,) = api.get(path).body["results"]
    assert "lastUsage" not in row
    assert row["outOfStock"] is False
    (row,) = api.get(f"{path}?includeLastUsage=true").body["results"]
    assert row["lastUsage"] is None
    use(book, alice)
    _, second = use(book, alice).usages
    (row,) = api.get(f"{path}?includeLastUsage=true").body["results"]
    assert (row["lastUsage"]["couponUsageId"], row["lastUsage"]["kind"]) == (second.pk, "use")


def test_3_12_a_members_coupons_are_what_was_given_and_not_taken_back(
    noon: time_machine.Coordinates, house: House, alice: Member, bob: Member, api: Api
) -> None:
    codes = make_book(house, "list", codes=["Abc", "B", "C"], tags=["t"])
    ((first,), (second,), (third,)) = (assign(codes, alice).usages for _ in range(3))
    plain = assign(make_book(house), alice, expires_at=NOON + timedelta(days=1)).usages[0]
    assign(make_book(house), bob)
    revert(third)
    use(codes, alice, code="abc")
    assert coupons(api, house, alice) == [plain.pk, second.pk, first.pk]
    assert coupons(api, house, alice, "notUsedOnly=true") == [plain.pk, second.pk]
    assert coupons(api, house, alice, "notUsedOnly=false") == [plain.pk, second.pk, first.pk]
    assert coupons(api, house, alice, f"couponBookId={codes.pk}") == [second.pk, first.pk]
    assert coupons(api, house, alice, "couponBookTags=t") == [second.pk, first.pk]
    assert coupons(api, house, alice, f"couponCodeId={first.coupon_id}") == [first.pk]
    assert coupons(api, house, alice, "couponCode=ABC") == [first.pk]
    noon.shift(timedelta(days=1))
    assert coupons(api, house, alice, "notUsedOnly=true") == [second.pk]


def test_3_12_units_are_counted_from_one_instant_up_to_before_another(
    noon: time_machine.Coordinates, house: House, alice: Member, api: Api
) -> None:
    book = make_book(house)
    assign(book, alice, amount=5)
    noon.shift(timedelta(days=1))
    use(book, alice)
    revert(use(book, alice).usages[0])
    revert(assign(book, alice).usages[0])
    path = f"loyalty-programs/{house.program.pk}/members/{alice.pk}/coupons/usages-count"
    assert api.get(path).body == {"amountUsed": 1, "amountAssigned": 5}
    day = "2030-03-16T12:00:00Z"
    assert api.get(f"{path}?validFromDate={day}").body == {"amountUsed": 1, "amountAssigned": 0}
    assert api.get(f"{path}?validToDate={day}").body == {"amountUsed": 0, "amountAssigned": 5}
    assert CouponUsage.objects.count() == 4
