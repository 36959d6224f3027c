"""Creates and changes ledger accounts; a change of rules waits for the postings under way, and they for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from ledger.errors import DecimalsFrozen, DefaultAccountRequired, NoDefaultAccount, TrackingRequired
from ledger.models import AccountSupply, Balance, Ledger, LedgerAccount, Transaction, Wallet
from ledger.selectors.accounts import find_default_account, get_ledger
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, new_key, record

_OWN_WALLETS = ("reserve", "burned", "expired", "issuance")
_FROZEN = ("decimals", "is_currency")


def lock_account(account_id: int) -> LedgerAccount:
    """The account under a lock that no posting shares: none is under way, none begins before the commit."""
    # OF self: its ledger and wallets stay free.
    return LedgerAccount.objects.select_for_update(of=("self",)).get(pk=account_id)


def lock_ledger(ledger_id: int) -> None:
    """Keep others from changing which account is the ledger's default."""
    Ledger.objects.select_for_update().get(pk=ledger_id)


def _fit_expiry(wanted: dict[str, Any], *, months_now: int | None, tracking_now: bool) -> None:
    """Make expiry and tracking fit each other in `wanted`: what expires is tracked (semantics 1.6); 0 is no expiry.

    :raises InvalidInput: an expiry asked for together with no tracking.
    :raises TrackingRequired: tracking turned off while points expire.
    """
    if wanted.get("point_tracking_enabled", False) is None:
        del wanted["point_tracking_enabled"]
    if wanted.get("expires_in_months") == 0:
        wanted["expires_in_months"] = None
    if wanted.get("expires_in_months", months_now) is None:
        return
    if wanted.get("point_tracking_enabled") is False:
        if tracking_now:
            raise TrackingRequired
        raise InvalidInput("Points that expire need point tracking.", field="pointTrackingEnabled")
    if not tracking_now:
        wanted["point_tracking_enabled"] = True


@transaction.atomic
def create_account(
    *, ledger: Ledger, name: str, actor: Actor, at: datetime, max_supply: int | None = None, **fields: Any
) -> LedgerAccount:
    """A new account with its own wallets; a ledger's first one becomes its default. `fields` are the model's.

    :raises DuplicateValue: where the ledger has an account of this name.
    :raises InvalidInput: where an expiry is given and tracking is refused.
    """
    make_it_default = fields.pop("is_default", False) or not ledger.accounts.exists()
    _fit_expiry(fields, months_now=None, tracking_now=False)
    organization_id = ledger.organization_id
    siblings = LedgerAccount.objects.filter(organization_id=organization_id)
    key = new_key(name, among=siblings, field="key", fallback="account", organization_id=organization_id)
    # Their number cannot grow with history, so four small inserts are fine.
    wallets = {
        own: Wallet.objects.create(organization_id=organization_id, kind=own, created_at=at) for own in _OWN_WALLETS
    }
    try:
        with transaction.atomic():
            account = LedgerAccount.objects.create(
                organization_id=organization_id,
                ledger=ledger,
                key=key,
                name=name,
                max_supply=max_supply,
                is_default=False,
                created_at=at,
                updated_at=at,
                **wallets,
                **fields,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    if max_supply is not None:
        AccountSupply.objects.create(account=account, max_supply=max_supply, consumed=0)
    record(
        actor=actor,
        at=at,
        action="account.created",
        target=account,
        organization_id=organization_id,
        after={"name": name, "key": key, "max_supply": max_supply, **fields},
    )
    if make_it_default:
        make_default(account=account, actor=actor, at=at)
    return account


@transaction.atomic
def update_account(
    *, account: LedgerAccount, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> LedgerAccount:
    """Change what is named; the supply has its own service.

    :raises DecimalsFrozen: decimals or the currency flag, after the first transaction.
    :raises TrackingRequired: tracking turned off while points expire.
    :raises DefaultAccountRequired: the default flag taken from the ledger's default.
    :raises DuplicateValue: where the ledger has another account of this name.
    """
    wanted = dict(changes)
    default = wanted.pop("is_default", None)
    if default is True:
        # The ledger before the account: the order in which `update_ledger` needs them too.
        lock_ledger(account.ledger_id)
    locked = lock_account(account.pk)
    if default is False and locked.is_default:
        raise DefaultAccountRequired
    frozen = [name for name in _FROZEN if name in wanted and wanted[name] != getattr(locked, name)]
    if frozen and Transaction.objects.filter(account=locked).exists():
        raise DecimalsFrozen(fields=frozen)
    _fit_expiry(wanted, months_now=locked.expires_in_months, tracking_now=locked.point_tracking_enabled)
    starts_tracking = wanted.get("point_tracking_enabled") is True and not locked.point_tracking_enabled
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="account.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    if "may_owe" in wanted:
        Balance.objects.filter(account=locked).update(may_owe=locked.may_owe)
    if starts_tracking:
        open_lots_for_untracked(locked, at)
    if default is True:
        make_default(account=locked, actor=actor, at=at, reason=reason)
    return locked


def default_account(organization_id: int, ledger_id: int) -> LedgerAccount:
    """The ledger's default account.

    :raises NotFound: where the ledger is not the organization's.
    :raises NoDefaultAccount: where it has no account at all.
    """
    account = find_default_account(organization_id, ledger_id)
    if account is None:
        get_ledger(organization_id, ledger_id)
        raise NoDefaultAccount
    return account


def make_default(*, account: LedgerAccount, actor: Actor, at: datetime, reason: str = "") -> None:
    """Make the account its ledger's default, in the stead of the one that was."""
    lock_ledger(account.ledger_id)
    account.refresh_from_db(fields=["is_default"])
    if account.is_default:
        return
    LedgerAccount.objects.filter(ledger_id=account.ledger_id, is_default=True).update(is_default=False, updated_at=at)
    apply_changes(
        account,
        {"is_default": True},
        actor=actor,
        at=at,
        action="account.made-default",
        organization_id=account.organization_id,
        reason=reason,
    )


# What lies in no lot when tracking begins becomes one lot a wallet, without expiry (semantics 1.6); open holds on it
# become slices of that lot.
_OPENING_LOTS = """
INSERT INTO ledger_lot (account_id, wallet_id, transaction_id, origin_id, amount, remaining, held, state, effective_at,
                        valid_from, activated_at, expires_at, expirations)
SELECT b.account_id, b.wallet_id, NULL, NULL, b.active - b.tracked, b.active - b.tracked, b.held - b.held_tracked,
       'active', %s, %s, %s, %s, 0
FROM ledger_balance b JOIN ledger_wallet w ON w.id = b.wallet_id
WHERE b.account_id = %s AND b.active > b.tracked AND w.kind = 'member'
ORDER BY b.id
"""
_OPENING_SLICES = """
INSERT INTO ledger_holdslice (hold_id, lot_id, amount)
SELECT h.transaction_id, l.id, h.amount - COALESCE(cut.amount, 0)
FROM ledger_hold h
JOIN ledger_transaction t ON t.id = h.transaction_id
JOIN ledger_lot l ON l.wallet_id = t.from_wallet_id AND l.account_id = t.account_id
    AND l.transaction_id IS NULL AND l.effective_at = %s
LEFT JOIN (SELECT hold_id, SUM(amount) AS amount FROM ledger_holdslice GROUP BY hold_id) cut
    ON cut.hold_id = h.transaction_id
WHERE t.account_id = %s AND h.state = 'pending' AND h.amount > COALESCE(cut.amount, 0)
"""
_TRACKED_NOW = """
UPDATE ledger_balance SET tracked = active, held_tracked = held
WHERE account_id = %s AND active > tracked
  AND EXISTS (SELECT 1 FROM ledger_wallet w WHERE w.id = ledger_balance.wallet_id AND w.kind = 'member')
"""


def open_lots_for_untracked(account: LedgerAccount, at: datetime) -> None:
    """Begin tracking an account that has balances already, set-based. The caller holds the account's lock."""
    moment, never = (connection.ops.adapt_datetimefield_value(value) for value in (at, NEVER))
    with connection.cursor() as cursor:
        cursor.execute(_OPENING_LOTS, [moment, moment, moment, never, account.pk])
        cursor.execute(_OPENING_SLICES, [moment, account.pk])
        cursor.execute(_TRACKED_NOW, [account.pk])
