"""Says what an import of orders would do, and does nothing of it: no row is locked, none is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO, Any

from campaigns.services.importing import CHUNK, order_lines, read_line, read_order
from campaigns.services.ordering import MISSING
from loyalty.kernel.errors import InvalidInput
from members.errors import ImportRefused
from members.models import Member, PurchaseOrder
from members.services.orders import OrderDraft, decide_orders, known_orders

# How much of what would happen is shown line by line.
SHOWN_ROWS = 10
SHOWN_ERRORS = 100

_Read = tuple[int, str, str, Callable[[Member], OrderDraft]]


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that would be refused, which order it tells of, and why."""

    line: int
    identifier: str
    message: str


@dataclass(slots=True)
class OrdersPreview:
    """What an import would do: how many orders are new, changed, or known just as they are told, how many lines are
    refused, the first lines and the first errors. Where the file is longer than was looked at, `is_whole` is false.
    """

    lines: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    is_whole: bool = True
    first_rows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)


def preview_order_import(
    *, organization_id: int, source: IO[bytes], at: datetime, most_lines: int | None = None
) -> OrdersPreview:
    """What importing the file now would do, line by line in order; a line finds what the lines before it made of its
    order. With `most_lines`, what its first lines would do: the rest is not looked at.

    :raises ImportRefused: where the file has no lines, or one that is endless.
    """
    source.seek(0)
    preview, known = OrdersPreview(), dict[str, PurchaseOrder]()
    lines = order_lines(source)
    first = lines if most_lines is None else islice(lines, most_lines)
    while chunk := list(islice(first, CHUNK)):
        understood = _understand(chunk, preview)
        _decide(organization_id, understood, known, preview, at)
        preview.lines += len(chunk)
    if not preview.lines:
        raise ImportRefused("The file has no lines.")
    preview.is_whole = most_lines is None or next(lines, None) is None
    preview.errors.sort(key=lambda error: error.line)
    return preview


def _understand(chunk: list[tuple[int, bytes]], preview: OrdersPreview) -> list[_Read]:
    understood: list[_Read] = []
    for line, data in chunk:
        try:
            found = read_line(data)
            if len(preview.first_rows) < SHOWN_ROWS:
                preview.first_rows.append(found)
            understood.append((line, str(found.get("externalId")), *read_order(found)))
        except InvalidInput as error:
            _refuse(preview, line, "", error.message)
    return understood


def _decide(
    organization_id: int,
    understood: list[_Read],
    known: dict[str, PurchaseOrder],
    preview: OrdersPreview,
    at: datetime,
) -> None:
    rows = Member.objects.filter(organization_id=organization_id)
    rows = rows.filter(loyalty_member_id__in={name for _, _, name, _ in understood})
    members = {member.loyalty_member_id: member for member in rows}
    drafts: list[tuple[int, OrderDraft]] = []
    for line, external_id, name, make in understood:
        if name in members:
            drafts.append((line, make(members[name])))
        else:
            _refuse(preview, line, external_id, MISSING)
    told = [draft for _, draft in drafts]
    for order in known_orders(organization_id, told):
        known.setdefault(order.external_id, order)
    for (line, meant), put in zip(drafts, decide_orders(organization_id, told, known, at=at), strict=True):
        if put.error is not None:
            _refuse(preview, line, meant.external_id, put.error.message)
        elif put.is_new:
            preview.created += 1
        elif put.is_changed:
            preview.updated += 1
        else:
            preview.unchanged += 1


def _refuse(preview: OrdersPreview, line: int, identifier: str, message: str) -> None:
    preview.refused += 1
    if len(preview.errors) < SHOWN_ERRORS:
        preview.errors.append(LineError(line, identifier, message))
