"""Vouchers and the point shop, V10 to V14: nobody keeps any yet, and whoever will is asked in these words."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from loyalty.dialects.engage import reward_views
from loyalty.dialects.engage.problems import Refused
from loyalty.dialects.engage.vouchers import NoRewards
from members.models import Member
from tests.dialects.engage.walk import SHOP, VOUCHERS
from tests.dialects.engage.world import NOBODY, Engage

pytestmark = pytest.mark.usefixtures("noon")

LISTS = [VOUCHERS, f"{VOUCHERS}/available", f"{VOUCHERS}/redeemed"]


@pytest.mark.parametrize("path", LISTS)
def test_v10_the_lists_of_vouchers_are_empty_pages(engage: Engage, alice: Member, path: str) -> None:
    answer = engage.get(path, contactId=alice.customer_id, offset=2)
    assert answer.body == {"items": [], "totalCount": 0, "offset": 2, "count": 0, "links": []}


@pytest.mark.parametrize("path", [*LISTS, SHOP])
def test_v10_v13_a_contact_has_to_be_named_and_known(engage: Engage, charlie: Member, path: str) -> None:
    for query in ("", "contactId=", "contactId=x"):
        engage.refuses("GET", f"{path}?{query}", None, 400, "ValidationFailed")
    for contact in (NOBODY, charlie.customer_id):
        engage.refuses("GET", f"{path}?contactId={contact}", None, 404, "ContactNotFound")


@pytest.mark.parametrize("act", ["redeem", "reactivate"])
def test_v11_v12_a_voucher_that_is_not_there_is_404(engage: Engage, act: str) -> None:
    engage.refuses("POST", f"{VOUCHERS}/{NOBODY}/{act}", None, 404, "RewardVoucherNotFound")
    engage.refuses("POST", f"{VOUCHERS}/x/{act}", None, 400, "InvalidRewardVoucherId")


def test_v13_the_shop_is_an_empty_array(engage: Engage, alice: Member) -> None:
    assert engage.get(SHOP, contactId=alice.customer_id).body == []


def test_v14_an_item_that_is_not_there_is_404(engage: Engage, alice: Member) -> None:
    body = {"contactId": str(alice.customer_id), "pointShopItemPurchaseId": NOBODY, "pointShopItemId": NOBODY}
    engage.refuses("POST", f"{SHOP}/purchase", body, 404, "PointShopItemNotFound")
    engage.refuses("POST", f"{SHOP}/purchase", body | {"contactId": NOBODY}, 404, "ContactNotFound")
    for field in body:
        engage.refuses("POST", f"{SHOP}/purchase", body | {field: "x"}, 400, "ValidationFailed")


def test_whoever_keeps_vouchers_is_asked_for_them(
    engage: Engage, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Kept(NoRewards):
        def list_vouchers(self, **words: Any) -> Any:
            asked.append((words["member_id"], words["which"], words["offset"], words["count"]))
            return [{"id": NOBODY}], 7

        def redeem(self, *, voucher_id: uuid.UUID, **words: Any) -> Any:
            raise Refused(409, "RewardVoucherAlreadyRedeemed", "It was redeemed already.")

        def reactivate(self, *, voucher_id: uuid.UUID, **words: Any) -> Any:
            return {"id": str(voucher_id)}

    monkeypatch.setattr(reward_views, "rewards", Kept())
    page = engage.get(LISTS[2], contactId=alice.customer_id, offset=5, count=1).body
    assert (page["items"], page["totalCount"], asked) == ([{"id": NOBODY}], 7, [(alice.pk, "redeemed", 5, 1)])
    engage.refuses("POST", f"{VOUCHERS}/{NOBODY}/redeem", None, 409, "RewardVoucherAlreadyRedeemed")
    assert engage.post(f"{VOUCHERS}/{NOBODY}/reactivate", None).body == {"id": NOBODY}
