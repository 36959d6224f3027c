"""For work that makes very many small objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Do not search for reference cycles inside the block. One that lasts longer than a second does so now and then
    itself, between two parts of its work (`gc.collect`).

    Rows in hand form no cycles: they go when the block is done with them. Searching them over and over, with all that
    a Django process holds besides, takes a third of a bulk's time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
