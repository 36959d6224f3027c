"""Coupon books that one partner offers the other, over the API (semantics 4)."""

from __future__ import annotations

from typing import Any

import pytest

from coupons.models import CouponBook
from coupons.services import archive_book, disable_book
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyProgram, Member
from partners.models import CouponBookOffering, Partnership
from tests import factories
from tests.coupons.books import assign, fresh, link, make_book
from tests.house import NOON_TEXT, TESTER, Api, House, api_for
from tests.partners.shared import ally, decide, offer, turn
from tests.refusals import refuses

OFFERINGS = "coupon-book-offerings"


@pytest.fixture
def partnership(house: House, neighbor: House) -> Partnership:
    return ally(house, neighbor)


@pytest.fixture
def next_door(neighbor: House) -> Api:
    """An administrator of Charlie's house, which is offered something."""
    return api_for(neighbor.organization, is_admin=True)


def body_of(partnership: Partnership, book: CouponBook, **more: Any) -> dict[str, Any]:
    return {"partnershipId": partnership.pk, "offeredCouponBookId": book.pk, "status": "pending", **more}


def approval(offering: CouponBookOffering) -> str:
    return f"{OFFERINGS}/{offering.pk}/approval"


# --- offering --------------------------------------------------------------------------------------------------------
def test_4_2_a_book_is_offered_and_both_sides_read_the_same(
    noon: Any, house: House, neighbor: House, partnership: Partnership, api: Api, next_door: Api
) -> None:
    book = make_book(
        house,
        "list",
        description="Any cup.",
        custom_attributes={"till": 4},
        tiers=["base"],
        assignment_required_points=5,
    )
    answer = api.post(OFFERINGS, body_of(partnership, book))
    assert answer.status_code == 201
    offering = CouponBookOffering.objects.get()
    assert answer.body == {
        "couponBookOfferingId": offering.pk,
        "partnershipId": partnership.pk,
        "organizationId": house.id,
        "partnerOrganizationId": neighbor.id,
        "offeredCouponBookId": book.pk,
        "acceptedCouponBookId": None,
        "status": "pending",
        "organization": {
            "organizationId": house.id,
            "organizationKey": "demo-coffee",
            "name": "Demo Coffee",
            "pictureUrl": "",
        },
        "partnerOrganization": {
            "organizationId": neighbor.id,
            "organizationKey": "neighbor-books",
            "name": "Neighbor Books",
            "pictureUrl": "",
        },
        "offeredCouponBook": {
            "couponBookId": book.pk,
            "couponBookKey": "coffee",
            "organizationId": house.id,
            "name": "Coffee",
            "description": "Any cup.",
            "subtitle": None,
            "pictureUrl": None,
            "detailPictureUrl": None,
            "type": "list",
            "discountType": None,
            "discountAmount": None,
            "publishingStatus": "published",
            "validFromDate": None,
            "validToDate": None,
        },
        "acceptedCouponBook": None,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    for client in (api, next_door):
        assert client.get(OFFERINGS).body == {"totalCount": 1, "page": 0, "limit": 25, "results": [answer.body]}
    entry = AuditEntry.objects.get(action="couponbookoffering.created")
    assert (entry.organization_id, entry.target_id, entry.after) == (house.id, str(offering.pk), {"book": "Coffee"})


def test_4_1_either_side_of_a_partnership_offers(neighbor: House, partnership: Partnership, next_door: Api) -> None:
    answer = next_door.post(OFFERINGS, body_of(partnership, make_book(neighbor)))
    assert (answer.status_code, answer.body["partnerOrganization"]["name"]) == (201, "Demo Coffee")


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_4_2_an_offering_begins_pending(house: House, partnership: Partnership, api: Api, status: str) -> None:
    book = make_book(house)
    details = refuses(api, "POST", OFFERINGS, body_of(partnership, book, status=status), 400, "INVALID_INPUT")
    assert "status" in str(details)


def test_4_2_only_a_side_of_the_partnership_offers_and_only_its_own_book(
    house: House, neighbor: House, partnership: Partnership, api: Api, next_door: Api
) -> None:
    third = factories.build_house("Third")
    outside = api_for(third.organization, is_admin=True)
    refuses(outside, "POST", OFFERINGS, body_of(partnership, make_book(third)), 404, "NOT_FOUND")
    refuses(next_door, "POST", OFFERINGS, body_of(partnership, make_book(house)), 404, "NOT_FOUND")
    assert outside.get(OFFERINGS).body["results"] == []


@pytest.mark.parametrize("status", ["draft", "disabled", "archived"])
def test_4_2_only_a_published_book_is_offered(house: House, partnership: Partnership, api: Api, status: str) -> None:
    book = make_book(house, status=status)
    refuses(api, "POST", OFFERINGS, body_of(partnership, book), 422, "BOOK_NOT_OFFERABLE")


def test_a_book_that_came_from_a_partner_is_not_offered_on(
    house: House, neighbor: House, partnership: Partnership, api: Api
) -> None:
    linked = link(make_book(neighbor), house)
    refuses(api, "POST", OFFERINGS, body_of(partnership, linked), 422, "BOOK_NOT_OFFERABLE")


def test_nothing_is_offered_in_a_partnership_that_has_ended(house: House, partnership: Partnership, api: Api) -> None:
    turn(partnership, active=False)
    refuses(api, "POST", OFFERINGS, body_of(partnership, make_book(house)), 422, "PARTNERSHIP_INACTIVE")


def test_4_2_a_book_is_offered_once_until_it_is_rejected_or_what_came_of_it_is_archived(
    house: House, partnership: Partnership, api: Api
) -> None:
    book = make_book(house)
    body = body_of(partnership, book)
    first = offer(partnership, book)
    refuses(api, "POST", OFFERINGS, body, 409, "ALREADY_OFFERED")
    decide(first, approved=False)
    second = decide(offer(partnership, book))
    refuses(api, "POST", OFFERINGS, body, 409, "ALREADY_OFFERED")
    assert second.accepted_book is not None
    archive_book(book=second.accepted_book, actor=TESTER, at=clock.now())
    assert api.post(OFFERINGS, body).status_code == 201


# --- deciding --------------------------------------------------------------------------------------------------------
def test_4_3_an_accepted_offering_makes_a_draft_of_the_partners_that_is_linked(
    house: House, neighbor: House, charlie: Member, partnership: Partnership, api: Api, next_door: Api
) -> None:
    book = make_book(house, "list", codes=["A"])
    offering = offer(partnership, book)
    answer = next_door.put(approval(offering), {"approved": True})
    assert (answer.status_code, answer.body) == (200, {"message": "The offering is accepted."})
    linked = CouponBook.objects.get(source_book=book)
    assert (linked.organization_id, linked.status, linked.type) == (neighbor.id, "draft", "list")
    [row] = api.get(f"{OFFERINGS}?status=accepted").body["results"]
    assert (row["acceptedCouponBookId"], row["acceptedCouponBook"]["publishingStatus"]) == (linked.pk, "draft")
    # From here on it is the partner's book like any other.
    path = f"coupon-books/{linked.pk}"
    assert next_door.put(path, {"publishingStatus": "published", "requiredPointsConfig": {}}).status_code == 200
    given = next_door.post(f"{path}/assign", {"memberId": charlie.pk}).body["couponUsages"]
    assert [line["code"] for line in given] == ["A"]
    refuses(api, "GET", path, None, 404, "NOT_FOUND")
    trail = AuditEntry.objects.filter(action__in=("couponbookoffering.accepted", "couponbook.linked")).order_by("pk")
    assert [(entry.action, entry.organization_id) for entry in trail] == [
        ("couponbook.linked", house.id),
        ("couponbookoffering.accepted", neighbor.id),
    ]
    # Who it was next door is not told here.
    assert trail[0].actor_name == "Neighbor Books"


def test_4_3_a_rejected_offering_makes_nothing(partnership: Partnership, house: House, next_door: Api) -> None:
    offering = offer(partnership, make_book(house))
    answer = next_door.put(approval(offering), {"approved": False})
    assert (answer.status_code, answer.body) == (200, {"message": "The offering is rejected."})
    assert CouponBook.objects.count() == 1
    assert CouponBookOffering.objects.get().status == "rejected"


@pytest.mark.parametrize("approved", [True, False])
def test_4_3_the_same_decision_again_changes_nothing_and_the_opposite_is_refused(
    house: House, partnership: Partnership, next_door: Api, approved: bool
) -> None:
    offering = decide(offer(partnership, make_book(house)), approved)
    # Also where it could not be decided any more.
    turn(partnership, active=False)
    before = list(AuditEntry.objects.values_list("pk")), list(CouponBook.objects.values())
    answer = next_door.put(approval(offering), {"approved": approved})
    assert (answer.status_code, answer.body) == (200, {"message": f"The offering is {offering.status}."})
    assert (list(AuditEntry.objects.values_list("pk")), list(CouponBook.objects.values())) == before
    refuses(next_door, "PUT", approval(offering), {"approved": not approved}, 409, "ALREADY_DECIDED")


def test_4_3_only_the_other_side_decides(house: House, partnership: Partnership, api: Api) -> None:
    offering = offer(partnership, make_book(house))
    refuses(api, "PUT", approval(offering), {"approved": True}, 404, "NOT_FOUND")
    outside = api_for(factories.build_house("Third").organization, is_admin=True)
    refuses(outside, "PUT", approval(offering), {"approved": True}, 404, "NOT_FOUND")


def test_what_cannot_be_accepted_can_be_rejected(
    house: House, neighbor: House, partnership: Partnership, next_door: Api
) -> None:
    book, other = make_book(house), make_book(house)
    offering, paused = offer(partnership, book), offer(partnership, other)
    yes = {"approved": True}
    turn(partnership, active=False)
    refuses(next_door, "PUT", approval(offering), yes, 422, "PARTNERSHIP_INACTIVE")
    turn(partnership, active=True)
    LoyaltyProgram.objects.filter(organization=neighbor.organization).update(is_default=False)
    refuses(next_door, "PUT", approval(offering), yes, 422, "NO_DEFAULT_PROGRAM")
    LoyaltyProgram.objects.filter(organization=neighbor.organization).update(is_default=True)
    archive_book(book=fresh(book), actor=TESTER, at=clock.now())
    refuses(next_door, "PUT", approval(offering), yes, 422, "BOOK_NOT_OFFERABLE")
    assert next_door.put(approval(offering), {"approved": False}).status_code == 200
    # What is only paused may come back.
    disable_book(book=fresh(other), actor=TESTER, at=clock.now())
    assert next_door.put(approval(paused), yes).status_code == 200


# --- listing ---------------------------------------------------------------------------------------------------------
def test_4_4_the_list_has_what_was_made_and_received_by_status_and_in_order(
    house: House, neighbor: House, partnership: Partnership, api: Api
) -> None:
    made = [offer(partnership, make_book(house)) for _ in range(2)]
    received = offer(partnership, make_book(neighbor))
    third = factories.build_house("Third")
    offer(ally(neighbor, third), make_book(third))
    decide(made[1], approved=False)

    def listed(query: str = "") -> list[int]:
        return [row["couponBookOfferingId"] for row in api.get(OFFERINGS + query).body["results"]]

    everything = [made[0].pk, made[1].pk, received.pk]
    assert listed() == everything
    assert listed("?order=couponBookOfferingId,desc") == everything[::-1]
    assert listed("?status=pending") == [made[0].pk, received.pk]
    assert listed("?status=rejected") == [made[1].pk]
    assert listed("?status=accepted") == []
    assert listed("?limit=1&page=1") == [made[1].pk]
    refuses(api, "GET", f"{OFFERINGS}?status=maybe", None, 400, "INVALID_INPUT")


# --- a partnership that ends -----------------------------------------------------------------------------------------
def test_an_ended_partnership_gives_nothing_more_and_takes_nothing_back(
    house: House, neighbor: House, charlie: Member, partnership: Partnership, next_door: Api
) -> None:
    accepted = decide(offer(partnership, make_book(house))).accepted_book
    assert accepted is not None
    path = f"coupon-books/{accepted.pk}"
    next_door.put(path, {"publishingStatus": "published", "requiredPointsConfig": {}})
    assign(accepted, charlie)
    turn(partnership, active=False)
    body = {"memberId": charlie.pk}
    refuses(next_door, "POST", f"{path}/assign", body, 422, "STOCK_WITHDRAWN")
    assert next_door.post(f"{path}/use", body).status_code == 201
    turn(partnership, active=True)
    assert next_door.post(f"{path}/assign", body).status_code == 201
