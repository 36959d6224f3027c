"""The base of every view here: who calls, may they, how often; and the look-ups that several need."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from loyalty.dialects.engage.authentication import ApiKeyAuthentication
from loyalty.dialects.engage.limits import buckets
from loyalty.dialects.engage.problems import Refused, engage_exception_handler, no_such
from loyalty.dialects.engage.reading import ExactJSONParser, read_guid
from loyalty.dialects.engage.rendering import BALANCE, EngageRenderer, OnlyJson
from loyalty.kernel import clock
from loyalty.kernel.api.resources import Called
from loyalty.kernel.numbered import number_of
from members.selectors import Match, match_members


class EngageView(Called, APIView):
    """A view of this API. `reads` is the role a GET needs, `writes` the role of everything else."""

    authentication_classes = [ApiKeyAuthentication]
    parser_classes = [ExactJSONParser]
    renderer_classes = [EngageRenderer]
    content_negotiation_class = OnlyJson
    reads: ClassVar[str] = "ledgers:read"
    writes: ClassVar[str] = "ledgers:write"

    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop here who may not go on: 401, 429, 403, before anything is looked up."""
        self.at = clock.now()
        super().initial(request, *args, **kwargs)
        if not buckets.take(self.caller.credential_id, self.at.timestamp()):
            raise Refused(429, "TooManyRequests", "This key calls too often; wait a second.")
        if self.caller.organization_id is None:
            raise PermissionDenied("This key belongs to no organization.")
        role = self.reads if request.method in SAFE_METHODS else self.writes
        if not self.caller.access.allows(role):
            raise PermissionDenied(f"This key needs the role {role}.")

    def get_exception_handler(self) -> Any:
        """Refusals in the vendor's shape."""
        return engage_exception_handler

    @property
    def query(self) -> Mapping[str, str]:
        """The query, where of a repeated name the last counts.

        :raises Refused: a NUL in it, which no database keeps.
        """
        query = self.request.query_params.dict()
        for name, text in query.items():
            if "\x00" in text:
                raise Refused(400, "ValidationFailed", f"{name} holds a NUL character.")
        return query

    def contact_of(self, value: Any) -> Match:
        """The contact with this id.

        :raises InvalidInput: it is no GUID.
        :raises Refused: ContactNotFound.
        """
        contact_id = read_guid(value, "contactId")
        found, _ = match_members(self.organization_id, customer_ids=[contact_id], contacts=[])
        if contact_id not in found:
            raise no_contact()
        return found[contact_id]


def no_contact() -> Refused:
    """404: the organization has no such contact."""
    return no_such("Contact", "There is no such contact.")


def no_account() -> Refused:
    """404: the organization has no such point account."""
    return no_such("PointAccount", "There is no such point account; GET /api/v3/point-accounts?contactId= lists them.")


def balance_number(given: int | uuid.UUID) -> int:
    """The row that the id of a point account stands for.

    :raises Refused: PointAccountNotFound, where it is the id of something else.
    """
    number = given if isinstance(given, int) else number_of(BALANCE, given)
    if number is None:
        raise no_account()
    return number
