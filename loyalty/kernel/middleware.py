"""Around every request: an id that ties its log lines together, an access line, timings; and what only pages need."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from secrets import token_hex

import structlog
from axes.middleware import AxesMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

from loyalty.kernel.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.get_logger(part="tallystick.access")
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Asked every few seconds by machines; a line each would bury the rest.
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestContextMiddleware:
    """Gives the request its id (the caller's `X-Request-ID`, where that is a decent one) and writes its access line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, timed, counted and logged."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _GOOD_ID.fullmatch(given) else token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        start = time.perf_counter()
        if is_api(request):
            request.get_host()  # Pages have Django's own middleware to refuse a host that is not ours.
        response = self.get_response(request)
        seconds = time.perf_counter() - start
        response["X-Request-ID"] = request_id
        if not response.streaming and "Content-Length" not in response:
            response["Content-Length"] = str(len(response.content))
        # The route, not the path: a path holds ids and, in some dialects, keys.
        match = request.resolver_match
        route = match.route if match is not None else "unknown"
        REQUESTS.labels(request.method, route, response.status_code).inc()
        REQUEST_SECONDS.labels(route).observe(seconds)
        if request.path not in _QUIET:
            log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                ms=round(seconds * 1000, 1),
            )
        return response


def is_api(request: HttpRequest) -> bool:
    """Whether a program calls, not a person's browser."""
    return request.path_info.startswith(("/api/", "/v1/"))


class ForPages:
    """Steps aside for API calls: they have no session, form or frame, and should not pay for any."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The next one's answer for an API call, this one's for a page."""
        if is_api(request):
            return self.get_response(request)  # type: ignore[attr-defined,no-any-return]
        return super().__call__(request)  # type: ignore[misc,no-any-return]


class Static(ForPages, WhiteNoiseMiddleware):
    """Files."""


class Sessions(ForPages, SessionMiddleware):
    """Who has been here before."""


class Common(ForPages, CommonMiddleware):
    """Small manners of the web."""


class Csrf(ForPages, CsrfViewMiddleware):
    """Forms come from our own pages."""


class SignedIn(ForPages, AuthenticationMiddleware):
    """Who has signed in."""


class Messages(ForPages, MessageMiddleware):
    """What to tell them on the next page."""


class Frames(ForPages, XFrameOptionsMiddleware):
    """No other site shows ours in a frame."""


class Lockout(ForPages, AxesMiddleware):
    """Too many wrong passwords."""
