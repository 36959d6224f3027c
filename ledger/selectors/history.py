"""What a balance was at any past instant, recomputed from the books lot by lot (rule 9 of docs/ledger.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import Coalesce

from ledger.models import Kind, Lot, LotUse, Transaction

# When a movement counts: when it happened in the world, or when it was written down.
Axis = Literal["effective", "created"]
_MOVES = [Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.EXPIRE, Kind.REVERT, Kind.CAPTURE]


@dataclass(frozen=True, slots=True)
class LotThen:
    """What was left of one lot."""

    lot_id: int
    transaction_id: int | None
    amount: int
    remaining: int
    active: bool
    expires_at: datetime


@dataclass(slots=True)
class WalletThen:
    """One balance as it was: spendable or held (`active`), of that `held`, and not valid yet (`pending`)."""

    at: datetime
    active: int
    held: int
    pending: int
    lots: list[LotThen] = field(default_factory=list)


def balance_at(*, account_id: int, wallet_id: int, at: datetime, by: Axis = "effective") -> WalletThen:
    """The balance of a wallet in an account at `at`, from transactions and lot uses alone; no stored balance is read.

    `by="effective"` counts what had happened in the world by then, whenever it was written; `by="created"` what was
    written by then.
    """
    moment = f"{by}_at"
    upto = {f"{moment}__lte": at}
    mine = Q(from_wallet_id=wallet_id) | Q(to_wallet_id=wallet_id)
    rows = Transaction.objects.filter(mine, account_id=account_id, **upto)
    signed = Case(When(to_wallet_id=wallet_id, then=F("amount")), default=-F("amount"))
    total = rows.filter(kind__in=_MOVES).aggregate(n=Coalesce(Sum(signed), 0))["n"]
    kept = Case(When(kind=Kind.HOLD, then=F("amount")), default=-F("amount"))
    held = rows.filter(
        Q(kind=Kind.HOLD, from_wallet_id=wallet_id)
        | Q(kind=Kind.CAPTURE, from_wallet_id=wallet_id)
        | Q(kind=Kind.RELEASE, to_wallet_id=wallet_id)
    ).aggregate(n=Coalesce(Sum(kept), 0))["n"]
    then = WalletThen(at=at, active=0, held=held, pending=0, lots=_lots(account_id, wallet_id, at, moment))
    then.pending = sum(lot.remaining for lot in then.lots if not lot.active)
    then.active = total - then.pending
    return then


def _lots(account_id: int, wallet_id: int, at: datetime, moment: str) -> list[LotThen]:
    lots = Lot.objects.filter(account_id=account_id, wallet_id=wallet_id).filter(
        Q(transaction__isnull=True, effective_at__lte=at) | Q(**{f"transaction__{moment}__lte": at})
    )
    used = dict(
        LotUse.objects.filter(
            lot__account_id=account_id, lot__wallet_id=wallet_id, **{f"transaction__{moment}__lte": at}
        )
        .order_by()
        .values_list("lot_id")
        .annotate(n=Sum("amount"))
    )
    found = []
    for lot in lots.order_by("expires_at", "effective_at", "pk"):
        remaining = lot.amount - used.get(lot.pk, 0)
        if remaining:
            active = lot.activated_at is not None and lot.activated_at <= at
            found.append(LotThen(lot.pk, lot.transaction_id, lot.amount, remaining, active, lot.expires_at))
    return found
