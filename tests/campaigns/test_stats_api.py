"""How many events of a type there were, over the core API (semantics 14)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.services import create_event_type
from loyalty.kernel.models import Organization
from members.models import LoyaltyEvent, Member
from tests.campaigns.plays import GENERIC, happen
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

MARCH = "sinceFrom=2030-03-10T00:00:00Z&sinceTo=2030-03-13T00:00:00Z"


def on(text: str) -> datetime:
    return datetime.fromisoformat(f"2030-03-{text}+00:00")


def asked(api: Api, event_type: str = GENERIC, query: str = "") -> dict[str, Any]:
    answer = api.get(f"stats/events/{event_type}?{query}")
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = answer.body["result"]
    return result


def test_14_events_are_told_by_how_they_stand_and_by_the_day_they_happened(
    noon: Any, house: House, neighbor: House, alice: Member, charlie: Member, api: Api
) -> None:
    happen(house, alice, at=on("10 00:00"))
    happen(house, alice, external_event_at=on("10 12:00"))
    failed = happen(house, alice, external_event_at=on("11 23:59:59"))
    late = happen(house, alice, external_event_at=on("11 23:59:59"))
    waits = happen(house, alice, at=on("12 12:00"))
    happen(house, alice, external_event_at=on("13 00:00"))
    happen(house, alice, external_event_at=on("09 23:59:59"), at=on("10 01:00"))
    happen(house, alice, event_type="benefit-used", external_event_at=on("10 12:00"))
    happen(neighbor, charlie, external_event_at=on("10 12:00"))
    for event, status in ((failed, "failed"), (late, "running"), (waits, "pending")):
        LoyaltyEvent.objects.filter(pk=event.pk).update(status=status)
    assert asked(api, query=MARCH) == {
        "total": 5,
        "byStatus": {"pending": 1, "running": 1, "failed": 1, "success": 2},
        "byDate": [
            {"date": "2030-03-10", "count": 2},
            {"date": "2030-03-11", "count": 2},
            {"date": "2030-03-12", "count": 1},
        ],
    }
    Organization.objects.filter(pk=house.id).update(timezone="Europe/Berlin")
    days = asked(api, query="sinceFrom=2030-03-09T23:00:00Z&sinceTo=2030-03-12T23:00:00Z")["byDate"]
    assert [(day["date"], day["count"]) for day in days] == [("2030-03-10", 3), ("2030-03-11", 0), ("2030-03-12", 3)]


def test_14_where_nothing_happened_it_is_nothing_on_each_of_30_days(noon: Any, house: House, api: Api) -> None:
    create_event_type(
        organization_id=house.id, code="visited", name="Visit", schema_type="builtin", actor=TESTER, at=NOON
    )
    found = asked(api, "visited")
    assert (found["total"], set(found["byStatus"].values())) == (0, {0})
    assert (len(found["byDate"]), {day["count"] for day in found["byDate"]}) == (30, {0})
    assert asked(api, "visited", "sinceFrom=2030-03-01T00:00:00Z&sinceTo=2030-03-01T00:00:00Z") == {
        "total": 0,
        "byStatus": {"pending": 0, "running": 0, "failed": 0, "success": 0},
        "byDate": [],
    }


def test_14_what_the_system_tells_is_counted_too(noon: Any, house: House, alice: Member, api: Api) -> None:
    house.give(alice, 5)
    assert asked(api, "ledger-transaction-created")["byDate"][-1] == {"date": "2030-03-15", "count": 1}
    assert asked(api, "member-created")["total"] == 1


def test_14_a_type_there_is_not_is_not_found(house: House, neighbor: House, api: Api) -> None:
    create_event_type(
        organization_id=neighbor.id, code="theirs", name="Visit", schema_type="builtin", actor=TESTER, at=NOON
    )
    for unknown in ("visited", "theirs"):
        refuses(api, "GET", f"stats/events/{unknown}", None, 404, "NOT_FOUND")
