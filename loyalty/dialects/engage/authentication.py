"""Tells who calls: the `apikey` header (contract 2.1)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from loyalty.kernel.api.authentication import caller_with
from loyalty.kernel.models import Door
from loyalty.kernel.selectors import Caller


class ApiKeyAuthentication(BaseAuthentication):
    """`apikey: <key>`; a `User-Agent` may be missing (decided)."""

    def authenticate(self, request: Request) -> tuple[Caller, str]:
        """The caller.

        :raises AuthenticationFailed: without a key, and with one that is not, or no longer, good.
        """
        word = request.META.get("HTTP_APIKEY", "")
        caller = caller_with(word, Door.ENGAGE) if word else None
        if caller is None:
            raise AuthenticationFailed("The apikey header is missing or not valid.")
        return caller, word

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says it wants."""
        return "apikey"


class ApiKeySchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The key, for the OpenAPI document."""

    target_class = "loyalty.dialects.engage.authentication.ApiKeyAuthentication"
    name = "apikey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """How the key is sent."""
        return {"type": "apiKey", "in": "header", "name": "apikey"}
