"""Tells who calls: a bearer token traded at sign-in, or a credential's own key and secret (semantics 0.3)."""

from __future__ import annotations

import hmac
import uuid
from datetime import timedelta
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from loyalty.kernel import clock
from loyalty.kernel.models import Door
from loyalty.kernel.selectors import Caller, find_caller, find_caller_by_secret
from loyalty.kernel.services.credentials import TOKEN_AUDIENCE, digest, touch_credential

_TOUCH_EVERY = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _claims(token: str, secret: str, audience: str) -> tuple[str, float]:
    """Whose token it is and until when, if it is one of ours. That never changes, and a client sends the same token
    with every request; whether it is over, or its credential revoked, is looked at each time.
    """
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience=audience, options={"require": ["exp", "sub"]})
    return str(claims["sub"]), float(claims["exp"])


def key_of_token(token: str, audience: str = TOKEN_AUDIENCE) -> str:
    """The key of the credential a token of ours was made of, for one API.

    :raises ValueError: a token that is not ours, or is over.
    """
    try:
        key, until = _claims(token, settings.SECRET_KEY, audience)
    except jwt.PyJWTError as error:
        raise ValueError("The token is not ours.") from error
    if until <= clock.now().timestamp():
        raise ValueError("The token is over.")
    return key


def secret_opens(caller: Caller, secret: str) -> bool:
    """Whether `secret` is the credential's, or the one it had until lately."""
    given = digest(secret)
    if hmac.compare_digest(given, caller.secret_digest):
        return True
    until = caller.previous_valid_until
    return until is not None and clock.now() < until and hmac.compare_digest(given, caller.previous_digest)


def is_live(caller: Caller) -> bool:
    """Whether the credential may be used at all."""
    return (
        caller.operator_is_active
        and caller.revoked_at is None
        and (caller.expires_at is None or clock.now() < caller.expires_at)
    )


def caller_with(word: str, door: Door) -> Caller | None:
    """Whose key `word` is at the door of a vendor's API, where one word is all there is; None where nobody's.

    It is the UUID the console showed, or the token of a credential of the core API, which opens every door.
    """
    word = word.strip()
    if word.startswith("tsk_"):
        key, _, secret = word.partition(".")
        if not key.isascii() or len(key) > 40 or "\x00" in key:
            return None
        found = find_caller(key, None)
        if found is not None and found.bound_to is not None:
            found = find_caller(key, found.bound_to)
    else:
        try:
            secret = str(uuid.UUID(word))
        except ValueError:
            return None
        found = find_caller_by_secret(digest(secret))
    if found is None or found.door not in (Door.CORE, door) or not is_live(found) or not secret_opens(found, secret):
        return None
    touch(found)
    return found


def touch(caller: Caller) -> None:
    """Note the use of the credential, at most once a minute."""
    at = clock.now()
    if caller.last_used_at is None or at - caller.last_used_at > _TOUCH_EVERY:
        touch_credential(credential_id=caller.credential_id, at=at)


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <idToken>`, or a service token made in the console in the same header."""

    def authenticate(self, request: Request) -> tuple[Caller, str]:
        """The caller, as seen from the organization of the path.

        :raises AuthenticationFailed: without a token, and with one that is not, or no longer, good.
        """
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationFailed("Send a bearer token in the Authorization header.")
        organization = (request.parser_context or {}).get("kwargs", {}).get("organizationId")
        token = token.strip()
        caller = self.caller_of(token, organization)
        touch(caller)
        return caller, token

    def caller_of(self, token: str, organization: Any) -> Caller:
        """Whose token it is.

        :raises AuthenticationFailed: nobody's, or somebody's who may not use it.
        """
        refused = AuthenticationFailed("The bearer token is not valid.")
        secret = None
        if token.startswith("tsk_"):
            key, _, secret = token.partition(".")
        else:
            try:
                key = key_of_token(token)
            except ValueError as error:
                raise refused from error
        if not key.isascii() or len(key) > 40 or "\x00" in key:
            raise refused
        caller = find_caller(key, organization)
        if (
            caller is None
            or caller.door != Door.CORE
            or not is_live(caller)
            or (secret is not None and not secret_opens(caller, secret))
        ):
            raise refused
        return caller

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says it wants."""
        return "Bearer"
