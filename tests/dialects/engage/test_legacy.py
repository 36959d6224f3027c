"""Version 2 and the look-up of a contact: V15 to V17."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.models import Transaction
from members.models import LoyaltyProgram, Member
from tests import factories
from tests.dialects.engage.world import NOBODY, Engage
from tests.house import House

pytestmark = pytest.mark.usefixtures("noon")


def path(contact: Any, what: str = "rewardpointtransaction") -> str:
    return f"/api/v2/contacts/{contact}/{what}"


def test_v15_points_are_given_and_taken_and_the_total_is_told(engage: Engage, house: House, alice: Member) -> None:
    own = path(alice.customer_id)
    first = engage.post(own, {"points": 719.7, "description": "Sorry", "type": "Return"})
    assert (first.status_code, first.body) == (
        200,
        {"contactId": str(alice.customer_id), "totalRewardPoints": 719.7},
    )
    assert engage.post(own, {"points": -19.7, "type": "whatever"}).body["totalRewardPoints"] == 700
    made = list(Transaction.objects.order_by("pk").values_list("kind", "source", "description"))
    assert made == [("mint", "Return", "Sorry"), ("burn", "Manual", "")]
    assert house.balance(alice) == (70_000, 0, 0)


def test_v15_more_than_there_is_is_not_taken(engage: Engage, alice: Member) -> None:
    engage.refuses("POST", path(alice.customer_id), {"points": -1}, 400, "InsufficientPoints")
    engage.refuses("POST", path(alice.customer_id), {"points": 1.005}, 400, "ValidationFailed")


@pytest.mark.parametrize("what", ["rewardpointtransaction", "bonuspointtransactions"])
def test_v15_v16_an_unknown_contact_is_404(engage: Engage, charlie: Member, what: str) -> None:
    method = "GET" if what.startswith("bonus") else "POST"
    for contact in (NOBODY, charlie.customer_id, "x", "1"):
        body = {"points": 5} if method == "POST" else None
        engage.refuses(method, path(contact, what), body, 404, "ContactNotFound")


@pytest.mark.parametrize("what", ["rewardpointtransaction", "bonuspointtransactions"])
def test_v15_v16_without_an_account_of_its_own_the_organization_has_no_points(
    engage: Engage, alice: Member, what: str
) -> None:
    LoyaltyProgram.objects.update(is_default=False)
    method = "GET" if what.startswith("bonus") else "POST"
    body = {"points": 5} if method == "POST" else None
    engage.refuses(method, path(alice.customer_id, what), body, 400, "NewPointSystemNotActive")


def test_v16_transactions_are_shown_newest_first(engage: Engage, house: House, alice: Member) -> None:
    own = path(alice.customer_id, "bonuspointtransactions")
    assert engage.get(own).body["items"] == []
    house.give(alice, 150, description="Cups", source="Purchase")
    record = house.take(alice, 50)
    answer = engage.get(own, count=1)
    assert answer.body == {
        "items": [
            {
                "id": record.id,
                "amount": -0.5,
                "transactionDateTime": "2030-03-15T12:00:00+00:00",
                "description": "",
                "type": "Deduction",
                "source": "Manual",
            }
        ],
        "totalCount": 2,
        "offset": 0,
        "count": 1,
        "links": [],
    }


def test_v17_a_contact_is_found_by_email_whatever_its_case(engage: Engage, alice: Member, charlie: Member) -> None:
    answer = engage.get("/api/v3/contacts/id", email="ALICE@example.com")
    assert (answer.status_code, answer.body) == (200, str(alice.customer_id))
    for email in ("charlie@example.com", "nobody@example.com", "x" * 3000):
        engage.refuses("GET", f"/api/v3/contacts/id?email={email}", None, 404, "ContactNotFound")
    engage.refuses("GET", "/api/v3/contacts/id", None, 400, "ValidationFailed")


def test_v17_of_several_with_one_email_the_oldest_is_meant(engage: Engage, house: House, alice: Member) -> None:
    factories.MemberFactory(
        organization=house.organization, loyalty_member_id="alice2", profile={"email": "alice@example.com"}
    )
    assert engage.get("/api/v3/contacts/id", email="alice@example.com").body == str(alice.customer_id)
