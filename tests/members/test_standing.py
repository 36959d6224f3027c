"""Where members stand: tiers follow points, ladders and time, all in the same transaction as what moves them (6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger import services as ledger
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import Enrollment, LoyaltyEvent, LoyaltyTier, Member, TierChange
from members.services import create_tier, expire_manual_tiers, set_member_tier, update_program, update_tier
from tests import factories
from tests.databases import in_parallel, round_trips
from tests.house import TESTER, House


@pytest.fixture
def ladder(house: House) -> dict[str, LoyaltyTier]:
    """Base asks for nothing, Silver for 100, Gold for 1000."""
    rungs = {"Silver": (100, 2), "Gold": (1000, 3)}
    for name, (points, order) in rungs.items():
        words: dict[str, Any] = {"name": name, "min_required_points": points, "tier_order": order}
        create_tier(program=house.program, actor=TESTER, at=clock.now(), **words)
    return {tier.name: tier for tier in LoyaltyTier.objects.filter(program=house.program)}


def stands(member: Member) -> tuple[str | None, str | None, str | None]:
    """The (system, manual, effective) tier of the member's one place."""
    place = Enrollment.objects.select_related("system_tier", "manual_tier", "effective_tier").get(member=member)
    tiers = (place.system_tier, place.manual_tier, place.effective_tier)
    return tuple(tier.name if tier else None for tier in tiers)  # type: ignore[return-value]


def history(member: Member) -> list[tuple[str | None, str | None, str]]:
    """(from, to, why) of every change, oldest first."""
    return [
        (change.previous_tier.name if change.previous_tier else None, change.tier.name if change.tier else None, why)
        for change in TierChange.objects.filter(member=member).order_by("pk")
        for why in [str(change.reason)]
    ]


def events(member: Member) -> list[str]:
    return list(LoyaltyEvent.objects.filter(member=member).order_by("pk").values_list("event_type", flat=True))


def give_by_hand(house: House, member: Member, tier: LoyaltyTier | None, **words: Any) -> Enrollment:
    at = words.pop("at", clock.now())
    tier_id = tier.pk if tier else None
    return set_member_tier(member=member, program=house.program, loyalty_tier_id=tier_id, actor=TESTER, at=at, **words)


def work_all() -> None:
    """Do every job there is."""
    while run_one_job(worker="test") is not None:
        pass


def test_a_tier_is_reached_by_exactly_its_points_and_lost_below_them(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 99)
    assert stands(alice) == ("Base", None, "Base")
    house.give(alice, 1)
    assert stands(alice) == ("Silver", None, "Silver")
    house.take(alice, 1)
    assert stands(alice) == ("Base", None, "Base")
    assert history(alice) == [
        (None, "Base", "system"),
        ("Base", "Silver", "system"),
        ("Silver", "Base", "system"),
    ]


def test_a_leap_over_a_tier_is_one_change(house: House, alice: Member, ladder: dict[str, LoyaltyTier]) -> None:
    house.give(alice, 5000)
    assert history(alice) == [(None, "Base", "system"), ("Base", "Gold", "system")]
    assert events(alice) == ["member-created", "ledger-transaction-created", "member-tier-set"]


def test_of_tiers_with_equal_points_the_higher_in_order_counts(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    words: dict[str, Any] = {"name": "Platinum", "min_required_points": 1000, "tier_order": 4}
    create_tier(program=house.program, actor=TESTER, at=clock.now(), **words)
    house.give(alice, 1000)
    assert stands(alice) == ("Platinum", None, "Platinum")


def test_points_in_another_account_decide_nothing(house: House, alice: Member, ladder: dict[str, LoyaltyTier]) -> None:
    stamps = ledger.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    house.post(ledger.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=5000))
    assert stands(alice) == ("Base", None, "Base")


def test_an_expiry_takes_the_tier_with_the_points(house: House, alice: Member, ladder: dict[str, LoyaltyTier]) -> None:
    now = clock.now()
    house.give(alice, 1000, at=now, expires_at=now + timedelta(days=1))
    assert stands(alice)[2] == "Gold"
    ledger.settle_due(actor=TESTER, at=now + timedelta(days=2))
    assert stands(alice) == ("Base", None, "Base")


def test_a_batch_moves_everybody_in_the_same_number_of_round_trips(
    house: House, ladder: dict[str, LoyaltyTier]
) -> None:
    def batch(members: list[Member]) -> int:
        groups = [
            [ledger.mint(account_id=house.account.pk, wallet_id=member.wallet_id, amount=1000)] for member in members
        ]
        with round_trips() as asked:
            ledger.post_batch(organization_id=house.id, groups=groups, actor=TESTER, at=clock.now())
        return len(asked)

    batch([factories.MemberFactory(organization=house.organization) for _ in range(6)])
    few, many = ([factories.MemberFactory(organization=house.organization) for _ in range(n)] for n in (30, 60))
    assert batch(few) == batch(many)
    assert {stands(member) for member in (*few, *many)} == {("Gold", None, "Gold")}
    assert LoyaltyEvent.objects.filter(event_type="member-tier-set").count() == 96


def test_a_refused_posting_moves_no_tier_and_notes_no_event(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 150)
    before = history(alice), events(alice)
    with pytest.raises(Exception, match="available"):
        house.post(
            ledger.mint(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=5000),
            ledger.burn(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=9999),
        )
    assert (history(alice), events(alice)) == before


def test_what_is_given_by_hand_counts_before_what_points_reach(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 1000)
    give_by_hand(house, alice, ladder["Silver"])
    assert stands(alice) == ("Gold", "Silver", "Silver")
    house.take(alice, 950)
    assert stands(alice) == ("Base", "Silver", "Silver")
    give_by_hand(house, alice, None)
    assert stands(alice) == ("Base", None, "Base")
    assert history(alice)[-2:] == [("Gold", "Silver", "manual"), ("Silver", "Base", "removed")]


def test_giving_the_tier_that_counts_already_is_kept_but_is_no_change(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 100)
    before = history(alice), events(alice)
    give_by_hand(house, alice, ladder["Silver"])
    assert stands(alice) == ("Silver", "Silver", "Silver")
    assert (history(alice), events(alice)) == before


def test_a_tier_given_until_now_ends_and_points_decide_again(
    house: House, alice: Member, bob: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    now = clock.now()
    house.give(alice, 100, at=now)
    give_by_hand(house, alice, ladder["Gold"], at=now, expires_at=now + timedelta(days=1))
    give_by_hand(house, bob, ladder["Gold"], at=now, expires_at=now + timedelta(days=3))
    assert expire_manual_tiers(actor=TESTER, at=now + timedelta(hours=23)) == 0
    assert expire_manual_tiers(actor=TESTER, at=now + timedelta(days=1)) == 1
    assert (stands(alice), stands(bob)) == (("Silver", None, "Silver"), ("Base", "Gold", "Gold"))
    assert history(alice)[-1] == ("Gold", "Silver", "expired")
    assert expire_manual_tiers(actor=TESTER, at=now + timedelta(days=1)) == 0


def test_a_changed_ladder_is_worked_out_by_a_job_for_everybody(
    house: House, alice: Member, bob: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    work_all()
    house.give(alice, 500)
    house.give(bob, 100)
    update_tier(tier=ladder["Gold"], changes={"min_required_points": 500}, actor=TESTER, at=clock.now())
    assert stands(alice)[2] == "Silver"
    work_all()
    assert (stands(alice)[2], stands(bob)[2]) == ("Gold", "Silver")
    job = Job.objects.filter(kind="reevaluate_tiers").latest("pk")
    assert (job.state, job.result) == ("done", {"members": 2, "changed": 1})


def test_without_an_account_that_decides_everybody_has_the_default(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 500)
    update_program(program=house.program, changes={"tier_account_id": None}, actor=TESTER, at=clock.now())
    work_all()
    assert stands(alice) == (None, None, "Base")
    assert history(alice)[-1] == ("Silver", "Base", "default")


def test_a_tier_that_is_no_longer_active_counts_for_nobody(
    house: House, alice: Member, bob: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    house.give(alice, 1000)
    give_by_hand(house, bob, ladder["Gold"])
    update_tier(tier=ladder["Gold"], changes={"active": False}, actor=TESTER, at=clock.now())
    work_all()
    assert (stands(alice)[2], stands(bob)[2]) == ("Silver", "Base")


def test_a_reevaluation_that_is_waiting_is_not_asked_for_twice(
    house: House, alice: Member, ladder: dict[str, LoyaltyTier]
) -> None:
    work_all()
    for points in (600, 700):
        update_tier(tier=ladder["Gold"], changes={"min_required_points": points}, actor=TESTER, at=clock.now())
    assert Job.objects.filter(kind="reevaluate_tiers", state="waiting").count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_postings_and_a_reevaluation_at_once_leave_what_the_points_say(
    house: House, ladder: dict[str, LoyaltyTier]
) -> None:
    members = [factories.MemberFactory(organization=house.organization) for _ in range(8)]
    update_tier(tier=ladder["Gold"], changes={"min_required_points": 900}, actor=TESTER, at=clock.now())
    gifts = [
        lambda member=member, amount=amount: house.give(member, amount) for member in members for amount in (500, 450)
    ]
    answers = in_parallel(*gifts, *[lambda: run_one_job(worker="test")] * 3)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    work_all()
    assert {stands(member) for member in members} == {("Gold", None, "Gold")}
    assert all(history(member)[-1][1] == "Gold" for member in members)
