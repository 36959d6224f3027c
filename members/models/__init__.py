"""Members, the programs they are in, and the tiers they reach."""

from members.models.audiences import Audience
from members.models.members import Enrollment, Member, MemberContact
from members.models.programs import LoyaltyProgram, LoyaltyTier

__all__ = ["Audience", "Enrollment", "LoyaltyProgram", "LoyaltyTier", "Member", "MemberContact"]
