"""Movements of the core API: mint, burn, transfer, sets, batches, captures, reverts (tags Ledger Transactions,
Ledger Batch Transaction Processing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import selectors, services
from ledger.api import serializers as shapes
from ledger.models import Transaction
from ledger.selectors import TransactionFilter, TransactionRecord
from loyalty.kernel.api.fields import OkAnswer
from loyalty.kernel.api.filters import MomentFilter, TextFilter, WholeNumberFilter, comma_list
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written, written_all
from loyalty.kernel.errors import DomainError, InvalidInput, NotFound

SOURCE = "core"


def move_of(fields: Mapping[str, Any], **where: Any) -> dict[str, Any]:
    """The words of a movement as the service takes them."""
    words = {name: value for name, value in fields.items() if name != "capture_method"}
    return {**words, **where, "source": SOURCE}


def transactions(records: Sequence[TransactionRecord]) -> dict[str, Any]:
    """Transactions in their envelope."""
    return {"transactions": written_all(shapes.TransactionAnswer, records)}


class MovementViewSet(CoreViewSet):
    """What mints and burns a wallet's points; a replayed request answers 200 instead of 201 (semantics 0.12)."""

    reads, writes = "ledgers:read", "ledgers:write"

    def account_id(self) -> int:
        """The account of the path."""
        account_id: int = self.kwargs["ledgerAccountId"]
        return account_id

    def post_moves(self, *moves: services.Move) -> Response:
        """Post the movements, all or none."""
        posting = services.post_transactions(
            organization_id=self.organization_id, moves=moves, actor=self.actor, at=self.at
        )
        return Response(transactions(posting.records), 200 if posting.replayed else 201)

    def mint(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Issue points to the wallet."""
        fields = self.read_input()
        where = {"account_id": self.account_id(), "wallet_id": kwargs["walletId"], "ledger_id": kwargs["ledgerId"]}
        return self.post_moves(services.mint(**move_of(fields, **where)))

    def burn(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take points out of the wallet, at once or (captureMethod manual) when they are captured."""
        fields = self.read_input()
        where = {"account_id": self.account_id(), "wallet_id": kwargs["walletId"], "ledger_id": kwargs["ledgerId"]}
        return self.post_moves(services.burn(**move_of(fields, **where), hold=fields["capture_method"] == "manual"))


class AccountMovementViewSet(MovementViewSet):
    """Movements of one wallet in one account."""

    tag = "Ledger Transactions"
    operations = {"mint": "mintWalletPoints", "burn": "burnWalletPoints"}
    inputs = {"mint": shapes.MintInput, "burn": shapes.BurnInput}
    answers = {"mint": shapes.TransactionsAnswer, "burn": shapes.TransactionsAnswer}


class TransactionFilters(django_filters.FilterSet):
    """What a list of transactions is narrowed by; dates and numbers inclusive, every tag must be there."""

    fromExternalEventDate = MomentFilter()
    toExternalEventDate = MomentFilter()
    fromLedgerTransactionId = WholeNumberFilter()
    toLedgerTransactionId = WholeNumberFilter()
    systemUniqueKey = TextFilter()
    walletId = WholeNumberFilter()
    tags = TextFilter(max_length=2000)

    def filter_queryset(self, queryset: QuerySet[Transaction]) -> QuerySet[Transaction]:
        """Nothing here: the selector knows which index serves which filter."""
        return queryset

    def wanted(self) -> TransactionFilter:
        """The filter as the selector takes it."""
        asked = self.form.cleaned_data
        return TransactionFilter(
            wallet_id=asked["walletId"],
            from_event_at=asked["fromExternalEventDate"],
            to_event_at=asked["toExternalEventDate"],
            from_id=asked["fromLedgerTransactionId"],
            to_id=asked["toLedgerTransactionId"],
            unique_key=asked["systemUniqueKey"] or None,
            tags=comma_list(asked["tags"]),
        )


class TransactionViewSet(ResourceViewSet, MovementViewSet):
    """The account's transactions: what happened, and everything that can be asked of them."""

    tag = "Ledger Transactions"
    operations = {
        "list": "listLedgerTransactions",
        "create": "transferPoints",
        "capture": "captureLedgerTransactions",
        "revert": "revertLedgerTransaction",
    }
    wrapper = "transaction"
    queryset = Transaction.objects.none()
    serializer_class = shapes.TransactionAnswer
    inputs = {"create": shapes.TransferInput, "capture": shapes.CaptureInput, "revert": shapes.RevertInput}
    answers = {
        "create": shapes.TransactionsAnswer,
        "capture": OkAnswer,
        "revert": shapes.TransactionsAnswer,
    }
    asks = ("capture",)
    filterset_class = TransactionFilters
    # Rows are numbered as they are written, so their numbers are their order in time, and have the index.
    order_columns = {"ledgerTransactionId": "pk", "createdAt": "pk", "effectiveAt": "effective_at"}
    default_order = ("-pk",)

    def get_queryset(self) -> QuerySet[Transaction]:
        """The account's transactions; no such ledger or account is a 404."""
        selectors.get_account(self.organization_id, self.kwargs["ledgerAccountId"], self.kwargs["ledgerId"])
        return Transaction.objects.filter(account_id=self.kwargs["ledgerAccountId"])

    def filter_queryset(self, queryset: Any) -> Any:
        """Remember what is asked for; `count` and `window` answer it."""
        ordered = super().filter_queryset(queryset)
        filters = TransactionFilters(self.request.query_params, queryset)
        filters.is_valid()
        self.wanted = filters.wanted()
        return ordered

    def count(self, queryset: QuerySet[Transaction]) -> int:
        """How many there are, from a kept count where one serves."""
        return selectors.count_transactions(self.account_id(), self.wanted)

    def window(self, queryset: QuerySet[Transaction], start: int, stop: int) -> list[TransactionRecord]:
        """One page, with how each transaction stands now."""
        order = tuple(map(str, queryset.query.order_by))
        return selectors.describe(selectors.window_transactions(self.account_id(), self.wanted, order, start, stop))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Move points between two wallets, at once or (captureMethod manual) when they are captured."""
        fields = self.read_input()
        where = {"account_id": self.account_id(), "ledger_id": kwargs["ledgerId"]}
        return self.post_moves(services.transfer(**move_of(fields, **where), hold=fields["capture_method"] == "manual"))

    def capture(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Capture pending transactions, wholly or partly; the rest of each is released. All or none (semantics 2.2)."""
        asked = self.read_input()["transactions"]
        captures = {item["ledger_transaction_id"]: item.get("capture_amount") for item in asked}
        if len(captures) < len(asked):
            raise InvalidInput("A transaction is listed twice.", field="transactions")
        services.capture_holds(
            organization_id=self.organization_id,
            captures=captures,
            ledger_id=kwargs["ledgerId"],
            account_id=self.account_id(),
            actor=self.actor,
            at=self.at,
            source=SOURCE,
        )
        return Response({"ok": True})

    def revert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Undo transactions named by systemUniqueKey, else by externalId, or (an extension) one by its number."""
        fields = self.read_input()
        selectors.get_account(self.organization_id, self.account_id(), kwargs["ledgerId"])
        number = fields.pop("ledger_transaction_id", None)
        key, external_id = fields.pop("unique_key", None), fields.get("external_id")
        if number is not None:
            fields["unique_key"] = key
            ids = [number]
        elif not key and not external_id:
            raise InvalidInput("Name the transaction by systemUniqueKey or externalId.", field="systemUniqueKey")
        else:
            named = {"unique_key": key} if key else {"external_id": external_id}
            ids = selectors.find_transactions(self.organization_id, self.account_id(), **named)
        if not ids:
            raise NotFound("There is no such transaction.")
        if len(ids) > 100:
            raise InvalidInput("More than 100 transactions have this externalId.", field="externalId")
        posting = services.revert_transactions(
            organization_id=self.organization_id,
            transaction_ids=ids,
            ledger_id=kwargs["ledgerId"],
            account_id=self.account_id(),
            actor=self.actor,
            at=self.at,
            source=SOURCE,
            **fields,
        )
        return Response(transactions(posting.records), 200 if posting.replayed else 201)


class TransactionSetViewSet(MovementViewSet):
    """Transfers in several accounts of a ledger that happen together or not at all."""

    tag = "Ledger Transactions"
    operations = {"create": "transferPointsSet"}
    inputs = {"create": shapes.SetInput}
    answers = {"create": shapes.TransactionsAnswer}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Post the set in its order; an item may spend what an earlier one credited (semantics 2.4)."""
        selectors.get_ledger(self.organization_id, kwargs["ledgerId"])
        return self.post_moves(*(_transfer(item, kwargs["ledgerId"]) for item in self.read_input()["create"]))


def _transfer(item: Mapping[str, Any], ledger_id: int) -> services.Move:
    words = {
        name: value
        for name, value in item.items()
        if name not in ("ledger_account_id", "ledger_id", "organization_id", "atomic_set_id")
    }
    hold = item["capture_method"] == "manual"
    return services.transfer(**move_of(words, account_id=item["ledger_account_id"], ledger_id=ledger_id), hold=hold)


class BatchViewSet(MovementViewSet):
    """Many transfers in one request, some of them in atomic groups."""

    tag = "Ledger Batch Transaction Processing"
    operations = {"create": "processLedgerTransactionBatch"}
    inputs = {"create": shapes.BatchInput}
    answers = {"create": shapes.BatchAnswer}
    asks = ("create",)

    @extend_schema(description="Groups of items with one atomicSetId happen together or not at all; others alone.")
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Post the items group by group, in order of first appearance; failures are told (semantics 2.5)."""
        items = self.read_input()["items"]
        groups: dict[Any, list[int]] = {}
        for index, item in enumerate(items):
            name = item.get("atomic_set_id")
            groups.setdefault(("alone", index) if name is None else ("set", name), []).append(index)
        outcomes = services.post_batch(
            organization_id=self.organization_id,
            groups=[
                [_transfer(items[index], items[index]["ledger_id"]) for index in group] for group in groups.values()
            ],
            actor=self.actor,
            at=self.at,
        )
        processed, failed = [], []
        for group, (outcome, records) in zip(groups.values(), outcomes, strict=True):
            for place, index in enumerate(group):
                row = {
                    "index": index,
                    "atomicSetId": items[index].get("atomic_set_id"),
                    "systemUniqueKey": items[index].get("unique_key"),
                }
                if outcome.error is None:
                    processed.append(row | {"transaction": written(shapes.TransactionAnswer, records[place])})
                else:
                    failed.append(row | _failure(outcome.error_of(place)))
        return Response({"processed": processed, "failed": failed})


def _failure(error: DomainError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}
