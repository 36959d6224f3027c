"""Says no in the core API's shape, whatever went wrong: `{statusCode, error, message, code, details?}` (0.5)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from loyalty.kernel import errors
from loyalty.kernel.api.rendering import to_json

log = structlog.get_logger(part=__name__)

# Families of refusals, most special first.
STATUS_OF = (
    (errors.InvalidInput, 400),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Busy, 503),
    (errors.RuleRefused, 422),
)

_CODES = {
    400: "INVALID_INPUT",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
    503: "BUSY",
}


def envelope(status: int, message: str, *, code: str | None = None, details: Any = None) -> dict[str, Any]:
    """The body of a refusal."""
    body: dict[str, Any] = {
        "statusCode": status,
        "error": HTTPStatus(status).phrase,
        "message": message,
        "code": code or _CODES.get(status, "ERROR"),
    }
    if details:
        body["details"] = details
    return body


def status_of(error: errors.DomainError) -> int:
    """The HTTP status of a domain error's family."""
    return next((status for family, status in STATUS_OF if isinstance(error, family)), 422)


def first_message(detail: Any, path: str = "") -> str:
    """One sentence out of DRF's nested validation errors, with the path of the field it speaks of."""
    if isinstance(detail, Mapping):
        name, held = next(iter(detail.items()))
        inner = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
        return first_message(held, inner)
    if isinstance(detail, list | tuple):
        for index, held in enumerate(detail):
            if held:
                nested = isinstance(held, Mapping | list)
                return first_message(held, f"{path}[{index}]" if nested else path)
    return f"{path}: {detail}" if path else str(detail)


def _of_drf(error: exceptions.APIException) -> Response:
    status = error.status_code
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, exceptions.ValidationError):
        return Response(envelope(400, first_message(error.detail), details=error.detail), 400)
    return Response(envelope(status, str(error.detail)), status, headers=headers)


def core_exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to anything a view raised; None lets a programming error through to the 500 page and the log."""
    if isinstance(error, errors.DomainError):
        status = status_of(error)
        details: dict[str, Any] = dict(error.details)
        field = getattr(error, "field", None)
        if field:
            details.setdefault(field, [error.message])
        headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return Response(envelope(status, error.message, code=error.code, details=details), status, headers=headers)
    if isinstance(error, Http404):
        return Response(envelope(404, "Not found."), 404)
    if isinstance(error, PermissionDenied):
        return Response(envelope(403, "You may not do this."), 403)
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    if isinstance(error, SuspiciousOperation):
        return Response(envelope(400, "The request was refused."), 400)
    if isinstance(error, DataError):
        return Response(envelope(400, "A value is out of the range that can be stored."), 400)
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database_unavailable", exc_info=error)
        return Response(
            envelope(503, "The database cannot answer now; send the request again."), 503, headers={"Retry-After": "1"}
        )
    return None


def plain_problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The same envelope where no DRF view was reached: unknown routes, refused hosts, broken views."""
    return HttpResponse(to_json(envelope(status, message)), status=status, content_type="application/json")
