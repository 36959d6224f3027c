"""Says no in Open Loyalty's shapes, whatever went wrong (contract open_loyalty 1.1 and 1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from ledger import errors as ledger
from loyalty.dialects.open_loyalty.rendering import to_json
from loyalty.kernel import errors
from loyalty.kernel.api.problems import core_exception_handler
from members import errors as members

# The first that fits: which status, on which child of the form it stands (the first that the form has; none: on the
# form itself), and in which words, where not in its own.
ROWS: tuple[tuple[type[errors.DomainError], int, tuple[str, ...], str], ...] = (
    (ledger.InsufficientBalance, 400, ("points",), "not enough points"),
    (ledger.SupplyExceeded, 400, ("points",), ""),
    (ledger.BalanceTooLarge, 400, ("points",), ""),
    (ledger.SameWallet, 400, ("receiver",), "transferring points to yourself is forbidden"),
    (ledger.WalletInactive, 400, ("customer", "receiver"), "This customer is not active."),
    (members.MemberInactive, 400, ("customer", "receiver"), "This customer is not active."),
    (members.ImportRefused, 400, ("file",), ""),
    (errors.InvalidInput, 400, (), ""),
    (errors.NotAllowed, 403, (), ""),
    (errors.NotFound, 404, (), ""),
    (errors.Conflict, 400, (), ""),
    (errors.Busy, 503, (), ""),
    (errors.RuleRefused, 400, (), ""),
)


class Refused(Exception):
    """An answer that is a no, ready to be sent."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers
        super().__init__(str(body))


def form_body(
    children: Iterable[str], wrong: Mapping[str, Iterable[str]], on_form: Iterable[str] = ()
) -> dict[str, Any]:
    """The body of a form that was refused: every child of it, with what is wrong there."""
    told = {name: {"errors": list(wrong[name])} if name in wrong else {} for name in children}
    return {"form": {"children": told}, "errors": list(on_form)}


def plain_body(status: int, message: str = "") -> dict[str, Any]:
    """The body of any other no."""
    return {"error": {"code": status, "message": message or HTTPStatus(status).phrase}}


def not_signed_in(message: str) -> Refused:
    """401 of a token or password that is not good."""
    return Refused(401, {"code": 401, "message": message}, **{"WWW-Authenticate": "Bearer"})


def row_of(error: type[errors.DomainError]) -> tuple[int, tuple[str, ...], str] | None:
    """How a refusal by a rule is said; None where nobody thought of it."""
    return next(((status, places, words) for kind, status, places, words in ROWS if issubclass(error, kind)), None)


def _of_domain(error: errors.DomainError, children: tuple[str, ...]) -> Response:
    status, places, words = row_of(type(error)) or (400, (), "")
    message = words or error.message
    if status == 503:
        return Response(plain_body(status, message), status, headers={"Retry-After": "1"})
    if status != 400:
        return Response(plain_body(status, message), status)
    if not children:
        return Response({"error": message}, status)
    place = next((name for name in places if name in children), None)
    if place is None:
        return Response(form_body(children, {}, [message]), status)
    return Response(form_body(children, {place: [message]}), status)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to anything a view raised; None lets a programming error through to the 500 page and the log."""
    children: tuple[str, ...] = getattr(context.get("view"), "children", ())
    if isinstance(error, Refused):
        return Response(error.body, error.status, headers=error.headers)
    if isinstance(error, errors.DomainError):
        return _of_domain(error, children)
    said = core_exception_handler(error, context)
    if said is None:
        return None
    status, message = said.status_code, str(said.data["message"])
    if status == HTTPStatus.BAD_REQUEST:
        return _bad_request(message, children)
    answer = Response(plain_body(status, message if isinstance(error, exceptions.APIException) else ""), status)
    if "Retry-After" in said:
        answer["Retry-After"] = said["Retry-After"]
    return answer


def _bad_request(message: str, children: tuple[str, ...]) -> Response:
    body = form_body(children, {}, [message]) if children else {"code": 400, "message": message}
    return Response(body, 400)


def problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The same where no view was reached: unknown addresses, refused hosts, broken views."""
    return HttpResponse(to_json(plain_body(status, message)), status=status, content_type="application/json")
