"""Tells who calls: a token of ten minutes, traded for a client's id and the secret of an environment (3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from loyalty.kernel.api.authentication import is_live, key_of_token, secret_opens, touch
from loyalty.kernel.models import Door
from loyalty.kernel.selectors import Caller, find_caller
from loyalty.kernel.services import issue_token
from partners.models import ClientKey, ExchangeClient
from partners.selectors import find_key, keys_of

# Nobody's but ours: a token of the core API opens nothing here, and ours nothing there.
AUDIENCE = "cosmopoints"
SECONDS = 600


@dataclass(slots=True)
class ExchangeCaller:
    """A credential, the client it is of, and whether it is the one for the sandbox."""

    caller: Caller
    client: ExchangeClient
    is_sandbox: bool

    @property
    def is_authenticated(self) -> bool:
        """Always: there is a caller."""
        return True


def token_for(client_id: str, secret: str, at: datetime) -> str | None:
    """A new token for a client, of the environment its secret is for; None where the two do not fit."""
    for key, organization_id in keys_of(client_id):
        found = find_caller(key, organization_id)
        if found is not None and is_live(found) and secret_opens(found, secret):
            touch(found)
            return issue_token(key=key, at=at, audience=AUDIENCE, seconds=SECONDS)
    return None


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[ExchangeCaller, str]:
        """The caller.

        :raises AuthenticationFailed: without a token, and with one that is not, or no longer, good.
        """
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationFailed("Send a token in the Authorization header.")
        refused = AuthenticationFailed("The token is not valid, or its ten minutes are over.")
        try:
            key = key_of_token(token.strip(), AUDIENCE)
        except ValueError as error:
            raise refused from error
        found = find_caller(key, None)
        if found is not None and found.bound_to is not None:
            found = find_caller(key, found.bound_to)
        held = find_key(found.credential_id) if found is not None else None
        if found is None or held is None or found.door != Door.COSMOPOINTS or not is_live(found):
            raise refused
        return ExchangeCaller(found, held.client, held.environment == ClientKey.Environment.SANDBOX), token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says it wants."""
        return "Bearer"


class TokenSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The token, for the OpenAPI document."""

    target_class = "loyalty.dialects.cosmopoints.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """How the token is sent."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
