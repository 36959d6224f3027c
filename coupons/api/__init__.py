"""Coupon books and members' benefits in the core API."""
