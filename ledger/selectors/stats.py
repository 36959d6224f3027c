"""What an account moved in a stretch of time, however much it ever moved."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from ledger.models import LedgerAccount
from ledger.selectors.accounts import AccountTotals, account_totals
from loyalty.kernel.windows import Part, Window

# What of a day lies in the window, counted as the engine counts whole ones: a movement on its own day, less what of it
# was reverted since; a revert on the day it happened. Reverts are found by what they answer: with their kind as it is,
# the planner would rather pass all reverts there are for each row.
_PART = """
SELECT t.kind, h.kind, SUM(t.amount - CASE WHEN t.kind IN ('mint', 'burn', 'transfer', 'capture') THEN COALESCE((
    SELECT SUM(r.amount) FROM ledger_transaction r
    WHERE r.answers_id = CASE WHEN t.kind = 'capture' THEN t.answers_id ELSE t.id END AND (r.kind || '') = 'revert'
), 0) ELSE 0 END)
FROM ledger_transaction t LEFT JOIN ledger_hold h ON t.kind = 'capture' AND h.transaction_id = t.answers_id
WHERE t.account_id = %s AND t.effective_at >= %s AND t.effective_at < %s GROUP BY t.kind, h.kind
"""
# What a movement counts as; a captured hold as what it held points for.
_COUNTS_AS = {
    "mint": "minted",
    "burn": "burned",
    "expire": "expired",
    "transfer": "transferred",
    "revert": "reverted",
}


def moved_in(account: LedgerAccount, window: Window) -> AccountTotals:
    """What the account minted, burned, expired, transferred and reverted in the window, in smallest units.

    Whole days come from the running totals, and what of a first and a last day is asked for from its transactions; at
    most three queries.
    """
    days = window.days()
    whole = [part.day for part in days if part.is_whole]
    sums = dict.fromkeys(_COUNTS_AS.values(), 0)
    if whole:
        found = account_totals([account.pk], since=whole[0], until=whole[-1] + timedelta(days=1))[account.pk]
        sums = {name: getattr(found, name) for name in sums}
    for part in days:
        if not part.is_whole:
            for name, amount in _moved_on(account, part):
                sums[name] += amount
    return AccountTotals(**sums)


def _moved_on(account: LedgerAccount, part: Part) -> list[tuple[str, int]]:
    edges = [connection.ops.adapt_datetimefield_value(moment) for moment in (part.since, part.until)]
    with connection.cursor() as cursor:
        cursor.execute(_PART, [account.pk, *edges])
        found = [(_COUNTS_AS.get(held_for or kind), int(amount)) for kind, held_for, amount in cursor.fetchall()]
    return [(name, amount) for name, amount in found if name is not None]
