"""Says what an import would do, and does nothing of it: no row is locked, none is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO

from django.conf import settings
from django.db.models import F, Sum

from ledger.errors import AccountInactive, SupplyExceeded
from ledger.models import AccountSupply, Balance, LedgerAccount, Lot, Transaction
from ledger.services import IMPORT
from members.errors import ImportRefused, MemberInactive
from members.selectors import resolve_account
from members.services.imports.chunks import Chunk, RowError, error_of, read_chunk
from members.services.imports.matching import MISSING, Matches
from members.services.imports.reading import read_rows
from members.services.imports.rows import SPENDING, PointsRow
from members.services.imports.running import ImportResult, Watcher
from members.services.imports.survey import digest_of, survey_file

# How much of what would happen is shown row by row.
SHOWN_ROWS = 10
SHOWN_ERRORS = 100


@dataclass(slots=True)
class Preview:
    """What an import would do: the counts, the points, the first rows and the first errors.

    Where not all rows were asked for and there are more, `is_whole` is false and `rows` those looked at.
    """

    rows: int
    is_whole: bool = True
    result: ImportResult = field(default_factory=ImportResult)
    points_added: int = 0
    points_spent: int = 0
    first_rows: list[dict[str, str]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


class _Simulation:
    """What each wallet touched so far would have, and what the supply would leave."""

    def __init__(self, account: LedgerAccount, at: datetime) -> None:
        self.account, self.at = account, at
        self.available: dict[int, int] = {}
        self.keys: set[int] = set()
        supply = AccountSupply.objects.filter(account=account).first()
        self.supply = None if supply is None else supply.max_supply - supply.consumed

    def look_at(self, wallet_ids: Collection[int]) -> None:
        """Read the balances of wallets met for the first time, as they will be once what fell due is settled."""
        new = [wallet_id for wallet_id in wallet_ids if wallet_id not in self.available]
        self.available.update(dict.fromkeys(new, 0))
        mine = Balance.objects.filter(account=self.account, wallet_id__in=new)
        self.available.update(mine.values_list("wallet_id", F("active") - F("held")))
        due = list(mine.filter(next_change_at__lte=self.at).values_list("wallet_id", flat=True))
        lots = Lot.objects.filter(account=self.account, wallet_id__in=due).order_by().values_list("wallet_id")
        expiring = lots.filter(state=Lot.State.ACTIVE, expires_at__lte=self.at)
        starting = lots.filter(state=Lot.State.PENDING, valid_from__lte=self.at, expires_at__gt=self.at)
        for wallet_id, amount in expiring.annotate(n=Sum(F("remaining") - F("held"))):
            self.available[wallet_id] -= amount
        for wallet_id, amount in starting.annotate(n=Sum("remaining")):
            self.available[wallet_id] += amount

    def try_row(self, row: PointsRow, wallet_id: int) -> str:
        """Why the row would be refused; nothing where it would be booked."""
        amount = row.points * 10**self.account.decimals
        if not self.account.active:
            return f"Process exception: {AccountInactive.says}"
        if row.kind == SPENDING:
            if self.available[wallet_id] < amount and not self.account.may_owe:
                return "Process exception: Not enough points"
            self.available[wallet_id] -= amount
            if self.supply is not None and self.account.is_revolving:
                self.supply += amount
            return ""
        if self.supply is not None and amount > self.supply:
            return f"Process exception: {SupplyExceeded.says}"
        if self.supply is not None:
            self.supply -= amount
        expires_at = row.expiry(self.at, self.account.organization.timezone)
        waits = row.valid_from is not None and row.valid_from > self.at
        if not waits and (expires_at is None or expires_at > self.at):
            self.available[wallet_id] += amount
        return ""

    def known(self, row: PointsRow, booked: set[str]) -> bool:
        """Whether a row with a key of its own was booked before, by another file or further up in this one."""
        if row.row_key is None:
            return False
        name = hash(row.row_key)
        if row.row_key in booked or name in self.keys:
            return True
        self.keys.add(name)
        return False


def preview_import(
    *,
    organization_id: int,
    source: IO[bytes],
    file_format: str,
    at: datetime,
    account_id: int | None = None,
    watch: Watcher | None = None,
    most_rows: int | None = None,
) -> Preview:
    """What importing the file now would do, row by row in order; reads only. With `most_rows`, what its first rows
    would do: the rest is not even looked at, and may be broken.

    :raises ImportRefused: where the file cannot be read to its end, or has no rows.
    :raises NotFound: an account that is not the organization's.
    :raises NoDefaultAccount: none is named, and none is set.
    """
    account = resolve_account(organization_id, account_id=account_id)
    digest, total = _looked_at(source, file_format, most_rows)
    preview, simulation = Preview(total), _Simulation(account, at)
    rows = read_rows(source, file_format)
    first = rows if most_rows is None else islice(rows, most_rows)
    while chunk := read_chunk(first, preview.result.processed + 1, settings.IMPORT_CHUNK_ROWS):
        room = max(0, SHOWN_ROWS - len(preview.first_rows))
        preview.first_rows += [raw.fields for raw, _ in chunk.understood[:room]]
        _preview_chunk(preview, simulation, chunk, digest)
        if watch is not None:
            watch(chunk.size)
    if most_rows is not None:
        preview.rows, preview.is_whole = preview.result.processed, next(rows, None) is None
        if not preview.rows:
            raise ImportRefused("The file has no rows.")
    return preview


def _looked_at(source: IO[bytes], file_format: str, most_rows: int | None) -> tuple[str, int]:
    """The digest of the file, and how many rows it has where all of them are asked for."""
    if most_rows is not None:
        return digest_of(source)[0], 0
    survey = survey_file(source, file_format)
    return survey.digest, survey.rows


def _preview_chunk(preview: Preview, simulation: _Simulation, chunk: Chunk, digest: str) -> None:
    account, errors, understood, numbers = simulation.account, chunk.errors, chunk.understood, chunk.numbers
    keys = {raw.line: row.row_key or f"{digest[:32]}:{numbers[raw.line]}" for raw, row in understood}
    matches = Matches(account.organization_id, (row for _, row in understood))
    booked: set[str] = set(
        Transaction.objects.filter(
            organization_id=account.organization_id, key_kind=IMPORT, unique_key__in=list(keys.values())
        ).values_list("unique_key", flat=True)  # type: ignore[arg-type]
    )
    members = {raw.line: matches.find(row) for raw, row in understood}
    simulation.look_at({member.wallet_id for member in members.values() if member is not None})
    for raw, row in understood:
        member = members[raw.line]
        if member is None or not member.active:
            why = MISSING if member is None else f"Process exception: {MemberInactive.says}"
            errors.append(error_of(raw, why))
        elif keys[raw.line] in booked or simulation.known(row, booked):
            preview.result.skipped += 1
        elif why := simulation.try_row(row, member.wallet_id):
            errors.append(error_of(raw, why))
        else:
            preview.result.succeeded += 1
            if row.kind == SPENDING:
                preview.points_spent += row.points
            else:
                preview.points_added += row.points
    preview.result.processed += chunk.size
    preview.result.failed += len(errors)
    errors.sort(key=lambda error: error.line)
    preview.errors += errors[: max(0, SHOWN_ERRORS - len(preview.errors))]
