"""Reads of ledgers, accounts and their running totals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from ledger.models import AccountDay, Ledger, LedgerAccount
from loyalty.kernel.errors import NotFound


def list_ledgers(organization_id: int) -> QuerySet[Ledger]:
    """The organization's ledgers, each with the number of its default account."""
    default = LedgerAccount.objects.filter(ledger=OuterRef("pk"), is_default=True).values("pk")[:1]
    return Ledger.objects.filter(organization_id=organization_id).annotate(default_account_id=Subquery(default))


def get_ledger(organization_id: int, ledger_id: int) -> Ledger:
    """One of the organization's ledgers.

    :raises NotFound: where it has no such ledger.
    """
    ledger = list_ledgers(organization_id).filter(pk=ledger_id).first()
    if ledger is None:
        raise NotFound("There is no such ledger.")
    return ledger


def list_accounts(organization_id: int, ledger_id: int | None = None) -> QuerySet[LedgerAccount]:
    """The organization's accounts, or those of one ledger."""
    accounts = LedgerAccount.objects.filter(organization_id=organization_id)
    return accounts if ledger_id is None else accounts.filter(ledger_id=ledger_id)


def list_member_accounts(organization_id: int) -> QuerySet[LedgerAccount]:
    """The organization's accounts whose points members have: not those that only companies clear in."""
    return list_accounts(organization_id).filter(for_members=True)


def get_account(organization_id: int, account_id: int, ledger_id: int | None = None) -> LedgerAccount:
    """One of the organization's accounts (in the ledger named).

    :raises NotFound: where there is no such account.
    """
    account = list_accounts(organization_id, ledger_id).filter(pk=account_id).first()
    if account is None:
        raise NotFound("There is no such ledger account.")
    return account


def find_default_account(organization_id: int, ledger_id: int) -> LedgerAccount | None:
    """The ledger's default account, if the ledger is the organization's and has one."""
    return list_accounts(organization_id, ledger_id).filter(is_default=True).first()


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """What an account moved, in smallest units; reverted movements are in none but `reverted`."""

    minted: int = 0
    burned: int = 0
    expired: int = 0
    transferred: int = 0
    reverted: int = 0
    pending: int = 0
    held: int = 0
    transactions: int = 0

    @property
    def circulating(self) -> int:
        """What members hold: active, held and pending. It is what the program owes."""
        return self.minted - self.burned - self.expired


_SUMS = ("minted", "burned", "expired", "transferred", "reverted", "pending", "held", "transactions")


def account_totals(
    account_ids: Collection[int], *, since: date | None = None, until: date | None = None
) -> dict[int, AccountTotals]:
    """The totals of accounts, in one query: of all time, or of the local days from `since` up to before `until`."""
    days = AccountDay.objects.filter(account_id__in=account_ids)
    if since is not None:
        days = days.filter(day__gte=since)
    if until is not None:
        days = days.filter(day__lt=until)
    sums = days.order_by().values_list("account_id").annotate(*(Sum(name) for name in _SUMS))
    found = {account_id: AccountTotals(*map(int, figures)) for account_id, *figures in sums}
    return {account_id: found.get(account_id, AccountTotals()) for account_id in account_ids}


def with_totals(accounts: Sequence[LedgerAccount]) -> Sequence[LedgerAccount]:
    """The same accounts, each with its all-time totals as `totals`."""
    totals = account_totals([account.pk for account in accounts])
    for account in accounts:
        account.totals = totals[account.pk]  # type: ignore[attr-defined]
    return accounts
