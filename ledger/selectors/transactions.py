"""Lists of transactions, filtered, counted and paged so that no length of history makes them slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from ledger.models import AccountDay, Balance, Kind, Transaction
from ledger.models.wallets import Wallet

# What a list shows: a hold stands for its capture and release too (docs/ledger.md).
LISTED = [kind for kind in Kind if kind not in (Kind.CAPTURE, Kind.RELEASE)]


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What a list is narrowed to; dates and numbers are inclusive, every tag must be there."""

    wallet_id: int | None = None
    from_event_at: datetime | None = None
    to_event_at: datetime | None = None
    from_id: int | None = None
    to_id: int | None = None
    unique_key: str | None = None
    tags: Sequence[str] = ()

    @property
    def is_only_a_wallet(self) -> bool:
        """Whether nothing but (perhaps) a wallet is asked for, so that a kept count answers."""
        rest = (self.from_event_at, self.to_event_at, self.from_id, self.to_id, self.unique_key)
        return not self.tags and all(part is None for part in rest)


def with_tag(rows: QuerySet[Transaction], tag: str) -> QuerySet[Transaction]:
    """Only rows that carry the tag; an index answers on PostgreSQL."""
    if connection.vendor == "postgresql":
        # The first condition is the index's own: most transactions have no tag, and are not in it.
        return rows.extra(
            where=["ledger_transaction.tags <> '[]'::jsonb", "ledger_transaction.tags @> jsonb_build_array(%s::text)"],
            params=[tag],
        )
    return rows.extra(
        where=["EXISTS (SELECT 1 FROM json_each(ledger_transaction.tags) AS t WHERE t.value = %s)"], params=[tag]
    )


def list_transactions(account_id: int, wanted: TransactionFilter) -> QuerySet[Transaction]:
    """The account's transactions within the filter, in no order yet. Both sides of a wallet are looked at."""
    rows = Transaction.objects.filter(account_id=account_id, kind__in=LISTED)
    if wanted.from_event_at is not None:
        rows = rows.filter(effective_at__gte=wanted.from_event_at)
    if wanted.to_event_at is not None:
        rows = rows.filter(effective_at__lte=wanted.to_event_at)
    if wanted.from_id is not None:
        rows = rows.filter(pk__gte=wanted.from_id)
    if wanted.to_id is not None:
        rows = rows.filter(pk__lte=wanted.to_id)
    if wanted.unique_key is not None:
        rows = rows.filter(unique_key=wanted.unique_key)
    for tag in wanted.tags:
        rows = with_tag(rows, tag)
    if wanted.wallet_id is not None:
        rows = rows.filter(Q(from_wallet_id=wanted.wallet_id) | Q(to_wallet_id=wanted.wallet_id))
    return rows


def count_transactions(account_id: int, wanted: TransactionFilter) -> int:
    """How many the list has, exactly: from a kept count where there is one, else by counting what the index finds."""
    if not wanted.is_only_a_wallet:
        return list_transactions(account_id, wanted).count()
    if wanted.wallet_id is None:
        return AccountDay.objects.filter(account_id=account_id).aggregate(n=Sum("transactions"))["n"] or 0
    balance = Balance.objects.filter(account_id=account_id, wallet_id=wanted.wallet_id).first()
    if balance is not None:
        return balance.transactions
    if Wallet.objects.filter(pk=wanted.wallet_id, kind=Wallet.Kind.MEMBER).exists():
        return 0
    return list_transactions(account_id, wanted).count()


def window_transactions(
    account_id: int, wanted: TransactionFilter, order: Sequence[str], start: int, stop: int
) -> list[Transaction]:
    """The rows from `start` to `stop`, with as few read as the window needs.

    For a wallet, the two sides are two ranges of two indexes: each gives its first rows, the merge gives the window.
    """
    if wanted.wallet_id is None or tuple(order) not in (("-pk",), ("pk",)):
        return list(list_transactions(account_id, wanted).order_by(*order)[start:stop])
    base = list_transactions(
        account_id,
        TransactionFilter(
            from_event_at=wanted.from_event_at,
            to_event_at=wanted.to_event_at,
            from_id=wanted.from_id,
            to_id=wanted.to_id,
            unique_key=wanted.unique_key,
            tags=wanted.tags,
        ),
    )
    ids: set[int] = set()
    for side in ("from_wallet_id", "to_wallet_id"):
        ids.update(base.filter(**{side: wanted.wallet_id}).order_by(*order).values_list("pk", flat=True)[:stop])
    chosen = sorted(ids, reverse=order[0] == "-pk")[start:stop]
    found: dict[Any, Transaction] = Transaction.objects.in_bulk(chosen)
    return [found[pk] for pk in chosen]


def find_transactions(
    organization_id: int, account_id: int, *, unique_key: str | None = None, external_id: str | None = None
) -> list[int]:
    """The account's transactions that a caller names by key (any kind of key), or by external id; oldest first."""
    rows = Transaction.objects.filter(organization_id=organization_id, account_id=account_id, kind__in=LISTED)
    if unique_key is not None:
        rows = rows.filter(unique_key=unique_key)
    elif external_id is not None:
        rows = rows.filter(external_id=external_id).exclude(kind=Kind.REVERT)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:101])


def list_transactions_of_wallet(wallet_id: int) -> QuerySet[Transaction]:
    """All that ever moved the wallet's points, oldest first."""
    return Transaction.objects.filter(Q(from_wallet=wallet_id) | Q(to_wallet=wallet_id)).order_by("pk")
