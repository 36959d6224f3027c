"""The exchange of the house."""

from tests.partners.trade import trade

__all__ = ["trade"]
