"""Structured logs: one JSON line an event, with the request's id, and never a secret."""

from __future__ import annotations

import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_SECRET_NAMES = re.compile(r"secret|password|passwd|token|authorization|api[-_]?key|cookie|signature", re.IGNORECASE)
# A bearer token, a key in an address, or one of our own secrets inside a longer text, like an exception's message. What
# follows /points/ in an address is a key, or the token of a claim.
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|/points/(?=\S*[0-9a-f]{8}-?[0-9a-f]{4}-?)|[?&](?:auth_token|csapikey)=)[^\s&\x22]+|\b(ts[ks]_[A-Za-z0-9_-]{8})[A-Za-z0-9_.-]+"
)


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda found: (found.group(1) or found.group(2)) + "***", value)
    if isinstance(value, dict):
        return {name: "***" if _SECRET_NAMES.search(str(name)) else _hide(held) for name, held in value.items()}
    return [_hide(held) for held in value] if isinstance(value, list | tuple) else value


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what must not be read in a log: values under a telling name, and tokens inside texts."""
    hidden: dict[str, Any] = _hide(dict(event))
    return hidden


def logging_config(level: str) -> None:
    """Send our own events and the standard library's to standard error as JSON lines, from `level` up."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.add_logger_name, *shared],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(default=str),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # A 4xx is the caller's affair and has its own access line; only what broke is worth a second one.
                "django.request": {"level": "ERROR"},
                "django.security.DisallowedHost": {"level": "ERROR"},
                # At DEBUG it writes down whole pages' contents, secrets that are shown once among them.
                "django.template": {"level": "INFO"},
                "axes": {"level": "WARNING"},
                # The sweeps come by every few seconds; a line for each would bury the rest.
                "celery": {"level": "WARNING"},
                "kombu": {"level": "ERROR"},
            },
        }
    )
    # Our own go straight out: an access line is written for every request.
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str)],
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
