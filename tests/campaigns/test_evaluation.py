"""How campaigns are evaluated (semantics 7.1 to 7.5 and 9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from campaigns.models import Award, MonthlyPoints
from campaigns.services import pointing
from ledger.models import Transaction
from ledger.services import update_account
from loyalty.kernel import clock
from loyalty.kernel.models import Job, Location
from loyalty.kernel.services import create_catalog_entry
from members.models import LoyaltyEvent, LoyaltyTier, Member
from members.services import create_audience, create_program, create_tier, update_member, update_program
from tests.campaigns.plays import (
    GENERIC,
    add_action,
    change,
    failed_condition,
    happen,
    make_campaign,
    minting,
    results,
    track,
)
from tests.coupons.books import make_book
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

# A Friday.
FRIDAY = NOON


# --- intake ----------------------------------------------------------------------------------------------------------
def test_7_3_an_event_answers_what_it_did_and_why(house: House, api: Api, alice: Member) -> None:
    given = make_campaign(house, minting(10))
    dear = make_campaign(house, minting(99), min_spend=50)
    answer = api.post("loyalty-events", track(api, alice))
    assert answer.status_code == 201
    mint = Transaction.objects.get(kind="mint")
    assert answer.body == {
        "systemUniqueKey": "visit-1",
        "effects": [
            {
                "effectType": "mint-points",
                "campaignId": given.pk,
                "campaignCode": given.code,
                "actionId": given.actions.get().pk,
                "position": 0,
                "amount": 10,
                "result": "applied",
                "ledgerTransactionId": str(mint.pk),
            },
            {
                "effectType": None,
                "campaignId": dear.pk,
                "campaignCode": dear.code,
                "actionId": None,
                "result": "not-matched",
                "condition": "minSpendValue",
                "held": ["eventType"],
            },
        ],
    }
    assert house.balance(alice) == (10, 0, 0)
    event = LoyaltyEvent.objects.get(event_type=GENERIC)
    assert (mint.unique_key, mint.source) == (f"evt:{event.pk}:{given.actions.get().pk}:0", "campaign")
    (read,) = api.get(f"members/{alice.pk}/events?eventType={GENERIC}").body["results"]
    assert (read["status"], read["executionResults"]) == ("success", answer.body["effects"])
    assert house.findings() == []


def test_0_12_an_event_sent_again_answers_as_the_first_time_and_does_nothing(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    make_campaign(house, minting(10))
    body = track(api, alice, payload={"cups": 1, "at": "noon"}, externalEventDate="2026-01-01T12:00:00Z")
    first = api.post("loyalty-events", body)
    again = api.post("loyalty-events", {**body, "externalEventDate": "2026-01-01T13:00:00+01:00"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.body == first.body
    assert house.balance(alice) == (10, 0, 0)
    for other in ({"payload": {}}, {"memberId": bob.pk}, {"tags": ["x"]}, {"externalId": "abc"}):
        refuses(api, "POST", "loyalty-events", {**body, **other}, 409, "IDEMPOTENCY_CONFLICT")
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    assert api.post("loyalty-events", body).body == first.body


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"eventType": "ledger-transaction-created"}, 400, "INVALID_INPUT"),
        ({"eventType": "member-purchase-order-confirmed"}, 400, "INVALID_INPUT"),
        ({"eventType": "no-such-type"}, 400, "INVALID_INPUT"),
        ({"eventType": "closed-type"}, 422, "EVENT_TYPE_INACTIVE"),
        ({"eventType": "cups", "payload": {"value": "two"}}, 400, "INVALID_INPUT"),
        ({"externalEventDate": "2999-01-01T00:00:00Z"}, 400, "INVALID_INPUT"),
        ({"memberId": 987654}, 404, "NOT_FOUND"),
        ({"systemUniqueKey": "ab"}, 400, "INVALID_INPUT"),
    ],
)
def test_7_1_what_cannot_be_taken_in_is_refused(api: Api, alice: Member, more: Any, status: int, code: str) -> None:
    for kind in ({"apiCode": "closed-type", "active": False}, {"apiCode": "cups", "schemaType": "number"}):
        api.post("loyalty-event-types", {"name": "x", "schemaType": "builtin", **kind})
    refuses(api, "POST", "loyalty-events", track(api, alice, **more), status, code)


def test_5_3_an_inactive_member_takes_no_events(api: Api, alice: Member) -> None:
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    refuses(api, "POST", "loyalty-events", track(api, alice), 422, "MEMBER_INACTIVE")


def test_7_5_a_type_of_ones_own_counts_as_a_generic_event_and_says_its_code(
    house: House, api: Api, alice: Member
) -> None:
    api.post("loyalty-event-types", {"name": "Visit", "apiCode": "visited", "schemaType": "builtin"})
    rule = {"expression": 'event.apiCode == "visited" && event.payload.cups > 1'}
    make_campaign(house, minting("event.payload.cups * 3"), action={"rules": rule})
    make_campaign(house, minting(100), event_type="visited")
    event = happen(house, alice, event_type="visited", payload={"cups": 2})
    assert results(event) == ["applied", "applied"]
    assert house.balance(alice) == (106, 0, 0)
    assert results(happen(house, alice)) == ["skipped"]


# --- conditions ------------------------------------------------------------------------------------------------------
def test_9_1_a_campaign_that_is_not_active_is_not_asked(house: House, alice: Member) -> None:
    campaign = make_campaign(house, minting())
    change(campaign, active=False)
    assert happen(house, alice).execution_results == []
    change(campaign, active=True)
    assert results(happen(house, alice)) == ["applied"]


def test_9_1_validity_is_asked_of_the_date_of_the_event(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    make_campaign(house, minting(), valid_from=NOON - timedelta(days=1), valid_to=NOON)
    assert failed_condition(happen(house, alice)) == "valid"
    at = NOON - timedelta(days=1)
    assert results(happen(house, alice, external_event_at=at)) == ["applied"]
    assert failed_condition(happen(house, alice, external_event_at=at - timedelta(seconds=1))) == "valid"


def test_9_1_the_type_of_event_or_a_topic_decides_and_none_is_any_from_outside(house: House, alice: Member) -> None:
    make_campaign(house, minting(), event_type="member-created", enabled_topics=["benefit-used"])
    assert happen(house, alice).execution_results == []
    assert results(happen(house, alice, event_type="benefit-used")) == ["applied"]
    make_campaign(house, minting(), event_type="")
    assert results(happen(house, alice)) == ["applied"]


def test_9_1_the_member_has_to_be_in_the_program_and_the_program_active(house: House, alice: Member) -> None:
    words = {"organization_id": house.id, "ledger_id": house.ledger.pk, "actor": TESTER, "at": clock.now()}
    other = create_program(name="Other", **words)
    campaign = make_campaign(house, minting(), program_id=other.pk)
    assert failed_condition(happen(house, alice)) == "loyaltyProgramId"
    change(campaign, program_id=house.program.pk)
    assert results(happen(house, alice)) == ["applied"]
    update_program(program=house.program, changes={"active": False}, actor=TESTER, at=clock.now())
    assert failed_condition(happen(house, alice)) == "loyaltyProgramId"


def test_9_1_tiers_audiences_days_and_places_are_asked(
    noon: time_machine.Coordinates, house: House, alice: Member, bob: Member
) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": NOON}
    rule = {"expression": 'member.loyaltyMemberId == "alice"'}
    audience = create_audience(name="Alice", matcher_type="attribute-matcher", matcher=rule, **words)
    create_catalog_entry(model=Location, code="berlin", label="Berlin", **words)
    gold = create_tier(program=house.program, name="Gold", min_required_points=10, tier_order=2, actor=TESTER, at=NOON)
    base = LoyaltyTier.objects.get(name="Base")
    campaign = make_campaign(house, minting(5), audience_keys=[audience.key])
    assert failed_condition(happen(house, bob)) == "audienceKeys"
    assert results(happen(house, alice)) == ["applied"]
    change(campaign, audience_keys=[], tier_keys=[gold.key])
    assert failed_condition(happen(house, alice)) == "loyaltyTierKeys"
    change(campaign, tier_keys=[gold.key, base.key])
    assert results(happen(house, alice)) == ["applied"]
    change(campaign, tier_keys=[gold.key], days_of_week=["FRIDAY"])
    assert results(happen(house, alice)) == ["applied"]
    change(campaign, tier_keys=[], days_of_week=["saturday"], location_codes=["berlin"])
    assert failed_condition(happen(house, alice)) == "daysOfWeek"
    saturday = {"external_event_at": NOON - timedelta(days=6)}
    assert failed_condition(happen(house, alice, **saturday)) == "locationCodes"
    event = happen(house, alice, payload={"locationCode": "berlin"}, **saturday)
    assert results(event) == ["applied"]


def test_9_1_a_day_is_a_day_of_the_organizations_zone(house: House, alice: Member) -> None:
    house.organization.timezone = "Pacific/Auckland"
    house.organization.save()
    make_campaign(house, minting(), days_of_week=["saturday"])
    with time_machine.travel(NOON, tick=False):
        assert results(happen(house, alice)) == ["applied"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"audienceKeys": ["nobody"]},
        {"loyaltyTierKeys": ["nothing"]},
        {"locationCodes": ["nowhere"]},
        {"daysOfWeek": ["someday"]},
        {"eventType": "no-such-type"},
        {"loyaltyProgramId": 987654},
        {"validFrom": "2030-01-01T00:00:00Z", "validTo": "2030-01-01T00:00:00Z"},
    ],
)
def test_9_1_what_a_campaign_cannot_mean_is_refused_when_it_is_saved(api: Api, wrong: Any) -> None:
    refuses(api, "POST", "campaigns", {"name": "x", "code": "x", **wrong}, 400, "INVALID_INPUT")
    made = api.post("campaigns", {"name": "x", "code": "x"}).body["campaign"]
    refuses(api, "PUT", f"campaigns/{made['campaignId']}", {"name": "x", "code": "x", **wrong}, 400, "INVALID_INPUT")


def test_9_2_all_campaigns_that_apply_run_in_the_order_of_their_numbers_in_one_ledger_call(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    post = pointing.post_groups
    monkeypatch.setattr(pointing, "post_groups", lambda **words: calls.append(1) or post(**words))
    made = [make_campaign(house, minting(n), action={"action_index": 9 - n}) for n in (1, 2, 3)]
    event = happen(house, alice)
    assert [row["campaignId"] for row in event.execution_results] == [campaign.pk for campaign in made]
    assert (house.balance(alice), len(calls)) == ((6, 0, 0), 1)


# --- limits ----------------------------------------------------------------------------------------------------------
def test_9_3_over_the_monthly_limit_the_rest_is_given_or_nothing(
    noon: time_machine.Coordinates, house: House, alice: Member, bob: Member
) -> None:
    campaign = make_campaign(house, minting(40), monthly_limit=100, allow_partial=True)
    add_action(campaign, minting(30))
    assert results(happen(house, alice)) == ["applied", "applied"]
    event = happen(house, alice)
    assert [(row["result"], row["amount"], row.get("wanted")) for row in event.execution_results] == [
        ("limited", 30, 40),
        ("limited", 0, 30),
    ]
    assert results(happen(house, bob)) == ["applied", "applied"]
    assert house.balance(alice) == (100, 0, 0)
    last_month = happen(house, alice, external_event_at=NOON - timedelta(days=20))
    assert results(last_month) == ["applied", "applied"]
    change(campaign, allow_partial=False, monthly_limit=120)
    assert [(row["result"], row["amount"]) for row in happen(house, alice).execution_results] == [
        ("limited", 0),
        ("limited", 0),
    ]
    assert sorted(MonthlyPoints.objects.values_list("member", "points")) == [
        (alice.pk, 70),
        (alice.pk, 100),
        (bob.pk, 70),
    ]


def test_9_3_points_that_could_not_be_given_do_not_count(house: House, alice: Member) -> None:
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    make_campaign(house, minting(40), monthly_limit=100)
    assert results(happen(house, alice)) == ["failed"]
    assert MonthlyPoints.objects.get().points == 0


# --- actions ---------------------------------------------------------------------------------------------------------
def test_9_4_only_running_actions_are_asked_in_their_order(house: House, alice: Member) -> None:
    campaign = make_campaign(house)
    late = add_action(campaign, minting(1))
    second = add_action(campaign, minting(2), action_index=2)
    first = add_action(campaign, minting(4), action_index=1)
    add_action(campaign, minting(8), action_index=0, status="draft")
    add_action(campaign, minting(16), action_index=0, status="disabled")
    event = happen(house, alice)
    assert [row["actionId"] for row in event.execution_results] == [first.pk, second.pk, late.pk]
    assert house.balance(alice) == (7, 0, 0)


@pytest.mark.parametrize(("aborts", "told"), [(True, ["skipped", "aborted"]), (False, ["skipped", "applied"])])
def test_9_4_a_rule_that_does_not_hold_may_end_its_campaign(
    house: House, alice: Member, aborts: bool, told: list[str]
) -> None:
    campaign = make_campaign(house, minting(1), action={"rules": {"expression": "1 > 2"}, "abort_if_false": aborts})
    add_action(campaign, minting(2))
    other = make_campaign(house, minting(4))
    event = happen(house, alice)
    assert results(event) == [*told, "applied"]
    assert event.execution_results[0]["condition"] == "rules"
    assert event.execution_results[-1]["campaignId"] == other.pk


@pytest.mark.parametrize(("aborts", "told"), [(True, ["failed", "aborted"]), (False, ["failed", "applied"])])
@pytest.mark.parametrize("wrong", ["rule", "points"])
def test_9_4_an_error_undoes_its_action_and_may_end_its_campaign(
    house: House, alice: Member, aborts: bool, told: list[str], wrong: str
) -> None:
    bad: dict[str, Any] = {"abort_on_error": aborts}
    effects = [minting(7)]
    if wrong == "rule":
        bad["rules"] = {"expression": "event.payload.n < 'x'"}
    else:
        effects.append({"type": "burn-points", "params": {"amount": 1000}})
    campaign = make_campaign(house, *effects, action=bad)
    add_action(campaign, minting(2))
    make_campaign(house, minting(4))
    event = happen(house, alice, payload={"n": 5})
    expected = told if wrong == "rule" else ["failed", *told]
    assert results(event) == [*expected, "applied"]
    assert event.status == "failed"
    assert house.balance(alice)[0] == 4 + (0 if aborts else 2)
    code = {row["error"]["code"] for row in event.execution_results if row["result"] == "failed"}
    assert code == ({"RULE_FAILED"} if wrong == "rule" else {"INSUFFICIENT_BALANCE", "ATOMIC_SET_ABORTED"})
    assert Job.objects.count() == (0 if wrong == "rule" else 1)


def test_9_4_effects_that_are_not_points_stand_or_fall_with_their_action(house: House, alice: Member) -> None:
    book = make_book(house, "list", codes=["ONE"])
    coupon = {"type": "assign-coupon", "params": {"couponBookKey": book.key}}
    burn = {"type": "burn-points", "params": {"amount": 5}}
    campaign = make_campaign(house, minting(3), coupon, burn)
    event = happen(house, alice)
    assert results(event) == ["failed"] * 3
    assert [row["error"]["code"] for row in event.execution_results] == [
        "ATOMIC_SET_ABORTED",
        "ATOMIC_SET_ABORTED",
        "INSUFFICIENT_BALANCE",
    ]
    assert (house.balance(alice), Award.objects.count(), alice.coupon_usages.count()) == ((0, 0, 0), 0, 0)
    add_action(campaign, minting(3), coupon)
    assert results(happen(house, alice)) == ["failed"] * 3 + ["applied"] * 2
    assert house.balance(alice) == (3, 0, 0)
    assert house.findings() == []


# --- effects ---------------------------------------------------------------------------------------------------------
def test_9_5_points_round_down_and_none_are_moved_for_nothing(house: House, alice: Member) -> None:
    make_campaign(house, minting("event.payload.spent * 0.1"))
    assert happen(house, alice, payload={"spent": 19.99}).execution_results[0]["amount"] == 1
    for spent in (9, 0, -50, None):
        assert results(happen(house, alice, payload={"spent": spent})) == ["nothing"]
    assert house.balance(alice) == (1, 0, 0)


def test_9_6_points_may_wait_and_live_as_long_as_they_are_said_to(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    make_campaign(house, minting(5, validInDays=14, expiresInDays=30))
    happen(house, alice)
    lot = Transaction.objects.get(kind="mint").lots.get()
    assert (lot.state, lot.valid_from) == ("pending", NOON + timedelta(days=14))
    assert lot.expires_at == NOON + timedelta(days=44)
    assert house.balance(alice) == (0, 0, 5)


def test_9_6_tiers_coupons_and_badges_are_given(house: House, alice: Member) -> None:
    gold = create_tier(
        program=house.program, name="Gold", min_required_points=500, tier_order=2, actor=TESTER, at=clock.now()
    )
    book = make_book(house, "generated")
    make_campaign(
        house,
        {"type": "set-tier", "params": {"loyaltyTierKey": gold.key, "expiresInDays": 3}},
        {"type": "assign-coupon", "params": {"couponBookKey": book.key, "numberOfCodes": 2}},
        {"type": "mint-badge", "params": {"badge": "regular"}},
    )
    event = happen(house, alice)
    assert results(event) == ["applied"] * 3
    assert alice.enrollments.get().effective_tier == gold
    assert alice.coupon_usages.count() == 2
    assert LoyaltyEvent.objects.get(event_type="badge-minted").payload == {"badge": "regular"}
    assert list(Award.objects.values_list("effect_type", "amount").order_by("pk")) == [
        ("set-tier", 1),
        ("assign-coupon", 1),
        ("assign-coupon", 1),
        ("mint-badge", 1),
    ]
    make_campaign(house, {"type": "remove-tier", "params": {}}, event_type="benefit-used")
    happen(house, alice, event_type="benefit-used")
    assert alice.enrollments.get().effective_tier != gold


def test_7_4_events_that_effects_tell_are_asked_about_and_a_loop_ends_after_five_steps(
    house: House, alice: Member
) -> None:
    again = {"type": "track-event", "params": {"eventType": GENERIC, "payload": {"by": "rule"}}}
    make_campaign(house, minting(1), again)
    event = happen(house, alice)
    assert results(event) == ["applied", "applied"]
    told = list(LoyaltyEvent.objects.filter(event_type=GENERIC).order_by("pk"))
    assert [(one.depth, one.caused_by_id) for one in told] == [
        (None, None),
        *((n + 1, told[n].pk) for n in range(5)),
    ]
    assert [one.status for one in told] == ["success"] * 6
    assert told[-1].execution_results[1]["reason"] == "chain-limit"
    assert house.balance(alice) == (6, 0, 0)
