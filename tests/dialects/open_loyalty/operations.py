"""Every operation of Open Loyalty's API, and a call of it that succeeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from members.models import Member
from tests.dialects.open_loyalty.counter import Counter, Shop

XML = (
    b"<pointsTransfers><pointsTransfer><customerEmail>alice@example.com</customerEmail><points>15</points>"
    b"<type>adding</type><validityDuration>30</validityDuration></pointsTransfer></pointsTransfers>"
)

# Name of the operation, method, path (with what stands for `store`, `transfer` and `job`), who may.
OPERATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("listTransfers", "GET", "/api/{store}/points/transfer", "list"),
    ("listTransfersAsSeller", "GET", "/api/seller/points/transfer", "list"),
    ("listOwnTransfers", "GET", "/api/{store}/customer/points/transfer", "own"),
    ("addPoints", "POST", "/api/{store}/points/transfer/add", "give"),
    ("addPointsAsSeller", "POST", "/api/pos/points/transfer/add", "give"),
    ("spendPoints", "POST", "/api/{store}/points/transfer/spend", "give"),
    ("spendPointsAsSeller", "POST", "/api/pos/points/transfer/spend", "give"),
    ("sendPoints", "POST", "/api/{store}/admin/p2p-points-transfer", "manage"),
    ("sendOwnPoints", "POST", "/api/{store}/customer/points/p2p-transfer", "own"),
    ("cancelTransfer", "POST", "/api/{store}/points/transfer/{transfer}/cancel", "manage"),
    ("activateTransfer", "POST", "/api/{store}/points/transfer/{transfer}/activate", "manage"),
    ("expireTransfer", "POST", "/api/{store}/points/transfer/{transfer}/expire", "manage"),
    ("importTransfers", "POST", "/api/{store}/points/transfer/import", "give"),
    ("getImport", "GET", "/api/{store}/points/transfer/import/{job}", "give"),
    ("getHistogram", "GET", "/api/{store}/points/transfers", "figures"),
    ("blockPoints", "POST", "/api/{store}/points/transfer/block", "manage"),
)
SIGNINS: tuple[tuple[str, str, str], ...] = (
    ("signInAdmin", "POST", "/api/admin/login_check"),
    ("signInCustomer", "POST", "/api/customer/login_check"),
    ("signInSeller", "POST", "/api/seller/login_check"),
    ("signInAdminAtStore", "POST", "/api/{store}/admin/login_check"),
    ("signInCustomerAtStore", "POST", "/api/{store}/customer/login_check"),
    ("refreshToken", "POST", "/api/token/refresh"),
)
FORMS = {
    "addPoints": ("customer", "points", "validityDuration", "comment"),
    "addPointsAsSeller": ("customer", "points", "validityDuration", "comment"),
    "spendPoints": ("customer", "points", "validityDuration", "comment"),
    "spendPointsAsSeller": ("customer", "points", "validityDuration", "comment"),
    "blockPoints": ("customer", "points", "comment"),
    "sendPoints": ("sender", "receiver", "points"),
    "sendOwnPoints": ("receiver", "points"),
}


@dataclass
class World:
    """A shop with a past, and who may do what there."""

    shop: Shop
    member: Member
    other: Member

    def __post_init__(self) -> None:
        till = self.shop.with_key()
        self.transfer = till.add(self.member, 100)
        self.blocked = till.block(self.member, 10)
        self.job = 10**9

    def path(self, path: str, store: str | None = None) -> str:
        """An operation's address here."""
        return path.format(store=store or self.shop.store.code, transfer=self.transfer, job=self.job)

    def form(self, name: str) -> dict[str, Any]:
        """A form the operation takes."""
        values = {
            "customer": str(self.member.customer_id),
            "sender": str(self.member.customer_id),
            "receiver": str(self.other.customer_id),
            "points": "1.5",
            "validityDuration": "7",
            "comment": "Why",
        }
        return {child: values[child] for child in FORMS[name]}

    def call(self, client: Counter, name: str, method: str, path: str, store: str | None = None) -> Any:
        """Send what the operation takes."""
        address = self.path(path, store)
        if name == "importTransfers":
            return client.send("POST", address, *upload(XML))
        form = self.form(name) if name in FORMS else {}
        body = urlencode({f"transfer[{child}]": value for child, value in form.items()})
        return client.send(method, address, body)


def upload(content: bytes, field: str = "file[file]") -> tuple[bytes, str]:
    """A file as a browser sends it: the body, and its content type."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    return encode_multipart(BOUNDARY, {field: SimpleUploadedFile("points.xml", content)}), MULTIPART_CONTENT
