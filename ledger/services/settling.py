"""Lets what fell due happen: for one balance when it is read, for all of them when the worker comes by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from ledger.engine.requests import Request, Settle
from ledger.engine.run import execute
from ledger.models import Kind
from ledger.services.posting import tell
from loyalty.kernel.actors import Actor


@dataclass(slots=True)
class Settled:
    """What settling did: balances looked at, lots expired, points expired."""

    balances: int = 0
    expired_lots: int = 0
    expired_points: int = 0


def settle_balance(*, organization_id: int, account_id: int, wallet_id: int, actor: Actor, at: datetime) -> None:
    """Activate and expire what is due on one balance, so that it can be read as it is."""
    settle_balances(organization_id=organization_id, account_id=account_id, wallet_ids=[wallet_id], actor=actor, at=at)


def settle_balances(
    *, organization_id: int, account_id: int, wallet_ids: Sequence[int], actor: Actor, at: datetime
) -> None:
    """Activate and expire what is due on the balances of some wallets in one account."""
    execute(
        [[Settle(account_id=account_id, wallet_id=wallet_id) for wallet_id in wallet_ids]],
        organization_id=organization_id,
        actor=str(actor),
        at=at,
        announce=tell,
    )


def settle_due(*, actor: Actor, at: datetime) -> Settled:
    """Activate and expire everything that is due at `at`, in chunks of a fraction of a second each.

    Several may run at once: each takes balances nobody else has, and a balance that is settled is no longer due.
    """
    total = Settled()
    for part in _chunks(actor, at):
        total.balances += part.balances
        total.expired_lots += part.expired_lots
        total.expired_points += part.expired_points
    return total


def _chunks(actor: Actor, at: datetime) -> Iterator[Settled]:
    while True:
        with transaction.atomic():
            due = _take_due(at)
            if not due:
                return
            part = Settled()
            by_organization: dict[int, list[Request]] = defaultdict(list)
            for organization_id, account_id, wallet_id in due:
                by_organization[organization_id].append(Settle(account_id=account_id, wallet_id=wallet_id))
            for organization_id, requests in by_organization.items():
                book = execute([requests], organization_id=organization_id, actor=str(actor), at=at, announce=tell).book
                expired = [entry.amount for entry in book.entries if entry.kind == Kind.EXPIRE]
                part.balances += len(requests)
                part.expired_lots += len(expired)
                part.expired_points += sum(expired)
        yield part


def _take_due(at: datetime) -> list[tuple[int, int, int]]:
    """Lock the balances that have waited longest; those somebody works on are left to them."""
    lock = "FOR UPDATE OF b SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.organization_id, b.account_id, b.wallet_id FROM ledger_balance b"
            f" JOIN ledger_ledgeraccount a ON a.id = b.account_id WHERE b.next_change_at <= %s"
            f" ORDER BY b.next_change_at, b.id LIMIT {settings.SETTLE_CHUNK_BALANCES:d} {lock}",
            [connection.ops.adapt_datetimefield_value(at)],
        )
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found
