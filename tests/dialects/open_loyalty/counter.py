"""A store with its people, and clients that call at it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from loyalty.dialects.open_loyalty import tokens
from loyalty.kernel import clock
from loyalty.kernel.models import Door, Operator
from loyalty.kernel.numbered import number_of
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, set_membership
from members.models import Member, MemberPassword, Store
from members.services import create_store
from members.services.passwords import set_member_password
from members.services.sellers import appoint_seller
from tests import factories
from tests.house import TESTER, House

PASSWORD = "a good long password"


@dataclass
class Counter:
    """A client of one store: forms or JSON in, JSON out. `headers` say who calls."""

    store: str
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def send(self, method: str, path: str, body: Any = b"", kind: str = "application/x-www-form-urlencoded") -> Any:
        """One request; the answer carries its parsed body as `.body`."""
        url = path if path.startswith("/") else f"/api/{self.store}/{path}"
        answer = self.client.generic(method, url, body, content_type=kind, headers=self.headers)
        answer.body = json.loads(answer.content) if answer.content else None
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """Read; a name that cannot be a Python name is passed in a dict as `also`."""
        asked = {**query, **query.pop("also", {})}
        asked.pop("also", None)
        return self.send("GET", path + ("?" + urlencode(asked, doseq=True) if asked else ""))

    def post(self, path: str, **transfer: Any) -> Any:
        """Send the form `transfer`."""
        return self.send("POST", path, urlencode({f"transfer[{name}]": value for name, value in transfer.items()}))

    def json(self, path: str, body: Any) -> Any:
        """Send JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.send("POST", path, data, "application/json")

    def add(self, member: Member, points: Any, **more: Any) -> str:
        """Give points; answers the transfer's id."""
        return self.made("add", customer=str(member.customer_id), points=points, **more)

    def spend(self, member: Member, points: Any, **more: Any) -> str:
        """Take points; answers the transfer's id."""
        return self.made("spend", customer=str(member.customer_id), points=points, **more)

    def block(self, member: Member, points: Any, **more: Any) -> str:
        """Block points; answers the transfer's id."""
        return self.made("block", customer=str(member.customer_id), points=points, **more)

    def p2p(self, sender: Any, receiver: Any, points: Any) -> str:
        """Send points; answers the transfer's id."""
        answer = self.post("admin/p2p-points-transfer", sender=_name(sender), receiver=_name(receiver), points=points)
        assert answer.status_code == 200, answer.content
        return str(answer.body["pointsTransferId"])

    def made(self, what: str, **transfer: Any) -> str:
        """Send a form that has to be taken; answers the transfer's id."""
        answer = self.post(f"points/transfer/{what}", **transfer)
        assert answer.status_code == 200, answer.content
        assert set(answer.body) == {"pointsTransferId"}
        return str(answer.body["pointsTransferId"])

    def end(self, how: str, transfer: str) -> Any:
        """Cancel, activate or expire a transfer."""
        return self.send("POST", f"points/transfer/{transfer}/{how}")

    def list(self, **query: Any) -> list[dict[str, Any]]:
        """The transfers of a list."""
        answer = self.get("points/transfer", **query)
        assert answer.status_code == 200, answer.content
        rows: list[dict[str, Any]] = answer.body["transfers"]
        return rows

    def shown(self, transfer: str) -> dict[str, Any]:
        """One transfer, as the list shows it."""
        [row] = [row for row in self.list(perPage=-1) if row["pointsTransferId"] == transfer]
        return row


def _name(one: Any) -> str:
    return str(one.customer_id) if isinstance(one, Member) else one


def number(transfer: str) -> int:
    """The transaction a transfer's id stands for."""
    import uuid

    found = number_of("transaction", uuid.UUID(transfer))
    assert found is not None
    return found


@dataclass
class Shop:
    """A house's store, and clients for everybody there."""

    house: House
    store: Store

    def with_key(self, *roles: str, door: Door = Door.OPEN_LOYALTY, is_admin: bool = False) -> Counter:
        """A program with a key."""
        service = factories.ServiceFactory()
        words: dict[str, Any] = {"granter": EVERYTHING, "actor": TESTER, "at": clock.now()}
        organization = self.house.organization
        set_membership(
            operator=service, organization=organization, is_admin=is_admin or not roles, roles=roles, **words
        )
        made = create_credential(operator=service, organization=organization, name="till", door=door, **words)
        return Counter(self.store.code, {"X-AUTH-TOKEN": made.token})

    def signed_in(self, operator: Operator, role: str) -> Counter:
        """Somebody of the staff, or a seller, with the token of a sign-in."""
        token = tokens.issue(
            number=operator.pk, role=role, username=operator.username, password=operator.password, at=clock.now()
        )
        return Counter(self.store.code, {"Authorization": f"Bearer {token}"})

    def staff(self, *roles: str, **operator: Any) -> Counter:
        """A person with these roles (none: an administrator)."""
        return self.signed_in(self.person(*roles, **operator), tokens.ADMIN)

    def person(self, *roles: str, **operator: Any) -> Operator:
        """The person themselves."""
        made: Operator = factories.OperatorFactory(**operator)
        set_membership(
            operator=made,
            organization=self.house.organization,
            is_admin=not roles,
            roles=roles,
            granter=EVERYTHING,
            actor=TESTER,
            at=clock.now(),
        )
        return made

    def seller(self, *, allowed: bool = True, **operator: Any) -> Counter:
        """Somebody who sells at the store."""
        made = factories.OperatorFactory(**operator)
        appoint_seller(store=self.store, operator=made, allow_point_transfer=allowed, actor=TESTER, at=clock.now())
        return self.signed_in(made, tokens.SELLER)

    def customer(self, member: Member) -> Counter:
        """A member who is signed in."""
        set_member_password(member=member, password=PASSWORD, actor=TESTER, at=clock.now())
        held = MemberPassword.objects.get(member=member)
        token = tokens.issue(
            number=member.pk, role=tokens.CUSTOMER, username="x", password=held.password, at=clock.now()
        )
        return Counter(self.store.code, {"Authorization": f"Bearer {token}"})


def open_shop(house: House, code: str = "DEFAULT", **said: Any) -> Shop:
    """A store of the house, whose points never expire unless it is told otherwise."""
    words = {"expiry_mode": Store.Expiry.NEVER, **said}
    store = create_store(
        organization_id=house.id,
        code=code,
        name="Shop",
        account_id=house.account.pk,
        actor=TESTER,
        at=clock.now(),
        **words,
    )
    return Shop(house, store)
