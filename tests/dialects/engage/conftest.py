"""A house with two decimals, and clients of the Engage API."""

from __future__ import annotations

import pytest

from loyalty.dialects.engage.limits import buckets
from tests import factories
from tests.dialects.engage.world import Engage, engage_for
from tests.house import House


@pytest.fixture
def house(db: None) -> House:
    """The house of Alice and Bob; its points have two decimals."""
    return factories.build_house("Demo Coffee", decimals=2)


@pytest.fixture(autouse=True)
def full_buckets() -> None:
    """Nobody called lately."""
    buckets.forget()


@pytest.fixture
def engage(house: House) -> Engage:
    """An administrator of the house."""
    return engage_for(house.organization, is_admin=True)
