"""Missions over the API, and a member's missions (semantics 11, 11.5, 15b)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from campaigns.models import Mission
from loyalty.kernel import clock
from members.models import Member
from members.services import create_audience, create_program, leave_program, update_member
from tests import factories
from tests.campaigns.quests import alter, increment, make_mission
from tests.databases import round_trips
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses

BODY = {"name": "Ten coffees", "code": "ten", "eventType": "badge-minted", "maxRepetitions": 10, "goalCount": 3}


@pytest.fixture
def body(house: House) -> dict[str, Any]:
    """The least that makes a mission."""
    return {**BODY, "loyaltyProgramId": house.program.pk}


def test_a_mission_is_made_read_and_changed(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    made = api.post("missions", {**body, "repetitionPeriod": "week", "periodLimit": 2, "pointsAccrual": 5})
    assert made.status_code == 201
    mission = made.body["mission"]
    assert mission == {
        **body,
        "missionId": mission["missionId"],
        "missionKey": "ten-coffees",
        "organizationId": house.id,
        "shortDescription": None,
        "description": None,
        "pictureUrl": None,
        "customAttributes": {},
        "type": None,
        "audienceId": None,
        "tags": [],
        "active": True,
        "validFrom": None,
        "validTo": None,
        "repetitionPeriod": "week",
        "periodLimit": 2,
        "pointsAccrual": 5,
        "ledgerId": None,
        "ledgerAccountId": None,
        "matcherId": None,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    path = f"missions/{mission['missionId']}"
    assert api.get(path).body == {"mission": mission}
    assert api.get("missions").body["results"] == [mission]
    changed = {**body, "name": "More", "repetitionPeriod": "day", "periodLimit": None, "pointsAccrual": None}
    assert api.put(path, changed).body["mission"] == {**mission, "name": "More", "pointsAccrual": None}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"repetitionPeriod": "decade"}, "INVALID_INPUT"),
        ({"eventType": "visited"}, "INVALID_INPUT"),
        ({"goalCount": 0}, "INVALID_INPUT"),
        ({"maxRepetitions": 0}, "INVALID_INPUT"),
        ({"pointsAccrual": -1}, "INVALID_INPUT"),
        ({"validFrom": "2031-01-01T00:00:00Z", "validTo": "2030-01-01T00:00:00Z"}, "INVALID_INPUT"),
        ({"audienceId": 999}, "INVALID_INPUT"),
        ({"matcherId": 999}, "INVALID_INPUT"),
        ({"loyaltyProgramId": 999}, "INVALID_INPUT"),
        ({"ledgerId": 999}, "INVALID_INPUT"),
        ({"ledgerAccountId": 999}, "INVALID_INPUT"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_made(
    house: House, api: Api, body: dict[str, Any], said: dict[str, Any], code: str
) -> None:
    refuses(api, "POST", "missions", {**body, **said}, 400, code)
    mission = make_mission(house)
    if "repetitionPeriod" not in said:
        refuses(api, "PUT", f"missions/{mission.pk}", {**body, **said}, 400, code)


def test_0_11_a_code_is_given_once_and_the_key_of_a_second_name_is_another(
    house: House, api: Api, body: dict[str, Any]
) -> None:
    first = api.post("missions", body).body["mission"]
    refuses(api, "POST", "missions", body, 409, "ALREADY_EXISTS")
    second = api.post("missions", {**body, "code": "eleven"}).body["mission"]
    assert first["missionKey"] != second["missionKey"]
    refuses(api, "PUT", f"missions/{second['missionId']}", body, 409, "ALREADY_EXISTS")


def test_missions_are_narrowed_by_program_type_tags_and_codes(house: House, api: Api) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    other = create_program(name="Other", ledger_id=house.ledger.pk, **words)
    make_mission(house, code="a", type="stamps", tags=["x", "y"])
    make_mission(house, code="b", tags=["x"])
    make_mission(house, code="c", program_id=other.pk)

    def codes(query: str) -> list[str]:
        return [row["code"] for row in api.get(f"missions?{query}").body["results"]]

    assert codes("") == ["a", "b", "c"]
    assert codes(f"loyaltyProgramId={other.pk}") == ["c"]
    assert codes("type=stamps") == ["a"]
    assert (codes("tags=x"), codes("tags=x,y"), codes("codes=c,a")) == (["a", "b"], ["a"], ["a", "c"])
    assert codes("order=code,desc") == ["c", "b", "a"]


# --- 11.5: a member's missions ---------------------------------------------------------------------------------------
@pytest.fixture
def begun(house: House, alice: Member, bob: Member) -> dict[str, Mission]:
    """Missions in every state for Alice."""
    at = clock.now()
    nobody = create_audience(organization_id=house.id, name="N", matcher_type="null-matcher", actor=TESTER, at=at)
    rule = {"matcher_type": "attribute-matcher", "matcher": {"expression": "member.loyaltyMemberId == 'alice'"}}
    hers = create_audience(organization_id=house.id, name="A", **rule, actor=TESTER, at=at)
    made = {
        "new": make_mission(house, code="new"),
        "hers": make_mission(house, code="hers", audience_id=hers.pk),
        "begun": make_mission(house, code="begun"),
        "again": make_mission(house, code="again"),
        "done": make_mission(house, code="done", goal=1, max_repetitions=1),
        "full": make_mission(house, code="full", goal=2, repetition_period="day", period_limit=1),
        "asleep": make_mission(house, code="asleep"),
        "over": make_mission(house, code="over", valid_to=at + timedelta(minutes=1)),
        "later": make_mission(house, code="later", valid_from=at + timedelta(days=9)),
        "others": make_mission(house, code="others", audience_id=nobody.pk),
    }
    for name, amount in (("begun", 2), ("again", 4), ("done", 1), ("full", 3), ("asleep", 1), ("over", 1)):
        increment(made[name], alice, amount)
    alter(made["asleep"], active=False)
    alter(made["over"], valid_to=at)
    increment(made["new"], bob, 2)
    return made


def codes_of(api: Api, member: Member, query: str) -> set[str]:
    answer = api.get(f"members/{member.pk}/missions?{query}")
    assert answer.status_code == 200, answer.content
    assert answer.body["totalCount"] == len(answer.body["results"])
    return {row["code"] for row in answer.body["results"]}


def test_11_5_a_members_missions_are_narrowed_by_how_far_the_member_is(
    house: House, api: Api, alice: Member, begun: dict[str, Mission]
) -> None:
    assert codes_of(api, alice, "") == set(begun)
    assert codes_of(api, alice, "available=true") == {"new", "hers", "begun", "again"}
    assert codes_of(api, alice, "available=false") == set(begun) - {"new", "hers", "begun", "again"}
    # Something is counted, whatever was achieved before.
    assert codes_of(api, alice, "inProgress=true") == {"begun", "again", "full", "asleep", "over"}
    assert codes_of(api, alice, "minTimesAchieved=1") == {"again", "done", "full"}
    assert codes_of(api, alice, "minTimesAchieved=0") == set(begun)
    assert codes_of(api, alice, "minCounterCount=2") == {"begun"}
    assert codes_of(api, alice, "active=false") == {"asleep"}
    assert codes_of(api, alice, f"missionKey={begun['new'].key}") == {"new"}
    assert codes_of(api, alice, "codes=new,done&minTimesAchieved=1") == {"done"}
    soon = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert codes_of(api, alice, f"validFrom={soon}") == set(begun) - {"over"}
    assert codes_of(api, alice, f"validTo={soon}") == set(begun) - {"later"}


def test_11_5_a_row_tells_how_far_the_member_is(
    house: House, api: Api, alice: Member, begun: dict[str, Mission]
) -> None:
    (row,) = api.get(f"members/{alice.pk}/missions?codes=again").body["results"]
    said = {name: row[name] for name in ("counterCount", "timesAchieved", "completed", "available", "inProgress")}
    assert said == {"counterCount": 1, "timesAchieved": 1, "completed": False, "available": True, "inProgress": True}
    assert (row["lastAchievedAt"] is not None, row["missionId"]) == (True, begun["again"].pk)
    (done,) = api.get(f"members/{alice.pk}/missions?codes=done").body["results"]
    assert (done["completed"], done["available"], done["counterCount"]) == (True, False, 0)
    listed = api.get(f"members/{alice.pk}/missions?order=counterCount,desc&limit=1").body["results"]
    assert [one["code"] for one in listed] == ["begun"]


def test_11_3_in_another_period_the_counter_is_of_that(house: House, api: Api, alice: Member) -> None:
    with time_machine.travel(NOON, tick=False) as traveller:
        mission = make_mission(house, goal=2, repetition_period="day", period_limit=1)
        increment(mission, alice, 3)
        path = f"members/{alice.pk}/missions"
        (row,) = api.get(path).body["results"]
        assert (row["counterCount"], row["timesAchieved"], row["available"]) == (1, 1, False)
        traveller.move_to(NOON + timedelta(days=1))
        (row,) = api.get(path).body["results"]
        assert (row["counterCount"], row["timesAchieved"], row["available"]) == (0, 1, True)


def test_11_5_nothing_is_available_to_who_is_blocked_or_in_no_program(house: House, api: Api, alice: Member) -> None:
    make_mission(house)
    assert len(codes_of(api, alice, "available=true")) == 1
    leave_program(member=alice, program=house.program, actor=TESTER, at=clock.now())
    assert codes_of(api, alice, "available=true") == set()
    blocked = factories.MemberFactory(organization=house.organization, loyalty_member_id="blocked")
    update_member(member=blocked, changes={"active": False}, actor=TESTER, at=clock.now())
    assert codes_of(api, blocked, "available=true") == set()


def test_a_neighbors_member_or_mission_does_not_exist(
    house: House, api: Api, alice: Member, neighbor: House, charlie: Member
) -> None:
    mine, theirs = make_mission(house), make_mission(neighbor)
    assert api.get(f"members/{charlie.pk}/missions").status_code == 404
    for member, mission in ((charlie, mine), (alice, theirs), (charlie, theirs)):
        refuses(api, "POST", f"members/{member.pk}/missions/{mission.pk}/increment", {"amount": 1}, 404, "NOT_FOUND")


def test_a_members_missions_cost_as_much_with_a_long_journal(house: House, api: Api, alice: Member) -> None:
    mission = make_mission(house, repetition_period="day")

    def cost() -> int:
        with round_trips() as asked:
            api.get(f"members/{alice.pk}/missions")
        return len(asked)

    cost()
    young = cost()
    for day in range(9):
        increment(mission, alice, 4, external_event_at=clock.now() - timedelta(days=day))
    assert cost() == young
