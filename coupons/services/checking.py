"""Proves the coupons: counts again from the journal everything that is kept as a count."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from coupons.models.triggers import GUARDS, LINKS
from ledger.services import Finding, Proof, prove


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
        # What was given through linked books counts in theirs and in the one they are linked to.
        f"""
WITH journal AS ({_sums("book_id")}), whole AS (
  SELECT book_id, SUM(assigned) AS assigned, SUM(used) AS used FROM (
    SELECT book_id, assigned, used FROM journal UNION ALL
    SELECT l.source_book_id, j.assigned, j.used FROM journal j JOIN coupons_couponbook l ON l.id = j.book_id
    WHERE l.source_book_id IS NOT NULL
  ) AS parts GROUP BY book_id)
SELECT b.id, COALESCE(t.assigned, 0) - COALESCE(j.assigned, 0), COALESCE(t.used, 0) - COALESCE(j.used, 0)
FROM coupons_couponbook b
LEFT JOIN (SELECT book_id, SUM(assigned) AS assigned, SUM(used) AS used FROM coupons_booktally GROUP BY book_id) t
  ON t.book_id = b.id
LEFT JOIN whole j ON j.book_id = b.id
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
    Proof(
        "coupons-of-their-stock",
        "the line's code is neither of its book nor of the one that is linked to",
        """
SELECT a.id, 0, 0
FROM coupons_couponusage a JOIN coupons_coupon c ON c.id = a.coupon_id JOIN coupons_couponbook b ON b.id = a.book_id
WHERE {organization} AND c.book_id <> COALESCE(b.source_book_id, b.id)
ORDER BY a.id""",
    ),
    Proof(
        "linked-books-fit-their-source",
        "the book is linked to one that is linked itself, of its own organization, or of another type",
        """
SELECT b.id, 0, 0
FROM coupons_couponbook b JOIN coupons_couponbook s ON s.id = b.source_book_id
WHERE {organization}
  AND (s.source_book_id IS NOT NULL OR s.organization_id = b.organization_id OR s.type <> b.type)
ORDER BY b.id""",
    ),
)


def check_coupons(organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the coupons of an organization (or of all) do not agree with their journal; nothing where they
    do. `check_books` runs it beside the ledger's own. Findings are streamed; the database adds up.
    """
    yield from prove(
        PROOFS,
        column="b.organization_id",
        organization_id=organization_id,
        missing=(*GUARDS.missing(connection), *LINKS.missing(connection)),
        guards="coupon-journal-triggers",
        tell=_differences,
    )


def _differences(found: tuple[int, int]) -> str:
    assigned, used = found
    return str(assigned) if not used else f"{assigned}, used {used}"
