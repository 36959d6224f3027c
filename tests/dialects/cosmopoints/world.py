"""A client of the exchange's API, and a call that succeeds for every operation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from members.models import Member
from partners.models import PartnerProgram
from partners.selectors import program_number
from tests import factories
from tests.house import NOON, House
from tests.partners.trade import Trade, build_trade, secret_of
from tests.walk import every_row

START, END = int(NOON.timestamp()) - 3600, int(NOON.timestamp()) + 3600
WINDOW = f"startDate={START}&endDate={END}"


@dataclass
class Cosmo:
    """A client that has signed in."""

    trade: Trade
    token: str = ""
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def send(self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **headers: str) -> Any:
        """One request; the answer carries its parsed body as `.body`."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        response: Any = self.client.generic(method, f"/v1/{path}", data, content_type=kind, headers=headers)
        response.body = json.loads(response.content) if response.content else None
        return response

    def get(self, path: str, **headers: str) -> Any:
        """Read."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Ask, or act."""
        return self.send("POST", path, body, **headers)

    def sign_in(self, environment: str = "production") -> Cosmo:
        """A client with a token of this environment."""
        said = {"clientId": self.trade.client.client_id, "clientSecret": secret_of(self.trade, environment)}
        answer = self.post("auth/token", said)
        assert answer.status_code == 200, answer.content
        return Cosmo(self.trade, answer.body["accessToken"])

    def order(self, **said: Any) -> dict[str, Any]:
        """Ten dollars for Alice in the house's program."""
        return {
            "programId": id_of(self.trade.own),
            "value": 10,
            "destinationAccount": {"destinationUserEmail": "alice@example.com"},
            "referenceNumber": "R-1",
            **said,
        }

    def connection(self, **said: Any) -> dict[str, Any]:
        """The bank's user 7 is Alice."""
        return {
            "programId": id_of(self.trade.own),
            "destinationAccount": {"destinationUserEmail": "alice@example.com"},
            "sourceUserId": "user-7",
            **said,
        }

    def refuses(self, method: str, path: str, body: Any, status: int, says: str = "", **headers: str) -> str:
        """Send; expect exactly this refusal, in the vendor's shape, and every row as it was; answers its message."""
        before = every_row()
        answer = self.send(method, path, body, **headers)
        assert answer.status_code == status, (answer.status_code, answer.content)
        assert set(answer.body) == {"statusCode", "message", "error"}, answer.body
        assert answer.body["statusCode"] == status
        assert says in answer.body["message"], answer.body
        assert every_row() == before
        return str(answer.body["message"])


def id_of(program: PartnerProgram) -> str:
    """The program's id in this API."""
    return program_number(program.pk)


@pytest.fixture
def house(noon: Any, db: None) -> House:
    """The house of Alice and Bob, at noon."""
    return factories.build_house("Demo Coffee")


@pytest.fixture
def trade(house: House, neighbor: House, alice: Member) -> Trade:
    """The exchange of the house."""
    return build_trade(house, neighbor)


@pytest.fixture
def stranger(trade: Trade) -> Cosmo:
    """A client that has not signed in."""
    return Cosmo(trade)


@pytest.fixture
def cosmo(stranger: Cosmo) -> Cosmo:
    """The bank's client in production."""
    return stranger.sign_in()


@pytest.fixture
def sandbox(stranger: Cosmo) -> Cosmo:
    """The bank's client in the sandbox."""
    return stranger.sign_in("sandbox")


@pytest.fixture
def other(neighbor: House, house: House, charlie: Member) -> Cosmo:
    """A client of the neighbor's exchange."""
    return Cosmo(build_trade(neighbor, house)).sign_in()


def calls(cosmo: Cosmo) -> dict[str, tuple[str, str, Any]]:
    """Method, path and body that succeed, for every operation but the sign-in."""
    program = id_of(cosmo.trade.own)
    return {
        "C2": ("GET", "profile", None),
        "C3": ("GET", "programs", None),
        "C4": ("GET", f"programs/{program}/fields", None),
        "C5": ("POST", f"programs/{program}/validate", {"destinationUserEmail": "alice@example.com"}),
        "C6": ("POST", "transactions/preview", {"programId": program, "value": 10}),
        "C7": ("POST", "transactions", cosmo.order()),
        "C8": ("GET", f"transactions?{WINDOW}", None),
        "C9": ("GET", "transactions/R-1", None),
        "C10": ("GET", "connections?sourceUserId=user-7", None),
        "C11": ("POST", "connections", cosmo.connection()),
        "C12": ("GET", "connections/history", None),
        "C13": ("POST", "exchange", cosmo.order(referenceNumber="R-2", originalProgramId="miles")),
        "C14": ("GET", "currencies", None),
    }
