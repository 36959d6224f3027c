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


class SurveyClosed(RuleRefused):
    """A survey that was closed takes no answers (semantics 14)."""

    code = "SURVEY_CLOSED"
    says = "The survey takes no answers now."


class EffectRefused(RuleRefused):
    """What an effect names is not there, or cannot be meant for this member (semantics 9.6)."""

    code = "EFFECT_REFUSED"
    says = "The effect cannot be applied."


class MissionRefused(RuleRefused):
    """A mission does not count for the member (semantics 11.4); which rule said no is told by the kind."""

    code = "NOT_ELIGIBLE"
    says = "The mission does not count for this member."


class MissionInactive(MissionRefused):
    """The mission, or its program, is not active, or the time is not within the mission's (semantics 11.4)."""

    code = "MISSION_INACTIVE"
    says = "The mission is not active at this time."


class MissionCompleted(MissionRefused):
    """The member has achieved it as often as it can be (semantics 11.3)."""

    code = "MISSION_COMPLETED"
    says = "The member has completed the mission."


class MissionPeriodFull(MissionRefused):
    """The member has achieved it as often as it can be in this period (semantics 11.3)."""

    code = "MISSION_PERIOD_LIMIT"
    says = "The member has achieved the mission as often as it can be in this period."


class TooManyGoals(RuleRefused):
    """So much at once would be more achievements than one call gives."""

    code = "TOO_MANY_GOALS"
    says = "So much at once would be too many achievements: count it in several steps."


class ReferralsClosed(RuleRefused):
    """The referral program is not active, or not valid now (semantics 12.1)."""

    code = "REFERRALS_CLOSED"
    says = "Nobody can refer in this program now."


class MayNotRefer(RuleRefused):
    """The member does not belong to the audience of those who may refer (semantics 12.1)."""

    code = "NOT_IN_AUDIENCE"
    says = "The member is not among those who may refer in this program."


class ReferralCodeTaken(Conflict):
    """Another member has this code in the program, whatever its case (semantics 12.1)."""

    code = "REFERRAL_CODE_TAKEN"
    says = "Another member has this code."


class NothingReturned(InvalidInput):
    """A return in part takes something of an order back, and leaves something (semantics 8.4)."""

    code = "NOTHING_RETURNED"
    says = "Some of the order is returned, and some is kept: else nothing changes, or all of it is returned."


class OrderChanged(Conflict):
    """The order is not any more what somebody looked at before they changed it (semantics 8.2)."""

    code = "ORDER_CHANGED"
    says = "The order has changed meanwhile: look at it again."
