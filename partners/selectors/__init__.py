"""Reads of partners."""

from partners.selectors.exchanges import (
    connection_history,
    connections_of_user,
    count_failed,
    exchanges_between,
    find_by_reference,
    get_exchange,
)
from partners.selectors.partnerships import (
    get_partnership,
    get_received_offering,
    list_offerings,
    list_partnerships,
    on_either_side,
    with_both_sides,
)
from partners.selectors.programs import (
    find_key,
    get_offered_program,
    keys_of,
    list_partners,
    low_floats,
    offered_programs,
)
from partners.selectors.statements import (
    PROGRAM,
    last_statement,
    list_statements,
    not_charged,
    not_settled,
    program_number,
    volume_by_day,
)

__all__ = [
    "PROGRAM",
    "connection_history",
    "connections_of_user",
    "count_failed",
    "exchanges_between",
    "find_by_reference",
    "find_key",
    "get_exchange",
    "get_offered_program",
    "get_partnership",
    "get_received_offering",
    "keys_of",
    "last_statement",
    "list_offerings",
    "list_partners",
    "list_partnerships",
    "list_statements",
    "low_floats",
    "not_charged",
    "not_settled",
    "offered_programs",
    "on_either_side",
    "program_number",
    "volume_by_day",
    "with_both_sides",
]
