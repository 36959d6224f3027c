"""How often one key may call: a bucket of tokens for each, kept in the process (contract 2.1)."""

from __future__ import annotations

from threading import Lock

from django.conf import settings


class Buckets:
    """For each key a bucket that holds a second's worth of calls and fills as time passes. A call takes one token.

    Nothing is shared between processes: with several, each allows so many.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: dict[int, tuple[float, float]] = {}

    def take(self, key: int, now: float) -> bool:
        """Whether the key may call at `now` (seconds); a limit of 0 lets everybody."""
        limit = settings.ENGAGE_RATE_LIMIT
        if not limit:
            return True
        with self._lock:
            left, since = self._left.get(key, (float(limit), now))
            left = min(float(limit), left + max(0.0, now - since) * limit)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now)
        return allowed

    def forget(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._left.clear()


buckets = Buckets()
