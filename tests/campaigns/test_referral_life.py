"""Referrals go along with their members: merged, exported and erased; and the books prove them."""

from __future__ import annotations

import pytest

from campaigns.models import Referral, ReferralCode, ReferralReward, Referrer
from campaigns.services.checking import PROOFS
from loyalty.kernel import clock
from members.models import Member
from members.services import erase_member, export_member, merge_members
from tests.campaigns.friends import codes_path, give_codes, join, make_referrals
from tests.campaigns.plays import GENERIC, happen, results
from tests.databases import triggers_off
from tests.house import TESTER, Api, House
from tests.refusals import refuses
from tests.walk import every_row


# --- along with their members ----------------------------------------------------------------------------------------
def merge(kept: Member, merged: Member) -> None:
    merge_members(kept=kept, merged=merged, actor=TESTER, at=clock.now(), reason="the same person")


def test_the_one_who_is_kept_has_the_codes_and_the_friends_of_both(house: House, alice: Member, bob: Member) -> None:
    both, bobs = (make_referrals(house, event_type=GENERIC) for _ in range(2))
    give_codes(both, alice, "a")
    give_codes(both, bob, "b")
    give_codes(bobs, bob, "c")
    friends = [join(house, code) for code in ("a", "b", "c")]
    merge(alice, bob)
    places = Referrer.objects.order_by("program").values_list("program", "member", "referred")
    assert list(places) == [(both.pk, alice.pk, 2), (bobs.pk, alice.pk, 1)]
    assert set(ReferralCode.objects.values_list("referrer__member", flat=True)) == {alice.pk}
    for friend in friends:
        happen(house, friend)
    assert house.balance(alice) == (30, 0, 0)
    join(house, "b")
    assert house.findings() == []


def test_who_was_brought_is_still_rewarded_after_a_merge_but_never_by_themselves(
    house: House, alice: Member, bob: Member
) -> None:
    program = make_referrals(house, event_type=GENERIC)
    give_codes(program, alice)
    dora = join(house)
    merge(bob, dora)
    assert results(happen(house, bob)) == ["applied", "applied"]
    emil = join(house)
    merge(emil, alice)
    assert [row["condition"] for row in happen(house, emil).execution_results] == ["referrer"]
    fatima = join(house)
    merge(emil, fatima)
    assert Referral.objects.get(member=fatima).referrer.member == emil
    assert house.findings() == []


def test_what_is_kept_of_a_members_referrals_is_exported_and_the_codes_are_forgotten(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    program = make_referrals(house)
    give_codes(program, alice, "alice@example.com")
    dora = join(house, "alice@example.com")
    parts = list(export_member(member=alice, actor=TESTER, at=clock.now()))
    mine = [part for part in parts if part["part"].startswith("referral")]
    assert [part["part"] for part in mine] == ["referralCode", "referral", "referralReward"]
    assert (mine[0]["code"], mine[1]["side"], mine[2]["amount"]) == ("alice@example.com", "referrer", 10)
    theirs = [part for part in export_member(member=dora, actor=TESTER, at=clock.now()) if part["part"] == "referral"]
    assert [part["side"] for part in theirs] == ["referred"]
    assert "alice" not in str(theirs)
    erase_member(member=alice, actor=TESTER, at=clock.now(), reason="asked for")
    dora.refresh_from_db()
    assert dora.referral_code == ""
    assert "alice@example" not in str(every_row("campaigns"))
    assert api.get(codes_path(program)).body["referrals"][0]["code"] is None
    body = {"loyaltyMemberId": "new", "referralCode": "alice@example.com"}
    refuses(api, "POST", "members", body, 422, "REFERRAL_CODE_REFUSED")
    give_codes(program, bob, "alice@example.com")
    assert house.findings() == []


# --- proofs ----------------------------------------------------------------------------------------------------------
BROKEN = {
    "referral-codes-counted": lambda: ReferralCode.objects.update(referred=9),
    "referrers-counted": lambda: Referrer.objects.update(referred=9),
    "referral-rewards-equal-ledger": lambda: ReferralReward.objects.filter(side="referrer").update(amount=9),
    "referrals-follow-merges": lambda: Member.objects.filter(loyalty_member_id="alice").update(
        active=False, merged_into=Member.objects.get(loyalty_member_id="bob")
    ),
}


def test_every_proof_has_a_way_to_fail() -> None:
    assert set(BROKEN) == {proof.rule for proof in PROOFS}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_does_not_agree_is_found(house: House, neighbor: House, alice: Member, bob: Member, rule: str) -> None:
    give_codes(make_referrals(house), alice)
    join(house)
    assert house.findings() == []
    with triggers_off():
        BROKEN[rule]()
    assert {finding.rule for finding in house.findings()} == {rule}
    assert neighbor.findings() == []
