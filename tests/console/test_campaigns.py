"""Campaigns on the console: built without a developer's help, with rules that are checked where they are written."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import ActionMatcher, Campaign, CampaignAction, LoyaltyEventType
from campaigns.selectors import numbers, numbers_of_campaign
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests import factories
from tests.campaigns.plays import add_action, happen, make_campaign, minting
from tests.campaigns.shop import CONFIRMED, item, order, point_for_each
from tests.coupons.books import make_book
from tests.databases import round_trips
from tests.house import NOON, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

LIST = "campaigns/campaign/"


def do(row: Any, act: str) -> str:
    return f"{row._meta.app_label}/{row._meta.model_name}/{row.pk}/do/{act}/"


def text_of(answer: Any) -> str:
    text = answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"').replace("&gt;", ">")
    return " ".join(text.split())


def figures_of(answer: Any) -> dict[str, str]:
    figures = answer.context["target"].figures_on_page
    return {one.title: re.sub(r"<[^>]+>", "", str(one.value)).strip() for one in figures}


def offered(answer: Any) -> set[str]:
    return {kind.slug for kind, _ in answer.context["offered"]}


def test_double_points_on_fridays_for_a_tier_who_buy_beans_are_built_and_given(
    noon: Any, house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    administrator.act("campaigns/actionmatcher/add/", name="Beans", rule='item.productCategoryCode == "beans"')
    matcher = ActionMatcher.objects.get()
    said = {"event_type": CONFIRMED, "days_of_week": ["friday"], "tier_keys": ["base"]}
    answer = administrator.act(f"{LIST}add/", name="Double Fridays", code="double", **said)
    campaign = Campaign.objects.get()
    assert answer.url == address_of(campaign)
    assert (campaign.active, campaign.days_of_week, campaign.tier_keys) == (False, ["friday"], ["base"])
    effect = {"effect": "mint-points", "param_amount": "=2 * matched.total"}
    administrator.act(do(campaign, "add-action"), name="Twice", matcher=matcher.key, rule="order.total > 1", **effect)
    action = CampaignAction.objects.get()
    assert (action.status, action.rules) == ("running", {"expression": "order.total > 1", "matcherKey": "beans"})
    assert action.effects == {
        "effects": [{"type": "mint-points", "params": {"amount": {"expression": "2 * matched.total"}}}]
    }
    administrator.act(do(campaign, "activate"), reason="It is March")
    page = text_of(administrator.get(address_of(campaign)))
    for words in ("Order confirmed", "Friday", "Base", "2 * matched.total", "order.total > 1", "It is March"):
        assert words in page, words
    placed = order(house, alice, 30, items=[item("beans-1kg", 20, productCategoryCode="beans"), item("cup", 10)])
    assert [(row["result"], row["amount"]) for row in placed.rows] == [("applied", 40)]
    assert order(house, bob, 30, external_id="o-2").rows[0]["condition"] == "matcher"
    assert (house.balance(alice), house.balance(bob)) == ((40, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("said", "field", "says"),
    [
        ({"days_of_week": ["someday"]}, "days_of_week", "not one of the available choices"),
        ({"valid_from": "2031-01-01T00:00", "valid_to": "2030-01-01T00:00"}, "valid_to", "valid from before"),
        ({"min_spend": "-1"}, "min_spend", "greater than or equal to 0"),
        ({"monthly_limit": "1.5"}, "monthly_limit", "no decimals"),
        ({"event_type": "never"}, "event_type", "not one of the available choices"),
        ({"code": "taken"}, "code", "taken"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    house: House, administrator: Person, said: dict[str, Any], field: str, says: str
) -> None:
    make_campaign(house, code="taken")
    before = every_row("campaigns")
    answer = administrator.act(f"{LIST}add/", **{"name": "Tuesdays", "code": "t", **said})
    assert list(refusals(answer)) == [field]
    assert says in refusals(answer)[field][0]
    assert every_row("campaigns") == before


@pytest.mark.parametrize(
    ("said", "field", "mark"),
    [
        ({"rule": "order.total >\n order."}, "rule", " order.\n       ^"),
        ({"rule": "1 + 1"}, "rule", ""),
        ({"param_amount": "=order.total +"}, "param_amount", "=order.total +\n              ^"),
        ({"param_amount": "order.total + "}, "param_amount", "order.total +\n             ^"),
        ({"param_amount": '="many"'}, "param_amount", ""),
        ({"param_amount": ""}, "param_amount", "This is needed."),
        ({"param_amount": "1.5"}, "param_amount", "no decimals"),
        ({"param_validInDays": "0"}, "param_validInDays", "cannot take this"),
        ({"effect": "assign-coupon", "param_couponBookKey": "nothing"}, "effect", "no coupon book"),
        ({"effect": "track-event", "param_eventType": "x", "param_payload": "{"}, "param_payload", "no JSON"),
        (
            {"effect": "track-event", "param_eventType": "x", "param_payload": '{"a": "\\u0000"}'},
            "param_payload",
            "JSON",
        ),
        ({"effect": "fly"}, "effect", "not one of the available choices"),
    ],
)
def test_what_is_wrong_with_a_rule_stands_beside_it_with_a_mark_under_the_place(
    house: House, administrator: Person, said: dict[str, Any], field: str, mark: str
) -> None:
    campaign = make_campaign(house)
    before = every_row("campaigns")
    answer = administrator.act(do(campaign, "add-action"), **{"name": "Give", "param_amount": "5", **said})
    assert list(refusals(answer)) == [field]
    assert mark in refusals(answer)[field][0].replace("&quot;", '"').replace("&gt;", ">")
    assert every_row("campaigns") == before


def test_points_are_typed_in_the_units_of_their_account(db: None) -> None:
    house = factories.build_house("Demo Tea", decimals=2)
    administrator = staff_of(house.organization, is_admin=True)
    campaign = make_campaign(house)
    administrator.act(do(campaign, "add-action"), name="Give", param_amount="1.50", param_expiresInDays="30")
    action = CampaignAction.objects.get()
    assert action.effects["effects"] == [{"type": "mint-points", "params": {"amount": 150, "expiresInDays": 30}}]
    form = administrator.form_of(do(action, "change-effect"))
    assert (form["param_amount"], form["param_expiresInDays"]) == ("1.50", "30")


def test_an_action_is_changed_effect_by_effect(house: House, administrator: Person) -> None:
    book = make_book(house)
    campaign = make_campaign(house, minting(10))
    action = CampaignAction.objects.get()
    said = {"effect": "assign-coupon", "param_couponBookKey": book.key, "param_numberOfCodes": "2"}
    administrator.act(do(action, "add-effect"), **said)
    administrator.act(f"{do(action, 'change-effect')}?position=2", param_numberOfCodes="3")
    action.refresh_from_db()
    assert [one["params"] for one in action.effects["effects"]] == [
        {"amount": 10},
        {"couponBookKey": book.key, "numberOfCodes": 3},
    ]
    page = text_of(administrator.get(address_of(action)))
    assert "Give coupons" in page
    assert "?position=2" in page
    administrator.act(do(action, "remove-effect"), which="1", reason="Coupons are enough")
    action.refresh_from_db()
    assert [one["type"] for one in action.effects["effects"]] == ["assign-coupon"]
    assert administrator.get(do(action, "remove-effect")).status_code == 403
    administrator.act(do(action, "remove"), reason="Over")
    action.refresh_from_db()
    assert action.status == "disabled"
    assert {"run"} == offered(administrator.get(address_of(action))) & {"run", "remove"}
    administrator.act(do(action, "run"), reason="Once more")
    assert AuditEntry.objects.filter(action="campaignaction.updated", actor_name="Anna Administrator").count() == 5
    assert campaign.actions.get().status == "running"


def test_saving_a_form_as_it_is_changes_nothing(house: House, administrator: Person) -> None:
    effects = (
        minting("order.total", validInDays=3, description="Beans", ledgerId=house.ledger.pk),
        {"type": "track-event", "params": {"eventType": "member-generic-event", "payload": {"a": [1, "ü"]}}},
    )
    campaign = make_campaign(
        house,
        *effects,
        action={"rules": {"expression": "order.total  >  1"}, "action_index": 3},
        valid_from=NOON + timedelta(microseconds=7),
        min_spend=Decimal("2.5"),
        monthly_limit=100,
        tags=["a"],
        enabled_topics=["benefit-used"],
    )
    action = CampaignAction.objects.get()
    before = every_row("campaigns")
    assert administrator.act(do(campaign, "edit")).status_code == 302
    assert administrator.act(do(action, "edit")).status_code == 302
    for place in (1, 2):
        assert administrator.act(f"{do(action, 'change-effect')}?position={place}").status_code == 302
    assert every_row("campaigns") == before


def test_a_campaign_begins_and_pauses_with_a_preview_and_a_reason(house: House, administrator: Person) -> None:
    campaign = make_campaign(house, minting(1), active=False)
    for act, active, left in (("activate", True, "pause"), ("pause", False, "activate")):
        assert refusals(administrator.act(do(campaign, act), reason=" "))["reason"]
        looked = administrator.act(do(campaign, act), confirmed=False, reason="Time for it")
        assert looked.context["preview"].lines[1].then == int(active)
        administrator.act(do(campaign, act), reason="Time for it")
        campaign.refresh_from_db()
        assert campaign.active is active
        page = administrator.get(address_of(campaign))
        assert offered(page) & {"activate", "pause"} == {left}
        assert "Time for it" in text_of(page)


def test_the_page_tells_whom_a_campaign_reached_and_what_it_gave_and_took_back(
    noon: Any, house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    campaign = point_for_each(house)
    order(house, alice, 100)
    order(house, bob, 40, external_id="o-2")
    house.take(bob, 30)
    order(house, alice, 60, status="partially-returned")
    order(house, bob, 40, external_id="o-2", status="returned")
    page = administrator.get(address_of(campaign))
    assert figures_of(page) == {
        "Members reached": "2",
        "Points given": "140 Points",
        "Taken back": "50 Points",
        "It costs": "90 Points",
    }
    found = numbers_of_campaign(campaign, since=NOON - timedelta(days=1)).points[house.account.pk]
    assert (found.given, found.taken, found.missing) == ({NOON.date(): 140}, 50, 30)
    assert 'aria-label="Points in the last 30 days"' in text_of(page)
    reader = staff_of(house.organization, "campaigns:read")
    assert set(figures_of(reader.get(address_of(campaign)))) == {"Members reached"}
    assert "alice" not in text_of(reader.get(address_of(campaign)))


def test_of_many_results_the_newest_are_added_up_and_the_page_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(house, minting(1))
    for _ in range(3):
        happen(house, alice)
    monkeypatch.setattr(numbers, "REACH", 2)
    found = numbers_of_campaign(campaign, since=NOON - timedelta(days=10_000))
    assert (found.points[house.account.pk].total, found.is_cut) == (2, True)
    assert "results were added up" in text_of(administrator.get(address_of(campaign)))


def test_a_page_costs_the_same_however_much_was_given(house: House, alice: Member, administrator: Person) -> None:
    campaign = make_campaign(house, minting(1))

    def cost() -> int:
        with round_trips() as trips:
            assert administrator.get(address_of(campaign)).status_code == 200
        return len(trips)

    happen(house, alice)
    few = cost()
    for number in range(10):
        add_action(campaign, minting(number, ledgerAccountId=house.account.pk))
        happen(house, alice)
    # One more: the account that effects name.
    assert cost() <= few + 1


def test_a_form_sent_twice_makes_one_campaign(house: House, administrator: Person) -> None:
    form = {**administrator.form_of(f"{LIST}add/"), "name": "Once", "code": "once"}
    first, second = (administrator.post(f"{LIST}add/", **form) for _ in range(2))
    assert first.url == second.url
    assert Campaign.objects.count() == 1


def test_an_event_type_is_made_with_its_schema_and_changed(house: House, administrator: Person) -> None:
    add = "campaigns/loyaltyeventtype/add/"
    schema = '{"type": "object", "required": ["stars"]}'
    assert list(refusals(administrator.act(add, name="Review", code="R!", schema_type="string"))) == ["code"]
    assert list(refusals(administrator.act(add, name="Review", code="review", schema_type="custom"))) == ["schema"]
    administrator.act(add, name="Review", code="review", schema_type="custom", schema=schema)
    kind = LoyaltyEventType.objects.get()
    assert kind.custom_attributes == {"schema": {"type": "object", "required": ["stars"]}}
    before = every_row("campaigns")
    administrator.act(do(kind, "edit"))
    assert every_row("campaigns") == before
    administrator.act(do(kind, "edit"), active=None, name="Stars")
    kind.refresh_from_db()
    assert (kind.active, kind.name) == (False, "Stars")


def test_a_matcher_says_which_actions_name_it_and_is_checked(house: House, administrator: Person) -> None:
    administrator.act("campaigns/actionmatcher/add/", name="Beans", rule='item.sku == "beans"')
    matcher = ActionMatcher.objects.get()
    make_campaign(house, minting(1), action={"name": "For beans", "rules": {"matcherKey": matcher.key}})
    assert "For beans" in text_of(administrator.get(address_of(matcher)))
    wrong = refusals(administrator.act(do(matcher, "edit"), rule="item.sku =="))
    assert "(At character 12.)" in wrong["rule"][0]
    administrator.act(do(matcher, "edit"), rule='item.sku == "tea"')
    matcher.refresh_from_db()
    assert matcher.matcher == {"expression": 'item.sku == "tea"'}


def test_members_are_offered_while_a_name_is_written_to_those_who_may_read_them(
    house: House, alice: Member, stranger: Person, administrator: Person
) -> None:
    assert administrator.get("members/member/offer/", q="alic").json() == {
        "offered": [{"value": "alice", "label": str(alice)}]
    }
    assert stranger.get("members/member/offer/", q="alic").json() == {"offered": []}
    assert staff_of(house.organization, "campaigns:write").get("members/member/offer/", q="alic").status_code == 403


def test_books_of_coupons_are_offered_by_name(house: House, administrator: Person) -> None:
    book = make_book(house, name="Free coffee")
    campaign = make_campaign(house)
    page = text_of(administrator.get(do(campaign, "add-action")))
    assert f'<option value="{book.key}" label="Free coffee">' in page
