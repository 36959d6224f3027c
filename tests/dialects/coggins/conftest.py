"""Has the store at hand."""

from tests.dialects.coggins.store import counter, other_counter, store

__all__ = ["counter", "other_counter", "store"]
