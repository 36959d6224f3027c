"""Tells who calls: one GUID in the path, the query or a header (contract coggins K10)."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from loyalty.kernel.api.authentication import caller_with
from loyalty.kernel.models import Door
from loyalty.kernel.selectors import Caller

HEADER = "CogginsAPIKey"
QUERY = "csapikey"
# What the document writes before the key in a path.
NOISE = ("csapikey=csapikey:", "csapikey=", "csapikey:")


def bare(word: str) -> str:
    """The key without the document's noise before it."""
    for noise in NOISE:
        if word.lower().startswith(noise):
            return word[len(noise) :]
    return word


class KeyAuthentication(BaseAuthentication):
    """The path's key, else the query's, else the header's."""

    def authenticate(self, request: Request) -> tuple[Caller, str]:
        """The caller.

        :raises NotAuthenticated: without a key.
        :raises AuthenticationFailed: with one that is not, or no longer, good at this API.
        """
        named = (request.parser_context or {}).get("kwargs", {})
        word = named.get("csapikey") or named.get("apikey") or ""
        word = str(word) or request.query_params.get(QUERY, "") or request.headers.get(HEADER, "")
        if not word.strip():
            raise NotAuthenticated(f"Send the API key: {QUERY} in the query, or the header {HEADER}.")
        caller = caller_with(bare(word.strip()), Door.COGGINS)
        if caller is None:
            raise AuthenticationFailed("The API key is not valid.")
        return caller, word

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says it wants."""
        return HEADER
