"""A member's life on the console: tiers by hand, merging, the export, being forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import Enrollment, LoyaltyTier, Member
from members.services import create_tier
from tests.house import TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row


def address(member: Member, rest: str) -> str:
    return f"members/member/{member.pk}/{rest}"


@pytest.fixture
def gold(house: House) -> LoyaltyTier:
    words: dict[str, Any] = {"name": "Gold", "min_required_points": 1000, "tier_order": 2}
    return create_tier(program=house.program, actor=TESTER, at=clock.now(), **words)


def test_a_tier_is_given_by_hand_with_a_reason_and_taken_away(
    house: House, alice: Member, administrator: Person, gold: LoyaltyTier
) -> None:
    path = address(alice, "do/tier/")
    answer = administrator.act(path, tier=gold.pk, expires_on="2099-12-31", reason="an apology")
    assert answer.status_code == 302
    place = Enrollment.objects.get(member=alice)
    assert (place.effective_tier_id, place.manual_tier_id) == (gold.pk, gold.pk)
    assert place.manual_expires_at is not None
    assert place.manual_expires_at.isoformat() == "2099-12-31T23:59:59+00:00"
    assert AuditEntry.objects.get(action="member.tier-set").reason == "an apology"
    administrator.act(path, tier="", reason="enough")
    assert Enrollment.objects.get(member=alice).manual_tier_id is None


def test_the_page_tells_tiers_what_is_missing_and_what_happened(
    house: House, alice: Member, administrator: Person, gold: LoyaltyTier
) -> None:
    house.give(alice, 400)
    panels = {panel.title: panel for panel in administrator.get(address(alice, "change/")).context["panels"]}
    (program,) = panels["Programs"].rows
    assert (str(program[1]), str(program[2])) == ("Base", "Base")
    assert "600" in str(program[4])
    assert "Gold" in str(program[4])
    assert [str(row[3]) for row in panels["Tiers so far"].rows] == ["Base"]
    told = [re.sub("<[^>]+>", "", str(row[1])) for row in panels["What happened"].rows]
    assert told == ["Given", "Joined"]


def test_a_merge_shows_who_becomes_whom_and_then_does_it(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    house.give(bob, 5)
    path = address(alice, "do/merge/")
    before = every_row()
    shown = administrator.act(path, confirmed=False, member="bob", reason="twins")
    preview = shown.context["preview"]
    assert preview.says == "bob (bob) becomes part of alice (alice)."
    assert [(line.what, "0" in str(line.now), "5" in str(line.then)) for line in preview.lines] == [
        ("Points", True, True)
    ]
    assert {name: rows for name, rows in every_row().items() if before[name] != rows} == {}
    assert administrator.act(path, member="bob", reason="twins").status_code == 302
    assert house.balance(alice) == (5, 0, 0)
    for other in ("bob", "alice"):
        assert refusals(administrator.act(path, confirmed=False, member=other, reason="twins")) != {}


def test_the_export_is_a_file_with_a_line_for_each_part(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 5)
    answer = administrator.get(address(alice, "export/"))
    assert answer["Content-Disposition"] == f'attachment; filename="member-{alice.pk}.jsonl"'
    parts = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert (parts[0]["part"], parts[0]["loyaltyMemberId"]) == ("member", "alice")
    assert AuditEntry.objects.get(action="member.exported").actor_name == "Anna Administrator"


def test_an_erasure_asks_for_the_id(house: House, alice: Member, administrator: Person) -> None:
    path = address(alice, "do/erase/")
    wrong = administrator.act(path, confirm="alicia", reason="asked for")
    assert refusals(wrong) == {"confirm": ["This is not the id of this member."]}
    assert Member.objects.get(pk=alice.pk).erased_at is None
    administrator.act(path, confirm="alice", reason="asked for")
    assert Member.objects.get(pk=alice.pk).loyalty_member_id == f"erased-{alice.pk}"
    offered = [kind.slug for kind, _ in administrator.get(address(alice, "change/")).context["offered"]]
    assert {"edit", "tier", "unblock", "merge", "erase"} & set(offered) == set()


@pytest.mark.parametrize("rest", ["export/", "do/tier/", "do/merge/", "do/erase/"])
def test_neighbors_and_those_without_the_role_are_refused(
    house: House, alice: Member, stranger: Person, staff_with: Callable[..., Person], rest: str
) -> None:
    before = every_row()
    assert stranger.get(address(alice, rest)).status_code in (403, 404)
    assert staff_with("members:read").get(address(alice, rest)).status_code in (403, 404)
    after = every_row()
    assert after["members.Member"] == before["members.Member"]
    assert AuditEntry.objects.filter(action="member.exported").count() == 0
