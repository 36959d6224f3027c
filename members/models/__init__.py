"""Members, the programs they are in, the tiers they reach, audiences, portals, stores, claims, and what happened to
members.
"""

from members.models.audiences import Audience
from members.models.claims import Claim, ClaimCode
from members.models.journal import EventType, LoyaltyEvent, TierChange
from members.models.members import Enrollment, Member, MemberContact
from members.models.orders import PurchaseOrder
from members.models.portals import Portal
from members.models.programs import LoyaltyProgram, LoyaltyTier
from members.models.stores import MemberPassword, RefreshToken, Seller, Store

__all__ = [
    "Audience",
    "Claim",
    "ClaimCode",
    "Enrollment",
    "EventType",
    "LoyaltyEvent",
    "LoyaltyProgram",
    "LoyaltyTier",
    "Member",
    "MemberContact",
    "MemberPassword",
    "Portal",
    "PurchaseOrder",
    "RefreshToken",
    "Seller",
    "Store",
    "TierChange",
]
