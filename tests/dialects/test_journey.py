"""One ledger behind every API: points minted in one are seen and spent in the others, and the books prove it.

It runs on the demo, with what `demo --json` tells a client, and nothing else.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from loyalty.console.demo import make_demo
from loyalty.kernel import clock
from loyalty.kernel.services.runner import run_one_job


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Any) -> dict[str, Any]:
    """The demo as a client is told of it."""
    settings.VAR_DIR = tmp_path
    return make_demo(clock.now())


class Web:
    """Calls as a client of all four APIs makes them."""

    def __init__(self, demo: dict[str, Any]) -> None:
        self.demo = demo
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.alice = demo["members"][0]

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request that has to succeed; answers its body."""
        data = b"" if body is None else json.dumps(body)
        answer = self.client.generic(method, path, data, content_type="application/json", headers=headers)
        assert answer.status_code < 300, (path, answer.content)
        return json.loads(answer.content) if answer.content else None

    def core_balance(self) -> int:
        """Alice's smallest units, by the core API."""
        demo = self.demo
        path = (
            f"/api/v1/organizations/{demo['organizationId']}/ledgers/{demo['ledgerId']}"
            f"/accounts/{demo['ledgerAccountId']}/wallets/{self.alice['walletId']}"
        )
        return int(self.send("GET", path, Authorization=f"Bearer {demo['core']['token']}")["wallet"]["balance"])

    def engage_account(self) -> dict[str, Any]:
        """Alice's point account, by Engage."""
        page = self.send(
            "GET",
            f"/api/v3/point-accounts?contactId={self.alice['customerId']}",
            apikey=self.demo["engage"]["apikey"],
        )
        found: dict[str, Any] = page["items"][0]
        return found

    def coggins_available(self) -> int:
        """Alice's whole points, by Coggins."""
        key = self.demo["coggins"]["csapikey"]
        found = self.send("GET", f"/api/v1/points/{key}/email/{self.alice['email']}/Full")
        return int(found["AvailablePoints"])

    def open_loyalty(self, method: str, path: str, body: Any = None) -> Any:
        """At the store, by Open Loyalty."""
        shop = self.demo["openLoyalty"]
        return self.send(method, f"/api/{shop['storeCode']}/{path}", body, **{"X-AUTH-TOKEN": shop["apiToken"]})

    def claim(self, path: str, email: str) -> None:
        """Claim at the page, as a person with a mailbox does."""
        page = Client(SERVER_NAME="127.0.0.1")
        assert page.post(path, {"step": "code", "email": email}).status_code == 200
        while run_one_job(worker="test") is not None:
            pass
        code = re.search(r"\b[0-9]{6}\b", mail.outbox[-1].body)
        assert code is not None
        done = page.post(path, {"step": "prove", "email": email, "code": code[0]}, follow=True)
        assert done.status_code == 200


def test_points_are_minted_in_engage_spent_in_open_loyalty_claimed_in_coggins_and_the_books_agree(
    demo: dict[str, Any],
) -> None:
    web = Web(demo)
    start = web.core_balance()

    account = web.engage_account()
    web.send(
        "POST",
        "/api/v3/point-transactions",
        {
            "accountId": account["id"],
            "transactionId": str(uuid.uuid4()),
            "transactionType": "Addition",
            "amount": 719.7,
            "description": "@@(Bonus.Points) - Slim Fit T-shirt",
            "source": "Purchase",
            "validTo": (clock.now() + timedelta(days=2)).isoformat(),
        },
        apikey=demo["engage"]["apikey"],
    )
    assert web.core_balance() == start + 71_970

    # The points that end soonest go first: those that Engage has just given.
    spent = web.open_loyalty(
        "POST", "points/transfer/spend", {"transfer": {"customer": web.alice["customerId"], "points": 19.7}}
    )
    assert uuid.UUID(spent["pointsTransferId"])
    assert web.core_balance() == start + 70_000
    rows = web.open_loyalty("GET", f"points/transfer?customerId={web.alice['customerId']}&perPage=2")["transfers"]
    assert [(row["type"], row["value"]) for row in rows] == [("spending", 19.7), ("adding", 719.7)] or [
        (row["type"], row["value"]) for row in rows
    ] == [("adding", 719.7), ("spending", 19.7)]

    (made,) = web.send(
        "POST",
        f"/api/v1/points?csapikey={demo['coggins']['csapikey']}",
        [{"amount": 400, "email": web.alice["email"], "customerType": "Internal", "expires": 1}],
    )
    assert made["created"] is True
    assert web.core_balance() == start + 70_000
    web.claim(made["claimUrl"].partition(demo["baseUrl"])[2], web.alice["email"])
    assert web.core_balance() == start + 110_000

    # Every API tells the same sum.
    assert round(float(web.engage_account()["balance"]) * 100) == start + 110_000
    assert web.coggins_available() == (start + 110_000) // 100
    call_command("check_books")


def test_a_claimed_credit_is_spent_in_engage_and_blocked_in_open_loyalty_for_everybody(demo: dict[str, Any]) -> None:
    web = Web(demo)
    start = web.core_balance()
    blocked = web.open_loyalty(
        "POST", "points/transfer/block", {"transfer": {"customer": web.alice["customerId"], "points": start / 100}}
    )
    refused = web.client.post(
        "/api/v3/point-transactions",
        json.dumps(
            {
                "accountId": web.engage_account()["id"],
                "transactionId": str(uuid.uuid4()),
                "transactionType": "Deduction",
                "amount": 1,
                "description": "A cup",
                "source": "Manual",
            }
        ),
        content_type="application/json",
        headers={"apikey": demo["engage"]["apikey"]},
    )
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "InsufficientPoints")
    assert web.coggins_available() == 0
    web.open_loyalty("POST", f"points/transfer/{blocked['pointsTransferId']}/cancel")
    assert web.coggins_available() == start // 100
    call_command("check_books")


def test_what_a_bank_issues_by_cosmopoints_every_api_sees(demo: dict[str, Any]) -> None:
    web = Web(demo)
    start, known = web.core_balance(), demo["cosmopoints"]
    said = {"clientId": known["clientId"], "clientSecret": known["clientSecret"]}
    signed_in = {"Authorization": f"Bearer {web.send('POST', '/v1/auth/token', said)['accessToken']}"}
    program = known["programs"][0]
    order = {
        "programId": program["id"],
        "value": 10,
        "destinationAccount": program["knownDestination"],
        "referenceNumber": "journey-1",
    }
    for _ in range(2):
        assert web.send("POST", "/v1/transactions", order, **signed_in)["totalPoints"] == 100
    assert web.core_balance() == start + 10_000
    assert round(float(web.engage_account()["balance"]) * 100) == start + 10_000
    for one in known["programs"]:
        shown = web.send("GET", f"/v1/programs/{one['id']}/fields", **signed_in)
        assert [field["name"] for field in shown if field["required"]] == one["requires"]
        assert web.send("POST", f"/v1/programs/{one['id']}/validate", one["knownDestination"], **signed_in) == {
            "isValid": True
        }
    call_command("check_books")
