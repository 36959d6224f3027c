"""Members, the programs they are in, the tiers they reach, audiences, portals, and what happened to members."""

from members.models.audiences import Audience
from members.models.journal import EventType, LoyaltyEvent, TierChange
from members.models.members import Enrollment, Member, MemberContact
from members.models.portals import Portal
from members.models.programs import LoyaltyProgram, LoyaltyTier

__all__ = [
    "Audience",
    "Enrollment",
    "EventType",
    "LoyaltyEvent",
    "LoyaltyProgram",
    "LoyaltyTier",
    "Member",
    "MemberContact",
    "Portal",
    "TierChange",
]
