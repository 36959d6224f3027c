"""Every way members and programs can say no."""

from __future__ import annotations

from loyalty.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleRefused


class MemberInactive(RuleRefused):
    """An inactive member takes no mint, burn, assignment, use or event (semantics 5.3)."""

    code = "MEMBER_INACTIVE"
    says = "The member is not active."


class MemberGone(RuleRefused):
    """The member was merged into another, or erased: nothing about them changes any more."""

    code = "MEMBER_GONE"
    says = "The member was merged into another, or erased."


class OpenHolds(RuleRefused):
    """Points of the member are held for something that is not decided yet."""

    code = "OPEN_HOLDS"
    says = "Points of this member are held: capture or release them first."


class ReferralCodeRefused(RuleRefused):
    """The referral code is unknown, exhausted or the member's own (semantics 12.2)."""

    code = "REFERRAL_CODE_REFUSED"
    says = "The referral code cannot be used."


class DefaultProgramRequired(RuleRefused):
    """An organization keeps one default program: make another the default instead (semantics 13.1)."""

    code = "DEFAULT_PROGRAM_REQUIRED"
    says = "An organization needs a default program; make another program the default."


class DefaultTierRequired(RuleRefused):
    """A program keeps exactly one default tier: make another the default instead (semantics 6.5)."""

    code = "DEFAULT_TIER_REQUIRED"
    says = "A program needs a default tier; make another tier the default."


class TierInactive(RuleRefused):
    """An inactive tier is given to nobody (semantics 6.3)."""

    code = "TIER_INACTIVE"
    says = "The tier is not active."


class NotEnrolled(NotFound):
    """The member has no place in the program (semantics 5.5)."""

    code = "NOT_ENROLLED"
    says = "The member is not in this program."


class TierLadderBroken(InvalidInput):
    """Two active tiers have one place, or a higher tier asks for fewer points (semantics 6.5)."""

    code = "TIER_LADDER_BROKEN"
    says = "The tiers do not make a ladder."


class ClaimClosed(Conflict):
    """The claim was claimed or revoked, or its time is over (contract coggins K7)."""

    code = "CLAIM_CLOSED"
    says = "The claim is closed."


class ClaimOfAnother(NotAllowed):
    """The claim is bound to another address (contract coggins K2)."""

    code = "CLAIM_OF_ANOTHER"
    says = "The claim is bound to another address."


class TooManyCodes(RuleRefused):
    """Enough codes were asked for at this claim, or for this address, within the last hour."""

    code = "TOO_MANY_CODES"
    says = "Too many codes were asked for. Try again in an hour."


class ImportRefused(InvalidInput):
    """The file as a whole cannot be imported: not its format, the wrong columns, cut off, or too large."""

    code = "IMPORT_REFUSED"
    says = "The file cannot be imported."


class NoSuchMember(InvalidInput):
    """Nobody, or more than one member, is found by what was written."""

    code = "NO_SUCH_MEMBER"
    says = "No member is found by this."


class SearchTooLong(InvalidInput):
    """A search of more words, or of longer ones, than anybody means (semantics 5.6)."""

    says = "A search has at most 10 words, of at most 100 characters each."


class BadMatcher(InvalidInput):
    """An audience's matcher cannot work: not an expression, of the wrong type, or not a list (semantics 10.3).

    `position` is where in the expression, from 0, where that is known.
    """

    code = "BAD_MATCHER"
    says = "The matcher cannot work."

    def __init__(self, message: str | None = None, *, position: int | None = None) -> None:
        self.position = position
        details = {} if position is None else {"position": position}
        super().__init__(message, field="matcher", **details)


class NotThisTransfer(Conflict):
    """The transfer is not of a kind, or not in a state, that allows this (contract open_loyalty D15 to D17)."""

    code = "NOT_THIS_TRANSFER"
    says = "This transfer does not allow this."


class OrderOfAnother(Conflict):
    """An order of this external id is another member's (semantics 8.1)."""

    code = "ORDER_OF_ANOTHER_MEMBER"
    says = "This order is another member's."


class OrderStatusRefused(Conflict):
    """An order goes its way once, and what is over stays so (semantics 8.2)."""

    code = "ORDER_STATUS_REFUSED"
    says = "The order cannot become this."
