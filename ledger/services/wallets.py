"""Opens wallets, and freezes them when their holder may not move points."""

from __future__ import annotations

from datetime import datetime

from ledger.models import Balance, LedgerAccount, Wallet
from loyalty.kernel.clock import NEVER


def create_wallet(
    *, organization_id: int, at: datetime, kind: str = Wallet.Kind.MEMBER, holder_id: int | None = None
) -> Wallet:
    """A new, empty wallet; `holder_id` is whatever number its owner has above the ledger."""
    return Wallet.objects.create(organization_id=organization_id, kind=kind, holder_id=holder_id, created_at=at)


def open_balance(*, wallet: Wallet, account: LedgerAccount) -> Balance:
    """The wallet's balance in the account, with nothing in it where it is new: who may owe can begin by owing."""
    balance, _ = Balance.objects.get_or_create(
        wallet=wallet, account=account, defaults={"may_owe": account.may_owe, "next_change_at": NEVER}
    )
    return balance


def set_wallet_holder(*, wallet: Wallet, holder_id: int) -> None:
    """Say who the wallet belongs to, where its holder could only be numbered after it."""
    wallet.holder_id = holder_id
    wallet.save(update_fields=["holder_id"])


def set_wallet_active(*, wallet_id: int, active: bool) -> None:
    """Let the wallet take movements, or no longer; reverts, releases and expiry go on in either case."""
    Wallet.objects.filter(pk=wallet_id).update(active=active)
