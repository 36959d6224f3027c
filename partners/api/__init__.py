"""Offerings of coupon books in the core API."""
