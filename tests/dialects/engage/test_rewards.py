"""Vouchers and the point shop, V10 to V14: a voucher is a coupon that was given, an item a book that costs points."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from coupons.models import CouponBook, CouponUsage
from coupons.services import archive_book, disable_book, revert_usage, update_book
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.numbered import uuid_of
from members.models import Member
from members.services import update_member
from tests.coupons.books import assign, fresh, make_book, use
from tests.databases import in_parallel, round_trips
from tests.dialects.engage.walk import SHOP, VOUCHERS
from tests.dialects.engage.world import NOBODY, TRANSACTIONS, Engage, account_of, engage_for
from tests.house import NOON, TESTER, House

LISTS = [VOUCHERS, f"{VOUCHERS}/available", f"{VOUCHERS}/redeemed"]
PRICE = 1_250


@pytest.fixture
def item(noon: Any, house: House, alice: Member) -> CouponBook:
    """An item for 12.5 points that is worth 5 euros; Alice has 40 points."""
    house.give(alice, 4_000)
    return make_book(
        house,
        "list",
        codes=["TEN", "ELEVEN", "TWELVE"],
        assignment_required_points=PRICE,
        description="Any cup",
        picture_url="https://example.com/cup.png",
        discount_type="fixed",
        discount_amount=Decimal("5.50"),
        custom_attributes={"currency": "EUR"},
        valid_from=NOON - timedelta(days=1),
        valid_to=NOON + timedelta(days=30),
    )


def item_id(book: CouponBook) -> str:
    return str(uuid_of("shop-item", book.pk))


def voucher_id(usage: CouponUsage) -> str:
    return str(uuid_of("voucher", usage.pk))


def order(book: CouponBook, member: Member, **instead: Any) -> dict[str, Any]:
    said = {
        "contactId": str(member.customer_id),
        "pointShopItemPurchaseId": str(uuid.uuid4()),
        "pointShopItemId": item_id(book),
    }
    return {**said, **instead}


def buy(engage: Engage, book: CouponBook, member: Member) -> dict[str, Any]:
    answer = engage.post(f"{SHOP}/purchase", order(book, member))
    assert answer.status_code == 200, answer.content
    bought: dict[str, Any] = answer.body
    return bought


def numbers(engage: Engage, path: str, member: Member) -> list[str]:
    page = engage.get(path, contactId=member.customer_id).body
    assert page["totalCount"] == page["count"] == len(page["items"])
    return [voucher["voucherNumber"] for voucher in page["items"]]


def shop(engage: Engage, member: Member) -> list[str]:
    return [shown["name"] for shown in engage.get(SHOP, contactId=member.customer_id).body]


# --- lists -----------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("path", LISTS)
def test_v10_without_vouchers_the_lists_are_empty_pages(engage: Engage, alice: Member, path: str) -> None:
    answer = engage.get(path, contactId=alice.customer_id, offset=2)
    assert answer.body == {"items": [], "totalCount": 0, "offset": 2, "count": 0, "links": []}


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("path", [*LISTS, SHOP])
def test_v10_v13_a_contact_has_to_be_named_and_known(engage: Engage, charlie: Member, path: str) -> None:
    for query in ("", "contactId=", "contactId=x"):
        engage.refuses("GET", f"{path}?{query}", None, 400, "ValidationFailed")
    for contact in (NOBODY, charlie.customer_id):
        engage.refuses("GET", f"{path}?contactId={contact}", None, 404, "ContactNotFound")


def test_v10_a_voucher_says_what_it_is_worth_and_what_was_paid(engage: Engage, item: CouponBook, alice: Member) -> None:
    bought = buy(engage, item, alice)
    usage = CouponUsage.objects.get()
    assert bought == {
        "id": voucher_id(usage),
        "voucherNumber": "TEN",
        "name": "Coffee",
        "redeemedOn": None,
        "redeemed": False,
        "expiresOn": "2030-04-14T12:00:00+00:00",
        "value": {"currency": "EUR", "amount": 5.5},
        "localValues": [{"currency": "EUR", "amount": 5.5}],
        "points": 12.5,
    }
    assert engage.get(VOUCHERS, contactId=alice.customer_id).body["items"] == [bought]


def test_v10_what_is_no_money_is_worth_none_and_what_was_given_cost_none(
    engage: Engage, house: House, item: CouponBook, alice: Member
) -> None:
    book = make_book(house, name="Tenth off", discount_type="percentage", discount_amount=Decimal(10))
    usage = assign(book, alice).usages[0]
    (voucher,) = engage.get(VOUCHERS, contactId=alice.customer_id).body["items"]
    assert (voucher["voucherNumber"], voucher["expiresOn"], voucher["points"]) == (str(usage.pk), None, 0)
    assert (voucher["value"], voucher["localValues"]) == ({"currency": "", "amount": 0}, [])


def test_v10_what_a_captured_hold_paid_is_told(engage: Engage, house: House, item: CouponBook, alice: Member) -> None:
    assign(item, alice, hold_id=house.take(alice, 3_000, hold=True).id)
    assert engage.get(VOUCHERS, contactId=alice.customer_id).body["items"][0]["points"] == 12.5


def test_v10_available_are_those_that_can_be_used_and_redeemed_those_that_were(
    engage: Engage, house: House, alice: Member, bob: Member, item: CouponBook, noon: Any
) -> None:
    assign(item, alice, number=2)
    house.give(bob, 2_000)
    assign(item, bob, codes=["TWELVE"])
    use(item, alice, code="TEN")
    late = make_book(house, "single", codes=["LATE"])
    assign(late, alice, expires_at=NOON + timedelta(hours=1))
    paused = make_book(house, "single", codes=["PAUSED"])
    assign(paused, alice)
    disable_book(book=paused, actor=TESTER, at=clock.now())
    gone = assign(make_book(house, "single", codes=["GONE"]), alice).usages[0]
    revert_usage(usage=gone, actor=TESTER, at=clock.now())
    assert [numbers(engage, path, alice) for path in LISTS] == [
        ["PAUSED", "LATE", "ELEVEN", "TEN"],
        ["LATE", "ELEVEN"],
        ["TEN"],
    ]
    noon.shift(3_600)
    assert numbers(engage, LISTS[1], alice) == ["ELEVEN"]
    archive_book(book=fresh(item), actor=TESTER, at=clock.now())
    assert numbers(engage, LISTS[1], alice) == ["ELEVEN"]
    assert numbers(engage, VOUCHERS, bob) == ["TWELVE"]


def test_v10_a_page_is_a_part_of_all_and_costs_the_same(engage: Engage, house: House, alice: Member) -> None:
    book = make_book(house, "list", codes=[f"C{number}" for number in range(30)])
    assign(book, alice, number=2)
    engage.get(VOUCHERS, contactId=alice.customer_id)
    with round_trips() as few:
        engage.get(VOUCHERS, contactId=alice.customer_id)
    assign(book, alice, number=28)
    with round_trips() as many:
        page = engage.get(VOUCHERS, contactId=alice.customer_id, offset=1, count=20).body
    assert (len(page["items"]), page["totalCount"], page["count"], page["offset"]) == (20, 30, 20, 1)
    assert len(many) == len(few)


# --- redeeming and reactivating --------------------------------------------------------------------------------------
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("act", ["redeem", "reactivate"])
def test_v11_v12_a_voucher_that_is_not_there_is_404(
    engage: Engage, neighbor: House, charlie: Member, house: House, alice: Member, act: str
) -> None:
    engage.refuses("POST", f"{VOUCHERS}/x/{act}", None, 400, "InvalidRewardVoucherId")
    foreign = assign(make_book(neighbor), charlie).usages[0]
    reverted = assign(make_book(house), alice).usages[0]
    revert_usage(usage=reverted, actor=TESTER, at=clock.now())
    used = use(make_book(house), alice).usages[1]
    others = [voucher_id(usage) for usage in (foreign, reverted, used)]
    for named in (NOBODY, item_id(make_book(house)), str(uuid_of("voucher", 2**62 - 1)), *others):
        engage.refuses("POST", f"{VOUCHERS}/{named}/{act}", None, 404, "RewardVoucherNotFound")


def test_v11_a_voucher_is_redeemed_once(engage: Engage, house: House, item: CouponBook, alice: Member) -> None:
    assign(item, alice, number=2)
    first, second = CouponUsage.objects.order_by("pk")
    # Not the one that expires first, but the one that is named.
    path = f"{VOUCHERS}/{voucher_id(second)}/redeem"
    answer = engage.post(path, None)
    assert answer.status_code == 200
    said = (answer.body["id"], answer.body["redeemed"], answer.body["redeemedOn"])
    assert said == (voucher_id(second), True, "2030-03-15T12:00:00+00:00")
    engage.refuses("POST", path, None, 409, "RewardVoucherAlreadyRedeemed")
    first.refresh_from_db()
    assert first.amount_used == 0
    assert house.findings() == []


def test_v11_a_voucher_of_several_units_is_redeemed_unit_by_unit(engage: Engage, house: House, alice: Member) -> None:
    usage = assign(make_book(house), alice, amount=2).usages[0]
    path = f"{VOUCHERS}/{voucher_id(usage)}/redeem"
    assert [engage.post(path, None).body["redeemed"] for _ in range(2)] == [False, True]
    engage.refuses("POST", path, None, 409, "RewardVoucherAlreadyRedeemed")


@pytest.mark.parametrize("whose_time", ["its own", "its book's"])
def test_v11_v12_an_expired_voucher_is_409(
    engage: Engage, house: House, alice: Member, noon: Any, whose_time: str
) -> None:
    end = NOON + timedelta(hours=1)
    book = make_book(house, valid_to=end if whose_time == "its book's" else None)
    late, used = assign(book, alice, number=2, expires_at=end if whose_time == "its own" else None).usages
    use(book, alice, assignment_id=used.pk)
    noon.shift(3_600)
    engage.refuses("POST", f"{VOUCHERS}/{voucher_id(late)}/redeem", None, 409, "RewardVoucherExpired")
    engage.refuses("POST", f"{VOUCHERS}/{voucher_id(used)}/redeem", None, 409, "RewardVoucherAlreadyRedeemed")
    engage.refuses("POST", f"{VOUCHERS}/{voucher_id(used)}/reactivate", None, 409, "RewardVoucherExpired")


def test_v11_a_book_that_pauses_and_a_blocked_contact_redeem_nothing(
    engage: Engage, house: House, alice: Member
) -> None:
    book = make_book(house, usage_required_points=100)
    path = f"{VOUCHERS}/{voucher_id(assign(book, alice).usages[0])}/redeem"
    engage.refuses("POST", path, None, 400, "InsufficientPoints")
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    engage.refuses("POST", path, None, 400, "ContactNotActive")
    disable_book(book=fresh(book), actor=TESTER, at=clock.now())
    engage.refuses("POST", path, None, 400, "NotAccepted")


def test_v12_a_voucher_is_made_good_again_three_times_with_its_expiry(
    engage: Engage, house: House, item: CouponBook, alice: Member, noon: Any
) -> None:
    bought = buy(engage, item, alice)
    path = f"{VOUCHERS}/{bought['id']}"
    engage.refuses("POST", f"{path}/reactivate", None, 409, "RewardVoucherAlreadyActivated")
    for _ in range(3):
        noon.shift(60)
        assert engage.post(f"{path}/redeem", None).body["redeemed"]
        assert engage.post(f"{path}/reactivate", None).body == bought
        engage.refuses("POST", f"{path}/reactivate", None, 409, "RewardVoucherAlreadyActivated")
    engage.post(f"{path}/redeem", None)
    engage.refuses("POST", f"{path}/reactivate", None, 409, "ReactivationLimitExceeded")
    assert house.balance(alice) == (4_000 - PRICE, 0, 0)
    assert house.findings() == []


def test_v12_what_the_use_cost_comes_back(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 500)
    path = f"{VOUCHERS}/{voucher_id(assign(make_book(house, usage_required_points=300), alice).usages[0])}"
    engage.post(f"{path}/redeem", None)
    assert house.balance(alice) == (200, 0, 0)
    engage.post(f"{path}/reactivate", None)
    assert house.balance(alice) == (500, 0, 0)


# --- the shop --------------------------------------------------------------------------------------------------------
def test_v13_the_shop_shows_what_the_contact_may_have_for_points(
    engage: Engage, house: House, item: CouponBook, alice: Member
) -> None:
    assert engage.get(SHOP, contactId=alice.customer_id).body == [
        {
            "id": item_id(item),
            "name": "Coffee",
            "cost": 12.5,
            "pointDefinitionId": house.account.pk,
            "promotionId": item.key,
            "validFrom": "2030-03-14T12:00:00+00:00",
            "validTo": "2030-04-14T12:00:00+00:00",
            "presentation": {
                "title": "Coffee",
                "description": "Any cup",
                "imageUrl": "https://example.com/cup.png",
                "link": "",
            },
        }
    ]


def test_v13_it_leaves_out_what_the_contact_cannot_have(
    engage: Engage, house: House, item: CouponBook, alice: Member, bob: Member
) -> None:
    priced: dict[str, Any] = {"assignment_required_points": 100}
    make_book(house, name="Free")
    make_book(house, name="Draft", status="draft", **priced)
    make_book(house, name="Dear", assignment_required_points=4_001)
    make_book(house, name="Sold out", max_coupon_count=0, **priced)
    make_book(house, name="Over", valid_to=NOON, **priced)
    make_book(house, name="Friends", audience_keys=["friends"], **priced)
    make_book(house, name="Gold", tiers=["gold"], **priced)
    make_book(house, name="Never", condition={"expression": "false"}, **priced)
    once = make_book(house, name="Once", max_assigned_per_member=1, **priced)
    make_book(house, name="First", ranking_index=1, **priced)
    assert shop(engage, alice) == ["First", "Coffee", "Once"]
    # A voucher in hand is no reason to be offered another.
    assign(once, alice)
    assert shop(engage, alice) == ["First", "Coffee"]
    assert shop(engage, bob) == []


def test_v13_whole_prices_are_whole_numbers_and_the_queries_are_few(
    engage: Engage, house: House, alice: Member
) -> None:
    house.give(alice, 1_000)
    make_book(house, assignment_required_points=900)
    engage.get(SHOP, contactId=alice.customer_id)
    with round_trips() as few:
        assert engage.get(SHOP, contactId=alice.customer_id).body[0]["cost"] == 9
    for _ in range(5):
        make_book(house, assignment_required_points=900)
    with round_trips() as many:
        assert len(engage.get(SHOP, contactId=alice.customer_id).body) == 6
    assert len(many) == len(few)


def test_v14_a_purchase_gives_the_voucher_and_takes_the_points_once(
    engage: Engage, house: House, item: CouponBook, alice: Member, bob: Member
) -> None:
    house.give(bob, 4_000)
    said = order(item, alice)
    answer = engage.post(f"{SHOP}/purchase", said)
    assert (answer.status_code, house.balance(alice)) == (200, (4_000 - PRICE, 0, 0))
    before = CouponUsage.objects.count()
    assert engage.post(f"{SHOP}/purchase", said).body == answer.body
    assert (CouponUsage.objects.count(), house.balance(alice)) == (before, (4_000 - PRICE, 0, 0))
    # The same purchase id of another contact is another purchase; with another item it is none.
    theirs = engage.post(f"{SHOP}/purchase", {**said, "contactId": str(bob.customer_id)})
    assert theirs.body["voucherNumber"] == "ELEVEN"
    other = make_book(house, assignment_required_points=1)
    again = {**said, "pointShopItemId": item_id(other)}
    engage.refuses("POST", f"{SHOP}/purchase", again, 409, "IdempotencyConflict")
    assert house.findings() == []


def test_v14_a_purchase_is_answered_again_when_the_item_is_gone_and_the_voucher_taken_back(
    engage: Engage, house: House, item: CouponBook, alice: Member
) -> None:
    said = order(item, alice)
    first = engage.post(f"{SHOP}/purchase", said).body
    revert_usage(usage=CouponUsage.objects.get(), actor=TESTER, at=clock.now())
    archive_book(book=fresh(item), actor=TESTER, at=clock.now())
    again = engage.post(f"{SHOP}/purchase", said)
    assert (again.status_code, again.body) == (200, first)
    assert house.balance(alice) == (4_000, 0, 0)


def test_v14_what_the_contact_cannot_have_takes_no_points(
    engage: Engage, house: House, item: CouponBook, alice: Member, bob: Member
) -> None:
    path = f"{SHOP}/purchase"
    engage.refuses("POST", path, order(item, bob), 400, "InsufficientPoints")
    update_book(book=item, changes={"max_assigned_per_member": 0}, actor=TESTER, at=clock.now())
    engage.refuses("POST", path, order(item, alice), 400, "NotAccepted")
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    engage.refuses("POST", path, order(item, alice), 400, "ContactNotActive")


def test_v14_an_item_that_is_not_there_is_404(
    engage: Engage, house: House, item: CouponBook, alice: Member, neighbor: House
) -> None:
    path, body = f"{SHOP}/purchase", order(item, alice)
    draft = make_book(house, status="draft", assignment_required_points=1)
    for none in (NOBODY, *map(item_id, (make_book(house), draft, make_book(neighbor, assignment_required_points=1)))):
        engage.refuses("POST", path, body | {"pointShopItemId": none}, 404, "PointShopItemNotFound")
    engage.refuses("POST", path, body | {"contactId": NOBODY}, 404, "ContactNotFound")
    for field in body:
        engage.refuses("POST", path, body | {field: "x"}, 400, "ValidationFailed")


def test_r9_the_points_taken_are_told_as_converted_to_a_voucher(
    engage: Engage, house: House, item: CouponBook, alice: Member
) -> None:
    buy(engage, item, alice)
    listed = engage.get(TRANSACTIONS, id=account_of(house, alice)).body["items"]
    shown = [(row["type"], row["amount"], row["source"], row["description"]) for row in listed]
    assert shown[0] == ("Deduction", -12.5, "RewardVoucher", "@@(ConvertedToBonusCheck) - Coffee")
    assert engage.get(f"{TRANSACTIONS}/{listed[0]['id']}").body == listed[0]
    revert_usage(usage=CouponUsage.objects.get(), actor=TESTER, at=clock.now())
    back = engage.get(TRANSACTIONS, id=account_of(house, alice)).body["items"][0]
    said = (back["type"], back["amount"], back["source"], back["description"])
    assert said == ("Cancellation", 12.5, "PointTransactionCancellation", "Coffee")


# --- races -----------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_v11_v12_v14_double_clicks_act_once(house: House, alice: Member) -> None:
    house.give(alice, 10_000)
    book = make_book(house, assignment_required_points=PRICE)
    said = order(book, alice)
    clients = [engage_for(house.organization, is_admin=True) for _ in range(4)]

    def all_at_once(path: str, body: Any) -> list[tuple[int, str]]:
        calls = [lambda client=client: client.post(path, body) for client in clients]
        answers = in_parallel(*calls)
        return sorted((answer.status_code, answer.body.get("errorCode", "")) for answer in answers)

    assert all_at_once(f"{SHOP}/purchase", said) == [(200, "")] * 4
    usage = CouponUsage.objects.get()
    path = f"{VOUCHERS}/{voucher_id(usage)}"
    for act, refusal in (("redeem", "RewardVoucherAlreadyRedeemed"), ("reactivate", "RewardVoucherAlreadyActivated")):
        assert all_at_once(f"{path}/{act}", None) == [(200, ""), *[(409, refusal)] * 3]
    assert Transaction.objects.filter(source="coupon").count() == 1
    assert house.findings() == []
