"""Purchase orders: taken in once, awarded, and taken back (semantics 8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Award, MonthlyPoints
from campaigns.services import create_matcher
from ledger.models import Transaction
from ledger.services import update_account
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import LoyaltyEvent, Member, PurchaseOrder
from members.services import update_member
from tests.campaigns.plays import add_action, change, make_campaign, minting
from tests.campaigns.shop import CONFIRMED, item, order, point_for_each, preview, told
from tests.coupons.books import make_book, use
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses
from tests.walk import every_row

PLACED = {"externalId": "o-1", "type": "shop", "total": 100, "status": "confirmed"}


def kinds() -> list[str]:
    """The events of orders, in the order in which they were told."""
    events = LoyaltyEvent.objects.filter(event_type__startswith="member-purchase-order").order_by("pk")
    return [event.event_type.removeprefix("member-purchase-order-") for event in events]


# --- intake ----------------------------------------------------------------------------------------------------------
def test_8_1_an_order_is_made_then_changed_and_answers_what_it_gave(house: House, api: Api, alice: Member) -> None:
    campaign = point_for_each(house)
    path = f"members/{alice.pk}/purchase-orders"
    body = {**PLACED, "discountedTotal": 79.99, "items": [item("latte", 79.99)], "customAttributes": {"a": 1.5}}
    made = api.put(path, {**body, "status": "created"})
    assert (made.status_code, made.body["evaluationResults"]["pointsAwarded"]) == (201, 0)
    confirmed = api.put(path, body)
    assert confirmed.status_code == 200
    results = confirmed.body["evaluationResults"]
    assert (results["pointsAwarded"], results["pointsReturned"], results["shortfall"]) == (79, 0, 0)
    assert (results["effects"][0]["campaignId"], results["errors"]) == (campaign.pk, [])
    read = confirmed.body["order"]
    assert {name: read[name] for name in body} == body
    assert read["evaluationResults"] == results
    assert api.get(f"{path}/{read['orderId']}").body == {"order": read}
    assert api.get(path).body["results"] == [read]
    assert kinds() == ["created", "confirmed"]
    assert house.balance(alice) == (79, 0, 0)
    mint = Transaction.objects.get(kind="mint")
    assert mint.external_id == "o-1"


def test_8_2_an_order_sent_again_does_nothing_and_answers_as_before(house: House, api: Api, alice: Member) -> None:
    point_for_each(house)
    path = f"members/{alice.pk}/purchase-orders"
    first = api.put(path, {**PLACED, "total": 100})
    before = every_row()
    again = api.put(path, {**PLACED, "total": "100.00", "tags": [], "discountedTotal": None})
    assert (again.status_code, again.body) == (200, first.body)
    assert every_row() == before


@pytest.mark.parametrize(
    ("was", "allowed"),
    [
        ("created", {"created", "confirmed", "cancelled"}),
        ("confirmed", {"confirmed", "partially-returned", "returned", "cancelled"}),
        ("partially-returned", {"partially-returned", "returned"}),
        ("cancelled", set()),
        ("returned", set()),
    ],
)
def test_8_2_an_order_goes_its_way_once(house: House, api: Api, alice: Member, was: str, allowed: set[str]) -> None:
    path = f"members/{alice.pk}/purchase-orders"
    for number, status in enumerate(PurchaseOrder.Status.values):
        body = {**PLACED, "externalId": f"o-{number}"}
        assert api.put(path, {**body, "status": was}).status_code == 201
        if status in allowed:
            assert api.put(path, {**body, "total": 50, "status": status}).status_code == 200
        else:
            refuses(api, "PUT", path, {**body, "total": 50, "status": status}, 409, "ORDER_STATUS_REFUSED")


def test_8_2_a_status_that_goes_back_and_forth_awards_once(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice, status="created")
    order(house, alice)
    for status in ("created", "confirmed", "created", "confirmed"):
        if status == "created":
            with pytest.raises(DomainError):
                order(house, alice, status=status)
        else:
            assert order(house, alice).outcome == "unchanged"
    assert (kinds(), house.balance(alice)) == (["created", "confirmed"], (100, 0, 0))


def test_8_2_a_part_returned_tells_an_event_for_each_change_of_its_total(house: House, alice: Member) -> None:
    order(house, alice)
    for total in (80, 80, 60):
        order(house, alice, total, status="partially-returned")
    order(house, alice, 60, status="partially-returned", description="only a word more")
    assert kinds() == ["confirmed", "partially-returned", "partially-returned"]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"discountedTotal": 100.01}, 400, "INVALID_INPUT"),
        ({"total": -1}, 400, "INVALID_INPUT"),
        ({"items": [{"sku": "a", "quantity": 0}]}, 400, "INVALID_INPUT"),
        ({"items": [{"quantity": 1}]}, 400, "INVALID_INPUT"),
        ({"loyaltyProgramId": 987654}, 400, "INVALID_INPUT"),
        ({"externalEventDate": "2999-01-01T00:00:00Z"}, 400, "INVALID_INPUT"),
    ],
)
def test_8_3_what_no_order_can_be_is_refused(api: Api, alice: Member, more: Any, status: int, code: str) -> None:
    refuses(api, "PUT", f"members/{alice.pk}/purchase-orders", {**PLACED, **more}, status, code)


def test_8_1_an_order_is_one_members(house: House, api: Api, alice: Member, bob: Member) -> None:
    order(house, alice)
    refuses(api, "PUT", f"members/{bob.pk}/purchase-orders", PLACED, 409, "ORDER_OF_ANOTHER_MEMBER")


def test_8_4_an_order_that_was_over_when_it_was_first_seen_gives_and_takes_nothing(house: House, alice: Member) -> None:
    make_campaign(house, minting(5), event_type="member-purchase-order-returned")
    assert told(order(house, alice, status="returned")) == {"pointsAwarded": 0, "pointsReturned": 0, "shortfall": 0}
    assert (kinds(), house.balance(alice)) == (["returned"], (0, 0, 0))


def test_5_3_a_blocked_member_buys_nothing_but_may_return(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice)
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    with pytest.raises(DomainError, match="not active"):
        order(house, alice, external_id="o-2")
    assert told(order(house, alice, status="returned"))["pointsReturned"] == 100
    assert house.balance(alice) == (0, 0, 0)


# --- conditions ------------------------------------------------------------------------------------------------------
def test_8_5_conditions_ask_the_order(house: House, alice: Member) -> None:
    from loyalty.kernel.models import Location
    from loyalty.kernel.services import create_catalog_entry

    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    create_catalog_entry(model=Location, code="berlin", label="Berlin", **words)
    point_for_each(house, min_spend=50, location_codes=["berlin"])
    here = {"custom_attributes": {"orderLocationCode": "berlin", "locationCode": "rome"}}
    assert told(order(house, alice, 50, external_id="a", **here))["pointsAwarded"] == 50
    assert told(order(house, alice, 80, discounted_total=49.99, external_id="b", **here))["pointsAwarded"] == 0
    assert told(order(house, alice, 50, external_id="c"))["pointsAwarded"] == 0


def test_10_1_an_action_with_a_matcher_counts_the_items_it_means(house: House, alice: Member) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    rule = {"expression": 'item.sku == "latte"'}
    lattes = create_matcher(name="Lattes", type="item-matcher", matcher=rule, **words)
    make_campaign(
        house, minting("matched.quantity * 3"), event_type=CONFIRMED, action={"rules": {"matcherKey": lattes.key}}
    )
    items = [item("latte", 8, 2), item("cake", 4), item("latte", 4)]
    assert told(order(house, alice, 16, items=items))["pointsAwarded"] == 9
    placed = order(house, alice, 4, items=items[1:2], external_id="o-2")
    assert [(row["result"], row["condition"]) for row in placed.rows] == [("skipped", "matcher")]
    # One cup goes back, and then the cake, which earned nothing.
    assert told(order(house, alice, 12, items=items[:2], status="partially-returned"))["pointsReturned"] == 3
    assert told(order(house, alice, 8, items=items[:1], status="partially-returned"))["pointsReturned"] == 0
    assert told(order(house, alice, 8, items=items[:1], status="returned"))["pointsReturned"] == 6
    assert house.balance(alice) == (0, 0, 0)


# --- returns ---------------------------------------------------------------------------------------------------------
def test_8_4_what_goes_back_takes_its_share_and_the_rest_goes_with_the_rest(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice)
    part = order(house, alice, 33.34, status="partially-returned")
    assert told(part) == {"pointsAwarded": 0, "pointsReturned": 67, "shortfall": 0}
    assert house.balance(alice) == (33, 0, 0)
    assert Transaction.objects.filter(kind="burn").get().external_id == "o-1"
    rest = order(house, alice, 33.34, status="returned")
    assert told(rest) == {"pointsAwarded": 0, "pointsReturned": 33, "shortfall": 0}
    assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])


def test_8_4_a_whole_return_is_a_revert(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice)
    assert told(order(house, alice, status="cancelled"))["pointsReturned"] == 100
    revert = Transaction.objects.get(kind="revert")
    assert revert.answers == Transaction.objects.get(kind="mint")
    assert order(house, alice, status="cancelled").outcome == "unchanged"
    assert house.findings() == []


def test_8_4_a_total_that_falls_without_a_return_takes_back_too_and_one_that_rises_gives_nothing(
    house: House, alice: Member
) -> None:
    point_for_each(house)
    order(house, alice)
    lower = order(house, alice, 40)
    assert told(lower) == {"pointsAwarded": 0, "pointsReturned": 60, "shortfall": 0}
    assert told(order(house, alice, 40)) == told(lower)
    assert told(order(house, alice, 90)) == {"pointsAwarded": 0, "pointsReturned": 0, "shortfall": 0}
    assert (kinds(), house.balance(alice)) == (["confirmed"], (40, 0, 0))


def test_8_4_waiting_points_go_first_then_the_orders_own_then_others(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    soon = house.give(alice, 10, expires_at=NOON + timedelta(days=1))
    make_campaign(house, minting("floor(order.basis)", validInDays=14), event_type=CONFIRMED)
    point_for_each(house)
    order(house, alice)
    assert house.balance(alice) == (110, 0, 100)
    order(house, alice, 60, status="partially-returned")
    assert house.balance(alice) == (70, 0, 60)
    # What expires tomorrow would be spent first, but is not the order's.
    assert Transaction.objects.get(pk=soon.id).lots.get().remaining == 10
    house.take(alice, 40)
    order(house, alice, 60, status="returned")
    assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])
    assert PurchaseOrder.objects.get().shortfall == 30


def test_8_4_what_is_not_there_any_more_is_written_down_and_taken_when_more_goes_back(
    house: House, api: Api, alice: Member
) -> None:
    point_for_each(house)
    order(house, alice)
    house.take(alice, 90)
    part = order(house, alice, 50, status="partially-returned")
    assert told(part) == {"pointsAwarded": 0, "pointsReturned": 10, "shortfall": 40}
    house.give(alice, 25)
    rest = order(house, alice, 50, status="returned")
    assert told(rest) == {"pointsAwarded": 0, "pointsReturned": 25, "shortfall": 65}
    award = Award.objects.get()
    assert (award.amount, award.taken, award.shortfall) == (100, 35, 65)
    read = api.get(f"members/{alice.pk}/purchase-orders").body["results"][0]
    assert (read["shortfall"], read["evaluationResults"]["shortfall"]) == (65, 65)
    assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])


def test_8_4_points_are_taken_back_from_an_account_that_is_closed(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice)
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    assert told(order(house, alice, 60, status="partially-returned"))["pointsReturned"] == 40
    assert told(order(house, alice, 60, status="returned"))["pointsReturned"] == 60
    assert house.findings() == []


def test_8_4_below_the_spend_that_earned_it_nothing_is_kept(house: House, alice: Member) -> None:
    make_campaign(house, minting(50), event_type=CONFIRMED, min_spend=80)
    make_campaign(house, minting(7), event_type=CONFIRMED, action={"rules": {"expression": "order.basis > 70"}})
    order(house, alice)
    assert house.balance(alice) == (57, 0, 0)
    assert told(order(house, alice, 90, status="partially-returned"))["pointsReturned"] == 6
    assert told(order(house, alice, 75, status="partially-returned"))["pointsReturned"] == 46
    assert told(order(house, alice, 60, status="partially-returned"))["pointsReturned"] == 5
    assert house.balance(alice) == (0, 0, 0)


def test_8_4_a_campaign_that_changed_since_measures_as_it_did(house: House, alice: Member) -> None:
    campaign = point_for_each(house)
    order(house, alice)
    change(campaign, active=False, min_spend=1000)
    assert told(order(house, alice, 60, status="partially-returned"))["pointsReturned"] == 40


def test_8_4_unused_coupons_go_back_and_used_ones_stay(house: House, alice: Member) -> None:
    unused, used = make_book(house, "list", codes=["A"]), make_book(house, "list", codes=["B"], name="Cake")
    coupons = [{"type": "assign-coupon", "params": {"couponBookKey": book.key}} for book in (unused, used)]
    make_campaign(house, *coupons, event_type=CONFIRMED)
    order(house, alice)
    use(used, alice)
    assert told(order(house, alice, 60, status="partially-returned"))["pointsReturned"] == 0
    placed = order(house, alice, 60, status="returned")
    assert [(row["effectType"], row["result"]) for row in placed.rows] == [("assign-coupon", "returned")]
    states = {usage.book.name: usage.status for usage in alice.coupon_usages.filter(kind="assign")}
    assert states == {"Coffee": "reverted", "Cake": "used"}
    assert house.findings() == []


def test_9_3_what_is_taken_back_no_longer_counts_for_the_month(house: House, alice: Member) -> None:
    point_for_each(house, monthly_limit=120, allow_partial=True)
    order(house, alice)
    assert told(order(house, alice, external_id="o-2"))["pointsAwarded"] == 20
    order(house, alice, 50, status="partially-returned")
    assert MonthlyPoints.objects.get().points == 70
    assert told(order(house, alice, external_id="o-3"))["pointsAwarded"] == 50


def test_7_4_what_a_told_event_gave_is_the_orders_too(house: House, alice: Member) -> None:
    make_campaign(house, {"type": "track-event", "params": {"eventType": "member-generic-event"}}, event_type=CONFIRMED)
    make_campaign(house, minting("floor(order.basis / 2)"))
    order(house, alice)
    assert house.balance(alice) == (50, 0, 0)
    assert told(order(house, alice, status="returned"))["pointsReturned"] == 50


def test_8_4_a_preview_tells_what_would_be_taken_and_takes_nothing(house: House, alice: Member) -> None:
    point_for_each(house)
    order(house, alice)
    house.take(alice, 90)
    before = every_row()
    rows = preview(house, alice, 30, status="partially-returned")
    assert [(row["amount"], row["shortfall"], row["kept"]) for row in rows] == [(10, 60, 30)]
    assert every_row() == before
    placed = order(house, alice, 30, status="partially-returned")
    assert [(row["amount"], row["shortfall"], row["kept"]) for row in placed.rows if row["result"] == "returned"] == [
        (10, 60, 30)
    ]
    with pytest.raises(DomainError):
        preview(house, alice, status="created")


# --- what a member keeps ---------------------------------------------------------------------------------------------
CHANGE = st.tuples(
    st.sampled_from(["edit", "confirm", "part", "return", "cancel", "again", "spend", "earn"]),
    st.integers(0, 4),
    st.integers(0, 3),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CHANGE, min_size=2, max_size=8))
def test_8_4_what_a_member_keeps_never_exceeds_what_the_kept_goods_earn(
    house: House, alice: Member, changes: list[tuple[str, int, int]]
) -> None:
    from django.db import transaction

    with transaction.atomic():
        _keep(house, alice, changes)
        transaction.set_rollback(True)


def _keep(house: House, alice: Member, changes: list[tuple[str, int, int]]) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    rule = {"expression": 'item.sku == "latte"'}
    lattes = create_matcher(name="Lattes", type="item-matcher", matcher=rule, **words)
    point_for_each(house, min_spend=10)
    make_campaign(house, minting("floor(order.basis * 0.3)", validInDays=7), event_type=CONFIRMED)
    campaign = make_campaign(
        house, minting("matched.quantity * 5"), event_type=CONFIRMED, action={"rules": {"matcherKey": lattes.key}}
    )
    add_action(campaign, minting(11), rules={"expression": "order.basis > 20"})
    earns: Callable[[Any, Any], int] = lambda cups, cakes: (  # noqa: E731 - the sums of the four, in one place
        (cups * 7 + cakes * 9 if cups * 7 + cakes * 9 >= 10 else 0)
        + int((cups * 7 + cakes * 9) * 3 // 10)
        + cups * 5
        + (11 if cups * 7 + cakes * 9 > 20 else 0)
    )
    cups, cakes, spent, earned = 4, 3, 0, 0
    for what, more_cups, more_cakes in changes:
        status = {"confirm": "confirmed", "part": "partially-returned", "return": "returned", "cancel": "cancelled"}
        if what == "spend":
            amount = min(more_cups * 5, max(0, house.balance(alice)[0]))
            spent += amount
            if amount:
                house.take(alice, amount)
            continue
        if what == "earn":
            if more_cups:
                house.give(alice, more_cups)
            earned += more_cups
            continue
        known = PurchaseOrder.objects.first()
        now = known.status if known is not None else "created"
        wanted = (more_cups, more_cakes) if what != "again" else (cups, cakes)
        goods = [
            one
            for one in (item("latte", wanted[0] * 7, wanted[0]), item("cake", wanted[1] * 9, wanted[1]))
            if one["quantity"]
        ]
        try:
            order(house, alice, wanted[0] * 7 + wanted[1] * 9, items=goods, status=status.get(what, now))
        except DomainError:
            pass
        else:
            cups, cakes = wanted
        known = PurchaseOrder.objects.first()
        assert known is not None
        active, _, pending = house.balance(alice)
        limit = 0 if known.is_over else earns(cups, cakes)
        assert active + pending - earned + spent <= limit + known.shortfall
        # Nothing is owed while there is something to take.
        assert active >= 0
    assert house.findings() == []
