"""Point transactions: lists, one, and posting one (contract V5 to V7)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors import count_statement, list_statement
from ledger.services import Move, burn, mint, post_transactions
from loyalty.dialects.engage import shapes
from loyalty.dialects.engage.bulk import post_bulk
from loyalty.dialects.engage.problems import no_such
from loyalty.dialects.engage.reading import (
    read_account_id,
    read_amount,
    read_choice,
    read_definition_id,
    read_guid,
    read_moment,
    read_object,
    read_source,
    read_text,
    read_window,
    wrong,
)
from loyalty.dialects.engage.rendering import KEY_KIND, RECEIVED, TRANSACTION, page, written_transaction
from loyalty.dialects.engage.views import EngageView, balance_number, no_account, no_contact
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput
from loyalty.kernel.numbered import number_of
from members.selectors import Holding, find_holding, find_movement
from members.services import current_holding, current_holdings

FILTERS = {"all": "all", "active": "active", "pending": "pending"}
SORTS = {"transactiondate": "effective", "createdon": "created"}
ORDERS = {"asc": False, "desc": True}
# Those that can be posted; the others come of themselves (an expiry), or by posting the opposite.
TYPES = {"addition": "Addition", "deduction": "Deduction"}
# What our own books call a posting without a source.
UNNAMED = "engage"


class StatementView(EngageView):
    """What both lists of transactions share."""

    def answer_page(self, held: Holding | None, query: Mapping[str, str]) -> Response:
        """A page of the account's transactions, newest first unless it is asked for otherwise; none of no account."""
        window = read_window(query)
        asked: dict[str, Any] = {"which": read_choice(query, "filter", FILTERS, "all")}
        by = read_choice(query, "sortBy", SORTS, "created")
        descending = read_choice(query, "sortOrder", ORDERS, True)
        if held is None:
            return Response(page([], 0, window.offset))
        asked |= {"account_id": held.account_id, "wallet_id": held.wallet_id, "tracked": held.tracked}
        rows = list_statement(**asked, by=by, descending=descending, start=window.offset, stop=window.stop)
        if rows and len(rows) < window.count:
            total = window.offset + len(rows)
        else:
            total = count_statement(**asked, kept=held.transactions)
        return Response(page([written_transaction(row, held) for row in rows], total, window.offset))

    def account_of(self, value: Any, name: str) -> Holding:
        """The point account with this id, with everything settled.

        :raises Refused: PointAccountNotFound.
        """
        number = balance_number(read_account_id(value, name))
        held = current_holding(organization_id=self.organization_id, balance_id=number, actor=self.actor, at=self.at)
        if held is None:
            raise no_account()
        return held


class AccountTransactionsView(StatementView):
    """The transactions of an account that is named by its id, or by contact and definition; and many at once."""

    @extend_schema(
        operation_id="getPointAccountTransactions",
        tags=["Point transactions"],
        parameters=[*shapes.ACCOUNT_OR_CONTACT, *shapes.WINDOW, shapes.FILTER],
        responses={200: shapes.TransactionPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """A page of them; where accountId is given the other two are not looked at (V5b)."""
        query = self.query
        if query.get("accountId"):
            return self.answer_page(self.account_of(query["accountId"], "accountId"), query)
        if not query.get("contactId") or not query.get("definitionId"):
            raise wrong("accountId", "is required, or contactId and definitionId.")
        contact_id, text = read_guid(query["contactId"], "contactId"), query["definitionId"]
        definition_id = read_definition_id(int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None)
        held = current_holdings(
            organization_id=self.organization_id, customer_id=contact_id, actor=self.actor, at=self.at
        )
        if held is None:
            raise no_contact()
        return self.answer_page(next((one for one in held if one.account_id == definition_id), None), query)

    @extend_schema(
        operation_id="addPointTransactions",
        tags=["Point transactions"],
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.BulkRow(many=True),
        responses={202: shapes.BulkAnswer, **shapes.refusals(400, 409, 415)},
    )
    def post(self, request: Request) -> Response:
        """Up to 1,000 rows; those that cannot be booked are told, the others are booked (V8)."""
        answer = post_bulk(
            organization_id=self.organization_id,
            data=request.data,
            key=request.headers.get("Idempotency-Key"),
            actor=self.actor,
            at=self.at,
        )
        return Response(answer, 202)


class TransactionsView(StatementView):
    """The transactions of an account, and one more."""

    @extend_schema(
        operation_id="getPointTransactions",
        tags=["Point transactions"],
        parameters=[shapes.ACCOUNT_ID, *shapes.WINDOW, shapes.FILTER, *shapes.SORT],
        responses={200: shapes.TransactionPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """A page of them, newest first unless it is asked for otherwise (V5)."""
        query = self.query
        return self.answer_page(self.account_of(query.get("id"), "id"), query)

    @extend_schema(
        operation_id="addPointTransaction",
        tags=["Point transactions"],
        request=shapes.NewTransaction,
        responses={202: shapes.Accepted, **shapes.refusals(400, 404, 409, 415)},
    )
    def post(self, request: Request) -> Response:
        """Book one transaction, once: its transactionId is the caller's, and acts once in the organization (V7)."""
        data = read_object(request.data)
        balance_id = balance_number(read_account_id(data.get("accountId"), "accountId"))
        key = read_guid(data.get("transactionId"), "transactionId")
        kind = type_asked(data)
        source = read_source(data)
        held = find_holding(self.organization_id, balance_id)
        if held is None:
            raise no_account()
        posting = post_transactions(
            organization_id=self.organization_id,
            moves=[move_asked(data, held, kind, key, source or UNNAMED)],
            actor=self.actor,
            at=self.at,
        )
        # The source says nothing about what moves, so the books do not compare it; it is content here all the same.
        if posting.replayed and posting.records[0].source != (source or UNNAMED):
            raise IdempotencyConflict("This transactionId was already used with different content.")
        return Response({"transactionId": data["transactionId"]}, 202)


def type_asked(data: Mapping[str, Any]) -> str:
    """Addition or Deduction."""
    value = data.get("transactionType")
    if value is None or value == "":
        raise wrong("transactionType", "is required.")
    found = TYPES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise wrong("transactionType", "must be Addition or Deduction.")
    return found


def move_asked(data: Mapping[str, Any], held: Holding, kind: str, key: uuid.UUID, source: str) -> Move:
    """The movement a body asks for.

    :raises InvalidInput: an amount or date that cannot be meant, or a sign that contradicts the type (decided, R10).
    """
    amount = read_amount(data.get("amount"), held.decimals)
    happened = read_moment(data, "transactionDate", held.zone)
    valid_from = read_moment(data, "validFrom", held.zone)
    expires_at = read_moment(data, "validTo", held.zone)
    words: dict[str, Any] = {
        "account_id": held.account_id,
        "wallet_id": held.wallet_id,
        "amount": abs(amount),
        "unique_key": str(key),
        "key_kind": KEY_KIND,
        "description": read_text(data, "description"),
        "source": source,
        "external_event_at": happened,
    }
    if kind == "Deduction":
        return burn(**words)
    if amount < 0:
        raise wrong("amount", "of an Addition must be above 0.")
    return mint(**words, valid_from=valid_from, expires_at=expires_at)


class TransactionView(EngageView):
    """One transaction."""

    @extend_schema(
        operation_id="getPointTransaction",
        tags=["Point transactions"],
        responses={200: shapes.Transaction, **shapes.refusals(404)},
    )
    def get(self, request: Request, id: str) -> Response:
        """The transaction with this id: ours, or the one it was posted with (V6)."""
        found = None
        with suppress(InvalidInput):
            found = self._found(read_guid(id, "id"))
        if found is None:
            raise no_such("PointTransaction", "There is no such point transaction.")
        return Response(written_transaction(found.row, found.holding))

    def _found(self, given: uuid.UUID) -> Any:
        for kind in (TRANSACTION, RECEIVED):
            number = number_of(kind, given)
            if number is not None:
                return find_movement(self.organization_id, number=number, received=kind == RECEIVED)
        return find_movement(self.organization_id, key=(KEY_KIND, str(given)))
