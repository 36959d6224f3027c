"""The newest transactions of an organization, however many millions it has: index ranges only, merged here.

A filter that no index answers looks at the newest REACH rows of its range and says so; nothing is ever counted beyond
what a person would turn pages to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from ledger.models import LedgerAccount, Transaction, Wallet

REACH = 50_000
MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: in these accounts; both sides of a wallet; one kind; effective from `since` to before
    `until`.
    """

    account_ids: Sequence[int]
    wallet_id: int | None = None
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def by_date(self) -> bool:
        """Whether the dates are the index range (and the order), and not something to look for in another one."""
        return self.wallet_id is None and (self.since is not None or self.until is not None)


@dataclass(frozen=True, slots=True)
class Browsed:
    """The numbers of the transactions found, newest first. `is_cut`: older ones were not looked at."""

    ids: list[int]
    is_cut: bool = False


def browse_transactions(wanted: Wanted, *, most: int = MOST_LISTED) -> Browsed:
    """At most `most` transactions, newest first (by number; by the day they happened where a date is asked for).

    One query for each account (two for a wallet, one for each of its sides), and one more where a filter needs it.
    """
    column = "effective_at" if wanted.by_date else "pk"
    found, is_cut = [], False
    for rows in _ranges(wanted):
        if wanted.kind or (wanted.wallet_id is not None and (wanted.since or wanted.until)):
            edge = list(rows.order_by(f"-{column}").values_list(column, flat=True)[REACH : REACH + 1])
            rows = rows.filter(**{f"{column}__gt": edge[0]}) if edge else rows  # noqa: PLW2901
            rows = rows.filter(_not_indexed(wanted))  # noqa: PLW2901
            is_cut = is_cut or bool(edge)
        found.append(list(rows.order_by(f"-{column}").values_list(column, "pk")[:most]))
    return Browsed([pk for _, pk in islice(merge(*found, reverse=True), most)], is_cut)


def _ranges(wanted: Wanted) -> Iterator[QuerySet[Transaction]]:
    """The index ranges that together hold all that is wanted, none of it twice."""
    for account_id in wanted.account_ids:
        rows = Transaction.objects.filter(account_id=account_id)
        if wanted.wallet_id is not None:
            yield rows.filter(from_wallet_id=wanted.wallet_id)
            yield rows.filter(to_wallet_id=wanted.wallet_id)
        elif wanted.by_date:
            yield rows.filter(_dates(wanted))
        else:
            yield rows


def _dates(wanted: Wanted) -> Q:
    since = Q() if wanted.since is None else Q(effective_at__gte=wanted.since)
    return since if wanted.until is None else since & Q(effective_at__lt=wanted.until)


def _not_indexed(wanted: Wanted) -> Q:
    kind = Q(kind=wanted.kind) if wanted.kind else Q()
    return kind & _dates(wanted) if wanted.wallet_id is not None else kind


def accounts_of_wallet(organization_id: int, wallet_id: int) -> list[int]:
    """The accounts in which one of the organization's wallets can have moved anything."""
    wallet = Wallet.objects.filter(organization_id=organization_id, pk=wallet_id).first()
    return [] if wallet is None else accounts_moved(wallet)


def accounts_moved(wallet: Wallet) -> list[int]:
    """The accounts in which the wallet can have moved anything."""
    if wallet.kind in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
        return list(wallet.balances.order_by("account_id").values_list("account_id", flat=True))
    own = Q(**{wallet.kind: wallet.pk})
    return list(LedgerAccount.objects.filter(own, organization_id=wallet.organization_id).values_list("pk", flat=True))


def named_transactions(organization_id: int, text: str) -> list[int]:
    """The organization's transactions that `text` names: by number, by unique key (of any kind), by external id.

    Newest first, at most a hundred of them.
    """
    if not text or len(text) > 255 or "\x00" in text:
        return []
    mine = Transaction.objects.filter(organization_id=organization_id)
    found = set(mine.filter(unique_key=text).values_list("pk", flat=True)[:100])
    accounts = LedgerAccount.objects.filter(organization_id=organization_id).values("pk")
    external = Transaction.objects.filter(account_id__in=accounts, external_id=text).exclude(external_id="")
    found.update(external.values_list("pk", flat=True)[:100])
    if text.isascii() and text.isdigit() and len(text) < 19:
        found.update(mine.filter(pk=int(text)).values_list("pk", flat=True))
    return sorted(found, reverse=True)[:100]


def in_this_order(ids: Sequence[int]) -> list[Transaction]:
    """The transactions, in the order of their numbers given, each with its account at hand."""
    held: dict[Any, Transaction] = Transaction.objects.select_related("account").in_bulk(ids)
    return [held[pk] for pk in ids]
