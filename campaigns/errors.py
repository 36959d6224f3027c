"""Every way campaigns can say no."""

from __future__ import annotations

from loyalty.kernel.errors import Conflict, InvalidInput, RuleRefused


class BadRule(InvalidInput):
    """A rule, a matcher or an effect cannot work: not an expression, of the wrong type, or unknown (semantics 10).

    `position` is where in the expression, from 0, where that is known.
    """

    code = "BAD_RULE"
    says = "The rule cannot work."

    def __init__(self, message: str | None = None, *, field: str, position: int | None = None) -> None:
        self.position = position
        details = {} if position is None else {"position": position}
        super().__init__(message, field=field, **details)


class EventTypeTaken(Conflict):
    """An event type of this code is there already, built in or the organization's own (semantics 7.5)."""

    code = "ALREADY_EXISTS"
    says = "There is an event type of this code already."


class EventTypeInactive(RuleRefused):
    """An inactive type takes no new events (semantics 7.5)."""

    code = "EVENT_TYPE_INACTIVE"
    says = "The event type is not active."


class EffectRefused(RuleRefused):
    """What an effect names is not there, or cannot be meant for this member (semantics 9.6)."""

    code = "EFFECT_REFUSED"
    says = "The effect cannot be applied."
