"""Finds the members of a chunk of rows, in one query for each kind of address."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from members.selectors import match_members
from members.selectors.members import Match
from members.services.imports.rows import PointsRow

MISSING = "Convert exception: Account does not exist for given data"


class Matches:
    """The members found for a chunk."""

    def __init__(self, organization_id: int, rows: Iterable[PointsRow]) -> None:
        ids: set[uuid.UUID] = set()
        contacts: set[tuple[str, str]] = set()
        for row in rows:
            for kind, value in row.addresses:
                if isinstance(value, uuid.UUID):
                    ids.add(value)
                elif kind != "id":
                    contacts.add((kind, value))
        self.by_id, self.by_contact = match_members(organization_id, customer_ids=ids, contacts=contacts)

    def find(self, row: PointsRow) -> Match | None:
        """The member a row is about: the first of its addresses that anybody has."""
        for kind, value in row.addresses:
            found = self.by_id.get(value) if isinstance(value, uuid.UUID) else self.by_contact.get((kind, value))
            if found is not None:
                return found
        return None
