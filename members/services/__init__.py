"""What may be written about members and programs, one verb each."""

from members.services.audiences import create_audience, refresh_audience, refresh_due_audiences, update_audience
from members.services.belongings import Belongings, count_belongings, register_belongings
from members.services.claim_codes import ask_for_code, forget_codes, prove_email
from members.services.claim_mails import ask_to_send_claim
from members.services.claims import ClaimDraft, claim_points, create_claims, revoke_claim
from members.services.holdings import current_holding, current_holdings
from members.services.members import create_member, update_member
from members.services.merging import gather_points, merge_members
from members.services.organizations import set_organization
from members.services.passwords import check_member_password, set_member_password
from members.services.points import burn_member_points, mint_member_points
from members.services.portals import create_portal, rotate_public_id, update_portal
from members.services.privacy import erase_member, export_member
from members.services.programs import create_program, create_tier, make_default_program, update_program, update_tier
from members.services.referring import register_referrals
from members.services.refreshing import issue_refresh_token, sweep_refresh_tokens, use_refresh_token
from members.services.sellers import allow_seller, appoint_seller, dismiss_seller
from members.services.standing import expire_manual_tiers, leave_program, set_member_tier
from members.services.store_points import Edit, edit_points, points_at_store
from members.services.stores import create_store, dates_at, update_store
from members.services.transfers import (
    activate_transfer,
    cancel_transfer,
    expire_transfer,
    give_at_store,
    send_at_store,
    spend_at_store,
)

__all__ = [
    "Belongings",
    "ClaimDraft",
    "Edit",
    "activate_transfer",
    "allow_seller",
    "appoint_seller",
    "ask_for_code",
    "ask_to_send_claim",
    "burn_member_points",
    "cancel_transfer",
    "check_member_password",
    "claim_points",
    "count_belongings",
    "create_audience",
    "create_claims",
    "create_member",
    "create_portal",
    "create_program",
    "create_store",
    "create_tier",
    "current_holding",
    "current_holdings",
    "dates_at",
    "dismiss_seller",
    "edit_points",
    "erase_member",
    "expire_manual_tiers",
    "expire_transfer",
    "export_member",
    "forget_codes",
    "gather_points",
    "give_at_store",
    "issue_refresh_token",
    "leave_program",
    "make_default_program",
    "merge_members",
    "mint_member_points",
    "points_at_store",
    "prove_email",
    "refresh_audience",
    "refresh_due_audiences",
    "register_belongings",
    "register_referrals",
    "revoke_claim",
    "rotate_public_id",
    "send_at_store",
    "set_member_password",
    "set_member_tier",
    "set_organization",
    "spend_at_store",
    "sweep_refresh_tokens",
    "update_audience",
    "update_member",
    "update_portal",
    "update_program",
    "update_store",
    "update_tier",
    "use_refresh_token",
]
