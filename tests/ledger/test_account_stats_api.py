"""What an account moved in a stretch of time, over the core API (semantics 14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from ledger.models import Lot
from ledger.selectors import moved_in
from ledger.services import cancel_lot, capture_holds, expire_lot, revert_transactions
from loyalty.kernel.models import Organization
from loyalty.kernel.windows import Window
from members.models import Member
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

DAY = timedelta(days=1)
_NOTHING = {"minted": 0, "burned": 0, "expired": 0, "reverted": 0, "transferred": 0}


def ask(api: Api, house: House, query: str = "") -> dict[str, Any]:
    answer = api.get(f"stats/ledger-accounts/{house.account.pk}?{query}")
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = answer.body["result"]
    return result


def undo(house: House, record: Any, at: datetime) -> None:
    revert_transactions(organization_id=house.id, transaction_ids=[record.id], actor=TESTER, at=at)


@pytest.fixture
def busy(noon: time_machine.Coordinates, house: House, alice: Member, bob: Member) -> House:
    """A house with a little of everything on the two days before noon, some of it undone since."""
    early, late = NOON - DAY - timedelta(hours=8), NOON - timedelta(hours=8)
    house.give(alice, 1000, at=early)
    house.give(bob, 300, at=early, expires_at=NOON + DAY)
    wrong = house.give(alice, 70, at=early)
    house.take(alice, 100, at=early)
    taken = house.take(alice, 11, at=early)
    house.move(alice, bob, 50, at=early)
    moved = house.move(alice, bob, 7, at=early)
    part = house.take(alice, 40, at=early, hold=True)
    whole = house.take(alice, 20, at=early, hold=True)
    void = house.take(alice, 5, at=early, hold=True)
    capture_holds(organization_id=house.id, captures={part.id: 30, whole.id: None}, actor=TESTER, at=late)
    for record in (wrong, taken, moved, whole, void):
        undo(house, record, late)
    house.give(bob, 9, at=late, valid_from=NOON + DAY)
    cancelled = house.give(bob, 25, at=late, expires_at=NOON + 2 * DAY)
    lots = {lot.transaction_id: lot.pk for lot in Lot.objects.all()}
    cancel_lot(organization_id=house.id, lot_id=lots[cancelled.id], actor=TESTER, at=late)
    lapsed = house.give(bob, 13, at=late, expires_at=NOON + 2 * DAY)
    expire_lot(organization_id=house.id, lot_id=Lot.objects.get(transaction=lapsed.id).pk, actor=TESTER, at=late)
    assert house.findings() == []
    return house


def test_14_what_moved_is_told_without_what_was_taken_back(busy: House, api: Api) -> None:
    assert ask(api, busy) == {
        "minted": 1000 + 300 + 9 + 13,
        "burned": 100 + 30,
        "expired": 13,
        "reverted": 70 + 11 + 7 + 20 + 25,
        "transferred": 50,
        "circulating": 1000 + 300 + 9 - 100 - 30,
        "pending": 9,
        "supply": None,
    }


def test_14_each_counts_on_its_own_day_and_a_revert_on_the_day_it_happened(busy: House, api: Api) -> None:
    first = ask(api, busy, "sinceFrom=2030-03-14T00:00:00Z&sinceTo=2030-03-15T00:00:00Z")
    assert {name: first[name] for name in _NOTHING} == {
        **_NOTHING,
        "minted": 1300,
        "burned": 100,
        "transferred": 50,
    }
    second = ask(api, busy, "sinceFrom=2030-03-15T00:00:00Z")
    assert {name: second[name] for name in _NOTHING} == {
        "minted": 22,
        "burned": 30,
        "expired": 13,
        "reverted": 133,
        "transferred": 0,
    }
    # What members hold is so whenever it is asked.
    assert first["circulating"] == second["circulating"] == 1179


@pytest.mark.parametrize("cut", ["2030-03-14T03:59:59.999999Z", "2030-03-14T04:00:00Z", "2030-03-15T04:00:00.000001Z"])
def test_14_a_day_that_is_asked_for_in_part_counts_in_part(busy: House, api: Api, cut: str) -> None:
    whole = ask(api, busy, "sinceFrom=2030-03-01T00:00:00Z")
    before = ask(api, busy, f"sinceFrom=2030-03-01T00:00:00Z&sinceTo={cut}")
    after = ask(api, busy, f"sinceFrom={cut}")
    assert {name: before[name] + after[name] for name in _NOTHING} == {name: whole[name] for name in _NOTHING}
    assert (before["minted"], before["reverted"]) == ((0, 0) if cut < "2030-03-15" else (1322, 133))


def test_14_parts_of_days_are_counted_as_whole_days_are(busy: House) -> None:
    whole = moved_in(busy.account, Window(NOON.replace(hour=0) - DAY, NOON.replace(hour=0) + DAY, "UTC"))
    split = NOON.replace(hour=0) - DAY + timedelta(hours=5)
    by_parts = [
        moved_in(busy.account, Window(since, until, "UTC"))
        for since, until in (
            (split - timedelta(hours=4), split),
            (split, split + timedelta(hours=18)),
            (split + timedelta(hours=18), split + timedelta(hours=30)),
        )
    ]
    for name in _NOTHING:
        assert sum(getattr(part, name) for part in by_parts) == getattr(whole, name), name


def test_14_what_is_told_late_counts_when_it_happened(noon: Any, house: House, alice: Member, api: Api) -> None:
    house.give(alice, 10, external_event_at=datetime(2030, 2, 1, 10, tzinfo=UTC))
    assert ask(api, house)["minted"] == 0
    assert ask(api, house, "sinceFrom=2030-02-01T00:00:00Z&sinceTo=2030-02-02T00:00:00Z")["minted"] == 10
    assert ask(api, house, "sinceFrom=2030-02-01T10:00:00Z&sinceTo=2030-02-01T10:00:00.000001Z")["minted"] == 10
    assert ask(api, house, "sinceFrom=2030-02-01T09:00:00Z&sinceTo=2030-02-01T10:00:00Z")["minted"] == 0


def test_14_days_are_the_organizations(noon: Any, house: House, alice: Member, api: Api) -> None:
    Organization.objects.update(timezone="Europe/Berlin")
    for moment, amount in (("2030-02-13T22:59:59Z", 1), ("2030-02-13T23:00:00Z", 10), ("2030-03-15T11:00:00Z", 100)):
        house.give(alice, amount, external_event_at=datetime.fromisoformat(moment))
    assert ask(api, house)["minted"] == 110


def test_14_the_supply_is_what_there_may_be(house: House, api: Api) -> None:
    api.put(f"{house.account_path}/supply", {"maxSupply": 5000})
    assert ask(api, house)["supply"] == 5000


def test_14_times_that_cannot_be_meant_are_refused(house: House, neighbor: House, api: Api) -> None:
    path = f"stats/ledger-accounts/{house.account.pk}"
    for query in (
        "sinceFrom=2030-01-02T00:00:00Z&sinceTo=2030-01-01T00:00:00Z",
        "sinceFrom=2000-01-01T00:00:00Z&sinceTo=2030-01-01T00:00:00Z",
        "sinceFrom=0001-01-01T00:00:00Z",
        "sinceTo=9999-12-31T23:59:59Z",
    ):
        refuses(api, "GET", f"{path}?{query}", None, 400, "INVALID_INPUT")
    refuses(api, "GET", f"stats/ledger-accounts/{neighbor.account.pk}", None, 404, "NOT_FOUND")
