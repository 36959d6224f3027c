"""Partners, their programs, and what travels between them; partnerships and the books they offer."""

from partners.models.companies import ClientKey, ExchangeClient, Partner
from partners.models.connections import Connection, ConnectionEvent
from partners.models.exchanges import Exchange, ExchangeEntry
from partners.models.partnerships import CouponBookOffering, Partnership
from partners.models.programs import PartnerProgram, ProgramAccess
from partners.models.statements import Statement, StatementTotal

__all__ = [
    "ClientKey",
    "Connection",
    "ConnectionEvent",
    "CouponBookOffering",
    "Exchange",
    "ExchangeClient",
    "ExchangeEntry",
    "Partner",
    "PartnerProgram",
    "Partnership",
    "ProgramAccess",
    "Statement",
    "StatementTotal",
]
