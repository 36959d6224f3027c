"""What can be done about one transaction: undo it, or end the hold that it is."""

from __future__ import annotations

from typing import Any

from ledger.admin.base import balance_lines
from ledger.admin.display import PointsField, named, points
from ledger.admin.holders import wallet_links
from ledger.models import Kind, Transaction
from ledger.selectors import TransactionRecord, WalletBalance, describe
from ledger.selectors.records import CAPTURED, PENDING
from ledger.services import (
    capture_held_points,
    current_balance,
    preview_revert,
    rehearse,
    release_held_points,
    revert_transaction,
)
from loyalty.kernel.desk import Act, Done, Line, Preview, when

_REVERTIBLE = (Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.HOLD)


def record_of(row: Transaction) -> TransactionRecord:
    """How a transaction stands; read once for a page."""
    held: TransactionRecord | None = getattr(row, "_record", None)
    if held is None:
        held = row._record = describe([row])[0]  # type: ignore[attr-defined]
    return held


class TransactionAct(Act):
    """Something done about one transaction, with a reason."""

    needs = "ledgers:write"
    asks_reason = True

    def balance(self, wallet_id: int) -> WalletBalance:
        """A wallet's balance in the transaction's account, as it is."""
        return current_balance(
            organization_id=self.target.organization_id,
            ledger_id=self.target.account.ledger_id,
            account_id=self.target.account_id,
            wallet_id=wallet_id,
            actor=self.actor,
            at=self.at,
        )

    def words(self) -> dict[str, Any]:
        """What every correction takes."""
        return {
            "organization_id": self.target.organization_id,
            "transaction_id": self.target.pk,
            "reason": self.reason,
            "actor": self.actor,
            "at": self.at,
        }


class Revert(TransactionAct):
    """Undo it by its opposite."""

    slug, title, verb, icon, is_dangerous = "revert", "Revert", "Revert it", "undo", True
    about = "The opposite movement is written; credits go back as they were, with their own expiry."

    @classmethod
    def fits(cls, target: Transaction) -> bool:
        """What moved points of members and was not reverted; what companies clear is undone where they exchange."""
        return target.kind in _REVERTIBLE and target.account.for_members and record_of(target).status == CAPTURED

    def preview(self) -> Preview:
        """Both sides before and after, and the credits it touches."""
        found = preview_revert(
            organization_id=self.target.organization_id, transaction_id=self.target.pk, actor=self.actor, at=self.at
        )
        account, links = self.target.account, wallet_links(list(found.available), self.seat)
        lines = [
            Line(links[pk], points(self.balance(pk).available_balance, account), points(then, account))
            for pk, then in sorted(found.available.items())
        ]
        rows = [
            (f"#{pk}", points(left, account), when(expires_at) if expires_at else "never")
            for pk, left, expires_at in found.lots
        ]
        return Preview(f"{named(self.target)} is undone.", lines, ("Credit", "Left of it then", "Expires"), rows)

    def act(self) -> Done:
        """Write the opposite."""
        done = revert_transaction(**self.words())
        return Done(f"{named(self.target)} is undone.", Transaction.objects.get(pk=done.id))


class Capture(TransactionAct):
    """Take what a hold keeps, or a part of it."""

    slug, title, verb, icon = "capture", "Capture", "Capture", "done_all"
    about = "What is captured is taken for good; the rest is released."
    amount = PointsField()

    @classmethod
    def fits(cls, target: Transaction) -> bool:
        """Open holds."""
        return target.kind == Kind.HOLD and record_of(target).status == PENDING

    def prepare(self) -> None:
        """In the account's units, no more than is held."""
        field: Any = self.fields["amount"]
        field.decimals, field.largest = self.target.account.decimals, self.target.amount
        field.help_text = f"Of {self.target.account.name}, at most what is held."

    def starts(self) -> dict[str, Any]:
        """All of it."""
        return {"amount": self.target.amount}

    def done(self) -> WalletBalance:
        """Do it, and look at the balance."""
        capture_held_points(amount=self.cleaned_data["amount"], **self.words())
        return self.balance(self.target.from_wallet_id)

    def preview(self) -> Preview:
        """The balance before and after."""
        before = self.balance(self.target.from_wallet_id)
        lines = balance_lines(self.target.account, before, rehearse(self.done))
        return Preview("The hold ends: this is taken, the rest is given back.", lines)

    def act(self) -> Done:
        """Capture it."""
        self.done()
        return Done(f"{named(self.target)} is captured.", self.target)


class Release(TransactionAct):
    """Give back what a hold keeps."""

    slug, title, verb, icon = "release", "Release", "Release it", "lock_open"

    @classmethod
    def fits(cls, target: Transaction) -> bool:
        """Open holds."""
        return Capture.fits(target)

    def done(self) -> WalletBalance:
        """Do it, and look at the balance."""
        release_held_points(**self.words())
        return self.balance(self.target.from_wallet_id)

    def preview(self) -> Preview:
        """The balance before and after."""
        before = self.balance(self.target.from_wallet_id)
        return Preview(
            "The hold ends, and nothing is taken.", balance_lines(self.target.account, before, rehearse(self.done))
        )

    def act(self) -> Done:
        """Release it."""
        self.done()
        return Done(f"{named(self.target)} is released.", self.target)


TRANSACTION_ACTS = (Capture, Release, Revert)
