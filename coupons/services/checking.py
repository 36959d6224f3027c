"""Proves the coupons: counts again from the journal everything that is kept as a count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from coupons.models.triggers import GUARDS
from ledger.services import Finding


@dataclass(frozen=True, slots=True)
class Proof:
    """One rule: what does not agree, and the query that finds each row it does not agree for, with the difference."""

    rule: str
    says: str
    sql: str


def _sums(by: str) -> str:
    """What the journal says was given and used and not taken back, for each different `by`."""
    return (
        f"SELECT {by}, SUM(CASE WHEN kind = 'assign' THEN amount ELSE 0 END) AS assigned,"
        " SUM(CASE WHEN kind = 'use' THEN amount ELSE 0 END) AS used"
        f" FROM coupons_couponusage WHERE reverted_at IS NULL GROUP BY {by}"
    )


PROOFS = (
    Proof(
        "coupon-totals-equal-journal",
        "the book's totals differ from what its journal says was given and used",
        f"""
SELECT b.id, COALESCE(t.assigned, 0) - COALESCE(j.assigned, 0), COALESCE(t.used, 0) - COALESCE(j.used, 0)
FROM coupons_couponbook b
LEFT JOIN (SELECT book_id, SUM(assigned) AS assigned, SUM(used) AS used FROM coupons_booktally GROUP BY book_id) t
  ON t.book_id = b.id
LEFT JOIN ({_sums("book_id")}) j ON j.book_id = b.id
WHERE {{organization}}
  AND (COALESCE(t.assigned, 0) <> COALESCE(j.assigned, 0) OR COALESCE(t.used, 0) <> COALESCE(j.used, 0))
ORDER BY b.id""",
    ),
    Proof(
        "coupon-codes-counted",
        "the number of the book's codes differs from the codes it has",
        """
SELECT b.id, COALESCE(t.codes, 0) - COALESCE(c.codes, 0), 0
FROM coupons_couponbook b
LEFT JOIN (SELECT book_id, SUM(codes) AS codes FROM coupons_booktally GROUP BY book_id) t ON t.book_id = b.id
LEFT JOIN (SELECT book_id, COUNT(*) AS codes FROM coupons_coupon GROUP BY book_id) c ON c.book_id = b.id
WHERE {organization} AND COALESCE(t.codes, 0) <> COALESCE(c.codes, 0)
ORDER BY b.id""",
    ),
    Proof(
        "coupon-counts-equal-journal",
        "what is counted on the code differs from what the journal says was given and used of it",
        f"""
SELECT c.id, c.assigned - COALESCE(j.assigned, 0), c.used - COALESCE(j.used, 0)
FROM coupons_coupon c JOIN coupons_couponbook b ON b.id = c.book_id
LEFT JOIN ({_sums("coupon_id")}) j ON j.coupon_id = c.id
WHERE {{organization}} AND b.type <> 'single'
  AND (c.assigned <> COALESCE(j.assigned, 0) OR c.used <> COALESCE(j.used, 0))
ORDER BY c.id""",
    ),
    Proof(
        "coupon-places-equal-journal",
        "what is counted for the member in the book differs from what the journal says",
        f"""
SELECT p.id, p.assigned - COALESCE(j.assigned, 0), p.used - COALESCE(j.used, 0)
FROM coupons_bookmember p JOIN coupons_couponbook b ON b.id = p.book_id
LEFT JOIN ({_sums("book_id, member_id")}) j
  ON j.book_id = p.book_id AND j.member_id = p.member_id
WHERE {{organization}} AND (p.assigned <> COALESCE(j.assigned, 0) OR p.used <> COALESCE(j.used, 0))
ORDER BY p.id""",
    ),
    Proof(
        "assignments-equal-their-uses",
        "what is used of the assignment differs from its uses",
        """
SELECT a.id, a.amount_used - COALESCE(u.used, 0), 0
FROM coupons_couponusage a JOIN coupons_couponbook b ON b.id = a.book_id
LEFT JOIN (SELECT assignment_id, SUM(amount) AS used FROM coupons_couponusage
           WHERE kind = 'use' AND reverted_at IS NULL GROUP BY assignment_id) u ON u.assignment_id = a.id
WHERE {organization} AND a.kind = 'assign' AND a.amount_used <> COALESCE(u.used, 0)
ORDER BY a.id""",
    ),
    Proof(
        "coupons-follow-merges",
        "the line belongs to a member who was merged into another",
        """
SELECT a.id, 0, 0
FROM members_member m JOIN coupons_couponusage a ON a.member_id = m.id JOIN coupons_couponbook b ON b.id = a.book_id
WHERE {organization} AND m.merged_into_id IS NOT NULL
ORDER BY a.id""",
    ),
)


def check_coupons(organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the coupons of an organization (or of all) do not agree with their journal; nothing where they
    do. `check_books` runs it beside the ledger's own. Findings are streamed; the database adds up.
    """
    for name in GUARDS.missing(connection):
        yield Finding(rule="coupon-journal-triggers", says=f"the trigger {name} is missing")
    organization = (
        "b.organization_id IS NOT NULL" if organization_id is None else f"b.organization_id = {organization_id:d}"
    )
    for proof in PROOFS:
        with connection.chunked_cursor() as cursor:
            cursor.execute(proof.sql.format(organization=organization))
            for row_id, assigned, used in cursor:
                difference = str(assigned) if not used else f"{assigned}, used {used}"
                yield Finding(rule=proof.rule, says=proof.says, row_id=row_id, difference=difference)
