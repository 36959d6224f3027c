"""The Engage API's client, and a house whose account has two decimals, as the document's examples need."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from ledger.models import Balance
from loyalty.kernel import clock
from loyalty.kernel.models import Door, Organization
from loyalty.kernel.numbered import uuid_of
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, set_membership
from members.models import Member
from tests import factories
from tests.house import TESTER, House
from tests.walk import every_row

ACCOUNTS = "/api/v3/point-accounts"
DEFINITIONS = f"{ACCOUNTS}/definitions"
BULK = f"{ACCOUNTS}/transactions"
TRANSACTIONS = "/api/v3/point-transactions"
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Engage:
    """A client of the API: JSON in, JSON out, one key."""

    key: str
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json", **headers: str) -> Any:
        """One request; the answer carries its parsed body as `.body`."""
        data: Any = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        sent = {"apikey": self.key, **headers} if self.key else headers
        response = self.client.generic(method, path, data, content_type=kind, headers=sent)
        response.body = json.loads(response.content) if response.content else None
        return response

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.send("GET", f"{path}?{asked}" if asked else path)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Book."""
        return self.send("POST", path, body, **headers)

    def refuses(self, method: str, path: str, body: Any, status: int, code: str, **headers: str) -> str:
        """Send; expect exactly this refusal and every row as it was. Answers the message."""
        before = every_row()
        answer = self.send(method, path, body, **headers)
        assert (answer.status_code, answer.body.get("errorCode")) == (status, code), answer.content
        assert set(answer.body) == {"errorCode", "message"}
        assert every_row() == before
        message: str = answer.body["message"]
        return message


def engage_for(organization: Organization, *roles: str, is_admin: bool = False, door: Door = Door.ENGAGE) -> Engage:
    """A client with exactly these roles in the organization."""
    operator = factories.ServiceFactory()
    at = clock.now()
    set_membership(
        operator=operator,
        organization=organization,
        is_admin=is_admin,
        roles=roles,
        granter=EVERYTHING,
        actor=TESTER,
        at=at,
    )
    made = create_credential(
        operator=operator, organization=organization, name="t", door=door, granter=EVERYTHING, actor=TESTER, at=at
    )
    return Engage(made.token)


def account_of(house: House, member: Member) -> str:
    """The id of the member's point account."""
    return str(uuid_of("balance", Balance.objects.get(account=house.account, wallet_id=member.wallet_id).pk))


def row(house: House, member: Member, **instead: Any) -> dict[str, Any]:
    """A row of the bulk operation that is booked."""
    said = {
        "contactId": str(member.customer_id),
        "amount": 12,
        "definitionId": house.account.pk,
        "source": "Purchase",
        "description": "Gilded gauntlets",
    }
    return {**said, **instead}


def transaction(account_id: str, **instead: Any) -> dict[str, Any]:
    """A single transaction that is booked."""
    said = {
        "accountId": account_id,
        "transactionId": str(uuid.uuid4()),
        "transactionType": "Addition",
        "amount": 12,
        "description": "@@(Bonus.Points) - Slim Fit T-shirt",
        "source": "Purchase",
    }
    return {**said, **instead}
