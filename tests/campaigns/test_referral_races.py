"""Races over referrals with real parallel connections. Each has a control: the same race with the lock removed, which
must go wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Referral, ReferralCode, ReferralReward
from campaigns.selectors.referrals import rewards_counted
from campaigns.services import referral_codes, referring, rewarding
from loyalty.kernel.errors import DomainError
from members.models import Member
from tests.campaigns.friends import give_codes, join, make_referrals
from tests.campaigns.plays import GENERIC, happen
from tests.coupons.test_races import SURELY, refusals, rivals_meet
from tests.databases import in_parallel
from tests.house import House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def unlocked_codes(organization_id: int, key: str) -> list[ReferralCode]:
    """The codes that are meant, read without a lock."""
    mine = ReferralCode.objects.filter(code_key=key, program__organization_id=organization_id)
    return list(mine.select_related("program", "referrer"))


def test_12_2_the_last_use_of_a_code_is_one_newcomers(house: House, alice: Member) -> None:
    (code,) = give_codes(make_referrals(house, max_per_code=1), alice)
    answers = in_parallel(*[lambda: join(house)] * 6)
    assert refusals(answers) == ["REFERRAL_CODE_REFUSED"] * 5
    code.refresh_from_db()
    assert (code.referred, Referral.objects.count(), Member.objects.count()) == (1, 1, 2)
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


def test_control_without_the_lock_the_last_use_is_two_newcomers(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_codes(make_referrals(house, max_per_code=1), alice)
    monkeypatch.setattr(referring, "lock_codes_like", unlocked_codes)
    with rivals_meet(monkeypatch, [(referring, "_has_room")], SURELY):
        answers = in_parallel(*[lambda: join(house)] * 2)
    assert refusals(answers) == []
    assert Referral.objects.count() == 2


def test_12_2_the_last_friend_of_a_member_comes_with_one_of_their_codes(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, max_per_member=1), alice, "one", "two")
    answers = in_parallel(*[lambda code=code: join(house, code) for code in ("one", "two") * 2])  # type: ignore[misc]
    assert refusals(answers) == ["REFERRAL_CODE_REFUSED"] * 3
    assert Referral.objects.count() == 1
    assert house.findings() == []


def test_control_without_the_lock_of_the_member_two_friends_come(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_codes(make_referrals(house, max_per_member=1), alice, "one", "two")
    monkeypatch.setattr(referring, "lock_codes_like", unlocked_codes)
    with rivals_meet(monkeypatch, [(referring, "_has_room")], SURELY):
        answers = in_parallel(lambda: join(house, "one"), lambda: join(house, "two"))
    assert refusals(answers) == []
    assert Referral.objects.count() == 2


def test_12_3_two_events_at_once_reward_once(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, event_type=GENERIC), alice)
    dora = join(house)
    answers: list[Any] = in_parallel(*[lambda: happen(house, dora)] * 4)
    told = sorted(row["result"] for event in answers for row in event.execution_results)
    assert told == ["applied"] * 2 + ["not-matched"] * 3
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    assert house.findings() == []


def test_control_without_the_lock_of_the_referral_both_events_would_reward(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_codes(make_referrals(house, event_type=GENERIC), alice)
    dora = join(house)

    def prepare(self: Any, run: Any, pairs: Any) -> None:
        for _, plan in pairs:
            for due in plan:
                run.redeems[due.referral.pk] = rewarding.Redeems(due.referral, set(), 0, set())
                assert rewards_counted([due.referral.pk]) == []

    monkeypatch.setattr(rewarding.Referrals, "prepare", prepare)
    with rivals_meet(monkeypatch, [(rewarding, "_give")], SURELY):
        answers: list[Any] = in_parallel(*[lambda: happen(house, dora)] * 2)
    # Both would have given: what keeps the second from it is the unique key of the reward.
    assert [row["result"] for event in answers for row in event.execution_results].count("not-matched") == 0
    assert ReferralReward.objects.count() == 2
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))


def test_12_1_one_code_wanted_by_two_is_ones(house: House, alice: Member, bob: Member) -> None:
    program = make_referrals(house)
    answers = in_parallel(lambda: give_codes(program, alice), lambda: give_codes(program, bob))
    assert refusals(answers) == ["REFERRAL_CODE_TAKEN"]
    assert ReferralCode.objects.count() == 1


def test_12_1_one_code_wanted_by_one_twice_is_given_once(house: House, alice: Member) -> None:
    program = make_referrals(house)
    answers = in_parallel(*[lambda: give_codes(program, alice)] * 4)
    assert refusals(answers) == []
    assert len({code.pk for codes in answers for code in codes}) == 1


def test_control_without_the_lock_of_the_place_one_of_the_two_is_refused(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_referrals(house)
    give_codes(program, alice, "other")
    referrer = program.referrers.select_related("member").get()
    monkeypatch.setattr(referral_codes, "_place", lambda *words: referrer)
    with rivals_meet(monkeypatch, [(referral_codes, "_write")], SURELY):
        answers = in_parallel(*[lambda: give_codes(program, alice)] * 2)
    assert refusals(answers) == ["REFERRAL_CODE_TAKEN"]


def test_a_merge_and_a_newcomer_wait_for_each_other(house: House, alice: Member, bob: Member) -> None:
    from tests.campaigns.test_referral_life import merge

    program = make_referrals(house)
    give_codes(program, alice, "a")
    give_codes(program, bob, "b")
    answers = in_parallel(lambda: merge(alice, bob), *[lambda: join(house, "b")] * 3)
    assert [answer for answer in answers if isinstance(answer, DomainError)] == []
    assert refusals(answers) == []
    assert program.referrers.get().referred == 3
    assert house.findings() == []


def test_many_newcomers_with_one_code_all_come(house: House, alice: Member) -> None:
    give_codes(make_referrals(house), alice)
    assert refusals(in_parallel(*[lambda: join(house)] * 8)) == []
    assert house.balance(alice) == (80, 0, 0)
    assert house.findings() == []
