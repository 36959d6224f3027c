"""Proofs that the apps above keep beside the ledger's own: each is a rule, and a query for the rows that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ledger.services.checking import Finding


@dataclass(frozen=True, slots=True)
class Proof:
    """One rule: what does not agree, and the query that finds each row it does not agree for, with the differences.
    `{organization}` stands in it for which organizations are looked at.
    """

    rule: str
    says: str
    sql: str


def _first(differences: Iterable[Any]) -> str:
    return str(next(iter(differences), ""))


def prove(
    proofs: Iterable[Proof],
    *,
    column: str,
    organization_id: int | None,
    missing: Iterable[str] = (),
    guards: str = "",
    tell: Callable[[tuple[Any, ...]], str] = _first,
) -> Iterator[Finding]:
    """Every row that breaks one of the proofs, and before them every trigger that is `missing`, under the rule
    `guards`. `column` has the organization in all queries; None looks at all of them. `tell` says the differences of a
    row, the first of them where nothing else is said. Findings are streamed; the database adds up.
    """
    for name in missing:
        yield Finding(rule=guards, says=f"the trigger {name} is missing")
    organization = f"{column} IS NOT NULL" if organization_id is None else f"{column} = {organization_id:d}"
    for proof in proofs:
        with connection.chunked_cursor() as cursor:
            cursor.execute(proof.sql.format(organization=organization))
            for row_id, *differences in cursor:
                yield Finding(rule=proof.rule, says=proof.says, row_id=row_id, difference=tell(tuple(differences)))
