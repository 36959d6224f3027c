"""One chunk of rows: understand, find the members, post, say what happened to each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from ledger.errors import InsufficientBalance
from ledger.models import LedgerAccount
from ledger.services import IMPORT, Move, burn, mint, post_groups
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DomainError
from members.errors import MemberInactive
from members.services.imports.matching import MISSING, Matches
from members.services.imports.reading import RawRow
from members.services.imports.rows import SPENDING, PointsRow, RowProblem, identifier_of, read_row


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was not booked, and why."""

    line: int
    identifier: str
    message: str
    fields: dict[str, str]


@dataclass(slots=True)
class ChunkResult:
    """What became of a chunk's rows. `made` pairs lines with the transactions booked for them."""

    succeeded: int = 0
    skipped: int = 0
    errors: list[RowError] = field(default_factory=list)
    made: list[tuple[int, int]] = field(default_factory=list)


def understand(raws: Sequence[RawRow], errors: list[RowError]) -> list[tuple[RawRow, PointsRow]]:
    """The rows that make sense; the others go to `errors`."""
    understood = []
    for raw in raws:
        try:
            understood.append((raw, read_row(raw)))
        except RowProblem as problem:
            errors.append(error_of(raw, str(problem)))
    return understood


def error_of(raw: RawRow, message: str) -> RowError:
    """A row's entry in the report."""
    return RowError(raw.line, identifier_of(raw.fields), message, raw.fields)


def message_of(error: DomainError) -> str:
    """What the report says of a refusal by the ledger."""
    if isinstance(error, InsufficientBalance):
        return "Process exception: Not enough points"
    return f"Process exception: {error.message}"


def move_of(row: PointsRow, wallet_id: int, account: LedgerAccount, digest: str, number: int, at: datetime) -> Move:
    """The movement a row asks for. Without a key of its own a row's key is its file and its number."""
    words = {
        "account_id": account.pk,
        "wallet_id": wallet_id,
        "amount": row.points * 10**account.decimals,
        "unique_key": row.row_key or f"{digest[:32]}:{number}",
        "key_kind": IMPORT,
        # A file is one job, and a job books a row together with having come past it: such a key cannot be used yet.
        "key_is_new": row.row_key is None,
        "description": row.comment,
        "source": row.source,
    }
    if row.kind == SPENDING:
        return burn(**words)
    return mint(**words, valid_from=row.valid_from, expires_at=row.expiry(at, account.organization.timezone))


@dataclass(slots=True)
class Chunk:
    """Some rows of a file in hand: `first` is the number of the first in its file."""

    first: int
    size: int
    understood: list[tuple[RawRow, PointsRow]]
    errors: list[RowError]
    numbers: dict[int, int]


@dataclass(slots=True)
class Order:
    """What a chunk asks of the ledger: a movement for each of the rows `asked`; `errors` are the rows it will not be
    asked for.
    """

    size: int
    at: datetime
    asked: list[RawRow]
    groups: list[list[Move]]
    errors: list[RowError]


def read_chunk(rows: Iterator[RawRow], first: int, most: int) -> Chunk | None:
    """The next rows, understood; None at the end of the file."""
    raws, errors = list(islice(rows, most)), list[RowError]()
    if not raws:
        return None
    numbers = {raw.line: first + index for index, raw in enumerate(raws)}
    return Chunk(first, len(raws), understand(raws, errors), errors, numbers)


def order_of(*, account: LedgerAccount, chunk: Chunk, digest: str, at: datetime) -> Order:
    """Find the members, and write out what the ledger will be asked for; a query for each kind of address."""
    matches = Matches(account.organization_id, (row for _, row in chunk.understood))
    order = Order(chunk.size, at, [], [], chunk.errors)
    for raw, row in chunk.understood:
        member = matches.find(row)
        if member is None:
            order.errors.append(error_of(raw, MISSING))
        elif not member.active:
            order.errors.append(error_of(raw, f"Process exception: {MemberInactive.says}"))
        else:
            move = move_of(row, member.wallet_id, account, digest, chunk.numbers[raw.line], at)
            move.content_hash()
            order.asked.append(raw)
            order.groups.append([move])
    return order


def book_order(*, account: LedgerAccount, order: Order, actor: Actor) -> ChunkResult:
    """Book the rows, each by itself; a bounded number of queries whatever the chunk's size."""
    result = ChunkResult(errors=order.errors)
    outcomes = post_groups(organization_id=account.organization_id, groups=order.groups, actor=actor, at=order.at)
    for raw, outcome in zip(order.asked, outcomes, strict=True):
        if outcome.error is not None:
            result.errors.append(error_of(raw, message_of(outcome.error)))
        elif outcome.answers[0].replayed:
            result.skipped += 1
        else:
            result.succeeded += 1
            result.made.append((raw.line, outcome.answers[0].transaction_id or 0))
    result.errors.sort(key=lambda error: error.line)
    return result
