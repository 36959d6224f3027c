"""Who joined, and who stands in which tier, over the core API (semantics 14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from loyalty.kernel import clock
from loyalty.kernel.models import Organization
from members.models import Member
from members.services import create_tier, erase_member, merge_members, set_member_tier, update_member
from tests import factories
from tests.house import NOON, TESTER, Api, House

# What a day before is called where it is noon on the fifteenth of March.
LAST = [f"{datetime(2030, 2, 14, tzinfo=UTC) + timedelta(days=n):%Y-%m-%d}" for n in range(30)]


def join(house: House, *moments: str) -> list[Member]:
    made = []
    for moment in moments:
        with time_machine.travel(datetime.fromisoformat(moment), tick=False):
            made.append(factories.MemberFactory(organization=house.organization))
    return made


def created(api: Api, query: str = "") -> dict[str, int]:
    answer = api.get(f"stats/members?{query}")
    assert answer.status_code == 200, answer.content
    return {row["date"]: row["count"] for row in answer.body["results"]}


def test_14_every_day_of_the_last_30_is_told_also_those_on_which_nobody_joined(
    noon: Any, house: House, neighbor: House, api: Api
) -> None:
    join(house, "2030-02-13T23:59:59Z", "2030-02-14T00:00:00Z", "2030-03-15T08:00:00Z", "2030-03-15T09:00:00Z")
    join(neighbor, "2030-03-15T09:00:00Z")
    answer = api.get("stats/members")
    assert answer.body == {
        "results": [{"date": day, "count": {LAST[0]: 1, LAST[-1]: 2}.get(day, 0)} for day in LAST],
    }


def test_14_a_day_begins_at_midnight_where_the_organization_is(noon: Any, house: House, api: Api) -> None:
    Organization.objects.filter(pk=house.id).update(timezone="Europe/Berlin")
    # Clocks went forward on the last day of March: it ends an hour earlier than the day before.
    join(
        house,
        "2029-03-24T22:59:59.999999Z",
        "2029-03-24T23:00:00Z",
        "2029-03-25T21:59:59Z",
        "2029-03-25T22:00:00Z",
    )
    found = created(api, "sinceFrom=2029-03-23T23:00:00Z&sinceTo=2029-03-27T22:00:00Z")
    assert found == {"2029-03-24": 1, "2029-03-25": 2, "2029-03-26": 1, "2029-03-27": 0}


def test_14_the_time_asked_for_has_its_beginning_and_not_its_end(noon: Any, house: House, api: Api) -> None:
    join(house, "2030-03-01T10:00:00Z", "2030-03-02T10:00:00Z")
    assert created(api, "sinceFrom=2030-03-01T10:00:00Z&sinceTo=2030-03-02T10:00:00Z") == {
        "2030-03-01": 1,
        "2030-03-02": 0,
    }
    assert created(api, "sinceFrom=2030-03-01T10:00:00.000001Z&sinceTo=2030-03-02T10:00:00.000001Z") == {
        "2030-03-01": 0,
        "2030-03-02": 1,
    }
    assert created(api, "sinceFrom=2030-03-01T10:00:00Z&sinceTo=2030-03-01T10:00:00Z") == {}


def test_14_each_tier_tells_how_many_stand_in_it_and_how_many_in_none(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    gold = create_tier(program=house.program, name="Gold", min_required_points=1000, tier_order=2, **words)
    base = house.program.tiers.get(name="Base")
    dora, emil, gone = (factories.MemberFactory(organization=house.organization) for _ in range(3))
    for member in (alice, dora):
        set_member_tier(member=member, program=house.program, loyalty_tier_id=gold.pk, **words)
    update_member(member=bob, changes={"active": False}, **words)
    merge_members(kept=alice, merged=dora, reason="The same.", **words)
    erase_member(member=gone, reason="Asked for it.", **words)
    assert emil.active
    path = f"stats/loyalty-programs/{house.program.pk}/tiers"

    def row(tier: Any, members: int) -> dict[str, Any]:
        named = {"loyaltyTierId": tier.pk, "loyaltyTierKey": tier.key, "name": tier.name}
        return {**(named if tier else dict.fromkeys(named)), "members": members}

    # Bob is blocked, and still a member.
    none = {"loyaltyTierId": None, "loyaltyTierKey": None, "name": None, "members": 0}
    assert api.get(path).body == {"results": [row(base, 2), row(gold, 1), none]}
    house.program.enrollments.filter(member=emil).update(system_tier=None, effective_tier=None)
    assert api.get(path).body["results"] == [row(base, 1), row(gold, 1), {**none, "members": 1}]


@pytest.mark.parametrize("days", [1, 3000])
def test_14_a_long_time_is_one_question_too(house: House, api: Api, days: int) -> None:
    since = NOON - timedelta(days=days)
    assert len(created(api, f"sinceFrom={since:%Y-%m-%d}T00:00:00Z&sinceTo=2030-03-15T00:00:00Z")) == days
