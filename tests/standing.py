"""What stands for all tests of a module: made once, in a transaction around all of them, inside which each test undoes
its own. A test gets a copy of what was made, so that what it does to objects is undone with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from tests import factories

if TYPE_CHECKING:
    from members.models import Member
    from tests.house import House
    from tests.walk import World


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What is made from here on by fixtures of the module stands until its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def standing_house(standing: None) -> tuple[House, Member, Member]:
    """The house of Alice and Bob, with them."""
    return house_of("Demo Coffee", "alice", "bob")


@pytest.fixture(scope="module")
def worlds(standing_house: tuple[House, Member, Member]) -> tuple[World, World]:
    """Two houses with a little of everything: that of Alice and Bob, and Charlie's."""
    from tests.walk import World

    return World(*standing_house), World(*house_of("Neighbor Books", "charlie", "carla"))


def house_of(name: str, *people: str) -> tuple[House, Member, Member]:
    """A house with two people in it."""
    house = factories.build_house(name)
    first, second = (
        factories.MemberFactory(organization=house.organization, loyalty_member_id=person) for person in people
    )
    return house, first, second
