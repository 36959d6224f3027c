"""What tests of the proofs in `check_books` share: what a page of the docs says of them, and taking a trigger away."""

from __future__ import annotations

import re

from django.db import connection, transaction

from tests.house import House
from tests.installation import ROOT


def rules_told(page: str) -> set[str]:
    """The findings that a page of the docs explains, by their rules."""
    return set(re.findall(r"^\| `([a-z-]+)` \| [a-z]", (ROOT / "docs" / page).read_text(), re.MULTILINE))


def rules_found(house: House) -> set[str]:
    """What does not agree in the books, by its rule."""
    return {finding.rule for finding in house.findings()}


def rules_found_without(trigger: str, table: str, house: House) -> set[str]:
    """What is found while a trigger of the table is missing; it is back afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {trigger}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
        found = rules_found(house)
        transaction.set_rollback(True)
    return found
