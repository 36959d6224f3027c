"""Writes answers as the vendor does: exact numbers, ids as GUIDs, dates with the organization's offset, links."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

from coupons.services.charging import SOURCE as COUPON
from ledger.amounts import as_text
from ledger.models import Kind, LedgerAccount
from ledger.selectors import StatementRow
from loyalty.dialects.engage.reading import SOURCES
from loyalty.kernel.clock import or_none, zone_of
from loyalty.kernel.json_text import write_json
from loyalty.kernel.numbered import uuid_of
from members.selectors import Holding

# Who chose a unique key: the caller of this API, as `transactionId`.
KEY_KIND = "engage"
# What numbered UUIDs stand for. Of points one member gave another each side is a transaction of its own here.
BALANCE, TRANSACTION, RECEIVED = "balance", "transaction", "received"
EXPIRED_CODE = "@@(RemovedDueToTimeLimit)"
CONVERTED_CODE = "@@(ConvertedToBonusCheck)"

_BY_KIND = {Kind.EXPIRE.value: "UpdateBalance", Kind.REVERT.value: "PointTransactionCancellation"}
_BY_OURS = {"import": "Adjustment", COUPON: "RewardVoucher"}
_KNOWN = frozenset(SOURCES)


def _other(value: Any) -> Any:
    """A number read exactly is written exactly."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def to_json(value: Any) -> bytes:
    """`value` as JSON bytes."""
    return write_json(value, default=_other)


class EngageRenderer(BaseRenderer):
    """`application/json`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The body for `data`; what is bytes was rendered before."""
        return data if isinstance(data, bytes) else b"" if data is None else to_json(data)


class OnlyJson(BaseContentNegotiation):
    """Whatever a client says it accepts, it gets JSON; a body has to be what a parser reads."""

    def select_parser(self, request: Any, parsers: Iterable[Any]) -> Any:
        """The parser whose type the body says it has."""
        given = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(self, request: Any, renderers: Iterable[Any], format_suffix: Any = None) -> Any:
        """The one there is."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def points(units: int, decimals: int) -> Any:
    """Smallest units as the exact JSON number: 71970 with two decimals is 719.7."""
    if not decimals or units % 10**decimals == 0:
        return units // 10**decimals
    return orjson.Fragment(as_text(units, decimals).rstrip("0"))


def moment(value: datetime | None, zone: str) -> str | None:
    """An instant with the offset of the organization's zone; none for none and for never."""
    value = or_none(value)
    return None if value is None else value.astimezone(zone_of(zone)).isoformat()


def link(rel: str, path: str, **more: Any) -> dict[str, Any]:
    """One link, as the document has them."""
    return {**more, "href": f"{settings.PUBLIC_URL}{path}", "method": "GET", "rel": rel}


def page(items: list[Any], total: int, offset: int) -> dict[str, Any]:
    """A page of a list; `count` says how many are on it."""
    return {"items": items, "totalCount": total, "offset": offset, "count": len(items), "links": []}


def account_id(balance_id: int) -> str:
    """The id of a point account."""
    return str(uuid_of(BALANCE, balance_id))


def written_account(held: Holding) -> dict[str, Any]:
    """A point account: `balance` is what can be spent, without what holds keep and what is pending."""
    own, definition = account_id(held.balance_id), held.account_id
    return {
        "balance": points(held.available, held.decimals),
        "balanceExpires": moment(held.first_expiry, held.zone),
        "contactId": str(held.customer_id),
        "definitionId": definition,
        "id": own,
        "pendingPoints": points(held.pending, held.decimals),
        "links": [
            link("definition", f"/api/v3/point-accounts/definitions/{definition}", id=definition),
            link("transactions", f"/api/v3/point-accounts/transactions?accountId={own}"),
        ],
    }


def written_definition(account: LedgerAccount) -> dict[str, Any]:
    """A point definition: one of the organization's ledger accounts."""
    return {"id": account.pk, "name": account.name, "description": account.ledger.description, "links": []}


def type_of(row: StatementRow) -> str:
    """Addition, Deduction, Expiry or Cancellation."""
    if row.kind == Kind.EXPIRE:
        return "Expiry"
    if row.kind == Kind.REVERT:
        return "Cancellation"
    return "Addition" if row.incoming else "Deduction"


def source_of(row: StatementRow) -> str:
    """The vendor's word for where it came from."""
    if row.source in _KNOWN:
        return row.source
    return _BY_KIND.get(row.kind) or _BY_OURS.get(row.source, "Manual")


def description_of(row: StatementRow) -> str:
    """What was said of it; an expiry, and what was paid for a voucher, have the vendor's code in front (R8, R9)."""
    if row.kind == Kind.EXPIRE:
        code = EXPIRED_CODE
    elif row.source == COUPON and row.kind != Kind.REVERT:
        code = CONVERTED_CODE
    else:
        return row.description
    return f"{code} - {row.description}" if row.description else code


def transaction_id(row: StatementRow, held: Holding) -> str:
    """The id the caller gave it here, else ours."""
    if row.key_kind == KEY_KIND and row.unique_key is not None:
        return row.unique_key
    received = row.incoming and row.from_wallet_id not in held.own_wallets
    return str(uuid_of(RECEIVED if received else TRANSACTION, row.id))


def _line_item(row: StatementRow) -> str | None:
    """The reference a till gave, where it is one of the kind the vendor knows."""
    try:
        return str(uuid.UUID(row.external_id)) if row.external_id else None
    except ValueError:
        return None


def written_transaction(row: StatementRow, held: Holding) -> dict[str, Any]:
    """A point transaction, with the sign it has for its account."""
    account, zone = account_id(held.balance_id), held.zone
    return {
        "accountId": account,
        "amount": points(row.amount if row.incoming else -row.amount, held.decimals),
        "createdOn": moment(row.created_at, zone),
        "description": description_of(row),
        "id": transaction_id(row, held),
        "modifiedOn": moment(row.changed_at, zone),
        "source": source_of(row),
        "transactionDate": moment(row.effective_at, zone),
        "type": type_of(row),
        "validFrom": moment(row.valid_from, zone),
        "validTo": moment(row.expires_at, zone),
        "retailTransactionLineItemId": _line_item(row),
        "links": [link("account", f"/api/v3/point-accounts/{account}")],
    }
