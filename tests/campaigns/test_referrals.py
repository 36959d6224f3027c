"""Referrals: codes, who comes with them, and what both sides get (semantics 12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Referral, ReferralReward
from campaigns.services import evaluating
from ledger.models import Transaction
from ledger.services import update_account
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.errors import ReferralCodeRefused
from members.models import LoyaltyEvent, Member
from members.services import create_audience, update_member
from tests.campaigns.friends import JOINING, block, change, codes_path, give_codes, join, make_referrals
from tests.campaigns.plays import happen, results
from tests.campaigns.shop import CONFIRMED, order
from tests.databases import round_trips
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

PROGRAM = {
    "name": "Friends",
    "code": "friends",
    "active": True,
    "maxPerCode": 2,
    "maxReferralsPerMember": 9007199254740991,
    "eventType": CONFIRMED,
}
# At the end of every list.
BEYOND = 9_007_199_254_740_992


# --- programs --------------------------------------------------------------------------------------------------------
def test_12_a_program_is_made_read_and_changed(house: House, api: Api) -> None:
    body = {
        **PROGRAM,
        "referrerPointsAccrual": 10,
        "referrerLedgerAccountId": house.account.pk,
        "validFromDate": "2026-01-01T00:00:00Z",
        "referredCount": 77,
    }
    made = api.post("referral-programs", body)
    assert made.status_code == 201, made.content
    program = made.body["referralProgram"]
    assert {name: program[name] for name in body} == {**body, "referredCount": 0}
    assert (program["maxRedeemsPerReferredMemberPerCode"], program["description"], program["tags"]) == (None, None, [])
    path = f"referral-programs/{program['referralProgramId']}"
    changed = api.put(path, {**PROGRAM, "name": "Neighbors", "referrerPointsAccrual": None, "maxPerCode": 3})
    assert changed.status_code == 200
    read = api.get(path).body
    assert read == changed.body
    assert (read["referralProgram"]["name"], read["referralProgram"]["referrerPointsAccrual"]) == ("Neighbors", None)
    assert read["referralProgram"]["validFromDate"] == "2026-01-01T00:00:00Z"
    assert api.get("referral-programs").body["results"] == [read["referralProgram"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"eventType": "no-such-type"},
        {"loyaltyProgramId": 987654},
        {"audienceId": 987654},
        {"referrerLedgerId": 987654},
        {"referredLedgerAccountId": 987654},
        {"maxPerCode": -1},
        {"maxReferralsPerMember": BEYOND},
        {"referrerPointsAccrual": -1},
        {"validFromDate": "2030-01-01T00:00:00Z", "validToDate": "2030-01-01T00:00:00Z"},
    ],
)
def test_12_what_a_program_cannot_mean_is_refused(api: Api, wrong: Any) -> None:
    refuses(api, "POST", "referral-programs", {**PROGRAM, **wrong}, 400, "INVALID_INPUT")
    made = api.post("referral-programs", PROGRAM).body["referralProgram"]
    path = f"referral-programs/{made['referralProgramId']}"
    refuses(api, "PUT", path, {**PROGRAM, **wrong}, 400, "INVALID_INPUT")


def test_0_11_a_code_of_a_program_is_once_in_an_organization(api: Api, neighbor: House) -> None:
    make_referrals(neighbor, code="friends")
    assert api.post("referral-programs", PROGRAM).status_code == 201
    refuses(api, "POST", "referral-programs", PROGRAM, 409, "ALREADY_EXISTS")


# --- codes -----------------------------------------------------------------------------------------------------------
def test_12_1_codes_are_given_once_whatever_their_case_and_ones_own_are_kept(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    program = make_referrals(house)
    first = api.post(codes_path(program), {"memberId": alice.pk, "codes": [" Alice ", "alice@example.com", "ALICE"]})
    assert first.status_code == 201
    assert [(row["code"], row["memberId"], row["referredCount"]) for row in first.body["referrals"]] == [
        ("Alice", alice.pk, 0),
        ("alice@example.com", alice.pk, 0),
    ]
    again = api.post(codes_path(program), {"memberId": alice.pk, "codes": ["new", "aLICE"]})
    assert [row["code"] for row in again.body["referrals"]] == ["new", "Alice"]
    assert again.body["referrals"][1] == first.body["referrals"][0]
    body = {"memberId": bob.pk, "codes": ["bob", "aliCE"]}
    refuses(api, "POST", codes_path(program), body, 409, "REFERRAL_CODE_TAKEN")
    assert api.post(codes_path(make_referrals(house)), body).status_code == 201
    listed = api.get(codes_path(program) + f"?memberId={alice.pk}&limit=2&order=code").body
    assert [row["code"] for row in listed["referrals"]] == ["Alice", "alice@example.com"]
    assert api.get(codes_path(program) + f"?memberId={bob.pk}").body == {"referrals": []}


def test_12_1_only_who_may_refer_is_given_codes(house: House, api: Api, alice: Member, bob: Member) -> None:
    rule = {"expression": 'member.loyaltyMemberId == "bob"'}
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    audience = create_audience(name="Bob", matcher_type="attribute-matcher", matcher=rule, **words)
    program = make_referrals(house, audience_id=audience.pk)
    refuses(api, "POST", codes_path(program), {"memberId": alice.pk, "codes": ["a"]}, 422, "NOT_IN_AUDIENCE")
    assert api.post(codes_path(program), {"memberId": bob.pk, "codes": ["b"]}).status_code == 201
    block(bob)
    refuses(api, "POST", codes_path(program), {"memberId": bob.pk, "codes": ["c"]}, 422, "MEMBER_INACTIVE")


@pytest.mark.parametrize(
    "closed",
    [{"active": False}, {"valid_from": NOON + timedelta(seconds=1)}, {"valid_to": NOON}],
    ids=["inactive", "not yet", "over"],
)
def test_12_1_a_program_that_is_closed_gives_no_codes_and_takes_none(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, closed: Any
) -> None:
    program = make_referrals(house)
    give_codes(program, alice)
    change(program, **closed)
    refuses(api, "POST", codes_path(program), {"memberId": alice.pk, "codes": ["a"]}, 422, "REFERRALS_CLOSED")
    body = {"loyaltyMemberId": "new", "referralCode": "FRIEND"}
    refuses(api, "POST", "members", body, 422, "REFERRAL_CODE_REFUSED")


@pytest.mark.parametrize("codes", [[], ["x"] * 51, [" "], ["a\nb"], ["x" * 256], [5], "x"])
def test_12_1_what_is_no_list_of_codes_is_refused(house: House, api: Api, alice: Member, codes: Any) -> None:
    body = {"memberId": alice.pk, "codes": codes}
    refuses(api, "POST", codes_path(make_referrals(house)), body, 400, "INVALID_INPUT")


# --- joining ---------------------------------------------------------------------------------------------------------
def test_12_2_who_joins_with_a_code_is_rewarded_at_once_with_who_has_it(house: House, api: Api, alice: Member) -> None:
    program = make_referrals(house)
    (code,) = give_codes(program, alice)
    made = api.post("members", {"loyaltyMemberId": "dora", "referralCode": " friend "})
    assert (made.status_code, made.body["loyalMember"]["referralCode"]) == (201, "friend")
    dora = Member.objects.get(pk=made.body["loyalMember"]["memberId"])
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    (referral,) = Referral.objects.all()
    mints = Transaction.objects.filter(kind="mint").order_by("pk")
    assert [(row.unique_key, row.source, row.description) for row in mints] == [
        (f"referral:{referral.pk}:1:referrer", "referral", program.name),
        (f"referral:{referral.pk}:1:referred", "referral", program.name),
    ]
    event = LoyaltyEvent.objects.get(event_type=JOINING, member=dora)
    named = {
        "effectType": "mint-points",
        "referralProgramId": program.pk,
        "referralProgramCode": program.code,
        "referralId": referral.pk,
        "result": "applied",
    }
    assert (event.status, event.execution_results) == (
        "success",
        [
            {**named, "side": "referrer", "memberId": alice.pk, "amount": 10, "ledgerTransactionId": str(mints[0].pk)},
            {**named, "side": "referred", "memberId": dora.pk, "amount": 5, "ledgerTransactionId": str(mints[1].pk)},
        ],
    )
    came = api.get(f"{codes_path(program)}/{code.pk}/referred").body["results"]
    assert [(row["memberId"], row["loyaltyMemberId"], row["rewarded"]) for row in came] == [(dora.pk, "dora", True)]
    assert api.get(codes_path(program)).body["referrals"][0]["referredCount"] == 1
    assert api.get(f"referral-programs/{program.pk}").body["referralProgram"]["referredCount"] == 1
    assert house.findings() == []


def test_12_2_a_code_nobody_has_makes_no_member(house: House, api: Api, alice: Member, charlie: Member) -> None:
    give_codes(make_referrals(house), alice)
    give_codes(make_referrals(factories_house(charlie)), charlie, "THEIRS")
    for code in ("nothing", "THEIRS", "FRIEN", "%"):
        body = {"loyaltyMemberId": "new", "referralCode": code}
        refuses(api, "POST", "members", body, 422, "REFERRAL_CODE_REFUSED")
    assert api.post("members", {"loyaltyMemberId": "new", "referralCode": " "}).status_code == 201


def factories_house(member: Member) -> Any:
    """The neighbor, as far as making a program there asks for it."""

    class _Neighbor:
        id = member.organization_id

    return _Neighbor()


def test_12_2_a_code_is_used_as_often_as_it_may_be(house: House, api: Api, alice: Member, bob: Member) -> None:
    program = make_referrals(house, max_per_code=2, max_per_member=3)
    give_codes(program, alice, "one", "two")
    give_codes(program, bob, "bobs")
    for code in ("one", "one"):
        join(house, code)
    body = {"loyaltyMemberId": "new", "referralCode": "one"}
    refuses(api, "POST", "members", body, 422, "REFERRAL_CODE_REFUSED")
    join(house, "two")
    refuses(api, "POST", "members", {**body, "referralCode": "two"}, 422, "REFERRAL_CODE_REFUSED")
    join(house, "bobs")
    assert Referral.objects.count() == 4
    change(program, max_per_member=None)
    join(house, "two")
    change(program, max_per_code=0)
    refuses(api, "POST", "members", {**body, "referralCode": "bobs"}, 422, "REFERRAL_CODE_REFUSED")
    assert house.findings() == []


@pytest.mark.parametrize("profile", [{"email": "Alice@Example.com"}, {"phone": "+49 151 1"}])
def test_12_2_nobody_refers_themselves(house: House, api: Api, alice: Member, profile: Any) -> None:
    update_member(member=alice, changes={"profile": {"phone": "+491511"}}, actor=TESTER, at=clock.now())
    give_codes(make_referrals(house), alice)
    body = {"loyaltyMemberId": "again", "referralCode": "FRIEND"}
    refuses(api, "POST", "members", {**body, "profile": profile}, 422, "REFERRAL_CODE_REFUSED")
    assert api.post("members", {**body, "profile": {"email": "dora@example.com"}}).status_code == 201


def test_12_2_a_code_of_several_programs_counts_in_each_of_them_once(house: House, alice: Member, bob: Member) -> None:
    programs = [make_referrals(house), make_referrals(house, referred_points=7), make_referrals(house, max_per_code=0)]
    for program, member in zip(programs, (alice, bob, alice), strict=True):
        give_codes(program, member)
    dora = join(house)
    assert [row.program_id for row in Referral.objects.filter(member=dora).order_by("pk")] == [
        program.pk for program in programs[:2]
    ]
    assert (house.balance(alice)[0], house.balance(bob)[0], house.balance(dora)[0]) == (10, 10, 12)


def test_12_2_a_member_without_a_code_costs_nothing_more(house: House, api: Api, alice: Member) -> None:
    body: dict[str, Any] = {"loyaltyMemberId": "a", "profile": {"email": "a@example.com"}}
    api.post("members", body)
    with round_trips() as before:
        assert api.post("members", {**body, "loyaltyMemberId": "b"}).status_code == 201
    give_codes(make_referrals(house), alice)
    with round_trips() as after:
        assert api.post("members", {**body, "loyaltyMemberId": "c"}).status_code == 201
    assert len(after) == len(before)
    with round_trips() as with_code:
        answer = api.post("members", {"loyaltyMemberId": "d", "referralCode": "FRIEND"})
    assert answer.status_code == 201
    # Codes, addresses, room, both sides' points in one call of the ledger, and the results.
    assert len(with_code) <= len(before) + (21 if connection.vendor == "postgresql" else 32)


def test_12_3_what_joining_could_not_be_given_is_tried_again(house: House, alice: Member) -> None:
    give_codes(make_referrals(house), alice)
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    dora = join(house)
    event = LoyaltyEvent.objects.get(event_type=JOINING, member=dora)
    assert (event.status, results(event)) == ("failed", ["failed", "failed"])
    assert {row["error"]["code"] for row in event.execution_results} == {"ACCOUNT_INACTIVE", "ATOMIC_SET_ABORTED"}
    assert (Job.objects.get().kind, ReferralReward.objects.count()) == (evaluating.RETRY, 0)
    update_account(account=house.account, changes={"active": True}, actor=TESTER, at=clock.now())
    job = run_one_job(worker="w")
    assert job is not None
    assert job.state == "done"
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    event.refresh_from_db()
    assert (event.status, results(event)) == ("success", ["applied", "applied"])
    assert house.findings() == []


# --- the report ------------------------------------------------------------------------------------------------------
def test_12_4_the_report_has_a_row_for_each_who_refers(house: House, api: Api, alice: Member, bob: Member) -> None:
    program = make_referrals(house, event_type=CONFIRMED)
    give_codes(program, alice, "a1", "a2")
    give_codes(program, bob, "b1")
    dora, emil = join(house, "a1"), join(house, "a2")
    join(house, "a2")
    order(house, dora)
    order(house, emil, external_id="o-2")
    order(house, emil, 50, external_id="o-2", status="partially-returned")
    report = api.get(f"referral-programs/{program.pk}/members-report?order=memberId").body
    rows = [
        {"memberId": alice.pk, "codes": ["a1", "a2"], "referredCount": 3, "rewardedCount": 2, "pointsAwarded": 15},
        {"memberId": bob.pk, "codes": ["b1"], "referredCount": 0, "rewardedCount": 0, "pointsAwarded": 0},
    ]
    assert report == {"totalCount": 2, "page": 0, "limit": 25, "results": rows}
    page = api.get(f"referral-programs/{program.pk}/members-report?order=referredCount,asc&limit=1").body
    assert page == {"totalCount": 2, "page": 0, "limit": 1, "results": rows[1:]}


# --- limits hold -----------------------------------------------------------------------------------------------------
STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "visit", "buy", "return"]), st.integers(0, 3), st.integers(0, 3)), max_size=25
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS, per_code=st.integers(0, 3), per_member=st.integers(0, 4), redeems=st.integers(0, 2))
def test_12_2_limits_hold_whatever_happens_in_whatever_order(
    house: House, alice: Member, bob: Member, steps: Any, per_code: int, per_member: int, redeems: int
) -> None:
    with transaction.atomic():
        limits = {"max_per_code": per_code, "max_per_member": per_member, "max_redeems": redeems}
        program = make_referrals(house, event_type=CONFIRMED, **limits)
        for member in (alice, bob):
            give_codes(program, member, f"{member.loyalty_member_id}-0", f"{member.loyalty_member_id}-1")
        friends: list[Member] = []
        for number, (what, who, which) in enumerate(steps):
            if what == "join":
                try:
                    friends.append(join(house, f"{('alice', 'bob')[who % 2]}-{which % 2}"))
                except ReferralCodeRefused:
                    continue
            elif friends:
                friend, name = friends[who % len(friends)], f"o-{which}"
                if what == "visit":
                    happen(house, friend, unique_key=f"{program.pk}-{number}")
                elif what == "buy":
                    _ignore(lambda friend=friend, name=name: order(house, friend, external_id=f"{friend.pk}-{name}"))
                else:
                    words = {"external_id": f"{friend.pk}-{name}", "status": "returned"}
                    _ignore(lambda friend=friend, words=words: order(house, friend, **words))
        for code in program.codes.all():
            assert code.referred == code.referrals.count() <= per_code
        for referrer in program.referrers.all():
            assert referrer.referred == referrer.referrals.count() <= per_member
        for referral in program.referrals.all():
            standing = [row for row in referral.rewards.all() if row.taken < row.amount]
            assert len({row.number for row in standing}) <= redeems
        assert house.findings() == []
        transaction.set_rollback(True)


def _ignore(act: Any) -> None:
    """Do it, or let it be refused: an order goes its way once."""
    from loyalty.kernel.errors import DomainError

    try:
        act()
    except DomainError:
        return
