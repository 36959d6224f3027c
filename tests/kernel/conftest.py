"""What the kernel's tests begin with."""

from __future__ import annotations

import pytest

from loyalty.kernel import clock
from loyalty.kernel.models import Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import set_membership
from tests import factories
from tests.house import TESTER, House


@pytest.fixture
def operator(house: House) -> Operator:
    """A service that administers the house."""
    made = factories.ServiceFactory()
    set_membership(
        operator=made, organization=house.organization, is_admin=True, granter=EVERYTHING, actor=TESTER, at=clock.now()
    )
    return made
