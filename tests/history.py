"""Years of history in a moment: what a busy wallet leaves behind, written set-based, with books that balance."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import F, Max

from ledger.models import AccountDay, Balance, Lot, Transaction
from loyalty.kernel.clock import NEVER
from members.models import Member
from tests.house import House

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
_COLUMNS = (
    "id, organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount, effective_at, created_at, key_kind,"
    " content_hash, external_id, description, tags, source, actor"
)
_MINTS = f"""
INSERT INTO ledger_transaction ({_COLUMNS}) {_NUMBERS}
SELECT %s + i, %s, %s, 'mint', %s, %s, 1, %s, %s, '', '', '', '', '[]', '', 'test' FROM n
"""
_LOTS = f"""
INSERT INTO ledger_lot (id, account_id, wallet_id, transaction_id, amount, remaining, held, state, effective_at,
                        valid_from, activated_at, expires_at, expirations) {_NUMBERS}
SELECT %s + i, %s, %s, %s + i, 1, 0, 0, 'spent', %s, %s, %s, %s, 0 FROM n
"""
_USES = f"INSERT INTO ledger_lotuse (lot_id, transaction_id, amount) {_NUMBERS} SELECT %s + i, %s, 1 FROM n"

_EVENTS = f"""
INSERT INTO members_loyaltyevent (organization_id, event_type, status, member_id, unique_key, external_id, description,
                                  payload, tags, execution_results, content_hash, created_at) {_NUMBERS}
SELECT %s, %s, 'success', %s, %s || i, '', '', '{{}}', '[]', '[]', 'x', %s FROM n
"""


def happen_long_ago(house: House, member: Member, events: int, *, at: datetime, event_type: str) -> None:
    """Let so many events have happened to the member at `at`, and been evaluated."""
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [events, house.id, event_type, member.pk, f"past-{event_type}-{events}-", moment])


def spend_a_past(house: House, member: Member, lots: int, *, at: datetime) -> None:
    """Let the member have earned one point `lots` times before `at`, and have spent all of them at once."""
    account, wallet = house.account, member.wallet_id
    moment, never = (connection.ops.adapt_datetimefield_value(value) for value in (at, NEVER))
    transaction_id = Transaction.objects.aggregate(n=Max("pk"))["n"] or 0
    lot_id = Lot.objects.aggregate(n=Max("pk"))["n"] or 0
    mint = [lots, transaction_id, house.id, account.pk, account.reserve_id, wallet, moment, moment]
    with connection.cursor() as cursor:
        cursor.execute(_MINTS, mint)
        cursor.execute(_LOTS, [lots, lot_id, account.pk, wallet, transaction_id, moment, moment, moment, never])
    burn_id = transaction_id + lots + 1
    Transaction.objects.create(
        pk=burn_id,
        organization=house.organization,
        account=account,
        kind="burn",
        from_wallet_id=wallet,
        to_wallet=account.burned,
        amount=lots,
        effective_at=at,
        created_at=at,
        actor="test",
    )
    with connection.cursor() as cursor:
        cursor.execute(_USES, [lots, lot_id, burn_id])
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('ledger_transaction_id_seq', %s)", [burn_id])
            cursor.execute("SELECT setval('ledger_lot_id_seq', %s)", [lot_id + lots])
    Balance.objects.get_or_create(account=account, wallet_id=wallet, defaults={"next_change_at": NEVER})
    Balance.objects.filter(account=account, wallet_id=wallet).update(transactions=F("transactions") + lots + 1)
    day, _ = AccountDay.objects.get_or_create(account=account, day=at.date())
    sums = {"minted": F("minted") + lots, "burned": F("burned") + lots, "transactions": F("transactions") + lots + 1}
    AccountDay.objects.filter(pk=day.pk).update(**sums)
