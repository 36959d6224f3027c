"""Posts movements: one, a set that stands or falls together, or a batch of sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from ledger.announcements import Posted, announce
from ledger.engine.book import Book
from ledger.engine.requests import Move, Request
from ledger.engine.rows import Entry
from ledger.engine.run import Answer, Outcome, execute
from ledger.engine.run import Posting as EnginePosting
from ledger.models import Transaction, Wallet
from ledger.selectors.records import TransactionRecord, describe, record_of
from ledger.services.chain import note_for_chain
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER

SET = "set"


class Posting:
    """What a posting answers: the records in the order asked, and whether all of them are from an earlier call."""

    def __init__(self, records: list[TransactionRecord], *, replayed: bool) -> None:
        self.records = records
        self.replayed = replayed


def describe_posted(book: Book, entries: Iterable[Entry]) -> list[TransactionRecord]:
    """Transactions just written, from what is in hand; costs no query."""
    expiries: dict[int, datetime] = {}
    for lot in book.new_lots:
        if lot.transaction_id is not None:
            expiries[lot.transaction_id] = min(lot.expires_at, expiries.get(lot.transaction_id, NEVER))
    records = []
    for entry in entries:
        record = record_of(entry, book.accounts[entry.account_id].ledger_id)
        record.expires_at = expiries.get(entry.id)
        hold = book.holds.get(entry.id)
        if hold is not None:
            record.kind, record.status, record.captured_amount = str(hold.kind), str(hold.state), hold.captured
        records.append(record)
    return records


def tell(book: Book) -> None:
    """Announce what a call wrote to those above, and put it in the outbox of a chain outside."""
    note_for_chain(book)
    announce(
        Posted(
            organization_id=book.organization_id,
            at=book.at,
            actor=book.actor,
            entries=book.entries,
            accounts=book.accounts,
            holders={
                wallet.id: wallet.holder_id
                for wallet in book.wallets.values()
                if wallet.kind == Wallet.Kind.MEMBER and wallet.holder_id is not None
            },
        )
    )


def records_of(posting: EnginePosting, answers: Sequence[Answer]) -> list[TransactionRecord]:
    """The records of answers: those just written from the book, those of an earlier call from the database."""
    made = {entry.id for entry in posting.book.entries}
    fresh = [
        a.entry for a in answers if a.entry is not None and (a.entry.id in made or a.entry.id in posting.book.holds)
    ]
    found = {record.id: record for record in describe_posted(posting.book, fresh)}
    missing = {a.transaction_id for a in answers if a.transaction_id is not None} - found.keys()
    if missing:
        rows = Transaction.objects.filter(pk__in=missing).order_by("pk")
        found.update((record.id, record) for record in describe(list(rows)))
    return [found[a.transaction_id] for a in answers if a.transaction_id is not None]


def _with_all_keys(moves: Sequence[Move]) -> list[Move]:
    """A set in which one movement has a key gets keys for the others, so that the whole set can be replayed."""
    keyed = next((move.unique_key for move in moves if move.unique_key is not None), None)
    if keyed is None or len(moves) == 1:
        return list(moves)
    stem = (
        keyed
        if len(keyed) <= 240
        else hashlib.blake2b(keyed.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    )
    return [
        move if move.unique_key is not None else replace(move, key_kind=SET, unique_key=f"{stem}#{index}")
        for index, move in enumerate(moves)
    ]


def post_transactions(*, organization_id: int, moves: Sequence[Move], actor: Actor, at: datetime) -> Posting:
    """Post movements in their order, all or none of them; a later one may spend what an earlier one credited.

    Amounts are smallest units. A set whose keys have all acted before answers as it did then (semantics 0.12, 2.4).

    :raises NotFound: an account or wallet that is not the organization's.
    :raises InsufficientBalance: less is available than a movement takes.
    :raises SupplyExceeded: a finite supply has less left.
    :raises AccountInactive: the account takes no movements now.
    :raises WalletInactive: a wallet's holder takes none.
    :raises SystemWallet: an account's own wallet is named.
    :raises ClearingAccount: the account is not for members, and the movement does not say that it clears.
    :raises IdempotencyConflict: a key acted before with other content, or only some keys of the set did.
    :raises InvalidInput: an amount below 1, a date in the future, an expiry before the points are valid.
    :raises Busy: rows stay locked by others for too long.
    """
    posting = execute([_with_all_keys(moves)], organization_id=organization_id, actor=str(actor), at=at, announce=tell)
    answers = posting.outcomes[0].answers
    return Posting(records_of(posting, answers), replayed=bool(answers) and all(a.replayed for a in answers))


def post_groups(
    *, organization_id: int, groups: Sequence[Sequence[Request]], actor: Actor, at: datetime
) -> list[Outcome]:
    """Post each group as a whole or not at all, and go on where one is refused; the bare outcomes, for bulk work.

    All of it is one database transaction: a thousand commits would cost more than the thousand postings.
    """
    return execute(
        groups, organization_id=organization_id, actor=str(actor), at=at, tolerant=True, announce=tell
    ).outcomes


def post_batch(
    *, organization_id: int, groups: Sequence[Sequence[Move]], actor: Actor, at: datetime
) -> list[tuple[Outcome, list[TransactionRecord]]]:
    """Post each group as a whole or not at all; each outcome with its records (semantics 2.5)."""
    posting = execute(
        [_with_all_keys(group) for group in groups],
        organization_id=organization_id,
        actor=str(actor),
        at=at,
        tolerant=True,
        announce=tell,
    )
    answers = [answer for outcome in posting.outcomes for answer in outcome.answers]
    records = {record.id: record for record in records_of(posting, answers)}
    return [
        (outcome, [records[a.transaction_id] for a in outcome.answers if a.transaction_id is not None])
        for outcome in posting.outcomes
    ]
