"""Point accounts and definitions: V1 to V4, and what a balance is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.models import Balance, LedgerAccount
from ledger.services import create_account
from loyalty.kernel.numbered import uuid_of
from members.models import Member
from tests.dialects.engage.world import ACCOUNTS, DEFINITIONS, NOBODY, Engage, account_of
from tests.house import NOON, TESTER, House

pytestmark = pytest.mark.usefixtures("noon")


def test_v1_a_contacts_accounts_come_as_the_documents_page(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 71_970)
    own = account_of(house, alice)
    answer = engage.get(ACCOUNTS, contactId=alice.customer_id)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.body == {
        "links": [],
        "count": 1,
        "offset": 0,
        "totalCount": 1,
        "items": [
            {
                "balance": 719.7,
                "balanceExpires": "2031-03-15T23:59:59+00:00",
                "contactId": str(alice.customer_id),
                "definitionId": house.account.pk,
                "id": own,
                "pendingPoints": 0,
                "links": [
                    {
                        "id": house.account.pk,
                        "href": f"http://127.0.0.1:8000/api/v3/point-accounts/definitions/{house.account.pk}",
                        "method": "GET",
                        "rel": "definition",
                    },
                    {
                        "href": f"http://127.0.0.1:8000/api/v3/point-accounts/transactions?accountId={own}",
                        "method": "GET",
                        "rel": "transactions",
                    },
                ],
            }
        ],
    }
    assert b'"balance":719.7,' in answer.content


def test_v1_the_page_is_empty_for_a_contact_without_accounts(engage: Engage, alice: Member) -> None:
    answer = engage.get(ACCOUNTS, contactId=alice.customer_id)
    assert (answer.status_code, answer.body) == (
        200,
        {"items": [], "totalCount": 0, "offset": 0, "count": 0, "links": []},
    )


def test_v1_several_accounts_are_paged(engage: Engage, house: House, alice: Member) -> None:
    for number in range(3):
        other = create_account(ledger=house.ledger, name=f"More {number}", actor=TESTER, at=NOON)
        House(house.organization, house.ledger, other, house.program).give(alice, 5)
    answer = engage.get(ACCOUNTS, contactId=alice.customer_id, offset=1, count=1).body
    assert (answer["totalCount"], answer["offset"], answer["count"], len(answer["items"])) == (3, 1, 1, 1)
    whole = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"]
    assert answer["items"] == whole[1:2]


@pytest.mark.parametrize("query", ["", "contactId=", "contactId=7", "contactId=%00", f"contactId={NOBODY}1"])
def test_v1_a_contact_that_is_no_guid_is_400(engage: Engage, query: str) -> None:
    engage.refuses("GET", f"{ACCOUNTS}?{query}", None, 400, "ValidationFailed")


def test_v1_an_unknown_contact_is_404(engage: Engage, charlie: Member) -> None:
    for contact in (NOBODY, charlie.customer_id):
        engage.refuses("GET", f"{ACCOUNTS}?contactId={contact}", None, 404, "ContactNotFound")


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "offset=1e3", "count=0", "count=1001", "count=x", "count="])
def test_a_window_nobody_can_mean_is_400(engage: Engage, alice: Member, query: str) -> None:
    path = f"{ACCOUNTS}?contactId={alice.customer_id}&{query}"
    engage.refuses("GET", path, None, 400, "ValidationFailed")


def test_v2_an_account_is_found_by_its_guid_and_by_its_number(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 1_000)
    by_contact = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
    assert engage.get(f"{ACCOUNTS}/{account_of(house, alice)}").body == by_contact
    assert engage.get(f"{ACCOUNTS}/{account_of(house, alice).upper()}").body == by_contact
    # Decided: an integer is accepted where a GUID is.
    number = Balance.objects.get(wallet_id=alice.wallet_id).pk
    assert engage.get(f"{ACCOUNTS}/{number}").body == by_contact


@pytest.mark.parametrize("text", ["x", "1.5", NOBODY, "0", "9" * 19, "9" * 30, "-1", "%C3%A9"])
def test_v2_an_account_that_is_not_there_is_404(engage: Engage, text: str) -> None:
    engage.refuses("GET", f"{ACCOUNTS}/{text}", None, 404, "PointAccountNotFound")


def test_v2_a_contacts_or_a_transactions_id_is_no_account(engage: Engage, house: House, alice: Member) -> None:
    record = house.give(alice, 5)
    for other in (alice.customer_id, uuid_of("transaction", record.id)):
        message = engage.refuses("GET", f"{ACCOUNTS}/{other}", None, 404, "PointAccountNotFound")
        assert "contactId=" in message


def test_v2_the_neighbors_account_does_not_exist(engage: Engage, neighbor: House, charlie: Member) -> None:
    neighbor.give(charlie, 5)
    engage.refuses("GET", f"{ACCOUNTS}/{account_of(neighbor, charlie)}", None, 404, "PointAccountNotFound")


def test_v3_definitions_are_a_plain_array_of_the_active_accounts(engage: Engage, house: House) -> None:
    create_account(ledger=house.ledger, name="Old", active=False, actor=TESTER, at=NOON)
    more = create_account(ledger=house.ledger, name="Stars", actor=TESTER, at=NOON)
    points = {"id": house.account.pk, "name": "Points", "description": "", "links": []}
    stars = {"id": more.pk, "name": "Stars", "description": "", "links": []}
    assert engage.get(DEFINITIONS).body == [points, stars]
    assert engage.get(DEFINITIONS, offset=1, count=1).body == [stars]


def test_v4_a_definition_is_found_by_its_number(engage: Engage, house: House, neighbor: House) -> None:
    answer = engage.get(f"{DEFINITIONS}/{house.account.pk}")
    assert answer.body == {"id": house.account.pk, "name": "Points", "description": "", "links": []}
    for text in (neighbor.account.pk, 987654321, "x", "0", "9" * 30, NOBODY, "²"):
        engage.refuses("GET", f"{DEFINITIONS}/{text}", None, 404, "PointDefinitionNotFound")


def test_the_balance_is_what_can_be_spent(engage: Engage, house: House, alice: Member) -> None:
    house.give(alice, 10_050)
    house.take(alice, 5_000, hold=True)
    house.give(alice, 700, valid_from=NOON + timedelta(days=3))
    item = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
    assert (item["balance"], item["pendingPoints"]) == (50.5, 7)


def test_r5_pending_points_become_the_balance_when_their_day_comes(
    engage: Engage, house: House, alice: Member, noon: Any
) -> None:
    house.give(alice, 700, valid_from=NOON + timedelta(days=3))
    noon.move_to(NOON + timedelta(days=3))
    item = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
    assert (item["balance"], item["pendingPoints"]) == (7, 0)


def test_r7_the_balance_expires_with_the_first_of_what_is_left(
    engage: Engage, house: House, alice: Member, noon: Any
) -> None:
    house.give(alice, 100, expires_at=NOON + timedelta(days=2))
    house.give(alice, 200, expires_at=NOON + timedelta(days=5))
    house.give(alice, 300, valid_from=NOON + timedelta(days=1), expires_at=NOON + timedelta(days=1, hours=1))

    def seen() -> tuple[Any, Any]:
        item = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
        return item["balance"], item["balanceExpires"]

    assert seen() == (3, "2030-03-17T12:00:00+00:00")
    house.take(alice, 100)
    assert seen() == (2, "2030-03-20T12:00:00+00:00")
    noon.move_to(NOON + timedelta(days=5))
    # Nothing is left, whatever the worker has done.
    assert seen() == (0, None)


def test_r7_points_that_never_expire_have_no_date(engage: Engage, house: House, alice: Member) -> None:
    LedgerAccount.objects.filter(pk=house.account.pk).update(expires_in_months=None)
    house.give(alice, 100)
    assert engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]["balanceExpires"] is None


def test_dates_have_the_offset_of_the_organizations_zone(engage: Engage, house: House, alice: Member) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    house.give(alice, 100)
    item = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
    assert item["balanceExpires"] == "2031-03-15T23:59:59+01:00"
