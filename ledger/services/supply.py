"""Changes how many points of an account may exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from ledger.engine.book import Book
from ledger.engine.requests import CLIENT, Request
from ledger.engine.store import current_store
from ledger.errors import SupplyTooLow
from ledger.models import AccountSupply, Kind, LedgerAccount, Transaction
from ledger.selectors.records import describe
from ledger.services.accounts import lock_account
from ledger.services.posting import Posting, describe_posted, tell
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import IdempotencyConflict
from loyalty.kernel.services import apply_changes

# Everything that left the reserve without coming back. Holds have moved nothing yet; a supply change moves no points.
_CONSUMED = """
SELECT COALESCE(SUM(CASE WHEN from_wallet_id = %s THEN amount ELSE -amount END), 0)
FROM ledger_transaction
WHERE account_id = %s AND (from_wallet_id = %s OR to_wallet_id = %s) AND kind NOT IN ('hold', 'release', 'supply')
"""


@dataclass(slots=True, kw_only=True)
class SupplyRequest(Request):
    """The words a supply change carries, and the number it asks for."""

    account_id: int
    max_supply: int | None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two supply changes with one key the same change."""
        return (*Request.content(self), self.account_id, self.max_supply)


def consumed_supply(account: LedgerAccount) -> int:
    """How much of the account's supply is in circulation or used up for good (semantics 1.3)."""
    reserve = account.reserve_id
    with connection.cursor() as cursor:
        cursor.execute(_CONSUMED, [reserve, account.pk, reserve, reserve])
        return int(cursor.fetchone()[0])


@transaction.atomic
def set_supply(
    *,
    account: LedgerAccount,
    max_supply: int | None,
    actor: Actor,
    at: datetime,
    unique_key: str | None = None,
    external_id: str = "",
    description: str = "",
    tags: Sequence[str] = (),
    external_event_at: datetime | None = None,
    source: str = "",
) -> Posting:
    """Make the supply `max_supply`, or unlimited with None. Answers one supply transaction, none if it is so already.

    :raises SupplyTooLow: where more than that is issued or consumed already.
    :raises IdempotencyConflict: where the key acted before with other content.
    """
    locked = lock_account(account.pk)
    request = SupplyRequest(
        account_id=locked.pk,
        max_supply=max_supply,
        unique_key=unique_key,
        external_id=external_id,
        description=description,
        tags=tags,
        source=source,
        external_event_at=external_event_at,
    )
    earlier = _earlier(locked, request)
    if earlier is not None:
        return Posting(describe([earlier]), replayed=True)
    request.check_date(at)
    before = locked.max_supply
    if before == max_supply:
        return Posting([], replayed=False)
    if max_supply is not None:
        consumed = locked.supply.consumed if before is not None else consumed_supply(locked)
        if max_supply < consumed:
            raise SupplyTooLow(consumed=consumed)
        AccountSupply.objects.update_or_create(
            account=locked,
            defaults={"max_supply": max_supply},
            create_defaults={"max_supply": max_supply, "consumed": consumed},
        )
    else:
        AccountSupply.objects.filter(account=locked).delete()
    apply_changes(
        locked,
        {"max_supply": max_supply},
        actor=actor,
        at=at,
        action="account.supply-changed",
        organization_id=locked.organization_id,
        reason=description,
    )
    return _write(locked, request, actor, at, before)


def _earlier(account: LedgerAccount, request: SupplyRequest) -> Transaction | None:
    if request.unique_key is None:
        return None
    found = Transaction.objects.filter(
        organization_id=account.organization_id, key_kind=CLIENT, unique_key=request.unique_key
    ).first()
    if found is not None and found.content_hash != request.content_hash():
        raise IdempotencyConflict(systemUniqueKey=request.unique_key)
    return found


def _write(account: LedgerAccount, request: SupplyRequest, actor: Actor, at: datetime, before: int | None) -> Posting:
    """The transaction: what is more comes from outside into the reserve, what is less goes back; unlimited is zero."""
    store = current_store()
    book = Book(organization_id=account.organization_id, actor=str(actor), at=at, store=store)
    store.open(
        book,
        account_ids=[account.pk],
        wallet_ids=[],
        balance_keys=[],
        unique_keys=[],
        transactions=1,
        lots=0,
    )
    change = (account.max_supply or 0) - (before or 0)
    sides = (account.issuance_id, account.reserve_id)
    entry = book.add_entry(
        book.accounts[account.pk],
        Kind.SUPPLY,
        *(sides if change >= 0 else sides[::-1]),
        abs(change),
        request=request,
    )
    store.save(book)
    tell(book)
    return Posting(describe_posted(book, [entry]), replayed=False)
