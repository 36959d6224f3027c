"""Missions on the console: made, changed, switched, counted by hand, and what they did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Mission, MissionStep
from campaigns.selectors import mission_numbers
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import Member
from members.services import update_member
from tests.campaigns.quests import alter, increment, make_mission, standing
from tests.console.test_coupon_books import figures_of, offered, text_of
from tests.console.test_coupon_usages import bare, lines_of
from tests.databases import round_trips
from tests.house import TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row

LIST = "campaigns/mission/"


def page_of(mission: Mission) -> str:
    return f"{LIST}{mission.pk}/change/"


def test_a_mission_is_made_with_all_that_was_said(house: House, administrator: Person) -> None:
    said = {"name": "Ten coffees", "code": "ten", "goal_count": "10", "max_repetitions": "5", "points": "50"}
    more = {"repetition_period": "month", "period_limit": "2", "tags": "stamps, coffee", "valid_to": "2031-01-01T00:00"}
    answer = administrator.act(f"{LIST}add/", **said, **more, event_type="member-purchase-order-confirmed")
    mission = Mission.objects.get()
    assert answer.url == f"/admin/{page_of(mission)}"
    assert (mission.key, mission.program_id, mission.points) == ("ten-coffees", house.program.pk, 50)
    assert (mission.repetition_period, mission.period_limit, mission.tags) == ("month", 2, ["stamps", "coffee"])
    assert "Ten coffees" in text_of(administrator.get(page_of(mission)))
    assert AuditEntry.objects.filter(action="mission.created").count() == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"goal_count": "0"}, "goal_count"),
        ({"points": "1.5"}, "points"),
        ({"event_type": "other"}, "event_type"),
        ({"code": "taken"}, "code"),
        ({"valid_from": "2031-01-01T00:00", "valid_to": "2030-01-01T00:00"}, "valid_to"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    house: House, administrator: Person, said: dict[str, str], field: str
) -> None:
    make_mission(house, code="taken")
    before = every_row("campaigns")
    whole = {"name": "N", "code": "n", "goal_count": "1", "max_repetitions": "1", "event_type": "badge-minted", **said}
    assert list(refusals(administrator.act(f"{LIST}add/", **whole))) == [field]
    assert every_row("campaigns") == before


def test_editing_changes_what_is_different_and_nothing_else(house: House, administrator: Person) -> None:
    mission = make_mission(house, valid_from=clock.now() - timedelta(days=1, microseconds=7), tags=["a"])
    administrator.act(f"{LIST}{mission.pk}/do/edit/", name="Renamed")
    (entry,) = AuditEntry.objects.filter(action="mission.updated")
    assert entry.after == {"name": "Renamed"}


def test_it_is_switched_off_and_on_with_a_reason(house: House, alice: Member, administrator: Person) -> None:
    mission = make_mission(house)
    increment(mission, alice)
    assert {"edit", "deactivate"} <= offered(administrator.get(page_of(mission)))
    administrator.act(f"{LIST}{mission.pk}/do/deactivate/", reason="Summer")
    mission.refresh_from_db()
    assert mission.active is False
    assert "activate" in offered(administrator.get(page_of(mission)))
    administrator.act(f"{LIST}{mission.pk}/do/activate/", reason="Autumn")
    assert list(
        AuditEntry.objects.filter(action="mission.updated").values_list("reason", flat=True).order_by("pk")
    ) == [
        "Summer",
        "Autumn",
    ]
    assert standing(mission, alice) == (1, 0)


def test_its_page_tells_what_it_did(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    mission = make_mission(house)
    increment(mission, alice, 7)
    increment(mission, bob, 1)
    page = administrator.get(page_of(mission))
    figures = figures_of(page)
    assert (figures["Members who have begun"], figures["Achieved"]) == ("2", "2")
    assert "20" in figures["Points given"]
    (chart,) = [panel for panel in page.context["panels"] if panel.headers == ("Day", "Counted", "Achieved")]
    assert tuple(map(bare, chart.rows[0][1:])) == ("8", "2")
    newest = next(panel for panel in page.context["panels"] if panel.title == "Achieved last")
    assert len(newest.rows) == 2


def test_a_long_journal_is_added_up_from_its_newest_lines(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = make_mission(house, points=None)
    for _ in range(4):
        increment(mission, alice, 2)
    monkeypatch.setattr(mission_numbers, "REACH", 3)
    found = mission_numbers.numbers_of_mission(mission, since=clock.now() - timedelta(days=1))
    assert (list(found.counted.values()), found.is_cut) == ([6], True)


def test_it_is_counted_by_hand_once_with_a_look_before(house: House, alice: Member, administrator: Person) -> None:
    mission = make_mission(house)
    increment(mission, alice)
    path = f"members/member/{alice.pk}/do/count-mission/"
    said = {"mission": str(mission.pk), "amount": "3", "reason": "The till was down"}
    before = every_row("campaigns", "ledger", "members")
    page = administrator.act(path, confirmed=False, **said)
    lines = lines_of(page)
    assert (lines["Counted, of 3"], lines["Achieved"]) == (("1", "1"), ("0", "1"))
    assert "10" in lines["Points"][1]
    assert every_row("campaigns", "ledger", "members") == before
    form = {**administrator.form_of(path), **said, "confirmed": "1"}
    for _ in range(2):
        administrator.post(path, **form)
    assert (standing(mission, alice), house.balance(alice)) == ((1, 1), (10, 0, 0))
    (entry,) = AuditEntry.objects.filter(action="mission.counted")
    assert (entry.reason, entry.after["counted"], entry.after["achieved"]) == ("The till was down", 3, 1)
    assert MissionStep.objects.filter(kind="hand").count() == 2


def test_what_cannot_be_counted_is_refused_on_its_page(house: House, alice: Member, administrator: Person) -> None:
    mission = make_mission(house, goal=1, max_repetitions=1)
    increment(mission, alice)
    said = {"mission": str(mission.pk), "amount": "1", "reason": "Again"}
    answer = administrator.act(f"members/member/{alice.pk}/do/count-mission/", **said)
    assert "completed" in str(refusals(answer))
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    assert administrator.get(f"members/member/{alice.pk}/do/count-mission/").status_code == 403


def test_a_members_page_tells_the_missions_that_count_and_those_begun(
    house: House, alice: Member, administrator: Person
) -> None:
    begun, asleep, over = make_mission(house, name="Begun"), make_mission(house), make_mission(house, name="Over")
    increment(begun, alice)
    increment(over, alice)
    alter(asleep, active=False)
    alter(over, valid_to=clock.now())
    page = administrator.get(f"members/member/{alice.pk}/change/")
    (panel,) = [panel for panel in page.context["panels"] if panel.title == "Missions"]
    assert ["Begun" in str(panel.rows[0][0]), panel.rows[0][1], len(panel.rows)] == [True, "1 of 3", 2]


def test_a_mission_with_a_past_costs_as_much_to_look_at(house: House, alice: Member, administrator: Person) -> None:
    mission = make_mission(house)

    def cost() -> int:
        administrator.get(page_of(mission))
        with round_trips() as asked:
            administrator.get(page_of(mission))
        return len(asked)

    increment(mission, alice, 4)
    young = cost()
    for _ in range(6):
        increment(mission, alice, 4)
    assert cost() == young


def test_whoever_has_not_the_role_sees_and_does_nothing(house: House, alice: Member, staff_with: Any) -> None:
    mission = make_mission(house)
    member = staff_with("members:read")
    assert member.get(page_of(mission)).status_code in (403, 404)
    assert "count-mission" not in offered(member.get(f"members/member/{alice.pk}/change/"))
    reader = staff_with("campaigns:read")
    assert offered(reader.get(page_of(mission))) & {"edit", "deactivate"} == set()
