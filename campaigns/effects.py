"""The catalogue of effects (semantics 9.6): what an action can do, each with the JSON Schema of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema

from campaigns.errors import BadRule
from campaigns.rules import ACTION_ROOTS, read_rule
from loyalty.kernel.errors import NotFound

MOST_EFFECTS = 20
_MOST = 18_446_744_073_709
_WORDS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing an action can do. A parameter is a literal, or `{expression}` over what the action's rule reads."""

    effect_id: str
    name: str
    description: str
    parameters: Mapping[str, Any]

    @property
    def pk(self) -> str:
        """What lists order it by in the end."""
        return self.effect_id


def _schema(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_AMOUNT = {"type": "integer", "minimum": 0, "maximum": _MOST}
_DAYS = {"type": "integer", "minimum": 1, "maximum": 36_500}
_TEXT = {"type": "string", "maxLength": 255}
_ACCOUNT = {"ledgerId": _ID, "ledgerAccountId": _ID, "description": {"type": "string", "maxLength": 1000}}
_KEY = {"type": "string", "minLength": 1, "maxLength": 100}

_effects: dict[str, Effect] = {}


def register_effect(effect: Effect) -> None:
    """Have actions know the effect. Once, from the `ready()` of whoever brings it."""
    _effects[effect.effect_id] = effect


def list_effects() -> list[Effect]:
    """Every effect, by id."""
    return [_effects[effect_id] for effect_id in sorted(_effects)]


def get_effect(effect_id: str) -> Effect:
    """One effect.

    :raises NotFound: where there is none of this id.
    """
    if effect_id not in _effects:
        raise NotFound("There is no such effect.")
    return _effects[effect_id]


def read_effects(given: Mapping[str, Any]) -> dict[str, Any]:
    """What an action keeps of its `{effects: [{type, params}]}` (semantics 9.5).

    :raises BadRule: an effect that is unknown, or parameters its schema does not take.
    """
    listed = given.get("effects")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_EFFECTS:
        raise BadRule(f"Send a list of 1 to {MOST_EFFECTS} effects as `effects`.", field="effects")
    return {"effects": [_effect(one) for one in listed]}


def _effect(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise BadRule("An effect is {type, params}.", field="effects")
    effect = _effects.get(given["type"])
    if effect is None:
        raise BadRule(f"There is no effect {given['type'][:100]!r}.", field="effects")
    params = given.get("params", {})
    if not isinstance(params, dict):
        raise BadRule("The params of an effect are an object.", field="effects")
    schema = effect.parameters
    missing = [name for name in schema["required"] if params.get(name) is None]
    if missing:
        raise BadRule(f"{effect.effect_id} needs {missing[0]}.", field="effects")
    return {
        "type": effect.effect_id,
        "params": {name: read_param(effect, name, value) for name, value in params.items() if value is not None},
    }


def read_param(effect: Effect, name: str, value: Any) -> Any:
    """What an action keeps of one parameter of an effect.

    :raises BadRule: one that the effect has not, or that its schema does not take.
    """
    schema = effect.parameters["properties"].get(name)
    if schema is None:
        raise BadRule(f"{effect.effect_id} has no parameter {name[:100]!r}.", field="effects")
    if is_computed(value) and schema["type"] != "object":
        return read_rule(value, ACTION_ROOTS, wanted=_WORDS[schema["type"]], field="effects").document
    if not _fits(value, schema):
        raise BadRule(f"{effect.effect_id} cannot take this as {name}.", field="effects")
    return value


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    # The schema library counts 5.0 as an integer, and the sizes of numbers beyond any float are no concern of ours.
    if schema["type"] == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
        return False
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def is_computed(value: Any) -> bool:
    """Whether a parameter is worked out when the action runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("expression", "ast")


for _one in (
    Effect(
        "mint-points",
        "Give points",
        "Mints points to the member: whole smallest units, rounded down; nothing at 0 or below. In the account named,"
        " else the main one of the campaign's program. With validInDays they wait so long before they can be spent;"
        " with expiresInDays they live so long from then on.",
        _schema(["amount"], amount=_AMOUNT, validInDays=_DAYS, expiresInDays=_DAYS, **_ACCOUNT),
    ),
    Effect(
        "burn-points",
        "Take points",
        "Burns points of the member, all of the amount or none.",
        _schema(["amount"], amount=_AMOUNT, **_ACCOUNT),
    ),
    Effect(
        "assign-coupon",
        "Give coupons",
        "Gives the member coupons of a book, by all the rules of the book, as many as there are, at least one.",
        _schema(
            ["couponBookKey"],
            couponBookKey=_KEY,
            numberOfCodes={"type": "integer", "minimum": 1, "maximum": 100},
            expiresInDays=_DAYS,
        ),
    ),
    Effect(
        "set-tier",
        "Give a tier",
        "Gives the member a tier by hand, in the campaign's program or the default one.",
        _schema(["loyaltyTierKey"], loyaltyTierKey=_KEY, expiresInDays=_DAYS),
    ),
    Effect(
        "remove-tier",
        "Take a tier away",
        "Takes away the tier that was given by hand, in the campaign's program or the default one.",
        _schema([]),
    ),
    Effect(
        "increment-mission",
        "Count a mission",
        "Counts the mission for the member: `amount` times, once without one. Nothing while the mission takes none.",
        _schema(["missionKey"], missionKey=_KEY, amount=_AMOUNT),
    ),
    Effect(
        "mint-badge",
        "Give a badge",
        "Notes in the member's journal that a badge was given.",
        _schema(["badge"], badge=_TEXT, name=_TEXT),
    ),
    Effect(
        "track-event",
        "Tell an event",
        "Tells an event of the organization's own types, or member-generic-event, which campaigns then listen to.",
        _schema(["eventType"], eventType=_KEY, payload={"type": "object"}, description=_TEXT),
    ),
):
    register_effect(_one)
