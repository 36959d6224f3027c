"""The three operations: request claims, look points up, edit them (contract coggins 4.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.dialects.coggins import problems
from loyalty.dialects.coggins.authentication import KeyAuthentication
from loyalty.dialects.coggins.rows import asked, draft_of, edit_of, rows_in
from loyalty.dialects.coggins.schema import edit_schema, lookup_schema, request_schema
from loyalty.kernel import clock
from loyalty.kernel.api.resources import Called
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services.forms import answer_once
from members.models import Claim
from members.selectors import get_counter
from members.services import ClaimDraft, Edit, create_claims, edit_points, points_at_store
from members.services.claim_mails import address_of_claim


class PointsView(Called, APIView):
    """A view of the API: authenticates, checks the role, knows organization, actor and time."""

    authentication_classes = [KeyAuthentication]
    needs: ClassVar[str]

    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop here who may not go on: 401, then 403, before anything is looked up."""
        self.at = clock.now()
        super().initial(request, *args, **kwargs)
        if not self.caller.access.allows(self.needs):
            raise PermissionDenied(f"The API key needs the role {self.needs}.")

    def get_exception_handler(self) -> Callable[..., Any]:
        """In the vendor's shape."""
        return problems.exception_handler

    def once(self, place: str, act: Callable[[], list[dict[str, Any]]]) -> Response:
        """Act, or (an extension) answer what the same `Idempotency-Key` was answered within a day.

        :raises IdempotencyConflict: the key came with another body.
        :raises InvalidInput: a key of more than 255 characters.
        """
        key = self.request.headers.get("Idempotency-Key", "").strip()
        if not key:
            return Response(act())
        if len(key) > 255 or "\x00" in key:
            raise InvalidInput("An Idempotency-Key has at most 255 characters.")
        answer, _ = answer_once(
            organization_id=self.organization_id, place=place, key=key, content=self.request.data, at=self.at, act=act
        )
        return Response(answer)


class ClaimRequestView(PointsView):
    """Requests of claims, many at once."""

    needs = "ledgers:write"

    @request_schema
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Make a claim for each row; a row that is wrong says so, and the others go on."""
        rows = rows_in(request.data)
        return self.once("coggins-claims", lambda: self.claims(rows))

    def claims(self, rows: list[Any]) -> list[dict[str, Any]]:
        """The answer to each row, in their order."""
        counter = get_counter(self.organization_id)
        answers: list[Any] = []
        drafts: list[ClaimDraft] = []
        for row in rows:
            try:
                drafts.append(draft_of(row, 10**counter.decimals))
                answers.append(None)
            except InvalidInput as refusal:
                answers.append(refusal)
        made = iter(create_claims(store=counter.store, zone=counter.zone, drafts=drafts, actor=self.actor, at=self.at))
        found = [next(made) if answer is None else answer for answer in answers]
        return [asked(row) | _said(answer) for row, answer in zip(rows, found, strict=True)]


def _said(answer: Claim | InvalidInput) -> dict[str, Any]:
    if isinstance(answer, InvalidInput):
        return {"created": False, "message": problems.message_of(answer)}
    return {"claimToken": str(answer.token), "claimUrl": address_of_claim(answer), "created": True}


class LookupView(PointsView):
    """What somebody has."""

    needs = "ledgers:read"

    @lookup_schema
    def get(self, request: Request, email: str, **kwargs: Any) -> Response:
        """Available and used points of the person with this email, in whole points."""
        standing = points_at_store(organization_id=self.organization_id, email=email, actor=self.actor, at=self.at)
        return Response({"AvailablePoints": standing.available, "UsedPoints": standing.used})


class EditView(PointsView):
    """Edits of balances, many at once."""

    needs = "ledgers:write"

    @edit_schema
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Give (above zero) or take (below) points at once; a row that is refused says so, and the others go on."""
        rows = rows_in(request.data)
        return self.once("coggins-instant", lambda: self.edits(rows))

    def edits(self, rows: list[Any]) -> list[dict[str, Any]]:
        """The answer to each row, in their order."""
        answers: list[Any] = []
        edits: list[Edit] = []
        for row in rows:
            try:
                edits.append(edit_of(row))
                answers.append(None)
            except InvalidInput as refusal:
                answers.append(refusal)
        done = edit_points(organization_id=self.organization_id, edits=edits, actor=self.actor, at=self.at)
        outcomes = iter(done)
        found = [next(outcomes) if answer is None else answer for answer in answers]
        return [_told(row, refusal) for row, refusal in zip(rows, found, strict=True)]


def _told(row: Any, refusal: Any) -> dict[str, Any]:
    sent = {name: value for name, value in asked(row).items() if name in ("amount", "email")}
    message = "" if refusal is None else problems.message_of(refusal)
    return {"amount": None, "email": None, **sent, "success": refusal is None, "message": message}


def hidden(view: type[APIView]) -> type[APIView]:
    """The same view at another address, which the published document leaves out."""
    return type(view.__name__, (view,), {"schema": None, "__doc__": view.__doc__})
