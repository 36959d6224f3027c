"""Lists of transfers (contract open_loyalty O1 and O2, 1.3 and 1.7)."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.amounts import NotAnAmount, read_amount
from loyalty.dialects.open_loyalty import shapes
from loyalty.dialects.open_loyalty.access import LIST, OWN
from loyalty.dialects.open_loyalty.rendering import moment, number
from loyalty.dialects.open_loyalty.views import LOT, StoreView, transfer_uuid
from loyalty.kernel.clock import end_of_local_day, zone_of
from loyalty.kernel.numbered import uuid_of
from members.selectors.fronts import Front
from members.selectors.transfer_members import wallets_of
from members.selectors.transfer_sources import ACTIVE, STATES, TYPES, Range, TransfersWanted
from members.selectors.transfers import WINDOW, TransferRow, list_transfers

PER_PAGE = 10
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")

# Who stands behind a transfer, by what is kept with it; whatever else there is, the system does.
ISSUERS = {"admin": ("admin", "correction"), "seller": ("seller",), "api": ("api", "core", "import")}
_ISSUER_OF = {source: issuer for issuer, sources in ISSUERS.items() for source in sources}


class TransfersView(StoreView):
    """The transfers of a store."""

    needs = LIST

    @extend_schema(**shapes.LIST)
    def get(self, request: Request, store: str | None = None) -> Response:
        """Transfers of all customers, the newest first unless a sort is named; at most 10,000 of them."""
        asked = request.query_params
        front = self.visitor.front
        words = _customer_words(asked)
        filters = _filters(asked, front, self.at)
        if words is not None:
            wallets = wallets_of(front.store.organization_id, **words)
            filters |= {"names": words.get("names") or ()} if wallets is None else {"wallet_ids": wallets}
        # The document: ascending, where a column is named and no direction.
        return _page(asked, front, filters, newest_first=_is_descending(asked, _first(asked, "sort", "_orderBy") == ""))


class SellerTransfersView(TransfersView):
    """The transfers of the store a seller sells at."""

    @extend_schema(**shapes.SELLER_LIST)
    def get(self, request: Request, store: str | None = None) -> Response:
        """The same, at the store the seller sells at."""
        return super().get(request, store)


class OwnTransfersView(StoreView):
    """The transfers of the customer who is signed in."""

    needs = OWN

    @extend_schema(**shapes.OWN_LIST)
    def get(self, request: Request, store: str) -> Response:
        """Their transfers, the newest first unless a sort is named; at most 10,000 of them."""
        asked, front = request.query_params, self.visitor.front
        guest = front.guest
        assert guest is not None  # noqa: S101 - only customers may
        filters: dict[str, Any] = {"at": self.at, "account_id": front.store.account_id}
        filters |= {**_kinds(asked), "wallet_ids": [guest.holder.wallet_id]}
        return _page(asked, front, filters, newest_first=_is_descending(asked, _first(asked, "sort", "_orderBy") == ""))


def _page(asked: QueryDict, front: Front, filters: dict[str, Any], *, newest_first: bool) -> Response:
    page, size = _paging(asked)
    start = min((page - 1) * size, WINDOW)
    found = list_transfers(
        TransfersWanted(**filters, newest_first=newest_first),
        start=start,
        stop=start + size,
        sort=_first(asked, "sort", "_orderBy"),
    )
    body: dict[str, Any] = {"transfers": [shown(row, front) for row in found.rows], "total": found.total}
    if found.is_capped:
        body["totalIsCapped"] = True
    return Response(body)


def _paging(asked: QueryDict) -> tuple[int, int]:
    """The page and its size: what is no number is not said; below zero there is no limit but the window."""
    page = _whole(_first(asked, "page", "_page"), 1)
    size = _whole(_first(asked, "perPage", "_itemsOnPage"), PER_PAGE)
    return max(1, page), WINDOW if size < 0 else min(size or PER_PAGE, WINDOW)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if _NUMBER.fullmatch(text) else otherwise


def _first(asked: QueryDict, *names: str) -> str:
    """What is said under the first of the names that says anything."""
    return next((text for name in names if (text := asked.get(name, "").strip())), "")


def _all(asked: QueryDict, name: str) -> list[str]:
    """What is said under a name, with brackets behind it or without."""
    return [text for key in asked if key == name or key.startswith(f"{name}[") for text in asked.getlist(key)]


def _is_descending(asked: QueryDict, otherwise: bool) -> bool:
    """Only "asc" is ascending; nothing said is as the document has it."""
    said = _first(asked, "direction")
    return said.lower() != "asc" if said else otherwise


def _kinds(asked: QueryDict) -> dict[str, Any]:
    """States and types; what is none of them is not said."""
    states = {text.replace("cancelled", "canceled").lower() for text in _all(asked, "state")} & set(STATES)
    return {"states": frozenset(states), "types": frozenset(_all(asked, "type")) & frozenset(TYPES)}


def _customer_words(asked: QueryDict) -> dict[str, Any] | None:
    """Whose transfers are asked for; None where everybody's."""
    said = {name: _first(asked, f"customer{name}") for name in ("Id", "Email", "Phone", "LoyaltyCardNumber")}
    names = [
        (key, word)
        for key, name in (("name", "customerFirstName"), ("lastName", "customerLastName"))
        for word in _first(asked, name)[:255].replace("\x00", " ").split()
    ]
    contacts = {"email": said["Email"], "phone": said["Phone"], "card": said["LoyaltyCardNumber"]}
    words: dict[str, Any] = {"contacts": {name: text[:255] for name, text in contacts.items() if text}, "names": names}
    if said["Id"]:
        words["customer_id"] = said["Id"]
    return words if any(words.values()) else None


def _filters(asked: QueryDict, front: Front, at: datetime) -> dict[str, Any]:
    """What a list is narrowed by, beside the customer; what cannot be meant is not said."""
    found: dict[str, Any] = {"at": at, "account_id": front.store.account_id, **_kinds(asked)}
    with suppress(NotAnAmount):
        found["amount"] = read_amount(_first(asked, "value"), front.decimals)
    found["comment"] = _first(asked, "comment")[:255].replace("\x00", " ")
    issuer = _first(asked, "issuer")
    if issuer in ISSUERS:
        found["sources"] = ISSUERS[issuer]
    elif issuer in ("system", "internal"):
        found["not_sources"] = tuple(_ISSUER_OF)
    for name, column in (("created", "createdAt"), ("expires", "expiresAt"), ("locked", "lockedUntil")):
        found[name] = _day(_first(asked, column), front.timezone)
    till = _day(_first(asked, "willExpireTill"), front.timezone)
    if till is not None:
        found |= {"states": frozenset({ACTIVE}), "expires_till": till[1]}
    return found


def _day(text: str, zone: str) -> Range | None:
    """The local day of a date, or the second of an instant."""
    try:
        given = datetime.fromisoformat(text.replace(" ", "+")) if text else None
        if given is None:
            return None
        if given.tzinfo is None:
            given = given.replace(tzinfo=zone_of(zone))
        if len(text) <= 10:
            last = end_of_local_day(given + timedelta(hours=12), zone)
            return datetime.combine(given.date(), time(), zone_of(zone)), last + timedelta(seconds=1)
        return given.replace(microsecond=0), given.replace(microsecond=0) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None


def shown(row: TransferRow, front: Front) -> dict[str, Any]:
    """A transfer as lists show it, without what is nothing."""
    zone, profile = front.timezone, row.profile
    lot = row.lot_id
    told = {
        "pointsTransferId": transfer_uuid(row.transaction_id) if lot is None else str(uuid_of(LOT, lot)),
        "accountId": str(uuid_of("wallet", row.wallet_id)),
        "customerId": row.customer_id,
        "customerFirstName": _text(profile.get("name")),
        "customerLastName": _text(profile.get("lastName")),
        "customerLoyaltyCardNumber": _text(profile.get("loyaltyCardNumber")),
        "customerEmail": _text(profile.get("email")),
        "customerPhone": _text(profile.get("phone")),
        "createdAt": moment(row.created_at, zone),
        "expiresAt": moment(row.expires_at, zone),
        "lockedUntil": moment(row.locked_until, zone),
        "value": number(row.amount, front.decimals),
        "state": row.state,
        "type": row.type,
        "comment": row.comment or None,
        "issuer": _ISSUER_OF.get(row.source, "system"),
        "senderId": row.other_customer_id if row.type == "p2p_adding" else None,
        "receiverId": row.other_customer_id if row.type == "p2p_spending" else None,
        "store": {
            "id": str(uuid_of("store", front.store.pk)),
            "code": front.store.code,
            "currency": front.store.currency,
        },
    }
    return {name: value for name, value in told.items() if value is not None}


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
