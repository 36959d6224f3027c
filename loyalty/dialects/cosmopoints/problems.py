"""Says no as the contract has it: `{statusCode, message, error}`, the message naming the field (cosmopoints P11)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.response import Response

from loyalty.kernel import errors as kernel
from loyalty.kernel.api.problems import core_exception_handler, status_of
from loyalty.kernel.api.rendering import to_json
from partners import errors as partners

# Every refusal of the house has its family's status here, but for these.
STATUS: dict[type[kernel.DomainError], int] = {partners.FloatExhausted: 402}


class Refused(Exception):
    """A refusal in a shape of its own: of a sign-in the way OAuth has it, or one the caller asked for."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(status)


def body_of(status: int, message: str) -> dict[str, Any]:
    """The body of a refusal."""
    known = status in HTTPStatus._value2member_map_
    return {"statusCode": status, "message": message, "error": HTTPStatus(status).phrase if known else "Error"}


def asked_for(status: int) -> Refused:
    """The failure that `x-mock-error` asks for in the sandbox (contract cosmopoints P10)."""
    return Refused(status, body_of(status, "This failure was asked for by x-mock-error."))


def no_sign_in(status: int, error: str) -> Refused:
    """A refused sign-in in the OAuth form (RFC 6749, 5.2)."""
    return Refused(status, {"error": error})


def message_of(error: kernel.DomainError) -> str:
    """A refusal in words, which name the field it is about."""
    field = getattr(error, "field", None)
    return error.message if not field or field in error.message else f"{field}: {error.message}"


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to anything a view raised; None lets a programming error through to the 500 page and the log."""
    if isinstance(error, Refused):
        return Response(error.body, error.status, headers={"Cache-Control": "no-store"})
    said = core_exception_handler(error, context)
    if said is None:
        return None
    if isinstance(error, kernel.DomainError):
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), status_of(error))
        answer = Response(body_of(status, message_of(error)), status)
    else:
        answer = Response(body_of(said.status_code, str(said.data["message"])), said.status_code)
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in said:
            answer[name] = said[name]
    return answer


def problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The same where no view was reached."""
    return HttpResponse(to_json(body_of(status, message)), status=status, content_type="application/json")
