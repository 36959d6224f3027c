"""What the ledger can be asked to do, one small value for each request."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ledger.models import Kind
from loyalty.kernel.errors import InvalidInput

# Who chose a unique key: the same text by a client and by ourselves are two keys.
CLIENT = "client"
SYSTEM = "system"
IMPORT = "import"

# A clock that runs a little ahead of ours is no reason to refuse an event (semantics 0.13).
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Request:
    """What every request may carry; it is kept on the transaction that comes of it.

    With a `unique_key` the request acts once in the organization and `key_kind`. `external_event_at` is when it
    happened in the world; without one it happens now. A `ledger_id` says where the caller believes it happens: what
    lies in another ledger does not exist for this request. `clears`: this is what settles between companies, and may
    move what lies in an account that is not for members.
    """

    ledger_id: int | None = None

    unique_key: str | None = None
    key_kind: str = CLIENT
    # The caller knows that nobody can have used the key: it is not looked up first, the unique index alone guards it.
    key_is_new: bool = False
    external_id: str = ""
    description: str = ""
    tags: Sequence[str] = field(default=())
    source: str = ""
    clears: bool = False
    external_event_at: datetime | None = None
    _hash: str = field(default="", init=False, repr=False, compare=False)

    def check_date(self, at: datetime) -> None:
        """:raises InvalidInput: where the request says it happened after `at`; nothing is booked ahead of its time."""
        if self.external_event_at is not None and self.external_event_at > at + CLOCK_SKEW:
            raise InvalidInput("The event date lies in the future.", field="externalEventDate")

    def content(self) -> tuple[object, ...]:
        """Everything that makes two requests with one key the same request."""
        return (
            type(self).__name__,
            _instant(self.external_event_at),
            self.external_id,
            self.description,
            tuple(self.tags),
        )

    def content_hash(self) -> str:
        """A short name for `content`, worked out once: nobody changes a request in hand."""
        if not self._hash:
            text = repr(self.content())
            self._hash = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self._hash


def _instant(moment: datetime | None) -> datetime | None:
    """The same value for one instant in whatever zone it was given."""
    return None if moment is None else moment.astimezone(UTC)


@dataclass(slots=True, kw_only=True)
class Move(Request):
    """Move `amount` smallest units: a mint (no `from_wallet_id`), a burn (no `to_wallet_id`) or a transfer.

    `hold` only keeps the points aside. A mint may say when its points become valid (`valid_from`, or `waits` for a
    release) and when they expire; an `expires_at` of None follows the account's rule.
    """

    kind: Kind
    account_id: int
    amount: int
    from_wallet_id: int | None = None
    to_wallet_id: int | None = None
    hold: bool = False
    valid_from: datetime | None = None
    waits: bool = False
    expires_at: datetime | None = None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two moves with one key the same move."""
        return (
            *Request.content(self),
            str(self.kind),
            self.account_id,
            self.amount,
            self.from_wallet_id,
            self.to_wallet_id,
            self.hold,
            _instant(self.valid_from),
            self.waits,
            _instant(self.expires_at),
        )


def mint(*, account_id: int, wallet_id: int, amount: int, **more: object) -> Move:
    """A request to issue new points to a wallet."""
    return Move(kind=Kind.MINT, account_id=account_id, to_wallet_id=wallet_id, amount=amount, **more)  # type: ignore[arg-type]


def burn(*, account_id: int, wallet_id: int, amount: int, **more: object) -> Move:
    """A request to take points out of a wallet for good."""
    return Move(kind=Kind.BURN, account_id=account_id, from_wallet_id=wallet_id, amount=amount, **more)  # type: ignore[arg-type]


def transfer(*, account_id: int, from_wallet_id: int, to_wallet_id: int, amount: int, **more: object) -> Move:
    """A request to move points between two wallets; they keep their expiry."""
    return Move(
        kind=Kind.TRANSFER,
        account_id=account_id,
        from_wallet_id=from_wallet_id,
        to_wallet_id=to_wallet_id,
        amount=amount,
        **more,  # type: ignore[arg-type]
    )


@dataclass(slots=True, kw_only=True)
class Capture(Request):
    """Take `amount` (None: all) of what the hold keeps aside, once, and release the rest."""

    transaction_id: int
    amount: int | None = None
    account_id: int | None = None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two captures with one key the same capture."""
        return (*Request.content(self), self.transaction_id, self.amount)


@dataclass(slots=True, kw_only=True)
class Release(Request):
    """Give back all that the hold keeps aside."""

    transaction_id: int
    account_id: int | None = None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two releases with one key the same release."""
        return (*Request.content(self), self.transaction_id)


@dataclass(slots=True, kw_only=True)
class Revert(Request):
    """Undo a transaction by its opposite; a pending hold is released."""

    transaction_id: int
    account_id: int | None = None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two reverts with one key the same revert."""
        return (*Request.content(self), self.transaction_id)


@dataclass(slots=True, kw_only=True)
class Reclaim(Request):
    """Take up to `amount` of what a mint gave back as a burn: first what of it waits to become valid, then what is left
    of its own lots, then whatever the wallet can spend. Takes less, or nothing, where less is there. What was given has
    moved to another wallet, where one is named: it is taken from there, whatever can be spent.
    """

    transaction_id: int
    amount: int
    wallet_id: int | None = None

    def content(self) -> tuple[object, ...]:
        """Everything that makes two of them with one key the same."""
        return (*Request.content(self), self.transaction_id, self.amount, self.wallet_id)


@dataclass(slots=True, kw_only=True)
class LotRequest(Request):
    """Something asked of one lot."""

    lot_id: int

    def content(self) -> tuple[object, ...]:
        """Everything that makes two requests with one key the same request."""
        return (*Request.content(self), self.lot_id)


@dataclass(slots=True, kw_only=True)
class ActivateLot(LotRequest):
    """Make a pending lot valid now."""


@dataclass(slots=True, kw_only=True)
class ExpireLot(LotRequest):
    """Let what is free of an active lot expire now."""


@dataclass(slots=True, kw_only=True)
class CancelLot(LotRequest):
    """Take back what is left of a lot, pending or active, to where it came from."""


@dataclass(slots=True, kw_only=True)
class Settle(Request):
    """Nothing but what every request does first: let what fell due on the balance happen."""

    account_id: int
    wallet_id: int
