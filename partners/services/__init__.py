"""Writes of partners."""

from partners.services.clients import NewClient, create_client, rotate_client_secret
from partners.services.companies import create_partner, pay_in, update_partner
from partners.services.connections import connect
from partners.services.connectors import Destination
from partners.services.delivering import retry_exchange
from partners.services.issuing import Issued, Order, issue_points, preview_issue, validate_destination
from partners.services.offerings import decide_offering, offer_book
from partners.services.partnerships import create_partnership, set_partnership_active
from partners.services.programs import (
    create_partner_program,
    give_access,
    set_programs,
    take_access,
    update_partner_program,
)
from partners.services.reversing import reverse_exchange
from partners.services.settling import close_period, file_of

__all__ = [
    "Destination",
    "Issued",
    "NewClient",
    "Order",
    "close_period",
    "connect",
    "create_client",
    "create_partner",
    "create_partner_program",
    "create_partnership",
    "decide_offering",
    "file_of",
    "give_access",
    "issue_points",
    "offer_book",
    "pay_in",
    "preview_issue",
    "retry_exchange",
    "reverse_exchange",
    "rotate_client_secret",
    "set_partnership_active",
    "set_programs",
    "take_access",
    "update_partner",
    "update_partner_program",
    "validate_destination",
]
