"""Tells a chain outside what was posted in accounts that are mirrored there (semantics 1.5): an outbox, and whatever
adapter the installation names. A posting never waits for it, and no identifier of a chain is ever made up.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from ledger.engine.book import Book
from ledger.models import ChainNotice, Kind, Transaction
from ledger.selectors.records import TransactionRecord, describe

# What moves value. Holds and releases only keep it where it is.
_TOLD = frozenset({Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.EXPIRE, Kind.REVERT, Kind.CAPTURE, Kind.SUPPLY})
_LONGEST_WAIT = timedelta(hours=1)


class ChainAdapter(Protocol):
    """A chain, as far as the ledger knows it."""

    def deliver(self, records: Sequence[TransactionRecord]) -> None:
        """Take these transactions; ones taken before may come again. An exception has them sent again later."""


class LocalAdapter:
    """Records what it was given, a JSON line each, in a file of the installation: for trying, and until there is a
    chain.
    """

    def __init__(self) -> None:
        self.path = Path(settings.VAR_DIR) / "chain.jsonl"

    def deliver(self, records: Sequence[TransactionRecord]) -> None:
        """Append them."""
        with self.path.open("a", encoding="utf-8") as file:
            for record in records:
                told = {
                    "ledgerTransactionId": str(record.id),
                    "ledgerAccountId": record.account_id,
                    "kind": record.kind,
                    "amount": record.amount,
                    "fromWalletId": record.from_wallet_id,
                    "toWalletId": record.to_wallet_id,
                }
                file.write(json.dumps(told) + "\n")


def note_for_chain(book: Book) -> None:
    """Put what a call posted in mirrored accounts into the outbox, with it or not at all."""
    if not any(account.mirrored for account in book.accounts.values()):
        return
    ChainNotice.objects.bulk_create(
        ChainNotice(transaction_id=entry.id, created_at=book.at, next_try_at=book.at)
        for entry in book.entries
        if entry.kind in _TOLD and book.accounts[entry.account_id].mirrored
    )


def deliver_notices(*, at: datetime, most: int = 500) -> int:
    """Tell the chain what waits; answers how many transactions it took. Safe to overlap.

    Where the adapter fails, the same ones are sent again, each time after a longer while.
    """
    adapter: ChainAdapter = import_string(settings.CHAIN_ADAPTER)()
    with transaction.atomic():
        waiting = ChainNotice.objects.filter(delivered_at=None, next_try_at__lte=at).order_by("next_try_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        ids = [notice.pk for notice in waiting[:most]]
        if not ids:
            return 0
        taken = ChainNotice.objects.filter(pk__in=ids)
        try:
            adapter.deliver(describe(list(Transaction.objects.filter(pk__in=ids).order_by("pk"))))
        except Exception as error:
            wait = min(_LONGEST_WAIT, timedelta(seconds=2 ** min(12, taken.order_by("-attempts")[0].attempts)))
            taken.update(attempts=F("attempts") + 1, next_try_at=at + wait, error=str(error)[:500])
            return 0
        return taken.update(attempts=F("attempts") + 1, delivered_at=at, error="")
