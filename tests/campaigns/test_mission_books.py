"""Missions are proved and go along with their member: what is counted equals the journal, and check_books says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from campaigns.models import Mission, MissionAchievement, MissionProgress, MissionStep
from campaigns.services.mission_checks import PROOFS
from ledger.models import Transaction
from loyalty.kernel import clock
from members.errors import MemberGone
from members.models import Member
from members.services import erase_member, export_member, merge_members
from tests.campaigns.quests import increment, make_mission, standing
from tests.campaigns.shop import CONFIRMED, order
from tests.databases import triggers_off
from tests.house import TESTER, House
from tests.proofs import rules_found, rules_found_without, rules_told
from tests.walk import every_row


@pytest.fixture
def mission(house: House, alice: Member) -> Mission:
    """A mission that was counted, achieved, and taken back of, in a period."""
    made = make_mission(house, event_type=CONFIRMED, repetition_period="month")
    for number in range(5):
        order(house, alice, external_id=f"o-{number}")
    order(house, alice, external_id="o-4", status="returned")
    return made


BROKEN: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "a counter": (
        lambda: MissionProgress.objects.filter(counter=1).update(counter=2),
        {"mission-counters-equal-journal"},
    ),
    "a period": (
        lambda: MissionProgress.objects.filter(counter=1).update(achieved=2),
        {"mission-counters-equal-journal"},
    ),
    "the achievements": (
        lambda: MissionProgress.objects.filter(counter=0).update(achieved=2),
        {"mission-achievements-counted"},
    ),
    "the points": (lambda: _point(9), {"mission-points-equal-ledger"}),
    "a merge that left missions": (
        lambda: Member.objects.filter(loyalty_member_id="alice").update(
            active=False, merged_into=Member.objects.get(loyalty_member_id="bob")
        ),
        {"missions-follow-merges"},
    ),
}


def _point(points: int) -> None:
    with triggers_off():
        MissionAchievement.objects.update(points=points)


def test_every_proof_has_a_way_to_fail() -> None:
    assert {rule for _, rules in BROKEN.values() for rule in rules} == {proof.rule for proof in PROOFS}


def test_the_campaigns_page_names_every_finding() -> None:
    assert rules_told("campaigns.md") >= {proof.rule for proof in PROOFS} | {"mission-journal-triggers"}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_agree_is_found(house: House, bob: Member, neighbor: House, mission: Mission, what: str) -> None:
    assert house.findings() == []
    how, rules = BROKEN[what]
    how()
    assert rules_found(house) == rules
    assert neighbor.findings() == []


def test_a_missing_trigger_is_found(house: House) -> None:
    found = rules_found_without("campaigns_missionstep_no_delete", "campaigns_missionstep", house)
    assert found == {"mission-journal-triggers"}


REFUSED: dict[str, Callable[[], Any]] = {
    "another amount": lambda: MissionStep.objects.update(amount=7),
    "another member": lambda: MissionStep.objects.update(member=Member.objects.get(loyalty_member_id="bob")),
    "other words beside it": lambda: MissionStep.objects.update(description=""),
    "other points": lambda: MissionAchievement.objects.update(points=7),
    "an achievement of another": lambda: MissionAchievement.objects.update(
        member=Member.objects.get(loyalty_member_id="bob")
    ),
    "a line less": lambda: MissionStep.objects.filter(taken=0)._raw_delete("default"),
    "an achievement less": lambda: MissionAchievement.objects.all()._raw_delete("default"),
    "another period": lambda: Mission.objects.update(repetition_period="day"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_journal_of_missions_stays_as_it_was_written(mission: Mission, bob: Member, what: str) -> None:
    before = every_row()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        REFUSED[what]()
    assert every_row() == before


IMPOSSIBLE: dict[str, Callable[[], Any]] = {
    "taken back more than counted": lambda: MissionStep.objects.update(taken=2),
    "points without a transaction": lambda: MissionAchievement.objects.update(transaction=None),
    "a goal of nothing": lambda: Mission.objects.update(goal_count=0),
    "a counter below zero": lambda: MissionProgress.objects.update(counter=-1),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_is_refused_by_the_database(mission: Mission, what: str) -> None:
    with triggers_off(), pytest.raises(IntegrityError), transaction.atomic():
        IMPOSSIBLE[what]()


# --- members ---------------------------------------------------------------------------------------------------------
def merge(kept: Member, merged: Member) -> Member:
    return merge_members(kept=kept, merged=merged, actor=TESTER, at=clock.now(), reason="the same person")


def test_the_one_who_is_kept_has_come_as_far_as_both(house: House, alice: Member, bob: Member) -> None:
    mission = make_mission(house, goal=10)
    increment(mission, alice, 17)
    increment(mission, bob, 26)
    alice = merge(alice, bob)
    assert (standing(mission, alice), standing(mission, bob)) == ((13, 3), (0, 0))
    assert (house.balance(alice), house.findings()) == ((30, 0, 0), [])
    # The goal that both have reached together is achieved with the next.
    balance = increment(mission, alice)
    assert (balance["counterCount"], balance["timesAchieved"]) == (4, 4)
    keys = set(Transaction.objects.filter(kind="mint").values_list("unique_key", flat=True))
    assert f"mission:{mission.pk}:{alice.pk}:4" in keys
    assert (house.balance(alice), house.findings()) == ((40, 0, 0), [])
    with pytest.raises(MemberGone):
        increment(mission, bob)


def test_an_export_tells_what_was_counted_and_achieved(house: House, alice: Member, bob: Member) -> None:
    mission = make_mission(house)
    increment(mission, alice, 4, description="for Alice", external_id="e-1", tags=["a"])
    increment(mission, bob, 1)
    parts = [part for part in export_member(member=alice, actor=TESTER, at=clock.now()) if "mission" in part]
    assert [part["part"] for part in parts] == ["missionStep", "missionAchievement"]
    step, achievement = parts
    assert (step["counted"], step["description"], step["externalId"], step["tags"]) == (4, "for Alice", "e-1", ["a"])
    assert (achievement["number"], achievement["points"]) == (1, 10)


def test_an_erasure_blanks_what_callers_wrote_and_keeps_what_was_counted(house: House, alice: Member) -> None:
    mission = make_mission(house)
    increment(mission, alice, 4, description="for Alice", external_id="e-1", tags=["a"])
    erase_member(member=alice, actor=TESTER, at=clock.now(), reason="asked for")
    step = MissionStep.objects.get()
    assert (step.amount, step.description, step.external_id, step.tags) == (4, "", "", [])
    assert house.findings() == []
    with pytest.raises(MemberGone):
        increment(mission, alice)
