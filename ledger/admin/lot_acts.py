"""What can be done with one credit: make it valid, let it expire, take it back."""

from __future__ import annotations

from typing import Any, ClassVar

from ledger.admin.base import balance_lines
from ledger.admin.display import points
from ledger.models import Lot
from ledger.selectors import WalletBalance
from ledger.services import activate_credit, cancel_credit, current_balance, expire_credit, rehearse
from loyalty.kernel.desk import Act, Done, Preview


class LotAct(Act):
    """Something done with one credit, and what it does to the wallet's balance."""

    needs = "ledgers:write"
    asks_reason = True
    says: ClassVar[str]
    does: ClassVar[Any]

    def balance(self) -> WalletBalance:
        """The wallet's balance as it is."""
        lot: Lot = self.target
        return current_balance(
            organization_id=lot.account.organization_id,
            ledger_id=lot.account.ledger_id,
            account_id=lot.account_id,
            wallet_id=lot.wallet_id,
            actor=self.actor,
            at=self.at,
        )

    def done(self) -> WalletBalance:
        """Do it, and look at the balance."""
        type(self).does(
            organization_id=self.target.account.organization_id,
            lot_id=self.target.pk,
            reason=self.reason,
            actor=self.actor,
            at=self.at,
        )
        return self.balance()

    def preview(self) -> Preview:
        """The balance before and after."""
        before = self.balance()
        after = rehearse(self.done)
        amount = points(self.target.remaining - self.target.held, self.target.account)
        return Preview(
            self.says, [*balance_lines(self.target.account, before, after)], ("Credit", "Free"), [(self.target, amount)]
        )

    def act(self) -> Done:
        """Do it."""
        self.done()
        self.target.refresh_from_db()
        return Done(f"{self.target} is {self.target.get_state_display().lower()}.", self.target)


class ActivateLot(LotAct):
    """Make a pending credit valid now."""

    slug, title, verb, icon = "activate", "Make valid now", "make it valid", "play_arrow"
    says = "The credit can be spent from now on."
    does = staticmethod(activate_credit)

    @classmethod
    def fits(cls, target: Lot) -> bool:
        """Pending ones."""
        return target.state == Lot.State.PENDING


class ExpireLot(LotAct):
    """Let an active credit expire now."""

    slug, title, verb, icon, is_dangerous = "expire", "Expire now", "let it expire", "event_busy", True
    says = "What is free of the credit expires now."
    does = staticmethod(expire_credit)

    @classmethod
    def fits(cls, target: Lot) -> bool:
        """Active ones of which something is free."""
        return target.state == Lot.State.ACTIVE and target.remaining > target.held


class CancelLot(LotAct):
    """Take back what is left of a credit."""

    slug, title, verb, icon, is_dangerous = "cancel", "Cancel", "cancel it", "cancel", True
    says = "What is left of the credit is taken back; what was spent of it stays spent."
    does = staticmethod(cancel_credit)

    @classmethod
    def fits(cls, target: Lot) -> bool:
        """Those that were given, not transferred, and of which no hold keeps anything."""
        opened = target.state in (Lot.State.PENDING, Lot.State.ACTIVE)
        given = target.transaction is not None and target.transaction.kind == "mint"
        return opened and not target.held and target.origin_id is None and given


LOT_ACTS = (ActivateLot, ExpireLot, CancelLot)
