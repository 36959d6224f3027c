"""The store these tests call: its key, and a client that sends arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from loyalty.kernel import clock
from loyalty.kernel.models import Door, Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, set_membership
from members.models import Store
from members.services import create_store
from tests import factories
from tests.house import TESTER, House
from tests.walk import every_row

TYPES = ["Internal", "External"]


@dataclass
class Counter:
    """A client of the API: arrays in, arrays out, one key."""

    key: str
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def send(self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **headers: str) -> Any:
        """One request; the answer carries its parsed body as `.body`."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        response: Any = self.client.generic(method, path, data, content_type=kind, headers=headers)
        response.body = json.loads(response.content) if response.content else None
        return response

    def request(self, body: Any, **headers: str) -> Any:
        """Request claims."""
        return self.send("POST", f"/api/v1/points?csapikey={self.key}", body, **headers)

    def lookup(self, email: str) -> Any:
        """Look points up."""
        return self.send("GET", f"/api/v1/points/{self.key}/email/{email}/Full")

    def instant(self, body: Any, **headers: str) -> Any:
        """Edit points."""
        return self.send("POST", f"/api/v1/points/{self.key}/INSTANT", body, **headers)

    def refuses(self, answer_of: Any, status: int, message: str | None = None) -> Any:
        """Call; expect exactly this refusal, in the vendor's shape, and every row as it was."""
        before = every_row()
        answer = answer_of()
        assert answer.status_code == status, answer.content
        assert set(answer.body) == {"success", "message"}
        assert answer.body["success"] is False
        assert answer.body["message"]
        assert message is None or answer.body["message"] == message
        assert every_row() == before
        return answer


def key_of(organization: Organization, *roles: str, door: Door = Door.COGGINS, is_admin: bool = True) -> str:
    """A key with these roles in the organization (all of them, where none is named)."""
    operator = factories.ServiceFactory()
    set_membership(
        operator=operator,
        organization=organization,
        is_admin=is_admin and not roles,
        roles=roles,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    made = create_credential(
        operator=operator,
        organization=organization,
        name="store",
        door=door,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    return made.token


def open_store(house: House, code: str, **said: Any) -> Store:
    """A store of the house."""
    words: dict[str, Any] = {"customer_types": TYPES, "expiry_mode": "after_x_days", "days_active": 30, **said}
    return create_store(
        organization_id=house.id,
        code=code,
        name=f"Store {code}",
        account_id=house.account.pk,
        actor=TESTER,
        at=clock.now(),
        **words,
    )


@pytest.fixture
def store(house: House) -> Store:
    """The default store of the house."""
    return open_store(house, "DEFAULT")


@pytest.fixture
def counter(house: House, store: Store) -> Counter:
    """A client of it."""
    return Counter(key_of(house.organization))


@pytest.fixture
def other_counter(neighbor: House) -> Counter:
    """A client of Charlie's store."""
    open_store(neighbor, "NEIGHBOR")
    return Counter(key_of(neighbor.organization))
