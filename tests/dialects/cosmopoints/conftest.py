"""Has the exchange at hand, at noon."""

from tests.dialects.cosmopoints.world import cosmo, house, other, sandbox, stranger, trade

__all__ = ["cosmo", "house", "other", "sandbox", "stranger", "trade"]
