"""Around every request: an id that ties its log lines together, one access line, timings, and JSON where an API breaks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from secrets import token_hex

import structlog
from django.http import HttpRequest, HttpResponse

from loyalty.kernel.metrics import REQUEST_SECONDS, REQUESTS

log = structlog.get_logger("tallystick.access")
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
        response = self.get_response(request)
        seconds = time.perf_counter() - start
        response["X-Request-ID"] = request_id
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
