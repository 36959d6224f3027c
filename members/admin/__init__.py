"""The members' pages on the console."""

from ledger.admin import register_holders
from members.admin import audiences, claims, people, portals, programs, stores
from members.admin.guests import Guest, register_guest
from members.admin.holders import MemberHolders

register_holders(MemberHolders())

__all__ = ["Guest", "audiences", "claims", "people", "portals", "programs", "register_guest", "stores"]
