"""How points get to a program: one interface, and the two ways there are."""

from __future__ import annotations

from partners.models import PartnerProgram
from partners.services.connectors.base import Connector, Destination, Outcome, Recipient
from partners.services.connectors.in_house import InHouse
from partners.services.connectors.over_http import OverHttp

__all__ = ["Connector", "Destination", "Outcome", "Recipient", "connector_of"]

_WAYS: dict[str, type[Connector]] = {
    PartnerProgram.Connector.IN_HOUSE: InHouse,
    PartnerProgram.Connector.HTTP: OverHttp,
}


def connector_of(program: PartnerProgram) -> Connector:
    """The program's way."""
    return _WAYS[program.connector](program)
