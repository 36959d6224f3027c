"""What the OpenAPI document says of each operation; answers and forms are read and written elsewhere."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from members.selectors.histograms import POINT_TYPES
from members.selectors.transfer_sources import STATES, TYPES
from members.selectors.transfers import COLUMNS


class Points(serializers.FloatField):
    """Points, with as many decimals as the store's account has."""


class StoreOfTransfer(serializers.Serializer[Any]):
    """The store a transfer is listed for."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    currency = serializers.CharField()


class Transfer(serializers.Serializer[Any]):
    """A transfer of points; what is nothing is left out."""

    pointsTransferId = serializers.UUIDField()
    accountId = serializers.UUIDField()
    customerId = serializers.UUIDField()
    customerFirstName = serializers.CharField(required=False)
    customerLastName = serializers.CharField(required=False)
    customerLoyaltyCardNumber = serializers.CharField(required=False)
    customerEmail = serializers.CharField(required=False)
    customerPhone = serializers.CharField(required=False)
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField(required=False)
    lockedUntil = serializers.DateTimeField(required=False)
    value = Points()
    state = serializers.CharField(help_text="active, expired, pending or canceled")
    type = serializers.CharField(help_text="adding, spending, p2p_adding, p2p_spending or blocked")
    comment = serializers.CharField(required=False)
    issuer = serializers.CharField(help_text="admin, seller, api or system")
    senderId = serializers.UUIDField(required=False)
    receiverId = serializers.UUIDField(required=False)
    store = StoreOfTransfer()


class Transfers(serializers.Serializer[Any]):
    """Some of a list of transfers."""

    transfers = Transfer(many=True)
    total = serializers.IntegerField()
    totalIsCapped = serializers.BooleanField(required=False, help_text="There are more than can be counted.")


class Made(serializers.Serializer[Any]):
    """The transfer that was made."""

    pointsTransferId = serializers.UUIDField()


class FormProblem(serializers.Serializer[Any]):
    """A form that was refused: every child of it, with its errors, and errors of the whole form."""

    form = serializers.DictField()
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]


class PlainProblem(serializers.Serializer[Any]):
    """Any other refusal."""

    error = serializers.JSONField()


class Tokens(serializers.Serializer[Any]):
    """A token, and what is traded for the next."""

    token = serializers.CharField()
    refresh_token = serializers.CharField()


class SigninProblem(serializers.Serializer[Any]):
    """Why nobody is signed in."""

    code = serializers.IntegerField(required=False)
    message = serializers.CharField()


class ImportItem(serializers.Serializer[Any]):
    """What became of a row."""

    status = serializers.CharField(help_text="success or error")
    processImportResult = serializers.DictField(required=False)
    message = serializers.CharField(required=False)
    identifier = serializers.CharField()


class Imported(serializers.Serializer[Any]):
    """What became of a file."""

    items = ImportItem(many=True)
    totalProcessed = serializers.IntegerField()
    totalSuccess = serializers.IntegerField()
    totalFailed = serializers.IntegerField()
    itemsTruncated = serializers.BooleanField(required=False)


class ImportStarted(serializers.Serializer[Any]):
    """The job that books a long file."""

    jobId = serializers.IntegerField()
    url = serializers.CharField()


class ImportProgress(Imported):
    """How far a job is."""

    jobId = serializers.IntegerField()
    state = serializers.CharField(help_text="waiting, running, done, failed or cancelled")
    totalRows = serializers.IntegerField()


_FORM_TYPES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data")
_TAG = ["Points transfers"]
_REFUSALS: dict[int, Any] = {401: SigninProblem, 403: PlainProblem, 404: PlainProblem}


def _request(name: str, **children: Any) -> dict[str, Any]:
    """A form: `transfer[...]`, or JSON with the same names inside `transfer`."""
    as_form = inline_serializer(f"{name}Form", {f"transfer[{child}]": field for child, field in children.items()})
    as_json = inline_serializer(f"{name}Json", {"transfer": inline_serializer(f"{name}Fields", children)})
    return {kind: as_json if kind == "application/json" else as_form for kind in _FORM_TYPES}


def _operation(operation_id: str, good: Any, *, status: int = 200, **more: Any) -> dict[str, Any]:
    refusals = {400: more.pop("bad", FormProblem), **_REFUSALS}
    return {
        "operation_id": operation_id,
        "tags": _TAG,
        "responses": {status: good, **more.pop("others", {}), **refusals},
        **more,
    }


def _query(name: str, about: str, kind: Any = OpenApiTypes.STR, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=about, **more)


def _customer() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.UUIDField(help_text="The customer's id.")


def _points(least: float = 1) -> serializers.Field[Any, Any, Any, Any]:
    return serializers.FloatField(min_value=least, help_text="Points, with at most the account's decimals.")


def _comment() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.CharField(required=False, max_length=1000)


def _days() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.IntegerField(required=False, min_value=1, max_value=36_500)


def _party() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.CharField(max_length=255, help_text="Id, email or phone.")


_PAGING = [
    _query("page", "From 1 on.", OpenApiTypes.INT, default=1),
    _query("perPage", "Below zero: as many as there can be.", OpenApiTypes.INT, default=10),
    _query("sort", f"{', '.join(('createdAt', *COLUMNS))}; any other is none."),
    _query("direction", "ASC, else DESC; with a sort and without a direction, ASC."),
    _query("state[]", f"{', '.join(STATES)}; others are none.", many=True),
    _query("type", f"{', '.join(TYPES)}; others are none."),
]
_FILTERS = [
    _query("customerFirstName", "A whole word, whatever its case."),
    _query("customerLastName", "A whole word, whatever its case."),
    _query("customerPhone", "Exact."),
    _query("customerEmail", "Exact, whatever its case."),
    _query("customerId", "Exact."),
    _query("customerLoyaltyCardNumber", "Exact."),
    _query("value", "Exact."),
    _query("comment", "A part of it, whatever its case."),
    _query("issuer", "admin, seller, api or system."),
    _query("createdAt", "A day, or an instant."),
    _query("expiresAt", "A day, or an instant."),
    _query("lockedUntil", "A day, or an instant."),
    _query("willExpireTill", "A day: active points that expire until then."),
]

LIST = _operation("listTransfers", Transfers, parameters=[*_PAGING, *_FILTERS])
SELLER_LIST = {**LIST, "operation_id": "listTransfersAsSeller"}
OWN_LIST = _operation("listOwnTransfers", Transfers, parameters=_PAGING)
_AMOUNT_FORM = {"customer": _customer(), "points": _points(), "validityDuration": _days(), "comment": _comment()}
ADD = _operation("addPoints", Made, request=_request("AddPoints", **_AMOUNT_FORM))
POS_ADD = {**ADD, "operation_id": "addPointsAsSeller"}
SPEND = _operation("spendPoints", Made, request=_request("SpendPoints", **_AMOUNT_FORM))
POS_SPEND = {**SPEND, "operation_id": "spendPointsAsSeller"}
BLOCK = _operation(
    "blockPoints",
    Made,
    request=_request("BlockPoints", customer=_customer(), points=_points(), comment=_comment()),
)
SEND = _operation(
    "sendPoints", Made, request=_request("SendPoints", sender=_party(), receiver=_party(), points=_points(0))
)
OWN_SEND = _operation("sendOwnPoints", Made, request=_request("SendOwnPoints", receiver=_party(), points=_points(0)))
_DONE = OpenApiResponse(description="It is done.")
CANCEL = _operation("cancelTransfer", _DONE, request=None, bad=PlainProblem)
ACTIVATE = _operation("activateTransfer", _DONE, status=204, request=None, bad=PlainProblem)
EXPIRE = _operation("expireTransfer", _DONE, status=204, request=None, bad=PlainProblem)
IMPORT = _operation(
    "importTransfers",
    Imported,
    others={202: ImportStarted},
    request={"multipart/form-data": inline_serializer("ImportForm", {"file[file]": serializers.FileField()})},
)
IMPORT_JOB = _operation("getImport", ImportProgress)
HISTOGRAM = _operation(
    "getHistogram",
    {"type": "object", "additionalProperties": {"type": "number"}},
    parameters=[
        _query("interval", "day, month or year.", default="day"),
        _query("lastDays", "How many days up to today; at most 3660.", OpenApiTypes.INT, default=30),
        _query("futureDays", "How many days after today; at most 3660.", OpenApiTypes.INT, default=0),
        _query("pointType", f"{', '.join(POINT_TYPES)}.", default="earned"),
    ],
)


def _signin(operation_id: str, **fields: Any) -> dict[str, Any]:
    shape = inline_serializer(f"{operation_id[:1].upper()}{operation_id[1:]}Input", fields)
    return {
        "operation_id": operation_id,
        "tags": ["Signing in"],
        "request": dict.fromkeys(_FORM_TYPES, shape),
        "responses": {200: Tokens, 400: SigninProblem, 401: SigninProblem, 404: PlainProblem},
        "auth": [],
    }


def _name_and_password() -> dict[str, Any]:
    return {"_username": serializers.CharField(), "_password": serializers.CharField()}


ADMIN_SIGNIN = _signin("signInAdmin", **_name_and_password())
STORE_ADMIN_SIGNIN = {**ADMIN_SIGNIN, "operation_id": "signInAdminAtStore"}
CUSTOMER_SIGNIN = _signin("signInCustomer", **_name_and_password())
STORE_CUSTOMER_SIGNIN = {**CUSTOMER_SIGNIN, "operation_id": "signInCustomerAtStore"}
SELLER_SIGNIN = _signin("signInSeller", **_name_and_password())
REFRESH = _signin("refreshToken", refresh_token=serializers.CharField())
