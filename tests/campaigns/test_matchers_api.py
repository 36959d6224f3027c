"""Matchers, the catalogue of effects and types of events over the core API (semantics 7.2, 7.5, 9.5, 9.6, 10.1)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from campaigns.effects import list_effects, read_effects
from campaigns.errors import BadRule
from campaigns.models import ActionMatcher, LoyaltyEventType
from campaigns.selectors import find_event_type
from campaigns.services.event_types import check_payload
from loyalty.kernel.errors import InvalidInput
from tests.house import NOON_TEXT, Api, House
from tests.refusals import refuses

LATTE = {"name": "Lattes", "type": "item-matcher", "matcher": {"expression": 'item.sku == "latte"'}}
VISIT = {"name": "Visit", "apiCode": "store-visit", "schemaType": "builtin"}


# --- matchers --------------------------------------------------------------------------------------------------------
def test_10_1_a_new_matcher_answers_everything_and_is_found_by_its_key(
    noon: time_machine.Coordinates, house: House, api: Api
) -> None:
    made = api.post("matchers", LATTE)
    assert made.status_code == 201
    assert made.body == {
        **LATTE,
        "matcherId": ActionMatcher.objects.get().pk,
        "matcherKey": "lattes",
        "organizationId": house.id,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get("matchers/by-key/lattes").body == {"matcher": made.body}
    assert api.get(f"matchers/{made.body['matcherId']}").body == {"matcher": made.body}
    assert api.get("matchers?matcherKey=lattes&type=item-matcher").body["results"] == [made.body]
    assert api.get("matchers?matcherKey=cakes").body["results"] == []


def test_10_1_a_matchers_rule_can_be_a_tree(api: Api) -> None:
    tree = {"ast": {"type": "boolean", "value": True}}
    assert api.post("matchers", {**LATTE, "matcher": tree}).body["matcher"] == tree
    assert ActionMatcher.objects.get().rule == "true"


@pytest.mark.parametrize(
    ("matcher", "position"),
    [({"expression": "item.sku =="}, 11), ({"expression": "event.payload"}, 0), ({"expression": "1 + 1"}, 0)],
)
def test_10_1_a_rule_that_cannot_work_is_refused_with_its_place(api: Api, matcher: Any, position: int) -> None:
    details = refuses(api, "POST", "matchers", {**LATTE, "matcher": matcher}, 400, "BAD_RULE")
    assert details["position"] == position


def test_10_1_a_name_is_taken_once(api: Api) -> None:
    api.post("matchers", LATTE)
    refuses(api, "POST", "matchers", LATTE, 409, "ALREADY_EXISTS")
    other = api.post("matchers", {**LATTE, "name": "Cakes"}).body
    refuses(api, "PUT", f"matchers/{other['matcherId']}", LATTE, 409, "ALREADY_EXISTS")
    renamed = api.put(f"matchers/{other['matcherId']}", {**LATTE, "name": "Buns"}).body["matcher"]
    assert (renamed["name"], renamed["matcherKey"]) == ("Buns", "cakes")


# --- effects ---------------------------------------------------------------------------------------------------------
def test_9_6_the_catalogue_tells_every_effect_with_its_parameters(api: Api) -> None:
    listed = api.get("rules/effects").body
    assert listed["totalCount"] == len(list_effects())
    assert [effect["effectId"] for effect in listed["results"]] == sorted(e.effect_id for e in list_effects())
    assert api.get("rules/effects?order=effectId,desc&limit=1").body["results"] == listed["results"][-1:]
    minting = api.get("rules/effects/mint-points").body["effect"]
    assert minting["parameters"]["required"] == ["amount"]
    assert minting in listed["results"]


def effects(*params: Any, type: str = "mint-points") -> dict[str, Any]:
    return {"effects": [{"type": type, "params": one} for one in params]}


def test_9_5_a_parameter_is_a_literal_or_an_expression() -> None:
    given = effects({"amount": 5}, {"amount": {"expression": "floor(order.total)"}, "description": None})
    assert read_effects(given) == effects({"amount": 5}, {"amount": {"expression": "floor(order.total)"}})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"effects": []},
        {"effects": {}},
        {"effects": ["mint-points"]},
        {"effects": [{"type": "mint-points", "params": []}]},
        {"effects": [{"type": "mint-gold", "params": {}}]},
        {"effects": [{"type": ["mint-points"], "params": {}}]},
        effects({}),
        effects({"amount": None}),
        effects({"amount": -1}),
        effects({"amount": 1.0}),
        effects({"amount": "5"}),
        effects({"amount": True}),
        effects({"amount": {"expression": "'five'"}}),
        effects({"amount": {"expression": "item.total"}}),
        effects({"amount": {"expression": 5}}),
        effects({"amount": {"expression": "1", "ast": {}}}),
        effects({"amount": 1, "speed": 2}),
        effects({"amount": 1, "validInDays": 0}),
        effects({"badge": "x" * 300}, type="mint-badge"),
        effects(*[{"amount": 1}] * 21),
    ],
)
def test_9_5_effects_that_cannot_work_are_refused(given: Any) -> None:
    with pytest.raises(BadRule):
        read_effects(given)


# --- types of events -------------------------------------------------------------------------------------------------
def test_7_5_the_list_has_the_built_in_types_and_the_organizations_own(api: Api, house: House) -> None:
    made = api.post("loyalty-event-types", VISIT).body["eventType"]
    assert (made["apiCode"], made["builtin"], made["active"]) == ("store-visit", False, True)
    listed = api.get("loyalty-event-types").body
    assert listed["totalCount"] == 18
    assert listed["results"][-1] == made
    built_in = api.get("loyalty-event-types/member-created").body["eventType"]
    assert (built_in["loyaltyEventTypeId"], built_in["builtin"], built_in["createdAt"]) == (None, True, None)
    assert api.get("loyalty-event-types?order=apiCode,desc&limit=1").body["results"] == [made]


def test_7_5_a_code_is_made_once_and_put_as_often_as_one_likes(api: Api) -> None:
    api.post("loyalty-event-types", VISIT)
    refuses(api, "POST", "loyalty-event-types", VISIT, 409, "ALREADY_EXISTS")
    changed = api.put("loyalty-event-types", {**VISIT, "name": "Came by", "active": False})
    assert (changed.status_code, changed.body["eventType"]["name"]) == (200, "Came by")
    assert changed.body["eventType"]["active"] is False
    assert api.put("loyalty-event-types", {**VISIT, "apiCode": "tasted"}).status_code == 200
    assert LoyaltyEventType.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"apiCode": "member-created"}, 409),
        ({"apiCode": "ab"}, 400),
        ({"apiCode": "Visit"}, 400),
        ({"schemaType": "custom"}, 400),
        ({"schemaType": "custom", "customAttributes": {"schema": {"type": "nothing"}}}, 400),
        ({"schemaType": "custom", "customAttributes": {"schema": "{"}}, 400),
    ],
)
def test_7_5_a_code_or_schema_that_cannot_be_is_refused(api: Api, wrong: Any, status: int) -> None:
    for method in ("POST", "PUT"):
        code = "ALREADY_EXISTS" if status == 409 else "INVALID_INPUT"
        refuses(api, method, "loyalty-event-types", {**VISIT, **wrong}, status, code)


@pytest.mark.parametrize(
    ("schema_type", "good", "bad"),
    [
        ("string", {"value": "a"}, {"value": 1}),
        ("number", {"value": 1.5}, {"value": "1"}),
        ("url", {"value": "https://example.com/a"}, {"value": "example"}),
        ("custom", {"cups": 2}, {"cups": "two"}),
    ],
)
def test_7_2_a_payload_is_as_its_type_wants_it(api: Api, house: House, schema_type: str, good: Any, bad: Any) -> None:
    schema = {"schema": {"type": "object", "properties": {"cups": {"type": "number"}}}}
    api.post("loyalty-event-types", {**VISIT, "schemaType": schema_type, "customAttributes": schema})
    kind = find_event_type(house.id, "store-visit")
    assert kind is not None
    check_payload(kind, good)
    for payload in (bad, {}) if schema_type != "custom" else (bad,):
        with pytest.raises(InvalidInput):
            check_payload(kind, payload)
