"""The partners' pages on the console."""

from partners.admin import clients, companies, exchanges, offerings, partnerships, programs, statements

__all__ = ["clients", "companies", "exchanges", "offerings", "partnerships", "programs", "statements"]
