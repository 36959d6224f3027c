"""Every way partners can say no."""

from __future__ import annotations

from loyalty.kernel.errors import Busy, Conflict, IdempotencyConflict, InvalidInput, RuleRefused


class PartnershipExists(Conflict):
    """The two organizations have a partnership already, whichever of them is named first (semantics 4.1)."""

    code = "PARTNERSHIP_EXISTS"
    says = "These two organizations have a partnership already."


class PartnershipInactive(RuleRefused):
    """Nothing is offered or accepted in a partnership that has ended."""

    code = "PARTNERSHIP_INACTIVE"
    says = "The partnership is not active."


class BookNotOfferable(RuleRefused):
    """What is offered is a published book of the organization's own, not one that it has from a partner itself, and
    what is accepted is not archived meanwhile (semantics 4.2).
    """

    code = "BOOK_NOT_OFFERABLE"
    says = "This coupon book cannot be offered."


class AlreadyOffered(Conflict):
    """The book is offered to this partner already: it waits for a decision, or was accepted and is in force (semantics
    4.2).
    """

    code = "ALREADY_OFFERED"
    says = "This coupon book is offered in this partnership already."


class AlreadyDecided(Conflict):
    """The offering was decided the other way (semantics 4.3)."""

    code = "ALREADY_DECIDED"
    says = "This offering was decided the other way already."


class NoProgramYet(RuleRefused):
    """A book belongs to a program, and the organization that accepts one has no default program yet."""

    code = "NO_DEFAULT_PROGRAM"
    says = "Your organization needs a default loyalty program first."


class ValueRefused(InvalidInput):
    """The value, or the points it buys, lie outside the program's limits (contract cosmopoints P5)."""

    code = "VALUE_OUT_OF_RANGE"
    says = "The value is outside the limits of this program."


class DestinationIncomplete(InvalidInput):
    """The program needs to know more of the destination (contract cosmopoints P1); `field` names what."""

    code = "DESTINATION_INCOMPLETE"
    says = "The destination lacks a field that this program requires."


class DestinationUnknown(RuleRefused):
    """Nobody in the program is the destination."""

    code = "DESTINATION_UNKNOWN"
    says = "The destination is not a member of this program."


class FloatExhausted(RuleRefused):
    """The company that pays would have less left than its terms ask for."""

    code = "INSUFFICIENT_FUNDS"
    says = "The prepaid balance does not cover this value."


class ReferenceTaken(IdempotencyConflict):
    """The reference number was used before with other content (contract cosmopoints P3)."""

    code = "REFERENCE_TAKEN"
    says = "This referenceNumber was already used with different content."


class ProgramUnreachable(Busy):
    """The partner's program gives no answer now."""

    code = "PROGRAM_UNREACHABLE"
    says = "The partner's program does not answer; send the request again."


class ExchangeClosed(Conflict):
    """The exchange is not in a state that allows this."""

    code = "EXCHANGE_CLOSED"
    says = "This exchange is not in a state that allows this."


class NothingToSettle(RuleRefused):
    """Nothing was issued or reversed in the period."""

    code = "NOTHING_TO_SETTLE"
    says = "There is nothing to settle in this period."
