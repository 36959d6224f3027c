"""The base of every operation at a store: who calls and may they, then the form, then one call of a service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from loyalty.dialects.open_loyalty import forms, problems
from loyalty.dialects.open_loyalty.access import KeyOrToken, Visitor, visitor_at
from loyalty.dialects.open_loyalty.problems import Refused, form_body, plain_body
from loyalty.dialects.open_loyalty.rendering import Always, Renderer
from loyalty.kernel import clock
from loyalty.kernel.numbered import number_of, uuid_of
from members.models import Store

TRANSACTION, LOT = "transaction", "lot"


def transfer_uuid(number: int) -> str:
    """How a transfer that is a whole transaction is called."""
    return str(uuid_of(TRANSACTION, number))


class OpenLoyaltyView(APIView):
    """What all operations have in common: JSON out, whatever is asked for; a no in the vendor's shapes."""

    renderer_classes = [Renderer]
    parser_classes = forms.PARSERS
    content_negotiation_class = Always
    # The children of the form, which every refusal of it tells.
    children: ClassVar[tuple[str, ...]] = ()
    most_bytes: ClassVar[str] = "MAX_BODY_BYTES"

    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take the time, once, and turn away what is too long to be read."""
        self.at = clock.now()
        forms.check_length(request, getattr(settings, self.most_bytes))
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Any:
        """Ours."""
        return problems.exception_handler


class StoreView(OpenLoyaltyView):
    """An operation at a store. `needs` says what a caller has to be allowed."""

    authentication_classes = [KeyOrToken]
    needs: ClassVar[str] = ""

    visitor: Visitor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop here who may not go on: 401, 404 for a store that is none of theirs, 403."""
        super().initial(request, *args, **kwargs)
        identity: Any = request.user
        self.visitor = visitor_at(identity, kwargs.get("store"), self.subject(request))
        if self.needs not in self.visitor.may:
            raise Refused(403, plain_body(403))

    def subject(self, request: Request) -> uuid.UUID | None:
        """The customer the call is about, where its body says one: looked up with the store."""
        return None

    @property
    def store(self) -> Store:
        """The store."""
        return self.visitor.front.store


class FormView(StoreView):
    """An operation that takes the form `transfer`."""

    given: Mapping[str, Any]
    fault: Exception | None = None

    def subject(self, request: Request) -> uuid.UUID | None:
        """Whom the form names. What is wrong with the form is told to who may send it, and not yet."""
        try:
            self.given = forms.read_form(request.data, "transfer")
        except (APIException, SuspiciousOperation, forms.Wrong) as fault:
            self.fault = fault
            return None
        with suppress(forms.Wrong):
            return forms.customer(self.given.get("customer"))
        return None

    def read(self, readers: Mapping[str, forms.Reader]) -> dict[str, Any]:
        """The form's values.

        :raises Refused: 400 with what is wrong, child by child.
        """
        if isinstance(self.fault, forms.Wrong):
            raise Refused(400, form_body(self.children, {}, [str(self.fault)])) from self.fault
        if self.fault is not None:
            raise self.fault
        return forms.check_form(self.given, {name: readers[name] for name in self.children})


def transfer_number(text: str) -> tuple[str, int] | None:
    """The kind and the number of the row that the id of a transfer stands for; None where it stands for none."""
    try:
        given = uuid.UUID(text)
    except ValueError:
        return None
    for kind in (TRANSACTION, LOT):
        number = number_of(kind, given)
        if number is not None:
            return kind, number
    return None
