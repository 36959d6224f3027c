"""What the journal tells is told for good: the database refuses to change or delete it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from members.models import LoyaltyEvent, Member, TierChange
from tests.house import House
from tests.walk import every_row

REFUSED: dict[str, Callable[[], Any]] = {
    "another tier": lambda: TierChange.objects.update(reason="manual"),
    "a change less": lambda: TierChange.objects.all().delete(),
    "another event": lambda: LoyaltyEvent.objects.update(event_type="member-updated"),
    "another member": lambda: LoyaltyEvent.objects.update(member=Member.objects.get(loyalty_member_id="bob")),
    "an event less": lambda: LoyaltyEvent.objects.all().delete(),
    "a member less": lambda: Member.objects.filter(loyalty_member_id="bob")._raw_delete("default"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_journal_stays_as_it_was_written(house: House, alice: Member, bob: Member, what: str) -> None:
    house.give(alice, 5)
    before = every_row()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        REFUSED[what]()
    assert every_row() == before


def test_how_far_the_work_on_an_event_is_may_change(house: House, alice: Member) -> None:
    assert LoyaltyEvent.objects.filter(member=alice).update(status="failed", execution_results=[{"a": 1}]) == 1
