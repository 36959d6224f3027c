"""What every page of the console stands on: who sits there, lists, reading pages, and acts with forms."""

from loyalty.kernel.desk.acts import Act, Done, Line, Preview
from loyalty.kernel.desk.base import HouseAdmin, Link, Panel, clock_of
from loyalty.kernel.desk.display import address_of, copyable, link_to, number, state, when, yes_no
from loyalty.kernel.desk.roles import RolesField, roles_shown
from loyalty.kernel.desk.seat import Seat, seat_of

__all__ = [
    "Act",
    "Done",
    "HouseAdmin",
    "Line",
    "Link",
    "Panel",
    "Preview",
    "RolesField",
    "Seat",
    "address_of",
    "clock_of",
    "copyable",
    "link_to",
    "number",
    "roles_shown",
    "seat_of",
    "state",
    "when",
    "yes_no",
]
