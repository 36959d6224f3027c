"""Coupons: books, codes, assignments and uses."""
