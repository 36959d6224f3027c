"""The coupons' pages on the console."""

from coupons.admin import books, codes, usages
from coupons.admin.on_members import OnMembers
from members.admin import register_guest

register_guest(OnMembers())

__all__ = ["books", "codes", "usages"]
