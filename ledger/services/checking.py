"""Proves the books: recomputes everything that is kept from what was written, on live data, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from queue import Queue
from typing import Any

from django.db import connection, transaction

from ledger.models import LedgerAccount, Transaction
from ledger.models.triggers import missing_triggers
from ledger.services.checks import BESIDE, PASSES, Pass

# Left to itself the planner would join through memory, and have every worker add up the same.
_IN_ORDER = "SET LOCAL enable_hashjoin = off; SET LOCAL max_parallel_workers_per_gather = 0"
_ANY_ORDER = "SET LOCAL enable_hashjoin = on; SET LOCAL max_parallel_workers_per_gather = DEFAULT"
# How many findings of the second session may wait to be told.
_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the books do not agree: which rule, where, and by how much."""

    rule: str
    says: str
    account_id: int | None = None
    wallet_id: int | None = None
    row_id: int | None = None
    difference: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding for JSON."""
        return asdict(self)


# What those above the ledger prove beside it: the findings in one organization, or with None in all.
FurtherCheck = Callable[[int | None], Iterator[Finding]]
_further: list[FurtherCheck] = []


def register_check(check: FurtherCheck) -> None:
    """Have `check` run whenever the books are checked. Once, from the `ready()` of the app that keeps more to prove."""
    if check not in _further:
        _further.append(check)


def check_books(*, organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the books of an organization (or of all) do not agree; nothing where they do. What was
    registered from above is checked with them.

    All checks see one snapshot, so postings may go on meanwhile. Findings are streamed; the database adds up.
    """
    yield from _structure()
    with _snapshot() as shared:
        accounts = ""
        if organization_id is not None:
            ids = LedgerAccount.objects.filter(organization_id=organization_id).order_by("pk")
            accounts = ",".join(str(pk) for pk in ids.values_list("pk", flat=True)) or "NULL"
        if shared is None:
            yield from _findings((*PASSES, *BESIDE), accounts)
        else:
            yield from _in_two_sessions(accounts, shared)
        for check in _further:
            yield from check(organization_id)


def _findings(passes: Sequence[Pass], accounts: str) -> Iterator[Finding]:
    for one in passes:
        for number, account_id, wallet_id, row_id, difference in _rows(one, accounts):
            check = one.checks[number]
            yield Finding(check.rule, check.says, account_id, wallet_id, row_id, difference)


def _in_two_sessions(accounts: str, shared: str) -> Iterator[Finding]:
    """Go through the lots in a session of their own while this one adds up the transactions, both on one snapshot."""
    waiting: Queue[Finding | None] = Queue(_WAITING)

    def beside() -> None:
        try:
            with transaction.atomic():
                _begin(f"; SET TRANSACTION SNAPSHOT '{shared}'")
                for finding in _findings(BESIDE, accounts):
                    waiting.put(finding)
        finally:
            waiting.put(None)
            connection.close()

    with ThreadPoolExecutor(1) as second:
        done = second.submit(beside)
        told = iter(waiting.get, None)
        try:
            yield from _findings(PASSES, accounts)
            yield from told
        finally:
            # Where nobody wants to hear the rest: the other session must not wait to tell it.
            for _ in told:
                pass
        done.result()


def _rows(one: Pass, accounts: str) -> Iterator[tuple[Any, ...]]:
    """What a pass answers, row by row: there may be as many findings as rows in the books."""
    if connection.vendor != "postgresql":
        with connection.chunked_cursor() as cursor:
            cursor.execute(one.sql(accounts))
            yield from cursor
        return
    # Streamed, not through a cursor of the server: PostgreSQL gives those no parallel workers.
    with connection.wrap_database_errors, connection.connection.cursor() as raw:
        raw.execute(_IN_ORDER if one.in_order else _ANY_ORDER)
        yield from raw.stream(one.sql(accounts))


def _structure() -> Iterator[Finding]:
    """What makes the rest true: the triggers that keep rows as they are, the index that makes keys act once."""
    for name in missing_triggers(connection):
        yield Finding(rule="append-only-triggers", says=f"the trigger {name} is missing")
    with connection.cursor() as cursor:
        constraints: Any = connection.introspection.get_constraints(cursor, Transaction._meta.db_table)
    if not constraints.get("transaction_key_once", {}).get("unique"):
        yield Finding(rule="keys-act-once", says="the unique index on transaction keys is missing")


def _begin(more: str = "") -> None:
    """One view of the data for everything in this transaction. Sums by wallet are worth the memory; to compile them
    is not worth the time.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY{more}")
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")


@contextmanager
def _snapshot() -> Iterator[str | None]:
    """One view of the data for all checks, without locking anybody out; answers its name, where a second session can
    have the same view.
    """
    if connection.in_atomic_block:
        # What is not committed cannot be shared.
        yield None
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            _begin()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_export_snapshot()")
                name: str = cursor.fetchone()[0]
            yield name
    else:
        # Not `atomic`, which would take the only writer's place for as long as the check runs.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield None
            finally:
                cursor.execute("ROLLBACK")
