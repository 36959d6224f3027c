"""Closes periods of partners: what two companies owe each other, drawn from the books, once and for all."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from ledger.services import SYSTEM, Move, burn, mint, post_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from partners.errors import NothingToSettle
from partners.models import ExchangeEntry, Partner, Statement, StatementTotal
from partners.selectors.statements import entries_of, last_statement, program_number
from partners.services.companies import CENTS

COLUMNS = (
    "direction",
    "kind",
    "at",
    "entry",
    "program",
    "client",
    "referenceNumber",
    "points",
    "rate",
    "amount",
    "currency",
)
_CENT = Decimal("0.01")
IN, OUT = StatementTotal.Direction.IN, StatementTotal.Direction.OUT


@dataclass(slots=True)
class Sum:
    """What a statement says of one program in one direction; money is exact."""

    issued: int = 0
    reversed: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Reckoning:
    """Everything the lines of a statement come to: sums by direction and program, their number, and the digest of the
    file they are.
    """

    sums: dict[tuple[str, int], Sum] = field(default_factory=dict)
    lines: int = 0
    digest: str = ""

    def total(self, direction: str) -> Decimal:
        """The money of one direction, to the cent; half a cent counts up."""
        exact = sum((one.amount for (way, _), one in self.sums.items() if way == direction), Decimal(0))
        return exact.quantize(_CENT, ROUND_HALF_UP)


def lines_of(statement: Statement) -> Iterator[tuple[str, ExchangeEntry, Decimal, str]]:
    """Every line: its direction, the entry, its amount (below zero for a reversal), and the line as the file has it."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    for direction, entry in entries_of(statement):
        sign = 1 if entry.kind == ExchangeEntry.Kind.ISSUE else -1
        rate = entry.rate if direction == OUT else entry.exchange.rate
        amount = sign * (entry.points * entry.rate if direction == OUT else Decimal(entry.value))
        write(
            (
                direction,
                entry.kind,
                entry.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                entry.pk,
                program_number(entry.program_id),
                entry.exchange.client.client_id,
                _unread(entry.exchange.reference_number),
                sign * entry.points,
                _plain(rate),
                _plain(amount),
                statement.currency,
            )
        )
        yield str(direction), entry, amount, out.getvalue()
        out.seek(0)
        out.truncate()


def file_of(statement: Statement) -> Iterator[str]:
    """The file of a statement's lines, piece by piece; its SHA-256 is the statement's digest. It names programs and
    clients by ids that never change, so it is the same whenever it is drawn.
    """
    yield ",".join(COLUMNS) + "\n"
    for _, _, _, line in lines_of(statement):
        yield line


def reckon(statement: Statement) -> Reckoning:
    """What the statement's lines come to now."""
    found = Reckoning()
    hashed = hashlib.sha256((",".join(COLUMNS) + "\n").encode())
    for direction, entry, amount, line in lines_of(statement):
        one = found.sums.setdefault((direction, entry.program_id), Sum())
        if entry.kind == ExchangeEntry.Kind.ISSUE:
            one.issued += entry.points
        else:
            one.reversed += entry.points
        one.amount += amount
        found.lines += 1
        hashed.update(line.encode())
    found.digest = hashed.hexdigest()
    return found


def _plain(number: Decimal) -> str:
    """A number without an exponent, and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unread(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


@transaction.atomic
def close_period(*, partner: Partner, ends_at: datetime, actor: Actor, at: datetime, reason: str = "") -> Statement:
    """Close the partner's period that began where the last one ended: everything booked before `ends_at` and settled
    by no earlier statement is in it, in both directions, and the clearing wallet is settled for it.

    What is paid outside is `net`, to the partner (below zero: by it). What was paid in advance is charged no more.

    :raises InvalidInput: an end that lies ahead, or before the last one.
    :raises NothingToSettle: nothing was booked.
    """
    locked = (
        Partner.objects.select_for_update(of=("self",), no_key=True).select_related("money_account").get(pk=partner.pk)
    )
    last = last_statement(locked)
    starts_at = last.ends_at if last is not None else locked.created_at
    if ends_at > at:
        raise InvalidInput("The period must be over.", field="ends_at")
    if ends_at <= starts_at:
        raise InvalidInput(f"The period must end after {starts_at:%Y-%m-%d %H:%M} UTC.", field="ends_at")
    statement = Statement.objects.create(
        organization_id=locked.organization_id,
        partner=locked,
        number=last.number + 1 if last is not None else 1,
        starts_at=starts_at,
        ends_at=ends_at,
        currency=locked.currency,
        terms=locked.terms,
        created_at=at,
    )
    booked = ExchangeEntry.objects.filter(created_at__lt=ends_at)
    taken = booked.filter(partner=locked, statement__isnull=True).update(statement=statement)
    taken += booked.filter(payer=locked, payer_statement__isnull=True).update(payer_statement=statement)
    if not taken:
        raise NothingToSettle
    found = reckon(statement)
    _settle(statement, locked, found, actor, at)
    record(
        actor=actor,
        at=at,
        action="statement.closed",
        target=statement,
        organization_id=locked.organization_id,
        after={"net": statement.net, "currency": statement.currency, "digest": statement.digest},
        reason=reason,
    )
    return statement


def _settle(statement: Statement, partner: Partner, found: Reckoning, actor: Actor, at: datetime) -> None:
    """Book what the statement settles, and write down what it says."""
    moves: dict[tuple[str, int], Move] = {}
    programs = {program.pk: program for program in partner.programs.all()}
    for (direction, program_id), one in found.sums.items():
        if direction == OUT and one.issued != one.reversed:
            moves[direction, program_id] = _opposite(
                one.issued - one.reversed, programs[program_id].account_id, partner, statement, str(program_id)
            )
    charged = Decimal(0) if partner.is_prepaid else found.total(IN)
    if charged:
        moves[IN, 0] = _opposite(-int(charged * CENTS), partner.money_account_id, partner, statement, "money")
    made = {}
    if moves:
        posting = post_transactions(
            organization_id=statement.organization_id, moves=list(moves.values()), actor=actor, at=at
        )
        made = dict(zip(moves, (entry.id for entry in posting.records), strict=True))
    StatementTotal.objects.bulk_create(
        StatementTotal(
            statement=statement,
            direction=direction,
            program_id=program_id,
            issued=one.issued,
            reversed=one.reversed,
            amount=one.amount,
            transaction_id=made.get((direction, program_id)),
        )
        for (direction, program_id), one in sorted(found.sums.items())
    )
    statement.due_to_partner, statement.due_from_partner = found.total(OUT), charged
    statement.net = statement.due_to_partner - charged
    statement.lines, statement.digest = found.lines, found.digest
    statement.money_transaction_id = made.get((IN, 0))
    statement.save(update_fields=["due_to_partner", "due_from_partner", "net", "lines", "digest", "money_transaction"])


def _opposite(held: int, account_id: int, partner: Partner, statement: Statement, what: str) -> Move:
    """The movement that takes `held` out of the partner's wallet, or (below zero) fills it up."""
    move = burn if held > 0 else mint
    return move(
        account_id=account_id,
        wallet_id=partner.wallet_id,
        amount=abs(held),
        unique_key=f"statement:{statement.pk}:{what}",
        key_kind=SYSTEM,
        key_is_new=True,
        description=f"Statement {statement.number}",
        source="exchange",
        clears=True,
    )
