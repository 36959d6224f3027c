"""Every way the ledger can say no."""

from __future__ import annotations

from loyalty.kernel.errors import Conflict, InvalidInput, RuleRefused


class InsufficientBalance(RuleRefused):
    """The wallet has less available than the movement takes; available is active without held."""

    code = "INSUFFICIENT_BALANCE"
    says = "The wallet has not enough available points."


class SupplyExceeded(RuleRefused):
    """The movement would put more into circulation than the account's supply allows (semantics 1.3)."""

    code = "SUPPLY_EXCEEDED"
    says = "The account's supply is exhausted."


class SupplyTooLow(RuleRefused):
    """The new supply is lower than what is already issued or consumed (semantics 1.3)."""

    code = "SUPPLY_TOO_LOW"
    says = "The supply cannot be lower than what is already issued."


class AccountInactive(RuleRefused):
    """The account takes no mint, burn, transfer or capture while it is inactive (semantics 1.4)."""

    code = "ACCOUNT_INACTIVE"
    says = "This ledger account is not active."


class WalletInactive(RuleRefused):
    """The wallet's holder is inactive: it takes no mint, burn or transfer (semantics 5.3)."""

    code = "MEMBER_INACTIVE"
    says = "The wallet's holder is not active."


class SystemWallet(RuleRefused):
    """An account's own wallet (reserve, burned, expired) cannot be named in a movement (semantics 1.1)."""

    code = "SYSTEM_WALLET"
    says = "A system wallet cannot be used here."


class ClearingAccount(RuleRefused):
    """Companies clear in this account: only what settles between them moves anything there, so that their statements
    stay what the books say.
    """

    code = "CLEARING_ACCOUNT"
    says = "This ledger account is for clearing between companies."


class SameWallet(InvalidInput):
    """A transfer needs two wallets (semantics 2.6)."""

    code = "SAME_WALLET"
    says = "The two wallets of a transfer must differ."


class BalanceTooLarge(RuleRefused):
    """The balance would leave what a JSON number carries exactly."""

    code = "BALANCE_TOO_LARGE"
    says = "The balance would become larger than can be kept."


class NotPending(Conflict):
    """The hold was captured or voided already (semantics 2.2)."""

    code = "NOT_PENDING"
    says = "The transaction is not pending."


class NotRevertible(Conflict):
    """A revert, an expiry, a supply change or a cancelled credit cannot be reverted (semantics 2.3)."""

    code = "NOT_REVERTIBLE"
    says = "This transaction cannot be reverted."


class LotClosed(Conflict):
    """The lot is not in a state that allows this: pending to activate, active to expire, either to cancel."""

    code = "LOT_CLOSED"
    says = "This credit is not in a state that allows this."


class DecimalsFrozen(Conflict):
    """Decimals and the currency flag are fixed once the account has a transaction (semantics 1.4)."""

    code = "ACCOUNT_IN_USE"
    says = "This cannot change after the account's first transaction."


class TrackingRequired(RuleRefused):
    """Points that expire need tracking: it cannot be turned off while an expiry is set (semantics 1.6)."""

    code = "TRACKING_REQUIRED"
    says = "Point tracking is needed while points expire."


class DefaultAccountRequired(RuleRefused):
    """A ledger keeps exactly one default account: make another the default instead (semantics 1.4)."""

    code = "DEFAULT_ACCOUNT_REQUIRED"
    says = "A ledger needs a default account; make another account the default."


class NoDefaultAccount(RuleRefused):
    """No account was named and none can be found (semantics 1.4)."""

    code = "NO_DEFAULT_ACCOUNT"
    says = "There is no default ledger account."


class AtomicSetAborted(RuleRefused):
    """Another item of the same atomic set failed, so this one was not posted (semantics 2.5)."""

    code = "ATOMIC_SET_ABORTED"
    says = "Another item of the same atomic set failed."
