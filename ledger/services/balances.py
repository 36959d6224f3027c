"""Reads balances as they are now: what fell due is settled first, which is the only write a read may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.models import Balance
from ledger.selectors.wallets import WalletBalance, get_wallet, read_balance, read_balances
from ledger.services.settling import settle_balance, settle_balances
from loyalty.kernel.actors import Actor


def current_balance(
    *, organization_id: int, ledger_id: int, account_id: int, wallet_id: int, actor: Actor, at: datetime
) -> WalletBalance:
    """A wallet in one account, right at `at` even if no job ran. One query, where nothing is due.

    :raises NotFound: where ledger, account or wallet is not the organization's.
    """
    found = read_balance(organization_id, ledger_id, account_id, wallet_id, at=at)
    if found.next_change_at > at:
        return found
    settle_balance(organization_id=organization_id, account_id=account_id, wallet_id=wallet_id, actor=actor, at=at)
    return read_balance(organization_id, ledger_id, account_id, wallet_id, at=at)


def current_balances(
    *, organization_id: int, ledger_id: int | None, wallet_id: int, actor: Actor, at: datetime
) -> list[WalletBalance]:
    """A wallet in every account of a ledger (of every ledger with None), zeros included.

    :raises NotFound: where the wallet is not the organization's.
    """
    found = read_balances(organization_id, ledger_id, wallet_id, at=at)
    if not found:
        get_wallet(organization_id, wallet_id)
    due = [balance.ledger_account_id for balance in found if balance.next_change_at <= at]
    for account_id in due:
        settle_balance(organization_id=organization_id, account_id=account_id, wallet_id=wallet_id, actor=actor, at=at)
    return read_balances(organization_id, ledger_id, wallet_id, at=at) if due else found


def available_balances(
    *, organization_id: int, account_id: int, wallet_ids: Sequence[int], actor: Actor, at: datetime
) -> dict[int, int]:
    """What each of some wallets can spend in one account; for lists, in a few queries however many wallets."""
    rows = Balance.objects.filter(account_id=account_id, wallet_id__in=wallet_ids)
    found = {balance.wallet_id: balance for balance in rows}
    due = [pk for pk, balance in found.items() if balance.next_change_at <= at]
    if due:
        settle_balances(organization_id=organization_id, account_id=account_id, wallet_ids=due, actor=actor, at=at)
        found.update((balance.wallet_id, balance) for balance in rows.filter(wallet_id__in=due))
    return {pk: found[pk].available if pk in found else 0 for pk in wallet_ids}
