"""Members, the programs they are in, and the tiers they reach."""

from members.models.members import Enrollment, Member, MemberContact
from members.models.portals import Portal
from members.models.programs import LoyaltyProgram, LoyaltyTier

__all__ = ["Enrollment", "LoyaltyProgram", "LoyaltyTier", "Member", "MemberContact", "Portal"]
