"""Proves the referrals: counts again what is kept as a count, and holds rewards against the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from campaigns.models.referral_triggers import GUARDS
from ledger.services import Finding, Proof, prove


def _counted(table: str, column: str) -> str:
    return f"""
SELECT c.id, c.referred - COALESCE(r.total, 0)
FROM {table} c JOIN campaigns_referralprogram p ON p.id = c.program_id
LEFT JOIN (SELECT {column}, COUNT(*) AS total FROM campaigns_referral GROUP BY {column}) r ON r.{column} = c.id
WHERE {{organization}} AND c.referred <> COALESCE(r.total, 0)
ORDER BY c.id"""


PROOFS = (
    Proof(
        "referral-codes-counted",
        "what is counted on the code differs from the members who came with it",
        _counted("campaigns_referralcode", "code_id"),
    ),
    Proof(
        "referrers-counted",
        "what is counted for the member differs from those who came with one of their codes",
        _counted("campaigns_referrer", "referrer_id"),
    ),
    Proof(
        "referral-rewards-equal-ledger",
        "the reward is not what the ledger gave its member",
        """
SELECT r.id, r.amount - COALESCE(t.amount, 0)
FROM campaigns_referralreward r
JOIN campaigns_referral f ON f.id = r.referral_id JOIN campaigns_referralprogram p ON p.id = f.program_id
JOIN members_member m ON m.id = r.member_id
LEFT JOIN ledger_transaction t ON t.id = r.transaction_id AND t.kind = 'mint' AND t.to_wallet_id = m.wallet_id
WHERE {organization} AND r.amount <> COALESCE(t.amount, 0)
ORDER BY r.id""",
    ),
    Proof(
        "referrals-follow-merges",
        "the code belongs to a member who was merged into another",
        """
SELECT c.id, 0
FROM members_member m JOIN campaigns_referrer f ON f.member_id = m.id
JOIN campaigns_referralcode c ON c.referrer_id = f.id JOIN campaigns_referralprogram p ON p.id = c.program_id
WHERE {organization} AND m.merged_into_id IS NOT NULL
ORDER BY c.id""",
    ),
)


def check_referrals(organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the referrals of an organization (or of all) do not agree with what was written; nothing where
    they do. `check_books` runs it beside the ledger's own.
    """
    yield from prove(
        PROOFS,
        column="p.organization_id",
        organization_id=organization_id,
        missing=GUARDS.missing(connection),
        guards="referral-triggers",
    )
