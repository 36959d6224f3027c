"""Coupon books: what members can be given and use, with codes or without, for points or for nothing."""
