"""Which addresses may be called: https, and public, unless the installation says otherwise."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from loyalty.kernel.errors import InvalidInput

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_VISIBLE = re.compile(r"[!-~]+")


class NotPublic(Exception):
    """The name leads to no address that may be called."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to send, taken apart."""

    secure: bool
    host: str
    port: int
    path: str


def parse_address(url: str, field: str = "settings.url") -> Address:
    """The address taken apart; a refusal says that it was in `field`.

    :raises InvalidInput: what is no address, has no https where that is needed, or names a place that is not public.
    """
    # Nobody else's reading of odd characters, backslashes or names within names.
    if len(url) > 2000 or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise _refused(field, "Send an address of visible ASCII characters, at most 2,000.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(field, "Send an address like https://example.com/hooks.") from error
    if parts.scheme not in ("https", "http"):
        raise _refused(field, "Send an address that begins with https://.")
    if parts.scheme == "http" and not settings.WEBHOOK_ALLOW_HTTP:
        raise _refused(field, "Send an address that begins with https://.")
    if parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise _refused(field, "An address has no user, no password, no fragment and no port 0.")
    literal = _as_ip(host)
    if literal is None and (not _HOST.fullmatch(host) or len(host) > 253):
        raise _refused(field, "The address has no host that could be called.")
    if literal is not None and not may_call(host):
        raise _refused(field, "The address must be public.")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(secure, host, port or (443 if secure else 80), path)


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, field=field)


def _as_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def may_call(address: str) -> bool:
    """Whether a numeric address may be called: a public one, or of the networks the installation names. Those that
    wrap another address inside (mapped, translated, 6to4) are not public.
    """
    ip = _as_ip(address.partition("%")[0])
    if ip is None:
        return False
    if any(ip in network for network in settings.WEBHOOK_NETWORKS):
        return True
    wraps = ip.version == 6 and ip.sixtofour is not None
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or wraps)


def resolve(host: str, port: int) -> list[tuple[int, Any]]:
    """Where a host may be called: families and numeric addresses, as sockets take them. Whoever connects uses these and
    asks no second time: a name that leads elsewhere by then leads nobody astray.

    :raises NotPublic: where there is none.
    :raises OSError: where the name is not known.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = [(int(family), address) for family, _, _, _, address in found if may_call(str(address[0]))]
    if not places:
        raise NotPublic
    return places
