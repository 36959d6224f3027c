"""How much of what was given for an order its kept goods still earn (semantics 8.4): by the measure it was given by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from campaigns.models import Award, ReferralReward
from campaigns.selectors.occasions import Occasion, basis_of, matched_of
from loyalty.expressions import EvaluationError, compile_text, prepared


@dataclass(frozen=True, slots=True)
class _Side:
    """An order as a recipe measures it, then or now."""

    basis: Decimal
    share: Decimal
    values: Mapping[str, Any]


def kept_of(
    award: Award | ReferralReward, order_then: Mapping[str, Any], order_now: Mapping[str, Any], zone: str
) -> int:
    """How much of an award a member keeps whose order has become `order_now`; both are documents as events tell them.

    It is the least of two: the share of what was given that the kept goods have of the price of all of them (of those
    the action's matcher means, where it has one), and what the action would give for the kept goods in proportion to
    what it would give for all of them. Rules that have nothing to do with the goods cannot take anything: they are
    asked of both.
    """
    recipe = award.recipe
    try:
        then, now = (_side(award, order, zone) for order in (order_then, order_now))
    except EvaluationError:
        then, now = (_Side(basis_of(prepared(one)) or Decimal(0), Decimal(0), {}) for one in (order_then, order_now))
        then, now = (_Side(one.basis, one.basis, {}) for one in (then, now))
    if recipe.get("minSpend") is not None and now.basis < Decimal(recipe["minSpend"]):
        return 0
    if recipe.get("matcher") and now.values and not now.values["matched"]["items"]:
        return 0
    if _holds(recipe.get("rule"), then, zone) and not _holds(recipe.get("rule"), now, zone):
        return 0
    if award.usage_id is not None:
        return award.amount
    return min(_part(award.amount, now.share, then.share), _part(award.amount, *_amounts(recipe, now, then, zone)))


def _part(amount: int, now: Decimal, then: Decimal) -> int:
    """The part of an amount, rounded down; all of it where there was nothing to be a part of."""
    if then <= 0:
        return amount
    return int((amount * max(Decimal(0), min(now, then)) / then).to_integral_value(ROUND_FLOOR))


def _side(award: Award | ReferralReward, order: Mapping[str, Any], zone: str) -> _Side:
    document = prepared(order)
    values = dict(Occasion(award.event, award.member, award.created_at, document).values)
    basis = basis_of(document) or Decimal(0)
    matcher = award.recipe.get("matcher")
    if not matcher:
        return _Side(basis, basis, values)
    values["matched"] = matched_of(document.get("items") or [], compile_text(matcher, zone), values)
    return _Side(basis, values["matched"]["total"], values)


def _holds(rule: str | None, side: _Side, zone: str) -> bool:
    """Whether the rule holds; one that cannot be asked is no reason to take anything."""
    if not rule or not side.values:
        return True
    try:
        return compile_text(rule, zone).matches(side.values)
    except EvaluationError:
        return True


def _amounts(recipe: Mapping[str, Any], now: _Side, then: _Side, zone: str) -> tuple[Decimal, Decimal]:
    """What the action would give now, and then; twice the same where it is no matter of the goods."""
    text = recipe.get("amount")
    if text and now.values:
        try:
            found = [compile_text(text, zone).evaluate(side.values) for side in (now, then)]
        except EvaluationError:
            return Decimal(1), Decimal(1)
        if all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in found):
            return Decimal(found[0]).to_integral_value(ROUND_FLOOR), Decimal(found[1]).to_integral_value(ROUND_FLOOR)
        if found[0] is None:
            return Decimal(0), Decimal(1)
    return Decimal(1), Decimal(1)
