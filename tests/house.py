"""The house tests live in, and its cast: Alice, a member; Bob, her neighbor in the program; Charlie, of another
organization.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from ledger import services as ledger
from ledger.models import Balance, Ledger, LedgerAccount
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, set_membership
from members.models import LoyaltyProgram, Member
from tests import factories

TESTER = Actor("system", "test", "a test")
# When it is noon, and how an answer says so.
NOON = datetime(2030, 3, 15, 12, tzinfo=UTC)
NOON_TEXT = "2030-03-15T12:00:00Z"


@dataclass
class Api:
    """A client of the core API: JSON in, JSON out, one bearer token."""

    token: str
    organization_id: int
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def url(self, path: str) -> str:
        """`path` under the organization, unless it is absolute."""
        if path.startswith("/"):
            return path
        return f"/api/v1/organizations/{self.organization_id}" + (f"/{path}" if path else "")

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request; the answer carries its parsed body as `.body`."""
        data: Any = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        response = self.client.generic(
            method,
            self.url(path),
            data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )
        response.body = json.loads(response.content) if response.content else None
        return response

    def get(self, path: str) -> Any:
        """Read."""
        return self.send("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """Create, or act."""
        return self.send("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Change."""
        return self.send("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """Change some."""
        return self.send("PATCH", path, body)


@dataclass
class House:
    """One organization with a ledger, an account whose points expire after a year, and a program."""

    organization: Organization
    ledger: Ledger
    account: LedgerAccount
    program: LoyaltyProgram

    @property
    def id(self) -> int:
        """The organization's number."""
        return self.organization.pk

    @property
    def account_path(self) -> str:
        """The account under the organization."""
        return f"ledgers/{self.ledger.pk}/accounts/{self.account.pk}"

    def wallet_path(self, member: Member) -> str:
        """The member's wallet in the account."""
        return f"{self.account_path}/wallets/{member.wallet_id}"

    def post(self, *moves: ledger.Move, at: datetime | None = None) -> ledger.Posting:
        """Post movements."""
        return ledger.post_transactions(organization_id=self.id, moves=moves, actor=TESTER, at=at or clock.now())

    def give(self, member: Member, amount: int, *, at: datetime | None = None, **words: Any) -> Any:
        """Mint to a member; answers the record."""
        move = ledger.mint(account_id=self.account.pk, wallet_id=member.wallet_id, amount=amount, **words)
        return self.post(move, at=at).records[0]

    def take(self, member: Member, amount: int, *, at: datetime | None = None, **words: Any) -> Any:
        """Burn from a member; answers the record."""
        move = ledger.burn(account_id=self.account.pk, wallet_id=member.wallet_id, amount=amount, **words)
        return self.post(move, at=at).records[0]

    def move(self, sender: Member, receiver: Member, amount: int, *, at: datetime | None = None, **words: Any) -> Any:
        """Transfer between members; answers the record."""
        move = ledger.transfer(
            account_id=self.account.pk,
            from_wallet_id=sender.wallet_id,
            to_wallet_id=receiver.wallet_id,
            amount=amount,
            **words,
        )
        return self.post(move, at=at).records[0]

    def balance(self, member: Member) -> tuple[int, int, int]:
        """(active, held, pending) as they are stored."""
        found = Balance.objects.filter(account=self.account, wallet_id=member.wallet_id).first()
        return (found.active, found.held, found.pending) if found else (0, 0, 0)

    def findings(self) -> list[ledger.Finding]:
        """What does not agree in the books."""
        return list(ledger.check_books(organization_id=self.id))


@pytest.fixture
def noon() -> Iterator[time_machine.Coordinates]:
    """It is noon until the test moves the clock; ask for it before anything that is made at a time."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def house(db: None) -> House:
    """The house of Alice and Bob."""
    return factories.build_house("Demo Coffee")


@pytest.fixture
def alice(house: House) -> Member:
    """A member."""
    return factories.MemberFactory(organization=house.organization, loyalty_member_id="alice")


@pytest.fixture
def bob(house: House) -> Member:
    """Her neighbor in the program."""
    return factories.MemberFactory(organization=house.organization, loyalty_member_id="bob")


@pytest.fixture
def neighbor(db: None) -> House:
    """The house of Charlie."""
    return factories.build_house("Neighbor Books")


@pytest.fixture
def charlie(neighbor: House) -> Member:
    """Of another organization."""
    return factories.MemberFactory(organization=neighbor.organization, loyalty_member_id="charlie")


def api_for(organization: Organization, *roles: str, is_admin: bool = False) -> Api:
    """A client with exactly these roles in the organization."""
    operator = factories.ServiceFactory()
    set_membership(
        operator=operator,
        organization=organization,
        is_admin=is_admin,
        roles=roles,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    made = create_credential(
        operator=operator, organization=organization, name="test", granter=EVERYTHING, actor=TESTER, at=clock.now()
    )
    return Api(made.token, organization.pk)


@pytest.fixture
def api(house: House) -> Api:
    """An administrator of the house."""
    return api_for(house.organization, is_admin=True)


@pytest.fixture
def api_with(house: House) -> Callable[..., Api]:
    """Makes clients with some roles of the house."""
    return lambda *roles: api_for(house.organization, *roles)
