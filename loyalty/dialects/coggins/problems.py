"""Says no as the vendor's order API does: `{"success": false, "message": ...}`, whatever went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.response import Response

from campaigns import errors as campaigns
from coupons import errors as coupons
from ledger import errors as ledger
from loyalty.kernel import errors as kernel
from loyalty.kernel.api.problems import core_exception_handler
from loyalty.kernel.api.rendering import to_json
from members import errors as members
from partners import errors as partners

# Every refusal of the house, and what it is here. A refusal of one row is told in the row, under 200.
STATUS: dict[type[kernel.DomainError], int] = {
    kernel.InvalidInput: 400,
    kernel.NotFound: 404,
    kernel.NotAllowed: 403,
    kernel.CannotGrant: 403,
    kernel.Conflict: 409,
    kernel.IdempotencyConflict: 409,
    kernel.DuplicateValue: 409,
    kernel.ContentSchemaInUse: 409,
    kernel.RuleRefused: 422,
    kernel.Busy: 503,
    ledger.SameWallet: 400,
    ledger.NotPending: 409,
    ledger.NotRevertible: 409,
    ledger.LotClosed: 409,
    ledger.DecimalsFrozen: 409,
    ledger.InsufficientBalance: 422,
    ledger.SupplyExceeded: 422,
    ledger.SupplyTooLow: 422,
    ledger.AccountInactive: 422,
    ledger.WalletInactive: 422,
    ledger.SystemWallet: 422,
    ledger.ClearingAccount: 422,
    ledger.BalanceTooLarge: 422,
    ledger.TrackingRequired: 422,
    ledger.DefaultAccountRequired: 422,
    ledger.NoDefaultAccount: 422,
    ledger.AtomicSetAborted: 422,
    members.TierLadderBroken: 400,
    members.ImportRefused: 400,
    members.NoSuchMember: 400,
    members.SearchTooLong: 400,
    members.BadMatcher: 400,
    members.NotEnrolled: 404,
    members.ClaimOfAnother: 403,
    members.ClaimClosed: 409,
    members.NotThisTransfer: 409,
    members.MemberInactive: 422,
    members.MemberGone: 422,
    members.OpenHolds: 422,
    members.ReferralCodeRefused: 422,
    members.DefaultProgramRequired: 422,
    members.DefaultTierRequired: 422,
    members.TierInactive: 422,
    members.TooManyCodes: 429,
    members.OrderOfAnother: 409,
    members.OrderStatusRefused: 409,
    coupons.NotEligible: 422,
    coupons.BookNotPublished: 422,
    coupons.BookNotValid: 422,
    coupons.StockWithdrawn: 422,
    coupons.ProgramInactive: 422,
    coupons.MemberBlocked: 422,
    coupons.MemberNotEnrolled: 422,
    coupons.NotInAudience: 422,
    coupons.NotInTier: 422,
    coupons.ConditionNotMet: 422,
    coupons.LimitPerMember: 422,
    coupons.LimitPerCoupon: 422,
    coupons.OutOfStock: 422,
    coupons.PointsMissing: 422,
    coupons.CodeNotOwned: 422,
    coupons.CouponUsedUp: 422,
    coupons.CouponExpired: 422,
    coupons.HoldNotUsable: 422,
    coupons.BookTakesNoCodes: 422,
    coupons.BookFull: 422,
    coupons.BookIsLinked: 422,
    coupons.StatusRefused: 409,
    coupons.UsageReverted: 409,
    coupons.CouponInUse: 409,
    coupons.NothingUsed: 409,
    coupons.TakenBackTooOften: 409,
    campaigns.BadRule: 400,
    campaigns.EffectRefused: 422,
    campaigns.EventTypeInactive: 422,
    campaigns.MissionRefused: 422,
    campaigns.MissionInactive: 422,
    campaigns.MissionCompleted: 422,
    campaigns.MissionPeriodFull: 422,
    campaigns.TooManyGoals: 422,
    campaigns.ReferralsClosed: 422,
    campaigns.MayNotRefer: 422,
    campaigns.ReferralCodeTaken: 409,
    campaigns.NothingReturned: 400,
    campaigns.OrderChanged: 409,
    campaigns.SurveyClosed: 422,
    campaigns.EventTypeTaken: 409,
    partners.AlreadyDecided: 409,
    partners.AlreadyOffered: 409,
    partners.BookNotOfferable: 422,
    partners.NoProgramYet: 422,
    partners.PartnershipExists: 409,
    partners.PartnershipInactive: 422,
    partners.ValueRefused: 400,
    partners.DestinationIncomplete: 400,
    partners.DestinationUnknown: 422,
    partners.FloatExhausted: 422,
    partners.ReferenceTaken: 409,
    partners.ProgramUnreachable: 503,
    partners.ExchangeClosed: 409,
    partners.NothingToSettle: 422,
}

# Of ours, in the words of this API.
_SAYS: dict[type[kernel.DomainError], str] = {
    ledger.InsufficientBalance: "The account does not have that many points.",
    ledger.WalletInactive: "The account is not active.",
}


def status_of(error: kernel.DomainError) -> int:
    """The HTTP status of a refusal."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)


def message_of(error: kernel.DomainError) -> str:
    """A refusal as a row tells it."""
    return _SAYS.get(type(error), error.message)


def body(message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"success": False, "message": message}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to anything a view raised; None lets a programming error through to the 500 page and the log."""
    said = core_exception_handler(error, context)
    if said is None:
        return None
    if isinstance(error, kernel.DomainError):
        answer = Response(body(message_of(error)), status_of(error))
    else:
        answer = Response(body(str(said.data["message"])), said.status_code)
    if "Retry-After" in said:
        answer["Retry-After"] = said["Retry-After"]
    if wanted := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = wanted
    return answer


def problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The same where no view was reached."""
    return HttpResponse(to_json(body(message)), status=status, content_type="application/json")
