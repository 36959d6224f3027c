"""The tokens of a sign-in: signed, and over with the password they were signed in with."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

# Nobody's but ours: a token of the core API opens nothing here, and ours nothing there.
AUDIENCE = "open-loyalty"

ADMIN, SELLER, CUSTOMER = "admin", "seller", "customer"
ROLES = {ADMIN: "ROLE_ADMIN", SELLER: "ROLE_SELLER", CUSTOMER: "ROLE_PARTICIPANT"}


class Claims(NamedTuple):
    """What a token says: who (an operator's number, of a customer the member's), as what, until when, and with which
    password.
    """

    number: int
    role: str
    until: float
    stamp: str


def stamp_of(password: str) -> str:
    """A short sign of what is stored of a password, which another password would not have."""
    return salted_hmac("tallystick.open-loyalty", password).hexdigest()[:24]


def issue(*, number: int, role: str, username: str, password: str, at: datetime) -> str:
    """A signed token; it lasts JWT_TTL_SECONDS."""
    now = int(at.timestamp())
    claims = {
        "sub": f"{role}:{number}",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + settings.JWT_TTL_SECONDS,
        "roles": [ROLES[role]],
        "username": username,
        "stamp": stamp_of(password),
    }
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")


@lru_cache(maxsize=1024)
def _claims(token: str, secret: str) -> Claims:
    found = jwt.decode(
        token,
        secret,
        algorithms=["HS256"],
        audience=AUDIENCE,
        options={"require": ["exp", "sub", "stamp"], "verify_exp": False},
    )
    role, _, number = str(found["sub"]).partition(":")
    return Claims(int(number), role, float(found["exp"]), str(found["stamp"]))


def read(token: str) -> Claims:
    """What a token of ours says; whether it is over is for the caller to see.

    :raises ValueError: where it is none of ours.
    """
    try:
        return _claims(token, settings.SECRET_KEY)
    except jwt.PyJWTError as error:
        raise ValueError("The token is not ours.") from error
