"""Books that give what another organization's book has (semantics 4.3): its codes, within its limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coupons import errors
from coupons.models import Coupon, CouponUsage
from coupons.services import archive_book, disable_book, link_book, publish_book, set_links_open
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Organization
from members.models import LoyaltyEvent, Member
from tests import factories
from tests.coupons.books import assign, change, codes_of, fresh, link, make_book, refused, revert, sound, totals, use
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


# --- what a linked book is -------------------------------------------------------------------------------------------
def test_4_3_a_linked_book_begins_as_a_draft_told_as_the_one_it_is_linked_to(
    house: House, neighbor: House, noon: Any, next_door: Api
) -> None:
    Organization.objects.filter(pk=house.id).update(locales=["en-US", "de"])
    source = make_book(
        house,
        "list",
        description="Any cup.",
        subtitle="Free",
        picture_url="https://example.com/cup.png",
        discount_type="fixed",
        discount_amount=Decimal("4.5"),
        external_id="ours",
        custom_attributes={"till": 4},
        tags=["coffee"],
        tiers=["base"],
        audience_keys=["friends"],
        condition={"expression": "member.active"},
        max_assigned_per_member=2,
        max_assigned_per_coupon=3,
        max_coupon_count=9,
        assignment_required_points=50,
        required_points_config={"ledgerId": house.ledger.pk},
        valid_to=NOON + timedelta(days=9),
        content={"title": "A cup"},
        locale="en-US",
    )
    change(source, content={"title": "Eine Tasse"}, locale="de")
    linked = link_book(source=source, program=neighbor.program, actor=TESTER, at=NOON)
    answer = next_door.get(f"coupon-books/{linked.pk}").body["couponBook"]
    assert answer == {
        "couponBookId": linked.pk,
        "couponBookKey": "coffee",
        "organizationId": neighbor.id,
        "loyaltyProgramId": neighbor.program.pk,
        "externalId": None,
        "rankingIndex": None,
        "audienceKeys": [],
        "name": "Coffee",
        "description": "Any cup.",
        "subtitle": "Free",
        "pictureUrl": "https://example.com/cup.png",
        "detailPictureUrl": None,
        "customAttributes": {},
        "condition": {},
        "type": "list",
        "discountAmount": 4.5,
        "discountType": "fixed",
        "tags": [],
        "tiers": [],
        "publishingStatus": "draft",
        "validFromDate": None,
        "validToDate": None,
        "maxAssignedPerMember": 2,
        "maxAssignedPerCoupon": 3,
        "maxCouponCount": 9,
        "totalAssigned": 0,
        "totalUsages": 0,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
        "defaultLocale": "en-US",
        "assignmentRequiredPoints": None,
        "usageRequiredPoints": None,
        "requiredPointsConfig": {},
        "contentSchemaId": None,
        "contentSchemaVersionId": None,
        "content": {"title": "A cup"},
        "extraFields": {},
        "locale": "en-US",
        "isDefaultLocale": True,
    }
    # The neighbor knows no German.
    assert list(linked.contents.values_list("locale", flat=True)) == ["en-US"]


def test_a_book_is_linked_to_another_organizations_own_and_never_to_a_linked_one(house: House, neighbor: House) -> None:
    source = make_book(house)
    linked = link(source, neighbor)
    third = factories.build_house("Third")
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    refused(errors.BookIsLinked, link_book, source=linked, program=third.program, **words)
    refused(errors.BookIsLinked, link_book, source=source, program=house.program, **words)


def test_the_partner_changes_all_but_the_shared_limits_and_may_send_the_book_back_as_it_was_read(
    house: House, neighbor: House, next_door: Api
) -> None:
    linked = link(make_book(house, "generated", max_coupon_count=9), neighbor)
    path = f"coupon-books/{linked.pk}"
    read = next_door.get(path).body["couponBook"]
    body = {**read, "name": "Tea", "tiers": ["base"], "validToDate": "2099-01-01T00:00:00Z"}
    body = {name: value for name, value in body.items() if name not in ("content", "extraFields", "locale")}
    changed = next_door.put(path, body).body["couponBook"]
    assert (changed["name"], changed["tiers"], changed["maxCouponCount"]) == ("Tea", ["base"], 9)
    for name, value in (("maxCouponCount", 10), ("maxCouponCount", None), ("maxAssignedPerCoupon", 1)):
        refuses(next_door, "PUT", path, {"requiredPointsConfig": {}, name: value}, 422, "BOOK_IS_LINKED")


def test_a_limit_of_the_source_is_the_linked_books_at_once(house: House, neighbor: House, charlie: Member) -> None:
    source = make_book(house, max_coupon_count=5)
    linked = link(source, neighbor)
    change(source, max_coupon_count=0)
    assert fresh(linked).limit_in_all == 0
    refused(errors.OutOfStock, assign, linked, charlie)


# --- giving and using ------------------------------------------------------------------------------------------------
def test_4_3_codes_of_a_list_are_given_through_both_books_oldest_first_and_once(
    house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B", "C"])
    linked = link(source, neighbor)
    assert codes_of(assign(source, alice)) == ["A"]
    (usage,) = assign(linked, charlie).usages
    assert (usage.book_id, usage.organization_id, usage.coupon and usage.coupon.code) == (linked.pk, neighbor.id, "B")
    assert codes_of(assign(linked, charlie, codes=["C"])) == ["C"]
    refused(errors.OutOfStock, assign, source, alice)
    refused(errors.OutOfStock, assign, linked, charlie)
    refused(errors.LimitPerCoupon, assign, linked, charlie, codes=["A"])
    # Each counts what was given from it, the source all of it.
    assert (totals(source), totals(linked)) == ((3, 3, 0), (0, 2, 0))
    assert sound(house, neighbor)


def test_4_3_each_type_gives_what_the_source_has(house: House, neighbor: House, alice: Member, charlie: Member) -> None:
    single = make_book(house, "single", codes=["SHARED"], max_assigned_per_coupon=2)
    theirs = link(single, neighbor)
    assert codes_of(assign(theirs, charlie)) + codes_of(assign(single, alice)) == ["SHARED", "SHARED"]
    refused(errors.OutOfStock, assign, theirs, charlie)
    generated = make_book(house, "generated", max_coupon_count=3)
    theirs = link(generated, neighbor)
    (code,) = codes_of(assign(theirs, charlie))
    assert Coupon.objects.get(code=code).book_id == generated.pk
    assert (totals(generated), totals(theirs)) == ((1, 1, 0), (0, 1, 0))
    assert len(assign(generated, alice, number=5).usages) == 2
    refused(errors.OutOfStock, assign, theirs, charlie)
    codeless = make_book(house, max_coupon_count=3)
    theirs = link(codeless, neighbor)
    assign(theirs, charlie, amount=2)
    refused(errors.OutOfStock, assign, codeless, alice, amount=2)
    assign(codeless, alice)
    assert (totals(codeless), totals(theirs)) == ((0, 3, 0), (0, 2, 0))
    assert sound(house, neighbor)


def test_3_6_who_is_given_something_is_asked_by_the_partners_own_rules(
    house: House, neighbor: House, charlie: Member
) -> None:
    source = make_book(house, tiers=["nobody"], audience_keys=["nobody"])
    linked = link(source, neighbor, max_assigned_per_member=1)
    assign(linked, charlie)
    refused(errors.LimitPerMember, assign, linked, charlie)
    change(linked, tiers=["gold"], max_assigned_per_member=None)
    refused(errors.NotInTier, assign, linked, charlie)


def test_3_8_the_partners_members_pay_in_the_partners_points(house: House, neighbor: House, charlie: Member) -> None:
    neighbor.give(charlie, 30)
    source = make_book(house, "list", codes=["A"], assignment_required_points=999)
    linked = link(source, neighbor, assignment_required_points=10, usage_required_points=5)
    (usage,) = assign(linked, charlie).usages
    used = use(linked, charlie).usages[-1]
    assert neighbor.balance(charlie) == (15, 0, 0)
    revert(used)
    revert(usage)
    assert neighbor.balance(charlie) == (30, 0, 0)
    assert (totals(source), totals(linked)) == ((1, 0, 0), (0, 0, 0))
    assert Coupon.objects.get().member_id is None
    assert sound(house, neighbor)


def test_3_7_a_use_gives_what_there_is_and_nobody_uses_what_the_other_sides_member_has(
    house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B"])
    linked = link(source, neighbor)
    assign(source, alice)
    refused(errors.CodeNotOwned, use, linked, charlie, code="A")
    given, used = use(linked, charlie, code="b").usages
    assert (given.coupon and given.coupon.code, used.coupon_id) == ("B", given.coupon_id)
    refused(errors.CodeNotOwned, use, source, alice, code="B")
    assert (totals(source), totals(linked)) == ((2, 2, 1), (0, 1, 1))
    assert sound(house, neighbor)


def test_0_12_a_key_acts_once_for_each_organization(
    house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B"])
    linked = link(source, neighbor)
    first = assign(linked, charlie, unique_keys=["k"])
    assert codes_of(assign(source, alice, unique_keys=["k"])) == ["B"]
    again = assign(linked, charlie, unique_keys=["k"])
    assert (again.replayed, [u.pk for u in again.usages]) == (True, [u.pk for u in first.usages])


def test_what_happens_is_told_in_the_partners_journal_alone(house: House, neighbor: House, charlie: Member) -> None:
    linked = link(make_book(house, "list", codes=["A"]), neighbor)
    before = LoyaltyEvent.objects.filter(organization=house.id).count()
    use(linked, charlie)
    told = LoyaltyEvent.objects.filter(organization=neighbor.id, event_type__startswith="coupon").order_by("pk")
    assert [event.payload["couponBookId"] for event in told] == [linked.pk, linked.pk]
    assert LoyaltyEvent.objects.filter(organization=house.id).count() == before


# --- the source is withdrawn -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("withdraw", [disable_book, archive_book], ids=["disabled", "archived"])
def test_4_3_a_source_that_is_withdrawn_gives_nothing_through_the_link_and_what_was_given_is_used(
    house: House, neighbor: House, charlie: Member, next_door: Api, withdraw: Callable[..., Any]
) -> None:
    source = make_book(house, "list", codes=["A", "B"])
    linked = link(source, neighbor)
    assign(linked, charlie)
    withdraw(book=source, actor=TESTER, at=clock.now())
    body = {"memberId": charlie.pk}
    path = f"coupon-books/{linked.pk}"
    details = refuses(next_door, "POST", f"{path}/assign", body, 422, "STOCK_WITHDRAWN")
    assert details == {"exclusionReasons": ["STOCK_WITHDRAWN"]}
    assert next_door.post(f"{path}/use", body).status_code == 201
    # There is nothing left, and nothing is given for it.
    refuses(next_door, "POST", f"{path}/use", body, 422, "STOCK_WITHDRAWN")
    if withdraw is disable_book:
        publish_book(book=fresh(source), actor=TESTER, at=clock.now())
        assert codes_of(assign(linked, charlie)) == ["B"]


def test_a_link_that_is_closed_gives_nothing_until_it_is_open_again(
    house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    source = make_book(house)
    linked = link(source, neighbor)
    assign(linked, charlie)
    set_links_open(books=[linked, source], is_open=False)
    error = refused(errors.StockWithdrawn, assign, linked, charlie)
    assert error.details == {"exclusionReasons": ["STOCK_WITHDRAWN"]}
    use(linked, charlie)
    assign(source, alice)
    set_links_open(books=[linked], is_open=True)
    assign(linked, charlie)


def test_3_5_what_is_given_ends_with_the_source_whatever_the_partner_says(
    noon: time_machine.Coordinates, house: House, neighbor: House, charlie: Member
) -> None:
    end = NOON + timedelta(days=2)
    source = make_book(house, valid_to=end)
    linked = link(source, neighbor, valid_to=NOON + timedelta(days=30))
    given = [assign(linked, charlie, **more).usages[0] for more in ({}, {"expires_at": NOON + timedelta(days=9)})]
    given.append(assign(linked, charlie, expires_at=NOON + timedelta(days=1)).usages[0])
    assert [usage.ends_at for usage in given] == [end, end, NOON + timedelta(days=1)]
    noon.move_to(end)
    error = refused(errors.BookNotValid, assign, linked, charlie)
    assert error.details == {"exclusionReasons": ["BOOK_NOT_VALID"]}
    refused(errors.BookNotValid, use, linked, charlie)


# --- the shared limits -----------------------------------------------------------------------------------------------
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["assign", "assign", "use", "revert"]),
        st.integers(0, 3),
        st.booleans(),
        st.integers(1, 3),
        st.integers(1, 2),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_4_3_what_both_books_give_never_exceeds_what_the_source_has(
    house: House, neighbor: House, alice: Member, charlie: Member, steps: Any
) -> None:
    with transaction.atomic():
        sources = [
            make_book(house, "list", codes=["A", "B", "C"], max_assigned_per_coupon=2),
            make_book(house, "single", codes=["S"], max_coupon_count=5),
            make_book(house, "generated", max_coupon_count=3, max_assigned_per_coupon=2),
            make_book(house, max_coupon_count=4),
        ]
        pairs = [(source, link(source, neighbor)) for source in sources]
        for what, which, is_ours, number, amount in steps:
            book, member = (pairs[which][0], alice) if is_ours else (pairs[which][1], charlie)
            try:
                if what == "assign":
                    assign(book, member, number=number, amount=amount)
                elif what == "use":
                    use(book, member)
                else:
                    rows = CouponUsage.objects.select_related("book").filter(book=book).order_by("pk")
                    if rows:
                        revert(rows[number * amount % len(rows)])
            except DomainError:
                pass
        assert sound(house, neighbor)
        (listed, single, generated, codeless) = (totals(source) for source in sources)
        assert (listed[0], single[0]) == (3, 1)
        assert all(coupon.assigned <= 2 for coupon in Coupon.objects.exclude(book=sources[1]))
        assert (single[1] <= 5, generated[0] <= 3, codeless[1] <= 4) == (True, True, True)
        transaction.set_rollback(True)
