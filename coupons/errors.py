"""Every way coupons can say no."""

from __future__ import annotations

from loyalty.kernel.errors import Conflict, RuleRefused


class NotEligible(RuleRefused):
    """A rule of the book keeps the member from being given this coupon (semantics 3.6).

    The code is the first rule that says no; `exclusionReasons` in the details are the codes of all that do.
    """

    code = "NOT_ELIGIBLE"
    says = "The member cannot be given this coupon."


class BookNotPublished(NotEligible):
    """The book is a draft, disabled, or archived (semantics 3.2)."""

    code = "BOOK_NOT_PUBLISHED"
    says = "The coupon book is not published."


class BookNotValid(NotEligible):
    """Now is not within the time the book is valid for (semantics 3.6)."""

    code = "BOOK_NOT_VALID"
    says = "The coupon book is not valid now."


class StockWithdrawn(NotEligible):
    """The book that this one is linked to is not published, or no longer shared: its organization gives nothing more
    through others (semantics 4.3).
    """

    code = "STOCK_WITHDRAWN"
    says = "The organization that offered this coupon book gives nothing of it now."


class ProgramInactive(NotEligible):
    """An inactive program gives nothing (semantics 13.1)."""

    code = "PROGRAM_INACTIVE"
    says = "The loyalty program is not active."


class MemberBlocked(NotEligible):
    """The member is not active (semantics 5.3)."""

    code = "MEMBER_INACTIVE"
    says = "The member is not active."


class MemberNotEnrolled(NotEligible):
    """The member is not in the book's program (semantics 3.6)."""

    code = "NOT_ENROLLED"
    says = "The member is not in the program of this coupon book."


class NotInAudience(NotEligible):
    """The member is in none of the book's audiences (semantics 3.6)."""

    code = "NOT_IN_AUDIENCE"
    says = "The member belongs to none of the audiences of this coupon book."


class NotInTier(NotEligible):
    """The member's tier is none of the book's (semantics 3.6)."""

    code = "NOT_IN_TIER"
    says = "The member has none of the tiers of this coupon book."


class ConditionNotMet(NotEligible):
    """The book's condition does not hold for the member (semantics 3.6)."""

    code = "CONDITION_NOT_MET"
    says = "The condition of this coupon book does not hold for the member."


class LimitPerMember(NotEligible):
    """The member was given as much of the book as one member gets (semantics 3.4)."""

    code = "LIMIT_PER_MEMBER"
    says = "The member was given as many of these coupons as one member gets."


class LimitPerCoupon(NotEligible):
    """A code would be given more often than it may be (semantics 3.4)."""

    code = "LIMIT_PER_COUPON"
    says = "The code was given as often as it may be."


class OutOfStock(NotEligible):
    """Nothing is left in the book, or less than was asked for (semantics 3.4, 3.5)."""

    code = "OUT_OF_STOCK"
    says = "The coupon book has not enough left."


class PointsMissing(NotEligible):
    """The member has not the points the coupon costs (semantics 3.8)."""

    code = "INSUFFICIENT_BALANCE"
    says = "The member has not enough points for this coupon."


class CodeNotOwned(RuleRefused):
    """The code was given to another member (semantics 3.7)."""

    code = "CODE_NOT_OWNED"
    says = "This code was given to another member."


class CouponUsedUp(RuleRefused):
    """Nothing is left of what the member was given (semantics 3.6)."""

    code = "COUPON_USED_UP"
    says = "The coupon was used already."


class CouponExpired(RuleRefused):
    """The time of what the member was given is over (semantics 3.6)."""

    code = "COUPON_EXPIRED"
    says = "The coupon is expired."


class HoldNotUsable(RuleRefused):
    """The hold named cannot pay: not pending, not this member's, of another account, too small, or for more than one
    charge (semantics 3.8). It stays as it is.
    """

    code = "HOLD_NOT_USABLE"
    says = "This pending transaction cannot pay for the coupon."


class BookTakesNoCodes(RuleRefused):
    """Codes are added to books of type list, and one to a book of type single (semantics 3.1)."""

    code = "BOOK_TAKES_NO_CODES"
    says = "Codes cannot be added to this coupon book."


class BookFull(RuleRefused):
    """The book has as many codes as it may have (semantics 3.4)."""

    code = "BOOK_FULL"
    says = "The coupon book has no room for so many codes."


class BookIsLinked(RuleRefused):
    """A linked book has no codes and no limits over all members of its own; who offered it changes, exports and offers
    them (semantics 4.3).
    """

    code = "BOOK_IS_LINKED"
    says = "This belongs to the coupon book that was offered, and its organization alone decides it."


class StatusRefused(Conflict):
    """The book's publishing status cannot become this one (semantics 3.2)."""

    code = "STATUS_REFUSED"
    says = "The publishing status cannot change this way."


class UsageReverted(Conflict):
    """The assignment or use was reverted already (semantics 3.9)."""

    code = "ALREADY_REVERTED"
    says = "This was reverted already."


class CouponInUse(Conflict):
    """What was used, wholly or in part, stays as it is (semantics 3.9, 3.10)."""

    code = "COUPON_IN_USE"
    says = "The coupon was used already."


class NothingUsed(Conflict):
    """Nothing of the assignment is used that could be taken back (contract engage V12)."""

    code = "NOTHING_USED"
    says = "Nothing of this coupon is used."


class TakenBackTooOften(Conflict):
    """Uses of the assignment were taken back as often as they may be (contract engage V12)."""

    code = "TAKEN_BACK_TOO_OFTEN"
    says = "The use of this coupon was taken back as often as it may be."
