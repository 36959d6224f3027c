"""Who calls at a store, and what they may do there (contract open_loyalty 1.1 and 1.2)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from loyalty.dialects.open_loyalty import tokens
from loyalty.dialects.open_loyalty.problems import Refused, not_signed_in, plain_body
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.api.authentication import caller_with
from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import Door
from loyalty.kernel.roles import Access
from loyalty.kernel.selectors import Caller
from members.selectors.fronts import Front, get_front, get_front_of_member, get_front_of_operator

# What there is to be allowed.
LIST, FIGURES, GIVE, MANAGE, OWN = "list", "figures", "give", "manage", "own"

ADMIN = frozenset({LIST, FIGURES, GIVE, MANAGE})
REPORTER = frozenset({LIST, FIGURES})
SELLER = frozenset({LIST})
TRUSTED_SELLER = frozenset({LIST, GIVE})
CUSTOMER = frozenset({OWN})
NOBODY = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever proved to be somebody: with a key, or with the token of a sign-in."""

    caller: Caller | None = None
    claims: tokens.Claims | None = None

    @property
    def is_authenticated(self) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever calls at a store: what they may do there, and how books and services know them.

    `source` is kept with what they move.
    """

    front: Front
    may: frozenset[str]
    actor: Actor
    source: str


class KeyOrToken(BaseAuthentication):
    """`X-AUTH-TOKEN: <key>` (or `?auth_token=<key>`), or `Authorization: Bearer <token>` of a sign-in."""

    def authenticate(self, request: Request) -> tuple[Identity, None]:
        """Who it is.

        :raises Refused: 403 for a key that opens nothing, 401 for a token that is not good, and for neither.
        """
        key = request.headers.get("X-AUTH-TOKEN")
        scheme, _, word = request.headers.get("Authorization", "").partition(" ")
        if key is None and scheme.lower() != "bearer":
            key = request.query_params.get("auth_token")
        if key is not None:
            caller = caller_with(key[:200], Door.OPEN_LOYALTY)
            if caller is None:
                raise Refused(403, {"message": "The auth token is not valid."})
            return Identity(caller=caller), None
        if scheme.lower() != "bearer" or not word.strip():
            raise Refused(401, {"message": "Authentication Required"}, **{"WWW-Authenticate": "Bearer"})
        try:
            claims = tokens.read(word.strip())
        except ValueError as error:
            raise not_signed_in("Invalid JWT Token") from error
        if claims.until <= clock.now().timestamp():
            raise not_signed_in("Expired JWT Token")
        return Identity(claims=claims), None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says it wants."""
        return "Bearer"


def visitor_at(identity: Identity, code: str | None, customer_id: uuid.UUID | None = None) -> Visitor:
    """Who calls at the store with this code (None: the store they sell at), and the customer the call is about.

    :raises NotFound: where there is no such store, or it is another organization's.
    :raises Refused: 401 for a token whose holder is gone, 403 for who has no store of their own.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    if identity.caller is not None:
        return _with_key(identity.caller, code, customer_id, request_id)
    claims = identity.claims
    assert claims is not None  # noqa: S101 - one of the two is there
    if claims.role == tokens.CUSTOMER:
        return _customer(claims, code, request_id)
    return _clerk(claims, code, customer_id, request_id)


def _with_key(caller: Caller, code: str | None, customer_id: uuid.UUID | None, request_id: str) -> Visitor:
    if code is None:
        raise Refused(403, plain_body(403))
    front = get_front(code, customer_id=customer_id)
    if caller.bound_to not in (None, front.store.organization_id):
        raise NotFound("There is no such store.")
    actor = Actor("credential", caller.credential_id, caller.credential_name, request_id)
    return Visitor(front, _rights(caller.access), actor, "admin")


def _rights(access: Access) -> frozenset[str]:
    if access.allows("ledgers:write"):
        return ADMIN
    return REPORTER if access.allows("ledgers:read") else NOBODY


def _clerk(claims: tokens.Claims, code: str | None, customer_id: uuid.UUID | None, request_id: str) -> Visitor:
    sells = claims.role == tokens.SELLER
    if code is None and not sells:
        raise Refused(403, plain_body(403))
    try:
        front = get_front_of_operator(code, claims.number, customer_id=customer_id)
    except NotFound:
        if code is None:
            raise Refused(403, plain_body(403)) from None
        raise
    clerk = front.clerk
    if clerk is None or not clerk.active or claims.stamp != tokens.stamp_of(clerk.password):
        raise not_signed_in("Invalid JWT Token")
    actor = Actor("operator", clerk.operator_id, clerk.name, request_id)
    if sells:
        if not clerk.is_seller:
            raise Refused(403, plain_body(403))
        return Visitor(front, TRUSTED_SELLER if clerk.allow_point_transfer else SELLER, actor, "seller")
    if not clerk.access.belongs:
        raise NotFound("There is no such store.")
    return Visitor(front, _rights(clerk.access), actor, "admin")


def _customer(claims: tokens.Claims, code: str | None, request_id: str) -> Visitor:
    if code is None:
        raise Refused(403, plain_body(403))
    front = get_front_of_member(code, claims.number)
    guest = front.guest
    if guest is None:
        raise NotFound("There is no such store.")
    if not guest.holder.active or claims.stamp != tokens.stamp_of(guest.password):
        raise not_signed_in("Invalid JWT Token")
    return Visitor(front, CUSTOMER, Actor("member", claims.number, "", request_id), "api")


class KeyOrTokenSchema(OpenApiAuthenticationExtension):
    """The ways to say who calls, in the document."""

    target_class = "loyalty.dialects.open_loyalty.access.KeyOrToken"
    name = ["token", "key", "keyInQuery"]

    def get_security_definition(self, auto_schema: Any) -> Any:
        """How each is sent."""
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "apiKey", "in": "header", "name": "X-AUTH-TOKEN"},
            {"type": "apiKey", "in": "query", "name": "auth_token"},
        ]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        """Any one of them."""
        return [{name: []} for name in self.name]
