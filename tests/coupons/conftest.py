"""What tests of coupons share."""

from __future__ import annotations

import pytest

from tests.house import Api, House, api_for


@pytest.fixture
def next_door(neighbor: House) -> Api:
    """An administrator of Charlie's house."""
    return api_for(neighbor.organization, is_admin=True)
