"""Where the rows of a list of transfers come from: for each kind of them one range of one index.

A part is the SQL of such a range; its rows are (type, tid, lid, state, wallet_id, other_id): the transaction, the
credit (0 for a debit), how it stands at `at`, whose it is, and the other side of what members send each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

ADDING, SPENDING, P2P_ADDING, P2P_SPENDING, BLOCKED = "adding", "spending", "p2p_adding", "p2p_spending", "blocked"
TYPES = (ADDING, SPENDING, P2P_ADDING, P2P_SPENDING, BLOCKED)
ACTIVE, EXPIRED, PENDING, CANCELED = "active", "expired", "pending", "canceled"
STATES = (ACTIVE, EXPIRED, PENDING, CANCELED)

# From an instant on, and up to before another.
Range = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class TransfersWanted:
    """What is looked for, as it stands at `at`; nothing said of something is anything.

    `wallet_ids` are those of the members wanted, `names` words that first and last names have to have (where more
    members have them than can be listed). `sources` are what of a transaction's source is wanted, or (`not_sources`)
    is not. `expires_till` wants what has points left that expire until then.
    """

    account_id: int
    at: datetime
    types: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    wallet_ids: Sequence[int] | None = None
    names: Sequence[tuple[str, str]] = ()
    amount: int | None = None
    comment: str = ""
    sources: Sequence[str] = ()
    not_sources: Sequence[str] = ()
    created: Range | None = None
    expires: Range | None = None
    locked: Range | None = None
    expires_till: datetime | None = None
    newest_first: bool = True

    @property
    def is_sifted(self) -> bool:
        """Whether something is wanted that not every row of a range has."""
        return bool(self.states) or self.is_searched

    @property
    def is_searched(self) -> bool:
        """Whether something is wanted that is looked for row by row; of states, those the index knows are not."""
        rest = (self.names, self.amount is not None, self.comment, self.sources, self.not_sources)
        dates = (self.created, self.expires, self.locked)
        is_known = not self.states or self.states in ({EXPIRED}, {PENDING}) or self.expires_till is not None
        return not is_known or any(rest) or any(one is not None for one in dates)

    @property
    def is_of_few(self) -> bool:
        """Whether points that were given are found by an index, so that only the others are looked for."""
        return self.states == {CANCELED} or (bool(self.types) and ADDING not in self.types)


@dataclass(frozen=True, slots=True)
class Part:
    """Some SQL and its values; `order` is how its rows come out of their index."""

    sql: str
    params: tuple[Any, ...] = ()
    order: str = "tid {way}, lid {way}"


def join(between: str, parts: Sequence[Part]) -> Part:
    """The parts, one after the other."""
    return Part(between.join(part.sql for part in parts), tuple(value for part in parts for value in part.params))


@dataclass(slots=True)
class _Where:
    """Conditions with their values, in order."""

    terms: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def add(self, term: str, *params: Any) -> None:
        """One more."""
        self.terms.append(term)
        self.params += params

    @property
    def sql(self) -> str:
        """All of them."""
        return " AND ".join(self.terms) or "1 = 1"


_LOT_STATE = """CASE WHEN l.state = 'cancelled' THEN 'canceled' WHEN l.state = 'expired' THEN 'expired'
 WHEN l.state = 'spent' THEN 'active' WHEN l.state = 'pending' AND l.valid_from > {now} THEN 'pending'
 WHEN l.expires_at <= {now} AND l.held = 0 THEN 'expired' ELSE 'active' END"""
_REVERTED = """CASE WHEN EXISTS (SELECT 1 FROM ledger_transaction r WHERE r.kind = 'revert' AND r.answers_id = {it}
 AND r.answers_id IS NOT NULL) THEN 'canceled' ELSE 'active' END"""
_HOLD_STATE = "CASE WHEN h.state = 'voided' THEN 'canceled' ELSE 'active' END"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of transaction becomes rows of one type."""

    type: str
    kind: str
    # The side whose row it is, and the other member's (none: there is no other).
    side: str
    other: str = ""
    joins: str = ""
    only: str = ""
    lid: str = "0"
    state: str = _REVERTED.format(it="t.id")

    @property
    def is_credit(self) -> bool:
        """Whether its rows are credits."""
        return self.lid != "0"


_LOTS = "JOIN ledger_lot l ON l.transaction_id = t.id"
_ENDED = "JOIN ledger_hold h ON h.transaction_id = t.answers_id"
_CAPTURED = _REVERTED.format(it="t.answers_id")
KINDS = (
    _Kind(ADDING, "mint", "to_wallet_id", joins=_LOTS, lid="l.id", state=_LOT_STATE),
    _Kind(P2P_ADDING, "transfer", "to_wallet_id", "from_wallet_id", _LOTS, lid="l.id", state=_LOT_STATE),
    _Kind(P2P_ADDING, "capture", "to_wallet_id", "from_wallet_id", _LOTS, lid="l.id", state=_LOT_STATE),
    _Kind(SPENDING, "burn", "from_wallet_id"),
    _Kind(SPENDING, "capture", "from_wallet_id", joins=_ENDED, only="h.kind = 'burn'", state=_CAPTURED),
    _Kind(P2P_SPENDING, "transfer", "from_wallet_id", "to_wallet_id"),
    _Kind(
        P2P_SPENDING,
        "capture",
        "from_wallet_id",
        "to_wallet_id",
        _ENDED,
        "h.kind = 'transfer'",
        state=_CAPTURED,
    ),
    _Kind(
        BLOCKED,
        "hold",
        "from_wallet_id",
        joins="JOIN ledger_hold h ON h.transaction_id = t.id",
        only="h.state <> 'captured'",
        state=_HOLD_STATE,
    ),
)
# How what an index knows is stored: of these states there are few, or they are asked for by themselves.
_RARE = {PENDING: "pending", EXPIRED: "expired", CANCELED: "cancelled"}


def sources(wanted: TransfersWanted, reach: int) -> list[Part]:
    """The parts of a list. What no index answers is looked for among `reach` transactions."""
    types = wanted.types or frozenset(TYPES)
    if wanted.wallet_ids is not None and not wanted.wallet_ids:
        return []
    kinds = [kind for kind in KINDS if kind.type in types]
    if wanted.states and not wanted.states & {ACTIVE, CANCELED}:
        kinds = [kind for kind in kinds if kind.is_credit]
    if wanted.states == {PENDING}:
        # What members send each other is never locked.
        kinds = [kind for kind in kinds if kind.type == ADDING]
    if wanted.expires is not None or wanted.locked is not None or wanted.expires_till is not None:
        kinds = [kind for kind in kinds if kind.is_credit]
    parts = []
    credits_ = frozenset(kind.type for kind in kinds if kind.is_credit)
    if credits_ and wanted.wallet_ids is None and wanted.expires_till is not None:
        parts.append(_expiring(wanted, credits_, reach))
        kinds = []
    elif credits_ and wanted.wallet_ids is None and len(wanted.states) == 1 and not wanted.states & {ACTIVE}:
        parts += _in_state(wanted, next(iter(wanted.states)), credits_, reach)
        kinds = [kind for kind in kinds if not kind.is_credit]
    return parts + [_walk(wanted, kind, reach) for kind in kinds]


def _walk(wanted: TransfersWanted, kind: _Kind, reach: int) -> Part:
    """One kind of transactions in the order of their writing: of the account, or of some wallets."""
    where = _Where()
    if wanted.wallet_ids is not None:
        _of_wallets(where, f"t.{kind.side}", wanted.wallet_ids)
        where.add("t.account_id = %s", wanted.account_id)
    elif kind.kind == "mint":
        where.add("t.account_id = %s", wanted.account_id)
    else:
        # As the index `transaction_of_kind` has it.
        where.add("(t.account_id + 0) = %s AND t.kind <> 'mint'", wanted.account_id)
    where.add(f"t.kind = '{kind.kind}'")
    return _sifted(wanted, kind, where, reach)


def _of_wallets(where: _Where, column: str, wallet_ids: Sequence[int]) -> None:
    if len(wallet_ids) == 1:
        where.add(f"{column} = %s", wallet_ids[0])
    elif connection.vendor == "postgresql":
        where.add(f"{column} = ANY(%s)", list(wallet_ids))
    else:
        where.add(f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(wallet_ids)))


def _sifted(wanted: TransfersWanted, kind: _Kind, where: _Where, reach: int) -> Part:
    """The rows of one kind within an index range, and of them those that fit."""
    table = "ledger_transaction t"
    params: list[Any] = []
    more = _Where()
    if wanted.is_sifted:
        way = "DESC" if wanted.newest_first else "ASC"
        table = f"(SELECT * FROM ledger_transaction t WHERE {where.sql} ORDER BY id {way} LIMIT {reach}) t"
        params += where.params
    else:
        more = where
    if kind.only:
        more.add(kind.only)
    _sift(more, wanted, kind.is_credit)
    return _rows(
        wanted,
        type_=f"'{kind.type}'",
        lid=kind.lid,
        state=kind.state,
        side=f"t.{kind.side}",
        other=f"t.{kind.other}" if kind.other else "CAST(NULL AS bigint)",
        table=f"{table} {kind.joins}",
        params=params,
        where=more,
    )


def _sift(more: _Where, wanted: TransfersWanted, is_credit: bool) -> None:
    amount = "l.amount" if is_credit else "t.amount"
    if wanted.amount is not None:
        more.add(f"{amount} = %s", wanted.amount)
    if wanted.comment:
        more.add(
            "position(%s in lower(t.description)) > 0" if _pg() else "instr(lower(t.description), %s) > 0",
            wanted.comment.lower(),
        )
    for names, word in ((wanted.sources, "IN"), (wanted.not_sources, "NOT IN")):
        if names:
            more.add(f"t.source {word} ({', '.join(['%s'] * len(names))})", *names)
    ranges = [("t.created_at", wanted.created)]
    ranges += [("l.expires_at", wanted.expires), ("l.valid_from", wanted.locked)] if is_credit else []
    for column, wish in ranges:
        since, until = wish or (None, None)
        if since is not None:
            more.add(f"{column} >= %s", since)
        if until is not None:
            more.add(f"{column} < %s", until)
    if is_credit and wanted.expires_till is not None:
        more.add("l.remaining > 0 AND l.expires_at > %s AND l.expires_at <= %s", wanted.at, wanted.expires_till)
    if is_credit and wanted.locked is not None:
        more.add("l.state = 'pending'")
    for key, name in wanted.names:
        more.add(name_has(f"m.profile, '{key}'"), f"% {like(name)} %")


def _pg() -> bool:
    return connection.vendor == "postgresql"


def name_has(what: str) -> str:
    """SQL for: a name of a profile (`what` is its column and its key) has a whole word, whatever its case."""
    get = "jsonb_extract_path_text" if _pg() else "json_extract"
    if not _pg():
        what = what.replace(", '", ", '$.")
    return f"(' ' || lower({get}({what})) || ' ') LIKE %s ESCAPE '!'"


def like(word: str) -> str:
    """A word as LIKE takes it literally."""
    found = word.lower()
    for sign in "!%_":
        found = found.replace(sign, f"!{sign}")
    return found


def _rows(
    wanted: TransfersWanted,
    *,
    type_: str,
    lid: str,
    state: str,
    side: str,
    other: str,
    table: str,
    params: Sequence[Any],
    where: _Where,
    tid: str = "t.id",
) -> Part:
    nows = [wanted.at] * state.count("{now}")
    stands = state.format(now="%s")
    if wanted.states and wanted.states != set(STATES):
        names = ", ".join(f"'{name}'" for name in sorted(wanted.states))
        where.add(f"{stands} IN ({names})", *nows)
    sql = (
        f"SELECT {type_} AS type, {tid} AS tid, {lid} AS lid, {stands} AS state, {side} AS wallet_id,"
        f" {other} AS other_id FROM {table} JOIN members_member m ON m.wallet_id = {side} WHERE {where.sql}"
    )
    order = f"{tid} {{way}}, {lid} {{way}}" if lid != "0" else f"{tid} {{way}}"
    return Part(sql, (*nows, *params, *where.params), order)


def _way(wanted: TransfersWanted) -> str:
    return "DESC" if wanted.newest_first else "ASC"


_TYPE_OF = "CASE WHEN t.kind = 'mint' THEN 'adding' ELSE 'p2p_adding' END"


def _in_state(wanted: TransfersWanted, state: str, types: frozenset[str], reach: int) -> list[Part]:
    """Credits in a state that the index `lot_in_state` knows; of those due to expire, the index `lot_expiring`."""
    where = _Where()
    where.add(f"(l.account_id + 0) = %s AND l.state = '{_RARE[state]}'", wanted.account_id)
    where.add("l.state IN ('pending', 'expired', 'cancelled')")
    parts = [_credits(wanted, where, "l.transaction_id {way}, l.id {way}", types, reach)]
    if state == EXPIRED:
        due = _Where()
        _expiry(due, None, wanted.at)
        due.add("l.account_id = %s AND l.state = 'active' AND l.held = 0", wanted.account_id)
        parts.append(_credits(wanted, due, f"{_EXPIRY[connection.vendor]} {{way}}", types, reach))
    return parts


def _expiring(wanted: TransfersWanted, types: frozenset[str], reach: int) -> Part:
    """Credits with points left that expire until a date."""
    where = _Where()
    _expiry(where, wanted.at, wanted.expires_till)
    where.add("l.account_id = %s AND l.state = 'active'", wanted.account_id)
    return _credits(wanted, where, f"{_EXPIRY[connection.vendor]} {{way}}", types, reach)


def _credits(wanted: TransfersWanted, where: _Where, order: str, types: frozenset[str], reach: int) -> Part:
    table = f"(SELECT * FROM ledger_lot l WHERE {where.sql} ORDER BY {order.format(way=_way(wanted))} LIMIT {reach}) l"
    more = _Where()
    _sift(more, wanted, is_credit=True)
    kinds = ["'mint'"] if ADDING in types else []
    kinds += ["'transfer'", "'capture'"] if P2P_ADDING in types else []
    more.add(f"t.kind IN ({', '.join(kinds)})")
    return _rows(
        wanted,
        type_=_TYPE_OF,
        lid="l.id",
        state=_LOT_STATE,
        side="l.wallet_id",
        other="CASE WHEN t.kind = 'mint' THEN CAST(NULL AS bigint) ELSE t.from_wallet_id END",
        table=f"{table} JOIN ledger_transaction t ON t.id = l.transaction_id",
        params=where.params,
        where=more,
        tid="l.transaction_id",
    )


# Written as the index has it (ledger/migrations/0002_guards.py), on each database.
_EXPIRY = {"postgresql": "(l.expires_at AT TIME ZONE 'UTC')", "sqlite": "(l.expires_at || '')"}


def _expiry(where: _Where, since: datetime | None, until: datetime | None) -> None:
    """A range of expiries."""
    for moment, sign in ((since, ">"), (until, "<=")):
        if moment is not None:
            text = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
            value = "%s::timestamp" if _pg() else "%s"
            where.add(f"{_EXPIRY[connection.vendor]} {sign} {value}", text if _pg() else text.removesuffix(".000000"))
