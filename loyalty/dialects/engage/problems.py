"""Says no in the vendor's words, whatever went wrong: `{"errorCode", "message"}` (contract R17)."""

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

VALIDATION = "ValidationFailed"
INACTIVE = "NewPointSystemNotActive"


class Refused(Exception):
    """A no that only this API knows: its status, the vendor's name for it, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def no_such(what: str, message: str) -> Refused:
    """404: there is no such `what` for this caller."""
    return Refused(404, f"{what}NotFound", message)


# Every refusal of the house: its status here, and its name. The vendor knows no 422: what a rule refuses is a 400.
PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    kernel.InvalidInput: (400, VALIDATION),
    kernel.NotFound: (404, "NotFound"),
    kernel.NotAllowed: (403, "Forbidden"),
    kernel.CannotGrant: (403, "Forbidden"),
    kernel.Conflict: (409, "Conflict"),
    kernel.RuleRefused: (400, "NotAccepted"),
    kernel.Busy: (503, "ServiceUnavailable"),
    kernel.IdempotencyConflict: (409, "IdempotencyConflict"),
    kernel.DuplicateValue: (409, "Conflict"),
    kernel.ContentSchemaInUse: (409, "Conflict"),
    ledger.InsufficientBalance: (400, "InsufficientPoints"),
    ledger.SupplyExceeded: (400, "SupplyExceeded"),
    ledger.SupplyTooLow: (400, "NotAccepted"),
    ledger.AccountInactive: (400, "PointDefinitionNotActive"),
    ledger.WalletInactive: (400, "ContactNotActive"),
    ledger.SystemWallet: (400, "NotAccepted"),
    ledger.ClearingAccount: (400, "NotAccepted"),
    ledger.SameWallet: (400, VALIDATION),
    ledger.BalanceTooLarge: (400, "BalanceTooLarge"),
    ledger.NotPending: (409, "Conflict"),
    ledger.NotRevertible: (409, "Conflict"),
    ledger.LotClosed: (409, "Conflict"),
    ledger.DecimalsFrozen: (409, "Conflict"),
    ledger.TrackingRequired: (400, "NotAccepted"),
    ledger.DefaultAccountRequired: (400, "NotAccepted"),
    ledger.NoDefaultAccount: (400, INACTIVE),
    ledger.AtomicSetAborted: (400, "NotAccepted"),
    members.MemberInactive: (400, "ContactNotActive"),
    members.MemberGone: (400, "ContactNotActive"),
    members.OpenHolds: (400, "NotAccepted"),
    members.ReferralCodeRefused: (400, "NotAccepted"),
    members.DefaultProgramRequired: (400, "NotAccepted"),
    members.DefaultTierRequired: (400, "NotAccepted"),
    members.TierInactive: (400, "NotAccepted"),
    members.NotEnrolled: (404, "NotFound"),
    members.TierLadderBroken: (400, VALIDATION),
    members.ImportRefused: (400, VALIDATION),
    members.NoSuchMember: (400, VALIDATION),
    members.SearchTooLong: (400, VALIDATION),
    members.BadMatcher: (400, VALIDATION),
    members.ClaimClosed: (409, "Conflict"),
    members.ClaimOfAnother: (403, "Forbidden"),
    members.TooManyCodes: (429, "TooManyRequests"),
    members.NotThisTransfer: (409, "Conflict"),
    members.OrderOfAnother: (409, "Conflict"),
    members.OrderStatusRefused: (409, "Conflict"),
    coupons.NotEligible: (400, "NotAccepted"),
    coupons.BookNotPublished: (400, "NotAccepted"),
    coupons.BookNotValid: (400, "NotAccepted"),
    coupons.StockWithdrawn: (400, "NotAccepted"),
    coupons.ProgramInactive: (400, "NotAccepted"),
    coupons.MemberBlocked: (400, "ContactNotActive"),
    coupons.MemberNotEnrolled: (400, "NotAccepted"),
    coupons.NotInAudience: (400, "NotAccepted"),
    coupons.NotInTier: (400, "NotAccepted"),
    coupons.ConditionNotMet: (400, "NotAccepted"),
    coupons.LimitPerMember: (400, "NotAccepted"),
    coupons.LimitPerCoupon: (400, "NotAccepted"),
    coupons.OutOfStock: (400, "NotAccepted"),
    coupons.PointsMissing: (400, "InsufficientPoints"),
    coupons.CodeNotOwned: (400, "NotAccepted"),
    coupons.CouponUsedUp: (409, "RewardVoucherAlreadyRedeemed"),
    coupons.CouponExpired: (409, "RewardVoucherExpired"),
    coupons.HoldNotUsable: (400, "NotAccepted"),
    coupons.BookTakesNoCodes: (400, "NotAccepted"),
    coupons.BookFull: (400, "NotAccepted"),
    coupons.BookIsLinked: (400, "NotAccepted"),
    coupons.StatusRefused: (409, "Conflict"),
    coupons.UsageReverted: (409, "Conflict"),
    coupons.CouponInUse: (409, "Conflict"),
    coupons.NothingUsed: (409, "RewardVoucherAlreadyActivated"),
    coupons.TakenBackTooOften: (409, "ReactivationLimitExceeded"),
    campaigns.BadRule: (400, "ValidationFailed"),
    campaigns.EffectRefused: (400, "NotAccepted"),
    campaigns.EventTypeInactive: (400, "NotAccepted"),
    campaigns.MissionRefused: (400, "NotAccepted"),
    campaigns.MissionInactive: (400, "NotAccepted"),
    campaigns.MissionCompleted: (400, "NotAccepted"),
    campaigns.MissionPeriodFull: (400, "NotAccepted"),
    campaigns.TooManyGoals: (400, "NotAccepted"),
    campaigns.ReferralsClosed: (400, "NotAccepted"),
    campaigns.MayNotRefer: (400, "NotAccepted"),
    campaigns.ReferralCodeTaken: (409, "Conflict"),
    campaigns.NothingReturned: (400, VALIDATION),
    campaigns.OrderChanged: (409, "Conflict"),
    campaigns.SurveyClosed: (400, "NotAccepted"),
    campaigns.EventTypeTaken: (409, "Conflict"),
    partners.AlreadyDecided: (409, "Conflict"),
    partners.AlreadyOffered: (409, "Conflict"),
    partners.BookNotOfferable: (400, "NotAccepted"),
    partners.NoProgramYet: (400, "NotAccepted"),
    partners.PartnershipExists: (409, "Conflict"),
    partners.PartnershipInactive: (400, "NotAccepted"),
    partners.ValueRefused: (400, VALIDATION),
    partners.DestinationIncomplete: (400, VALIDATION),
    partners.DestinationUnknown: (400, "NotAccepted"),
    partners.FloatExhausted: (400, "NotAccepted"),
    partners.ReferenceTaken: (409, "IdempotencyConflict"),
    partners.ProgramUnreachable: (503, "ServiceUnavailable"),
    partners.ExchangeClosed: (409, "Conflict"),
    partners.NothingToSettle: (400, "NotAccepted"),
}

_NAMES = {
    400: VALIDATION,
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


def row_of(error: kernel.DomainError) -> tuple[int, str]:
    """The status and the name of a refusal: its own row, else that of the nearest family it belongs to."""
    return next(PROBLEMS[kind] for kind in (*type(error).__mro__, kernel.RuleRefused) if kind in PROBLEMS)


def body_of(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal."""
    return {"errorCode": code or _NAMES.get(status, "Error"), "message": message}


def engage_exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to anything a view raised; None lets a programming error through to the 500 page and the log."""
    if isinstance(error, Refused):
        headers = {"Retry-After": "1"} if error.status == 429 else None
        return Response(body_of(error.status, error.message, error.code), error.status, headers=headers)
    said = core_exception_handler(error, context)
    if said is None:
        return None
    status, code = said.status_code, None
    if isinstance(error, kernel.DomainError):
        status, code = row_of(error)
    answer = Response(body_of(status, str(said.data["message"]), code), status)
    if "Retry-After" in said:
        answer["Retry-After"] = said["Retry-After"]
    if status == 401:
        answer["WWW-Authenticate"] = "apikey"
    return answer


def engage_problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The same body where no view was reached: unknown addresses, refused hosts, broken views."""
    return HttpResponse(to_json(body_of(status, message)), status=status, content_type="application/json")
