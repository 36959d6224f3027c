"""The store of Alice's and Bob's house, and who calls there."""

from __future__ import annotations

import pytest

from members.models import Member
from tests import factories
from tests.dialects.open_loyalty.counter import Counter, Shop, open_shop
from tests.house import House


@pytest.fixture
def house(db: None) -> House:
    """A house whose points have two decimals and never expire by themselves."""
    return factories.build_house("Demo Coffee", decimals=2, expires_in_months=None, point_tracking_enabled=True)


@pytest.fixture
def shop(house: House) -> Shop:
    """Its store."""
    return open_shop(house)


@pytest.fixture
def till(shop: Shop) -> Counter:
    """A program with an administrator's key."""
    return shop.with_key()


@pytest.fixture
def alice(house: House) -> Member:
    """A member with every kind of address."""
    return factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="alice",
        profile={
            "name": "Alice",
            "lastName": "Adams",
            "email": "alice@example.com",
            "phone": "+49 151 2345671",
            "loyaltyCardNumber": "4711",
        },
    )
