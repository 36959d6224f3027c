"""What may be written about members and programs, one verb each."""

from members.services.audiences import create_audience, refresh_audience, refresh_due_audiences, update_audience
from members.services.members import create_member, update_member
from members.services.organizations import set_organization
from members.services.points import burn_member_points, mint_member_points
from members.services.programs import create_program, create_tier, make_default_program, update_program, update_tier

__all__ = [
    "burn_member_points",
    "create_audience",
    "create_member",
    "create_program",
    "create_tier",
    "make_default_program",
    "mint_member_points",
    "refresh_audience",
    "refresh_due_audiences",
    "set_organization",
    "update_audience",
    "update_member",
    "update_program",
    "update_tier",
]
