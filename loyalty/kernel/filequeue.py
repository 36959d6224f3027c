"""The embedded queue: a folder of files, in which a message is there whole or not at all.

The library's own transport makes a message's file first and writes it then; a worker that comes by in between reads
nothing, and dies of it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

_Found = TypeVar("_Found")


def _patiently(read: Callable[[], _Found]) -> _Found:
    """What `read` finds, once a file that another process is just writing is whole."""
    for _ in range(50):
        try:
            return read()
        except ValueError:
            time.sleep(0.02)
    return read()


class Channel(filesystem.Channel):
    """Writes a message beside its place and moves it there."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name, folder = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}", Path(self.data_folder_out)
        part = folder / f"{name}.part"
        part.write_text(dumps(payload), encoding="utf-8")
        part.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError:
            # A file that is no message is out of the way now; the row it may have rung for is swept.
            raise Empty from None

    def get_table(self, exchange: str) -> Any:
        """Where the exchange's messages go."""
        return _patiently(lambda: super(Channel, self).get_table(exchange))

    def _queue_bind(self, *args: Any) -> None:
        _patiently(lambda: super(Channel, self)._queue_bind(*args))


class Transport(filesystem.Transport):
    """The library's transport, with our channel."""

    Channel = Channel


def use_whole_messages() -> None:
    """Have `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
