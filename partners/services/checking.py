"""Proves the exchange: what it keeps of issues agrees with the books, and the clearing wallets with both."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from ledger.services import Finding, Proof, prove
from partners.models import Statement
from partners.models.triggers import GUARDS
from partners.services.settling import reckon

_SIGNED = "CASE WHEN kind = 'issue' THEN points ELSE -points END"
_SIGNED_VALUE = "CASE WHEN kind = 'issue' THEN value ELSE -value END"

PROOFS = (
    Proof(
        "exchange-entries-equal-ledger",
        "the entry's points or value differ from what was booked for it, or it was booked elsewhere",
        """
SELECT e.id, t.amount - e.points
FROM partners_exchangeentry e
JOIN partners_partnerprogram g ON g.id = e.program_id
JOIN partners_partner p ON p.id = e.partner_id
JOIN partners_partner y ON y.id = e.payer_id
JOIN ledger_transaction t ON t.id = e.transaction_id
JOIN ledger_transaction m ON m.id = e.money_transaction_id
WHERE {organization} AND NOT (
  t.amount = e.points AND t.account_id = g.account_id AND m.amount = e.value * 100 AND m.account_id = y.money_account_id
  AND ((e.kind = 'issue' AND t.kind = 'mint' AND t.to_wallet_id = p.wallet_id
        AND m.kind = 'burn' AND m.from_wallet_id = y.wallet_id)
    OR (e.kind = 'reversal' AND t.kind = 'revert' AND t.from_wallet_id = p.wallet_id
        AND m.kind = 'revert' AND m.to_wallet_id = y.wallet_id)))
ORDER BY e.id""",
    ),
    Proof(
        "exchanges-have-their-entries",
        "the exchange's state does not fit what was booked for it",
        """
SELECT x.id, COALESCE(j.issued, 0) * 10 + COALESCE(j.taken, 0)
FROM partners_exchange x JOIN partners_partnerprogram g ON g.id = x.program_id
JOIN partners_partner p ON p.id = g.partner_id
LEFT JOIN (SELECT exchange_id, SUM(CASE WHEN kind = 'issue' THEN 1 ELSE 0 END) AS issued,
                  SUM(CASE WHEN kind = 'reversal' THEN 1 ELSE 0 END) AS taken,
                  MAX(points) AS points, MAX(value) AS value
           FROM partners_exchangeentry GROUP BY exchange_id) j ON j.exchange_id = x.id
WHERE {organization} AND NOT (
  COALESCE(j.issued, 0) = CASE WHEN x.is_sandbox THEN 0 ELSE 1 END
  AND COALESCE(j.taken, 0) = CASE WHEN x.state = 'reversed' THEN 1 ELSE 0 END
  AND COALESCE(j.points, x.points) = x.points AND COALESCE(j.value, x.value) = x.value)
ORDER BY x.id""",
    ),
    Proof(
        "clearing-equals-exchanges",
        "the partner's clearing wallet differs from what was issued in the program, not reversed and not settled",
        f"""
SELECT g.id, COALESCE(b.active, 0) - COALESCE(j.points, 0) + COALESCE(s.settled, 0)
FROM partners_partnerprogram g JOIN partners_partner p ON p.id = g.partner_id
LEFT JOIN ledger_balance b ON b.wallet_id = p.wallet_id AND b.account_id = g.account_id
LEFT JOIN (SELECT program_id, SUM({_SIGNED}) AS points FROM partners_exchangeentry GROUP BY program_id) j
  ON j.program_id = g.id
LEFT JOIN (SELECT program_id, SUM(issued - reversed) AS settled FROM partners_statementtotal
           WHERE direction = 'out' GROUP BY program_id) s ON s.program_id = g.id
WHERE {{organization}} AND COALESCE(b.active, 0) <> COALESCE(j.points, 0) - COALESCE(s.settled, 0)
ORDER BY g.id""",
    ),
    Proof(
        "prepaid-equals-exchanges",
        "what the partner has paid in advance differs from what was paid in less what its clients issued",
        f"""
SELECT p.id, b.active - COALESCE(i.paid, 0) + COALESCE(j.value, 0) * 100 - COALESCE(s.charged, 0)
FROM partners_partner p JOIN ledger_balance b ON b.wallet_id = p.wallet_id AND b.account_id = p.money_account_id
LEFT JOIN (SELECT p.id, SUM(t.amount) AS paid FROM partners_partner p
           JOIN ledger_transaction t ON t.to_wallet_id = p.wallet_id AND t.account_id = p.money_account_id
           LEFT JOIN partners_statement s ON s.money_transaction_id = t.id
           WHERE t.kind = 'mint' AND s.id IS NULL GROUP BY p.id) i ON i.id = p.id
LEFT JOIN (SELECT payer_id, SUM({_SIGNED_VALUE}) AS value FROM partners_exchangeentry GROUP BY payer_id) j
  ON j.payer_id = p.id
LEFT JOIN (SELECT s.partner_id, SUM(CASE WHEN t.kind = 'mint' THEN t.amount ELSE -t.amount END) AS charged
           FROM partners_statement s JOIN ledger_transaction t ON t.id = s.money_transaction_id
           GROUP BY s.partner_id) s ON s.partner_id = p.id
WHERE {{organization}}
  AND b.active <> COALESCE(i.paid, 0) - COALESCE(j.value, 0) * 100 + COALESCE(s.charged, 0)
ORDER BY p.id""",
    ),
    Proof(
        "settlements-equal-statements",
        "what was settled for the program differs from what the statement says",
        """
SELECT a.id, COALESCE(CASE WHEN t.kind = 'burn' THEN t.amount ELSE -t.amount END, 0) - (a.issued - a.reversed)
FROM partners_statementtotal a JOIN partners_statement s ON s.id = a.statement_id
JOIN partners_partner p ON p.id = s.partner_id
LEFT JOIN ledger_transaction t ON t.id = a.transaction_id
WHERE {organization} AND a.direction = 'out'
  AND COALESCE(CASE WHEN t.kind = 'burn' THEN t.amount ELSE -t.amount END, 0) <> a.issued - a.reversed
ORDER BY a.id""",
    ),
)


def check_exchange(organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the exchange of an organization (or of all) does not agree with the books; nothing where it
    does. `check_books` runs it beside the ledger's own. Findings are streamed; the database adds up.
    """
    yield from prove(
        PROOFS,
        column="p.organization_id",
        organization_id=organization_id,
        missing=GUARDS.missing(connection),
        guards="exchange-triggers",
    )
    statements = Statement.objects.order_by("pk")
    if organization_id is not None:
        statements = statements.filter(organization_id=organization_id)
    for statement in statements.iterator():
        if reckon(statement).digest != statement.digest:
            yield Finding(
                rule="statements-keep-their-digest",
                says="the statement's lines are not those it was closed with",
                row_id=statement.pk,
            )
