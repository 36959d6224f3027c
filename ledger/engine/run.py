"""One call from start to end: read what cannot change, lock, settle, decide group by group, write, announce."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction

from ledger.engine import holds, lots, moves, primitives, reverts
from ledger.engine.book import Book
from ledger.engine.requests import (
    ActivateLot,
    CancelLot,
    Capture,
    ExpireLot,
    LotRequest,
    Move,
    Reclaim,
    Release,
    Request,
    Revert,
    Settle,
)
from ledger.engine.rows import BalanceKey, Entry
from ledger.engine.store import current_store
from ledger.errors import AtomicSetAborted
from ledger.models import Kind, Wallet
from loyalty.kernel.bulk import collector_paused
from loyalty.kernel.errors import Busy, DomainError, IdempotencyConflict, InvalidInput

ATTEMPTS = 4
# deadlock_detected, serialization_failure: the same call again will do. lock_not_available: it waited long enough.
_AGAIN = ("40P01", "40001")
_WAITED = "55P03"
# From here on the rows in hand are so many that Python's collector should leave them alone.
_BULK = 100


@dataclass(slots=True)
class Answer:
    """What came of one request: the transaction it made, or (`replayed`) made the first time it was asked."""

    transaction_id: int | None
    entry: Entry | None
    replayed: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of one group: an answer for each of its requests, or the error that kept all of it from acting."""

    answers: list[Answer] = field(default_factory=list)
    error: DomainError | None = None
    failed: int | None = None

    def error_of(self, index: int) -> DomainError:
        """Why the request at `index` was not done: its own fault, or another's in its group."""
        if self.error is not None and index == self.failed:
            return self.error
        return AtomicSetAborted()


@dataclass(slots=True)
class Posting:
    """What one call did: the outcome of each group, and the book that holds what was written."""

    outcomes: list[Outcome]
    book: Book


def execute(
    groups: Sequence[Sequence[Request]],
    *,
    organization_id: int,
    actor: str,
    at: datetime,
    tolerant: bool = False,
    announce: Callable[[Book], None] | None = None,
) -> Posting:
    """Do every group, in one database transaction.

    A group happens as a whole or not at all. Where one fails, the call raises and nothing of it happens; a `tolerant`
    call goes on with the next group and tells the error in the group's outcome.

    :raises DomainError: the first refusal, unless tolerant; its details name the index where a group has several.
    :raises Busy: where rows it needs stay locked by somebody else.
    """
    many = sum(map(len, groups)) >= _BULK
    # Where nothing can turn out to have been done already, there is no second try for which a savepoint would be kept.
    savepoint = not tolerant or any(r.unique_key and not r.key_is_new for group in groups for r in group)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with collector_paused() if many else nullcontext(), transaction.atomic(savepoint=savepoint):
                return _once(groups, organization_id, actor, at, tolerant, announce, trusting=attempt == 1)
        except IntegrityError as error:
            # Somebody committed the same key after this call looked: look again, it will be found and replayed.
            if "transaction_key_once" not in str(error) or attempt == ATTEMPTS or connection.needs_rollback:
                raise
        except OperationalError as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if state == _WAITED or (state is None and "locked" in str(error)):
                raise Busy from error
            if state not in _AGAIN:
                raise
            if attempt == ATTEMPTS or connection.in_atomic_block:
                raise Busy from error
    raise Busy


def _once(
    groups: Sequence[Sequence[Request]],
    organization_id: int,
    actor: str,
    at: datetime,
    tolerant: bool,
    announce: Callable[[Book], None] | None,
    *,
    trusting: bool,
) -> Posting:
    book = Book(organization_id=organization_id, actor=actor, at=at, store=current_store())
    requests = [request for group in groups for request in group]
    _open(book, requests, trusting=trusting)
    _settle(book)
    _prefetch(book, requests)
    outcomes = [_do_group(book, group, tolerant) for group in groups]
    book.store.save(book)
    book.store.drop_unused_balances(book)
    if announce is not None and book.entries:
        announce(book)
    return Posting(outcomes, book)


def _open(book: Book, requests: Sequence[Request], *, trusting: bool) -> None:
    """Find out what the requests touch, from facts that never change, and lock it.

    Where `trusting`, keys that callers call new are not looked up.
    """
    originals = {r.transaction_id for r in requests if isinstance(r, Capture | Reclaim | Release | Revert)}
    lot_ids = {r.lot_id for r in requests if isinstance(r, LotRequest)}
    homes = book.store.lot_homes(lot_ids)
    entries = book.store.load_originals(book, originals | {home[2] for home in homes if home[2] is not None})

    keys: set[BalanceKey] = {(account_id, wallet_id) for account_id, wallet_id, _ in homes}
    for entry in entries:
        keys.update(((entry.account_id, entry.from_wallet_id), (entry.account_id, entry.to_wallet_id)))
    credited: set[BalanceKey] = {(entry.account_id, entry.from_wallet_id) for entry in entries}
    for request in requests:
        if isinstance(request, Move):
            for wallet_id in (request.from_wallet_id, request.to_wallet_id):
                if wallet_id is not None:
                    keys.add((request.account_id, wallet_id))
            if request.to_wallet_id is not None:
                credited.add((request.account_id, request.to_wallet_id))
        elif isinstance(request, Settle):
            keys.add((request.account_id, request.wallet_id))
        elif isinstance(request, Reclaim) and request.wallet_id is not None:
            keys.update(
                (entry.account_id, request.wallet_id) for entry in entries if entry.id == request.transaction_id
            )
    credited |= {(entry.account_id, entry.to_wallet_id) for entry in entries if entry.kind == Kind.HOLD}
    book.store.open(
        book,
        account_ids={account_id for account_id, _ in keys},
        wallet_ids={wallet_id for _, wallet_id in keys},
        balance_keys=keys,
        unique_keys={
            (r.key_kind, r.unique_key) for r in requests if r.unique_key is not None and not (trusting and r.key_is_new)
        },
        # A capture may release a rest.
        transactions=sum(2 if isinstance(r, Capture) else 1 for r in requests),
        lots=sum(1 for r in requests if isinstance(r, Move) and r.kind != Kind.BURN),
    )
    missing = {key for key in credited - book.balances.keys() if _may_have_balance(book, key)}
    if missing:
        book.store.add_balances(book, missing)
        book.made_balances = sorted(missing & book.balances.keys())
    book.store.load_holds(book, [entry.id for entry in entries if entry.kind == Kind.HOLD])
    # Only lots of this organization's accounts: another's do not exist.
    own = {account_id for account_id, _, _ in homes if account_id in book.accounts}
    if lot_ids and own:
        book.store.load_lots(book, lot_ids)
        for lot_id in [i for i, lot in book.lots.items() if lot.account_id not in book.accounts]:
            del book.lots[lot_id]


def _may_have_balance(book: Book, key: BalanceKey) -> bool:
    """Whether a balance may be made for the pair: both are the organization's, and the wallet is nobody's reserve."""
    wallet = book.wallets.get(key[1])
    return key[0] in book.accounts and wallet is not None and wallet.kind in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING)


def _settle(book: Book) -> None:
    """Let what fell due on the locked balances happen first, so that every rule sees them as they are now."""
    due = [balance for balance in book.balances.values() if balance.next_change_at <= book.at]
    # Another organization's balance may have been locked by a number somebody guessed; it is none of this call's.
    due = [balance for balance in due if balance.account_id in book.accounts and balance.wallet_id in book.wallets]
    if due:
        for key, (due_lots, next_change_at) in book.store.load_due(book, due).items():
            primitives.settle(book, book.balances[key], due_lots, next_change_at)


def _prefetch(book: Book, requests: Sequence[Request]) -> None:
    """Load the lots that several debits will need, for all of them at once; a single one loads its own.

    Most debits fit into a lot or two; for those that do not, a few more rounds take eight times as many.
    """
    needed: Counter[BalanceKey] = Counter()
    for request in requests:
        if isinstance(request, Move) and request.from_wallet_id is not None:
            needed[request.account_id, request.from_wallet_id] += request.amount
    if len(needed) < 2:
        return
    short = [book.balances[key] for key in needed if key in book.balances and key[0] in book.accounts]
    short = [balance for balance in short if balance.tracked > balance.held_tracked]
    limit = 2
    while short:
        book.store.load_spendable(book, [(balance, limit) for balance in short])
        short = [balance for balance in short if primitives.needs_more(balance, needed[balance.key])]
        limit *= 8


_RULES: dict[type[Request], Callable[[Book, Any], Entry | None]] = {
    Capture: holds.post_capture,
    Release: holds.post_release,
    Revert: reverts.post_revert,
    Reclaim: reverts.post_reclaim,
    ActivateLot: lots.post_activate,
    ExpireLot: lots.post_expire,
    CancelLot: lots.post_cancel,
    Settle: lambda book, request: None,
}
_MOVES = {Kind.MINT: moves.post_mint, Kind.BURN: moves.post_burn, Kind.TRANSFER: moves.post_transfer}


def _do_group(book: Book, group: Sequence[Request], tolerant: bool) -> Outcome:
    if not tolerant:
        return _do_requests(book, group)
    outcome = Outcome()
    try:
        with book.attempt():
            return _do_requests(book, group, outcome)
    except DomainError as error:
        outcome.error, outcome.answers = error, []
        return outcome


def _do_requests(book: Book, group: Sequence[Request], outcome: Outcome | None = None) -> Outcome:
    """Do the requests of one group in their order.

    :raises DomainError: at the first that is refused.
    """
    outcome = outcome or Outcome()
    _check_known(book, group, outcome)
    for index, request in enumerate(group):
        outcome.failed = index
        try:
            outcome.answers.append(_do(book, request))
        except DomainError as error:
            if len(group) > 1:
                error.details.setdefault("index", index)
            raise
    outcome.failed = None
    return outcome


def _check_known(book: Book, group: Sequence[Request], outcome: Outcome) -> None:
    """A group with keys was done before as a whole, or is new as a whole (semantics 0.12).

    :raises IdempotencyConflict: where only some of its keys are known; the first of those is the one that failed.
    """
    keyed = [index for index, r in enumerate(group) if r.unique_key is not None]
    known = [index for index in keyed if (group[index].key_kind, group[index].unique_key) in book.keys]
    if known and len(known) < len(keyed):
        outcome.failed = known[0]
        raise IdempotencyConflict("Only some of the keys of this set were used before.", index=known[0])


def _do(book: Book, request: Request) -> Answer:
    if request.unique_key is not None:
        known = book.keys.get((request.key_kind, request.unique_key))
        if known is not None:
            if known.content_hash != request.content_hash():
                raise IdempotencyConflict(systemUniqueKey=request.unique_key)
            return Answer(known.transaction_id, None, replayed=True)
    request.check_date(book.at)
    before = len(book.entries)
    if isinstance(request, Move):
        rule = _MOVES.get(request.kind)
        if rule is None:
            raise InvalidInput(f"A {request.kind} cannot be asked for.")
        entry: Entry | None = rule(book, request)
    else:
        entry = _RULES[type(request)](book, request)
    acted = len(book.entries) > before
    return Answer(entry.id if entry is not None else None, entry, replayed=entry is not None and not acted)
