"""Every operation of the Engage API, and what a good call of it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty.kernel.numbered import uuid_of
from members.models import Member
from tests.coupons.books import assign, make_book, use
from tests.dialects.engage.world import (
    ACCOUNTS,
    BULK,
    DEFINITIONS,
    NOBODY,
    TRANSACTIONS,
    Engage,
    account_of,
    row,
    transaction,
)
from tests.house import House

VOUCHERS, SHOP = "/api/v3/reward-vouchers", "/api/v3/point-shop-items"
ROW_FIELDS = ("contactId", "amount", "definitionId", "source", "description", "timeStamp", "validFrom", "validTo")


@dataclass
class Call:
    """One operation: the contract's number, method, route, and a call of it. `roles` opens it, `status` answers it."""

    number: str
    operation_id: str
    method: str
    route: str
    path: str
    status: int
    role: str
    query: dict[str, Any]
    body: Any = None

    def send(self, client: Engage, **headers: str) -> Any:
        """The call."""
        asked = "&".join(f"{name}={value}" for name, value in self.query.items())
        return client.send(self.method, f"{self.path}?{asked}" if asked else self.path, self.body, **headers)


def calls(house: House, alice: Member) -> list[Call]:
    """A call of every operation in this house, where Alice has points."""
    record = house.give(alice, 10_000)
    own, contact, definition = account_of(house, alice), str(alice.customer_id), house.account.pk
    item = make_book(house, assignment_required_points=100)
    shop = {
        "contactId": contact,
        "pointShopItemPurchaseId": NOBODY,
        "pointShopItemId": str(uuid_of("shop-item", item.pk)),
    }
    # Of several units, so that both calls are good ones more than once.
    coffee = make_book(house, name="Welcome")
    voucher = f"{VOUCHERS}/{uuid_of('voucher', assign(coffee, alice, amount=9).usages[0].pk)}"
    for _ in range(3):
        use(coffee, alice)
    window = {"offset": 0, "count": 5}
    one = {"contactId": contact, **window}
    sort = {"filter": "All", "sortBy": "createdOn", "sortOrder": "asc"}
    reads, writes = "ledgers:read", "ledgers:write"
    see, writes_coupons = "coupons:read", "coupons:write"
    v2 = "/api/v2/contacts/{contactId}"
    return [
        Call("V1", "getPointAccounts", "GET", ACCOUNTS, ACCOUNTS, 200, reads, one),
        Call("V2", "getPointAccount", "GET", f"{ACCOUNTS}/{{id}}", f"{ACCOUNTS}/{own}", 200, reads, {}),
        Call("V3", "getPointDefinitions", "GET", DEFINITIONS, DEFINITIONS, 200, reads, window),
        Call("V4", "getPointDefinition", "GET", f"{DEFINITIONS}/{{id}}", f"{DEFINITIONS}/{definition}", 200, reads, {}),
        Call(
            "V5", "getPointTransactions", "GET", TRANSACTIONS, TRANSACTIONS, 200, reads, {"id": own, **window, **sort}
        ),
        Call("V5b", "getPointAccountTransactions", "GET", BULK, BULK, 200, reads, {"accountId": own, **window}),
        Call(
            "V6",
            "getPointTransaction",
            "GET",
            f"{TRANSACTIONS}/{{id}}",
            f"{TRANSACTIONS}/{uuid_of('transaction', record.id)}",
            200,
            reads,
            {},
        ),
        Call("V7", "addPointTransaction", "POST", TRANSACTIONS, TRANSACTIONS, 202, writes, {}, transaction(own)),
        Call("V8", "addPointTransactions", "POST", BULK, BULK, 202, writes, {}, [row(house, alice)]),
        Call("V10", "getRewardVouchers", "GET", VOUCHERS, VOUCHERS, 200, see, one),
        Call(
            "V10", "getAvailableRewardVouchers", "GET", f"{VOUCHERS}/available", f"{VOUCHERS}/available", 200, see, one
        ),
        Call("V10", "getRedeemedRewardVouchers", "GET", f"{VOUCHERS}/redeemed", f"{VOUCHERS}/redeemed", 200, see, one),
        Call(
            "V11",
            "redeemRewardVoucher",
            "POST",
            f"{VOUCHERS}/{{id}}/redeem",
            f"{voucher}/redeem",
            200,
            writes_coupons,
            {},
        ),
        Call(
            "V12",
            "reactivateRewardVoucher",
            "POST",
            f"{VOUCHERS}/{{id}}/reactivate",
            f"{voucher}/reactivate",
            200,
            writes_coupons,
            {},
        ),
        Call("V13", "getPointShopItems", "GET", SHOP, SHOP, 200, see, {"contactId": contact}),
        Call(
            "V14",
            "purchasePointShopItem",
            "POST",
            f"{SHOP}/purchase",
            f"{SHOP}/purchase",
            200,
            writes_coupons,
            {},
            shop,
        ),
        Call(
            "V15",
            "addRewardPointTransaction",
            "POST",
            f"{v2}/rewardpointtransaction",
            f"/api/v2/contacts/{contact}/rewardpointtransaction",
            200,
            writes,
            {},
            {"points": 2.5, "description": "x"},
        ),
        Call(
            "V16",
            "getBonusPointTransactions",
            "GET",
            f"{v2}/bonuspointtransactions",
            f"/api/v2/contacts/{contact}/bonuspointtransactions",
            200,
            reads,
            window,
        ),
        Call(
            "V17",
            "getContactId",
            "GET",
            "/api/v3/contacts/id",
            "/api/v3/contacts/id",
            200,
            "members:read",
            {"email": "alice@example.com"},
        ),
    ]


OPERATIONS = [
    "getPointAccounts",
    "getPointAccount",
    "getPointDefinitions",
    "getPointDefinition",
    "getPointTransactions",
    "getPointAccountTransactions",
    "getPointTransaction",
    "addPointTransaction",
    "addPointTransactions",
    "getRewardVouchers",
    "getAvailableRewardVouchers",
    "getRedeemedRewardVouchers",
    "redeemRewardVoucher",
    "reactivateRewardVoucher",
    "getPointShopItems",
    "purchasePointShopItem",
    "addRewardPointTransaction",
    "getBonusPointTransactions",
    "getContactId",
]


def with_bodies(found: list[Call]) -> Iterator[Call]:
    """The operations that take a body."""
    return (call for call in found if call.body is not None)
