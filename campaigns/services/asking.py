"""Asks one action about an occasion: whether its matcher and its rule hold, and what its parameters come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from campaigns.selectors.occasions import Occasion, matched_of
from campaigns.selectors.playbook import Play, PlayAction, PlayEffect
from loyalty.expressions import EvaluationError, Rule

# What a parameter worked out has to be; the others are texts.
_WHOLE = frozenset({"amount", "validInDays", "expiresInDays", "numberOfCodes", "ledgerId", "ledgerAccountId"})
_MOST = 18_446_744_073_709


@dataclass(frozen=True, slots=True)
class Step:
    """An effect with its parameters as they came out."""

    effect: PlayEffect
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an action says: the part that does not hold, or the steps to do; and by which measure."""

    failed: str | None
    steps: list[Step]
    matched: Mapping[str, Any] | None = None


def ask(action: PlayAction, occasion: Occasion) -> Asked:
    """Ask an action.

    :raises EvaluationError: where a rule meets what it cannot work with.
    """
    values = dict(occasion.values)
    if action.matcher_lost:
        return Asked("matcher", [])
    if action.matcher is not None:
        items = (occasion.order or {}).get("items") or []
        values["matched"] = matched_of(items, action.matcher, values)
        if not values["matched"]["items"]:
            return Asked("matcher", [])
    if action.rule is not None and not action.rule.matches(values):
        return Asked("rules", [])
    steps = [
        Step(effect, {name: _worked_out(name, value, values) for name, value in effect.params.items()})
        for effect in action.effects
    ]
    return Asked(None, steps, values["matched"])


def _worked_out(name: str, value: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(value, Rule):
        return value
    found = value.evaluate(values)
    if name in _WHOLE:
        return whole_of(found, name)
    if not isinstance(found, str):
        raise EvaluationError(f"{name} came to no text.")
    return found[:255]


def whole_of(found: Any, name: str = "amount") -> int:
    """A number as points are: whole, rounded down (semantics 9.5); null is none.

    :raises EvaluationError: where it is no number, or larger than any amount.
    """
    if found is None:
        return 0
    if isinstance(found, bool) or not isinstance(found, int | Decimal) or abs(Decimal(found)) > _MOST:
        raise EvaluationError(f"{name} came to no number that can be meant.")
    return int(Decimal(found).to_integral_value(ROUND_FLOOR))


def recipe_of(play: Play, action: PlayAction, step: Step, asked: Asked, occasion: Occasion) -> dict[str, Any]:
    """By which measure something was given, so that what goes back later is measured alike; nothing where no order is
    behind it.
    """
    if occasion.order_id is None:
        return {}
    amount = step.effect.params.get("amount")
    share = occasion.basis if asked.matched is None else asked.matched["total"]
    return {
        "orderEventId": occasion.order_event.pk,
        "share": str(share),
        "matcher": action.matcher.text if action.matcher is not None else None,
        "rule": action.rule.text if action.rule is not None else None,
        "amount": amount.text if isinstance(amount, Rule) else None,
        "minSpend": None if play.min_spend is None else str(play.min_spend),
    }
