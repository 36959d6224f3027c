"""People at the console: an operator with a place, and a client that opens pages and sends forms as they would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from loyalty.kernel import clock
from loyalty.kernel.models import Operator, Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import set_membership
from tests import factories
from tests.house import TESTER, House


@dataclass
class Person:
    """One operator, signed in."""

    operator: Operator
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="127.0.0.1"))

    def __post_init__(self) -> None:
        self.client.force_login(self.operator, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> Any:
        """Open a page under /admin/ (or an absolute address)."""
        return self.client.get(_address(path), query)

    def post(self, path: str, **fields: Any) -> Any:
        """Send a form as it is given."""
        return self.client.post(_address(path), fields)

    def form_of(self, path: str) -> dict[str, Any]:
        """What an act's form holds when it is opened: its hidden key, and the values it starts with."""
        page = self.get(path)
        assert page.status_code == 200, page.status_code
        act = page.context["act"]
        values = {name: act.get_initial_for_field(item, name) for name, item in act.fields.items()}
        return {name: value for name, value in values.items() if value not in (None, False)}

    def act(self, path: str, *, confirmed: bool = True, **fields: Any) -> Any:
        """Open an act's form, fill it in, and send it (past its preview, unless told otherwise)."""
        filled = {**self.form_of(path), **({"confirmed": "1"} if confirmed else {}), **fields}
        return self.post(path, **{name: value for name, value in filled.items() if value is not None})


def _address(path: str) -> str:
    return path if path.startswith("/") else f"/admin/{path}"


def refusals(page: Any) -> dict[str, list[str]]:
    """What a form that came back says, by field; `__all__` is above the form."""
    assert page.status_code == 200, page.status_code
    found: dict[str, list[str]] = page.context["act"].errors
    return {name: list(texts) for name, texts in found.items()}


def staff_of(organization: Organization, *roles: str, is_admin: bool = False, **operator: Any) -> Person:
    """A person with exactly these roles in the organization."""
    made = factories.OperatorFactory(**operator)
    set_membership(
        operator=made,
        organization=organization,
        is_admin=is_admin,
        roles=roles,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    return Person(made)


@pytest.fixture
def administrator(house: House) -> Person:
    """An administrator of the house of Alice and Bob."""
    return staff_of(house.organization, is_admin=True, username="anna", name="Anna Administrator")


@pytest.fixture
def staff_with(house: House) -> Callable[..., Person]:
    """Makes people with some roles of the house."""
    return lambda *roles: staff_of(house.organization, *roles)


@pytest.fixture
def stranger(neighbor: House) -> Person:
    """An administrator of Charlie's house: sees nothing of ours."""
    return staff_of(neighbor.organization, is_admin=True, username="niko", name="Niko Neighbor")


@pytest.fixture
def system_admin(db: None) -> Person:
    """Everybody's administrator."""
    return Person(factories.OperatorFactory(username="root", name="Rosa Root", is_system_admin=True))
