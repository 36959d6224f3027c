"""The base of every view here, and the sign-in: who calls, in which environment, and may they."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.dialects.cosmopoints import shapes
from loyalty.dialects.cosmopoints.authentication import SECONDS, ExchangeCaller, TokenAuthentication, token_for
from loyalty.dialects.cosmopoints.problems import asked_for, exception_handler, no_sign_in
from loyalty.dialects.cosmopoints.reading import read_page
from loyalty.kernel import clock
from loyalty.kernel.api.parsing import BoundedFormParser, StrictJSONParser
from loyalty.kernel.api.resources import Called, read_input
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.selectors import Caller
from partners.models import ExchangeClient
from partners.services import Destination

READS, WRITES = "partnerships:read", "partnerships:write"
_FAILURE = re.compile(r"[45][0-9][0-9]")


class CosmopointsView(APIView):
    """A view of this API, in the vendor's shape also where it refuses."""

    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Take the time, once."""
        self.at = clock.now()
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[..., Any]:
        """Refusals in the vendor's shape."""
        return exception_handler


class ExchangeView(Called, CosmopointsView):
    """A view for a client that has signed in. What only asks needs to read, whatever its method."""

    authentication_classes = [TokenAuthentication]
    only_asks: ClassVar[bool] = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop here who may not go on: 401, then 403, then (in the sandbox) the failure that is asked for."""
        super().initial(request, *args, **kwargs)
        role = READS if self.only_asks or request.method in SAFE_METHODS else WRITES
        if not self.caller.access.allows(role):
            raise PermissionDenied(f"This client needs the role {role}.")
        mock = request.headers.get("x-mock-error", "").strip()
        if self.is_sandbox and mock:
            if not _FAILURE.fullmatch(mock):
                raise InvalidInput("x-mock-error must be a status from 400 to 599.", field="x-mock-error")
            raise asked_for(int(mock))

    @property
    def signed_in(self) -> ExchangeCaller:
        """Who calls, as what."""
        found: ExchangeCaller = self.request.user  # type: ignore[assignment]
        return found

    @property
    def caller(self) -> Caller:
        """The credential."""
        return self.signed_in.caller

    @property
    def client(self) -> ExchangeClient:
        """The client."""
        return self.signed_in.client

    @property
    def is_sandbox(self) -> bool:
        """Whether nothing that counts may be moved."""
        return self.signed_in.is_sandbox

    @property
    def query(self) -> Mapping[str, str]:
        """The query, where of a repeated name the last counts.

        :raises InvalidInput: a NUL in it, which no database keeps.
        """
        query = self.request.query_params.dict()
        for name, text in query.items():
            if "\x00" in text:
                raise InvalidInput(f"{name} holds a NUL character.", field=name)
        return query

    def read_body(self, shape: Any) -> dict[str, Any]:
        """The body in this shape.

        :raises ValidationError: with the fields that are wrong.
        """
        return read_input(shape, self.request.data)

    def answer_page(self, rows: QuerySet[Any], write: Callable[[Any], Any]) -> Response:
        """One page of the rows, and how many there are."""
        page = read_page(self.query)
        return Response(
            {"total": rows.order_by().count(), "data": [write(row) for row in rows[page.start : page.stop]]}
        )


def destination_of(said: Mapping[str, Any]) -> Destination:
    """Who is meant; what is not said, or null, is empty."""
    return Destination(said.get("destination_user_id") or "", said.get("destination_user_email") or "")


class SigninView(CosmopointsView):
    """Trade a client's id and secret for a token (C1)."""

    authentication_classes = []
    parser_classes = [StrictJSONParser, BoundedFormParser]

    @extend_schema(
        operation_id="authenticate",
        tags=["Authentication"],
        auth=[],
        request=PolymorphicProxySerializer(
            "Signin", [shapes.OAuthSignin, shapes.ClassicSignin], resource_type_field_name=None
        ),
        responses={
            200: PolymorphicProxySerializer(
                "Token", [shapes.OAuthToken, shapes.ClassicToken], resource_type_field_name=None
            ),
            **dict.fromkeys((400, 401), shapes.CosmopointsProblem),
        },
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A token of ten minutes, for the environment the secret is of. Send either form, as JSON or as a form."""
        data = request.data.dict() if hasattr(request.data, "dict") else request.data
        if not isinstance(data, dict):
            raise InvalidInput("Send clientId and clientSecret.", field="clientId")
        if {"client_id", "client_secret", "grant_type"} & data.keys():
            return self.by_oauth(data)
        given = read_input(shapes.ClassicSignin, data)
        token = token_for(_word(given["client_id"]), given["client_secret"], self.at)
        if token is None:
            raise AuthenticationFailed("clientId and clientSecret do not fit.")
        return _kept_nowhere({"accessToken": token, "expiresIn": SECONDS})

    def by_oauth(self, data: Mapping[str, Any]) -> Response:
        """The form of OAuth2, with its refusals (RFC 6749, 4.4 and 5.2)."""
        given = [data.get(name) for name in ("grant_type", "client_id", "client_secret")]
        if not all(isinstance(word, str) and 0 < len(word) <= 255 for word in given):
            raise no_sign_in(400, "invalid_request")
        grant, client_id, secret = (str(word) for word in given)
        if grant != "client_credentials":
            raise no_sign_in(400, "unsupported_grant_type")
        token = token_for(_word(client_id), secret, self.at)
        if token is None:
            raise no_sign_in(401, "invalid_client")
        return _kept_nowhere({"access_token": token, "expires_in": SECONDS, "token_type": "Bearer"})

    def get_authenticate_header(self, request: Request) -> str:
        """A wrong secret is a 401, which has to name a scheme."""
        return "Bearer"


def _word(client_id: str) -> str:
    """A client's id; nothing for what no client can have."""
    return client_id if client_id.isascii() and "\x00" not in client_id else ""


def _kept_nowhere(body: Mapping[str, Any]) -> Response:
    return Response(body, headers={"Cache-Control": "no-store"})
